"""Cards: what a checkpoint is, what it was trained on, how good it is, as dataclasses and as `card.toml`."""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from annotated_types import Ge, Le, Len

from colorizer.checkpoints.publication import Publication, PublishedFigure
from colorizer.errors import CheckpointError
from colorizer.utils.documents import CONFIG, FINITE, DocumentError, build, rename_keys

CARD_FILE = "card.toml"
OLD_KEYS = {
    "wrong": "limitations",
    "metrics.of": "subject",
    "metrics.pictures": "dataset",
    "measurements.pictures": "dataset",
}
"""The names that fields had on older cards, which can still be read, and their present ones."""


@dataclass(frozen=True)
class PictureSet:
    __pydantic_config__ = CONFIG
    name: str
    images: int
    sha256: str
    """Over the sorted list of the files' own sha256, one a line."""


@dataclass(frozen=True)
class MetricsRow:
    """Quality on one set of pictures under one protocol: the checkpoint's, or that of something to compare it with."""

    __pydantic_config__ = CONFIG
    subject: Literal["checkpoint", "grey", "truth"]
    dataset: str
    images: int
    protocol: str
    command: str
    """What gives these numbers again."""
    psnr: float
    """dB."""
    ciede2000: float
    ab_rmse: float
    """Lab units."""
    colorfulness: float
    ssim: float | None = None
    """None where the protocol does not include it."""
    loss: float | None = None
    """In the card's own loss, where it was measured: not comparable between different losses."""
    accuracy: float | None = None
    """Share of pixels, 0..1, whose likeliest class is the true one; for networks that choose among colours."""


@dataclass(frozen=True)
class Measurement:
    """A figure beyond those of `MetricsRow`."""

    __pydantic_config__ = CONFIG
    what: str
    dataset: str
    images: int
    value: float
    unit: str
    protocol: str
    command: str
    """What gives it again."""


Factor = Annotated[float, Ge(0), Le(4)]


@dataclass(frozen=True)
class CalibrationFactors:
    """What a card says of `color.calibration.ColorCalibration`, which tells what they are; it is read without torch."""

    __pydantic_config__ = FINITE
    cast: Factor
    detail: Factor
    by_lightness: Annotated[tuple[Factor, ...], Len(2, 64)]
    by_hue: Annotated[tuple[Factor, ...], Len(1, 64)]


@dataclass(frozen=True)
class Card:
    __pydantic_config__ = CONFIG
    id: str
    title: str
    summary: str
    family: str
    experiment: str
    variable: str
    architecture: str
    head: str
    parameters: int
    input_size: int
    """Short side, in pixels, at which the network sees a photo."""
    epochs: int
    loss: str
    optimizer: str
    hardware: str
    seconds: float
    """Wall time of the training, without that of the weights that it began with."""
    weights_licence: str
    data_licence: str
    limitations: str
    """What it gets wrong."""
    trained_on: PictureSet
    validated_on: PictureSet
    sha256: dict[str, str]
    """Of each tensor file, by its path inside the folder."""
    options: dict[str, int] = field(default_factory=dict)
    """What the architecture is built with, e.g. its width or the number of colours; empty for its own defaults."""
    metrics: tuple[MetricsRow, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    earlier_seconds: float = 0.0
    """Wall time of all steps before, which trained the weights that it began with."""
    takes_hints: bool = False
    """Whether the network was trained to follow the user's colour hints."""
    calibration: CalibrationFactors | None = None
    """How the colours that the network answers are corrected, for heads that are a distribution over colours."""
    published: Publication | None = None
    """Of a network that others trained and published."""
    published_figures: tuple[PublishedFigure, ...] = ()
    """What its authors measured, apart from `metrics`, which come from this program."""

    @property
    def snapshots(self) -> list[int]:
        """The epochs, counted from 0, whose state is kept, the shipped one among them; empty where only that one is."""
        kept = {int(Path(name).stem) for name in self.sha256 if name.startswith("snapshots/")}
        return sorted(kept | {self.epochs - 1}) if kept else []

    @property
    def takes_temperature(self) -> bool:
        """Whether the head is a distribution over colours, which a temperature can sharpen."""
        return self.head == "bins"

    @property
    def has_palette(self) -> bool:
        """Whether the head chooses among given colours, which can be shown in three ways (`choice.Rendering`)."""
        return self.head == "palette"

    def to_toml(self) -> str:
        """Return the card as TOML text; `read_card` gives it back."""
        document = dataclasses.asdict(self)
        rows = [{name: value for name, value in row.items() if value is not None} for row in document["metrics"]]
        if self.calibration is None:
            del document["calibration"]
        if self.published is None:
            del document["published"], document["published_figures"]
        return tomli_w.dumps({**document, "metrics": rows})


def parse_card(document: dict[str, Any]) -> Card:
    """Read a card out of parsed TOML.

    Raises:
        DocumentError: for a field that is missing, foreign or of another type.
    """
    rename_keys(document, OLD_KEYS)
    card = build(Card, document)
    if not all(Path(name).stem.isdecimal() for name in card.sha256 if name.startswith("snapshots/")):
        raise DocumentError("sha256 has a snapshot that is not named by its epoch.")
    return card


def read_card(path: Path) -> Card:
    """Return the card in a file. Its id is the folder's name, by which it is addressed: a copy is another checkpoint.

    Raises:
        CheckpointError: for a file that is missing, broken, or lacks a field.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        card = parse_card(tomllib.loads(path.read_text(encoding="utf-8")))
        return dataclasses.replace(card, id=path.absolute().parent.name)
    except FileNotFoundError as error:
        raise CheckpointError(f"{name} is missing: the folder is not a finished checkpoint.") from error
    except DocumentError as error:
        raise CheckpointError(f"{name} is not a readable card: {error}") from error
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no TOML
        raise CheckpointError(f"{name} is not a readable card: {error}.") from error
