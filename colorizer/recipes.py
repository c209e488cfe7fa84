"""Recipes: the TOML file that says how a checkpoint is trained, as dataclasses; validated before anything is loaded.

For example:

    recipe = read_recipe(Path("recipes/scenes-500-huber.toml"), ["training.epochs=2"])
"""

import dataclasses
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from colorizer import toml
from colorizer.errors import RecipeError
from colorizer.losses import LOSS_NAMES, LossName

Keep = Literal["best", "last"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Schedule = Literal["constant", "cosine"]
Trunk = Literal["random", "imagenet"]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise RecipeError(message)


def _require_choice(option: str, value: str, choices: Sequence[str]) -> None:
    _require(value in choices, f"{option} is {value!r}; it must be one of {', '.join(choices)}.")


@dataclass(frozen=True)
class ModelSettings:
    architecture: str
    """A name of the registry in colorizer/models."""
    trunk: Trunk = "random"
    """Where the first layers start: "random", or "imagenet" (torchvision's weights, downloaded once)."""

    def __post_init__(self) -> None:
        _require_choice("model.trunk", self.trunk, get_args(Trunk))


@dataclass(frozen=True)
class DataSettings:
    role: str
    """What the pictures show, e.g. "scenes"; `--data` gives the folders that play this role."""
    images: int = 0
    """How many training pictures; 0 takes all that validation leaves."""
    validation_images: int = 200
    """How many pictures are kept out of training, the same ones for every recipe with this seed and folder."""
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
        _require(self.images >= 0, "data.images must be 0 (all) or more.")
        _require(self.validation_images >= 1, "data.validation_images must be at least 1.")
        _require(self.crop >= 16, "data.crop must be at least 16 pixels.")
        _require(self.side >= self.crop, f"data.side ({self.side}) must be at least data.crop ({self.crop}).")
        _require(self.cache_gigabytes >= 0, "data.cache_gigabytes must be 0 or more.")


@dataclass(frozen=True)
class LossSettings:
    name: LossName
    huber_delta: float = 12.0
    """Where Huber turns from square to line, in Lab units; read for "huber" only."""

    def __post_init__(self) -> None:
        _require_choice("loss.name", self.name, LOSS_NAMES)
        _require(self.huber_delta > 0, "loss.huber_delta must be above 0.")


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
        _require(self.epochs >= 1, "training.epochs must be at least 1.")
        _require(self.batch_size >= 1, "training.batch_size must be at least 1.")
        _require(self.images_per_epoch >= 0, "training.images_per_epoch must be 0 (each once) or more.")
        _require(0 < self.learning_rate <= 1e36, "training.learning_rate must be above 0 and at most 1e36.")
        _require(0 <= self.seed < 2**63, "training.seed must be from 0 to 2**63 - 1.")
        _require(self.weight_decay >= 0, "training.weight_decay must be 0 or more.")
        _require(self.warmup_steps >= 0, "training.warmup_steps must be 0 or more.")
        _require(self.early_stopping_epochs >= 0, "training.early_stopping_epochs must be 0 (never) or more.")
        _require_choice("training.schedule", self.schedule, get_args(Schedule))
        _require_choice("training.device", self.device, get_args(Device))
        _require_choice("training.keep", self.keep, get_args(Keep))
        outside = [epoch for epoch in self.snapshots if not 0 <= epoch < self.epochs]
        _require(not outside, f"training.snapshots names epochs that the run does not have: {outside}.")


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


@dataclass(frozen=True)
class Recipe:
    id: str
    title: str
    summary: str
    family: str
    model: ModelSettings
    data: DataSettings
    loss: LossSettings
    training: TrainingSettings
    card: CardSettings = field(default_factory=CardSettings)

    def __post_init__(self) -> None:
        valid = re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id)
        _require(valid is not None, f"id is {self.id!r}; it must be lower-case words and numbers joined by hyphens.")

    def to_toml(self) -> str:
        """The recipe as TOML text, every setting written out; `parse_recipe` gives it back."""
        return toml.dumps(dataclasses.asdict(self))

    def without_text(self) -> "Recipe":
        """The recipe without what is only told about it (title, summary, card): equal ones train the same weights."""
        return dataclasses.replace(self, title="", summary="", card=CardSettings())


