"""The settings of a recipe, one dataclass a section; impossible ones are refused as soon as they are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from colorizer.errors import RecipeError
from colorizer.losses import LOSS_NAMES, LossName

Keep = Literal["best", "last"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Schedule = Literal["constant", "cosine"]
Trunk = Literal["random", "imagenet"]


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
    """Where the first layers start: "random", or "imagenet" (torchvision's weights, downloaded once)."""
    width: int = 0
    """How many maps the first layer has, and the others in proportion; 0 is the architecture's own number."""
    palette: str = ""
    """For a network that chooses among colours: a name in recipes/palettes, the path of a JSON file with a list of
    [red, green, blue] in 0..1, or "kmeans:K" for K colours that are computed from the training pictures."""

    def __post_init__(self) -> None:
        require_choice("model.trunk", self.trunk, get_args(Trunk))
        require(self.width >= 0, "model.width must be 0 (the architecture's own) or more.")


@dataclass(frozen=True)
class DataSettings:
    role: str
    """What the pictures show, e.g. "scenes"; `--data` gives the folders that play this role."""
    public: str = ""
    """The public data set that plays this role where there is no `--data`, e.g. "cifar10:horse"; it is downloaded once.
    Its own test pictures are those of validation."""
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
    flip: bool = True
    """Mirror every second picture, at random."""
    cache_gigabytes: float = 2.0
    """Each process holds its decoded pictures in memory up to this size; beyond it they are decoded anew each epoch."""

    def __post_init__(self) -> None:
        require(self.images >= 0, "data.images must be 0 (all) or more.")
        require(self.validation_images >= 1, "data.validation_images must be at least 1.")
        require(self.crop >= 16, "data.crop must be at least 16 pixels.")
        require(self.side >= self.crop, f"data.side ({self.side}) must be at least data.crop ({self.crop}).")
        require(self.cache_gigabytes >= 0, "data.cache_gigabytes must be 0 or more.")


@dataclass(frozen=True)
class LossSettings:
    name: LossName
    huber_delta: float = 12.0
    """Where Huber turns from square to line, in Lab units; read for "huber" only."""

    def __post_init__(self) -> None:
        require_choice("loss.name", self.name, LOSS_NAMES)
        require(self.huber_delta > 0, "loss.huber_delta must be above 0.")


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
    schedule: Schedule = "cosine"
    """"cosine": falls to zero along a half cosine over the whole run; "constant": stays."""
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
        require(0 <= self.seed < 2**63, "training.seed must be from 0 to 2**63 - 1.")
        require(self.weight_decay >= 0, "training.weight_decay must be 0 or more.")
        require(self.warmup_steps >= 0, "training.warmup_steps must be 0 or more.")
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
