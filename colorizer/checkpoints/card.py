"""Cards: what a checkpoint is, what it was trained on, how good it is, as dataclasses and as `card.toml`."""

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from colorizer.checkpoints.publication import Publication, PublishedFigure
from colorizer.errors import CheckpointError
from colorizer.utils import toml

CARD_FILE = "card.toml"


@dataclass(frozen=True)
class PictureSet:
    name: str
    images: int
    sha256: str
    """Over the sorted list of the files' own sha256, one a line."""


@dataclass(frozen=True)
class MetricsRow:
    """Quality on one set of pictures under one protocol; `of` says whose: the checkpoint's, or one to compare with."""

    of: Literal["checkpoint", "grey", "truth"]
    pictures: str
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

    what: str
    pictures: str
    images: int
    value: float
    unit: str
    protocol: str
    command: str
    """What gives it again."""


@dataclass(frozen=True)
class Card:
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
    """Wall time of the training."""
    weights_licence: str
    data_licence: str
    wrong: str
    """What it gets wrong."""
    trained_on: PictureSet
    validated_on: PictureSet
    sha256: dict[str, str]
    """Of each tensor file, by its path inside the folder."""
    options: dict[str, int] = field(default_factory=dict)
    """What the architecture is built with, e.g. its width or the number of colours; empty for its own defaults."""
    metrics: tuple[MetricsRow, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    takes_hints: bool = False
    """Whether the network was trained to follow the user's colour hints."""
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
        """The card as TOML text; `read_card` gives it back."""
        document = dataclasses.asdict(self)
        rows = [{name: value for name, value in row.items() if value is not None} for row in document["metrics"]]
        if self.published is None:
            del document["published"], document["published_figures"]
        return toml.dumps({**document, "metrics": rows})


_TYPES: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    float: (int, float),
    float | None: (int, float),
}


def _require_types(kind: type[Any], table: Any) -> None:
    for item in dataclasses.fields(kind):
        allowed = _TYPES.get(item.type, (object,))
        if item.name in table and not isinstance(table[item.name], allowed):
            raise TypeError(f"{item.name} is {table[item.name]!r}")


def parse_card(document: dict[str, Any]) -> Card:
    """Read a card out of parsed TOML.

    Raises:
        KeyError, TypeError: for a field that is missing, foreign or of another type.
    """
    _require_types(Card, document)
    for row in (document["trained_on"], document["validated_on"]):
        _require_types(PictureSet, row)
    for row in document.get("metrics", ()):
        _require_types(MetricsRow, row)
    for row in document.get("measurements", ()):
        _require_types(Measurement, row)
    for row in document.get("published_figures", ()):
        _require_types(PublishedFigure, row)
    _require_types(Publication, document.get("published", {}))
    if not all(isinstance(value, str) for value in document["sha256"].values()):
        raise TypeError("sha256 must be texts")
    if not all(Path(name).stem.isdecimal() for name in document["sha256"] if name.startswith("snapshots/")):
        raise TypeError("sha256 has a snapshot that is not named by its epoch")
    if not all(isinstance(value, int) for value in document.get("options", {}).values()):
        raise TypeError("options must be whole numbers")
    apart = ("trained_on", "validated_on", "metrics", "measurements", "published", "published_figures")
    plain = {name: value for name, value in document.items() if name not in apart}
    return Card(
        **plain,
        trained_on=PictureSet(**document["trained_on"]),
        validated_on=PictureSet(**document["validated_on"]),
        metrics=tuple(MetricsRow(**row) for row in document.get("metrics", ())),
        measurements=tuple(Measurement(**row) for row in document.get("measurements", ())),
        published=Publication(**document["published"]) if "published" in document else None,
        published_figures=tuple(PublishedFigure(**row) for row in document.get("published_figures", ())),
    )


def read_card(path: Path) -> Card:
    """The card in a file. Its id is the folder's name, by which it is addressed: a copy is another checkpoint.

    Raises:
        CheckpointError: for a file that is missing, broken, or lacks a field.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        card = parse_card(tomllib.loads(path.read_text(encoding="utf-8")))
        return dataclasses.replace(card, id=path.absolute().parent.name)
    except FileNotFoundError as error:
        raise CheckpointError(f"{name} is missing: the folder is not a finished checkpoint.") from error
    except (OSError, ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:  # ValueError: no TOML
        raise CheckpointError(f"{name} is not a readable card: {error}.") from error