Settings = TypeVar("Settings")
_SECTIONS: dict[str, type[Any]] = {
    "model": ModelSettings,
    "data": DataSettings,
    "loss": LossSettings,
    "training": TrainingSettings,
    "card": CardSettings,
}
_TYPES: dict[Any, tuple[type, ...]] = {
    int: (int,), float: (int, float), bool: (bool,), str: (str,), tuple[int, ...]: (list, tuple)
}  # fmt: skip


def _convert(option: str, annotation: Any, value: Any) -> Any:
    """`value` as the type of its dataclass field; an int is welcome where a float is meant, a bool is no int."""
    allowed = _TYPES.get(annotation, (str,))  # what is not in the table is a Literal of strings
    fits = isinstance(value, allowed) and (not isinstance(value, bool) or annotation is bool)
    if not fits:
        kind = {int: "a whole number", float: "a number", bool: "true or false"}.get(annotation, "a text")
        kind = "a list of whole numbers" if annotation == tuple[int, ...] else kind
        kind = f"one of {', '.join(get_args(annotation))}" if get_origin(annotation) is Literal else kind
        raise RecipeError(f"{option} is {value!r}; it must be {kind}.")
    if annotation == tuple[int, ...]:
        return tuple(_convert(option, int, item) for item in value)
    if annotation is not float:
        return value
    _require(abs(value) < 1e300, f"{option} is {value!r}; it must be a finite number.")
    return float(value)


def _build(settings: type[Settings], table: Any, prefix: str) -> Settings:
    if not isinstance(table, dict):
        raise RecipeError(f"{prefix[:-1] or 'the recipe'} must be a table of settings.")
    fields = {item.name: item for item in dataclasses.fields(settings)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(fields))
    _require(not unknown, f"unknown setting {prefix}{', '.join(unknown)}; there are: {', '.join(fields)}.")
    for name, item in fields.items():
        optional = item.default is not dataclasses.MISSING or item.default_factory is not dataclasses.MISSING
        _require(name in table or optional, f"the setting {prefix}{name} is missing.")
    return settings(**{name: _convert(prefix + name, fields[name].type, value) for name, value in table.items()})


def parse_recipe(text: str, overrides: Sequence[str] = ()) -> Recipe:
    """TOML text -> Recipe.

    Args:
        text: the recipe.
        overrides: settings that replace the text's, as "section.key=value" with a TOML value (a bare word is a string).

    Raises:
        RecipeError: for broken TOML, and for a setting that is unknown, missing, of the wrong type or impossible.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"the recipe is not valid TOML: {error}.") from error
    for override in overrides:
        _apply_override(document, override)
    sections = {name: _build(kind, document[name], f"{name}.") for name, kind in _SECTIONS.items() if name in document}
    plain = {name: value for name, value in document.items() if name not in _SECTIONS}
    missing = [name for name in ("model", "data", "loss", "training") if name not in sections]
    _require(not missing, f"the recipe lacks the section [{'], ['.join(missing)}].")
    unknown = sorted(set(plain) - {"id", "title", "summary", "family"})
    _require(not unknown, f"unknown setting {', '.join(unknown)}; sections are {', '.join(_SECTIONS)}.")
    for name in ("id", "title", "summary", "family"):
        _require(isinstance(plain.get(name), str), f"the setting {name} is missing or not a text.")
    return Recipe(**plain, **sections)


def _apply_override(document: dict[str, Any], override: str) -> None:
    name, separator, text = override.partition("=")
    section, dot, key = name.strip().rpartition(".")
    _require(bool(separator and key), f"--set {override}: write it as section.key=value.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    table = document.setdefault(section, {}) if dot else document
    _require(isinstance(table, dict), f"--set {override}: {section} is not a section of the recipe.")
    table[key] = value


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a file; like `parse_recipe`, with the file's name in front of each message.

    Raises:
        RecipeError: as `parse_recipe`, and for a file that cannot be read.
    """
    try:
        return parse_recipe(path.read_text(encoding="utf-8"), overrides)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise RecipeError(f"{path}: the recipe cannot be read: {reason}.") from error
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error
