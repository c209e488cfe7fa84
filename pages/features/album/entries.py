"""The photos of an album as they are coloured: what each is to look like, its thumbnail, and its file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from colorizer.checkpoints.card import Card
from colorizer.images.saving import MAX_SIDE_PX, OutputFormat
from colorizer.inference.hints import Hint
from colorizer.inference.render_options import RenderOptions
from pages.common.photo_library import LibraryPhoto

KEPT_FORMAT: Final = "JPEG"  # of the files that are kept
_BYTES_PER_PIXEL: Final[dict[OutputFormat, float]] = {"JPEG": 0.6, "PNG": 3.0, "WEBP": 0.5}  # more than most take


@dataclass(frozen=True)
class ColoringOptions:
    """How a photo is to be coloured."""

    weight_bytes: ClassVar[int] = 2_000
    """Without the card, which all share."""
    card: Card
    hints: tuple[Hint, ...]
    options: RenderOptions
    propagates: bool = False
    """Whether hints are met by force, see `Colorizer.with_hint_propagation`."""


@dataclass
class AlbumEntry:
    """One photo of an album. A thread in the background fills it in."""

    wanted: ColoringOptions | None = None
    made: ColoringOptions | None = None
    """What the thumbnail, or the failure, is of."""
    thumbnail: bytes = b""
    """A small JPEG; empty before the first one."""
    file: bytes | None = None
    """The coloured photo at its own size, as JPEG; None where memory had no room for it: then it is made once more."""
    failure: str = ""
    """One sentence, where it could not be coloured."""

    @property
    def is_done(self) -> bool:
        return self.made == self.wanted

    def want(self, coloring: ColoringOptions) -> None:
        """Say how the photo is to be coloured."""
        self.wanted = coloring

    def fill(self, coloring: ColoringOptions, thumbnail: bytes, file: bytes | None, failure: str = "") -> None:
        """Take in what came of it."""
        self.thumbnail, self.file, self.failure = thumbnail or self.thumbnail, file, failure
        self.made = coloring

    def let_go(self) -> None:
        """Free what can be computed again."""
        self.file = None


def entry_of(photo: LibraryPhoto) -> AlbumEntry:
    """Return a photo's entry, which is kept with it."""
    return photo.kept(AlbumEntry, AlbumEntry)


def format_for(photo: LibraryPhoto, wanted: OutputFormat) -> OutputFormat:
    """Return the format that a photo is saved in: PNG where it is too large for the one that is wanted."""
    return wanted if max(photo.size) <= MAX_SIDE_PX[wanted] else "PNG"


def estimated_bytes(photo: LibraryPhoto, format: OutputFormat) -> int:
    """Estimate how large the file of a coloured photo is or will be."""
    file, (width, height) = entry_of(photo).file, photo.size
    if file is not None and format == KEPT_FORMAT:
        return len(file)
    return int(width * height * _BYTES_PER_PIXEL[format])


def next_to_colour(photos: Sequence[LibraryPhoto]) -> LibraryPhoto | None:
    """Return the first photo that is not as it is wanted; None where all are."""
    return next((photo for photo in photos if not entry_of(photo).is_done), None)
