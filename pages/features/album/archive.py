"""An album as one ZIP; in parts where the server's memory would not hold it at once."""

import io
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from colorizer.images.saving import OutputFormat
from pages.common.downloads import ENDINGS
from pages.common.error_boundary import sentence
from pages.common.photo_library import LibraryPhoto
from pages.features.album.coloring import colour_file
from pages.features.album.entries import KEPT_FORMAT, ColoringOptions, entry_of, estimated_bytes, format_for

LEAST_PART_BYTES: Final = 50_000_000
_FAILURES: Final = "could-not-be-coloured.txt"
_turn: Final = threading.Lock()
_making: Final[set[tuple[int, ...]]] = set()
"""Which archives are being made, by their photos."""


@dataclass(frozen=True)
class Archive:
    """Some photos of an album. It holds what it needs: downloads are made outside of the session."""

    photos: tuple[tuple[LibraryPhoto, ColoringOptions], ...]
    format: OutputFormat
    first: int
    """The number of its first photo in the album, from 1."""
    is_wanted: Callable[[], bool] = lambda: True
    """Asked before each photo."""

    @property
    def last(self) -> int:
        return self.first + len(self.photos) - 1

    def render(self) -> bytes:
        """Make the ZIP, uncompressed. Entries carry no time, so that the same photos are the same file.

        One archive at a time is in the making, as memory holds it whole.

        Raises:
            RuntimeError: nobody waits for it any more, or this very one is being made already.
        """
        mark = tuple(id(photo) for photo, _ in self.photos)
        if mark in _making:
            raise RuntimeError("it is being made already")
        _making.add(mark)
        try:
            with _turn:
                return self._render()
        finally:
            _making.discard(mark)

    def _render(self) -> bytes:
        stream, failures = io.BytesIO(), []
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for (photo, coloring), name in zip(self.photos, self._names(), strict=True):
                if not self.is_wanted():
                    raise RuntimeError("the visitor has left")
                try:
                    archive.writestr(zipfile.ZipInfo(name), self._file(photo, coloring))
                except Exception as error:  # one photo's failure must not touch the others
                    failures.append(sentence(error, photo.name))
            if failures:
                archive.writestr(zipfile.ZipInfo(_FAILURES), "\n".join(failures))
        return stream.getvalue()

    def _file(self, photo: LibraryPhoto, coloring: ColoringOptions) -> bytes:
        entry, format = entry_of(photo), format_for(photo, self.format)
        file = entry.file
        if file is not None and entry.made == coloring and format == KEPT_FORMAT:
            return file
        return colour_file(photo, coloring, format)[0]

    def _names(self) -> Iterator[str]:
        """Name the files by their photos; what has the name of one before gets a number."""
        taken: set[str] = set()
        for photo, coloring in self.photos:
            stem, ending = f"{photo.name}-{coloring.card.id}", ENDINGS[format_for(photo, self.format)]
            names = (f"{stem}{'' if number == 1 else f'-{number}'}.{ending}" for number in range(1, len(taken) + 2))
            name = next(name for name in names if name.lower() not in taken)
            taken.add(name.lower())
            yield name


def archives_of(
    photos: Sequence[LibraryPhoto],
    format: OutputFormat,
    most_bytes: int,
    is_wanted: Callable[[], bool] = lambda: True,
) -> list[Archive]:
    """Divide the coloured photos of an album into as few archives as memory allows; mostly it is one.

    Args:
        photos: those that failed are left out.
        format: of the files.
        most_bytes: of one archive, about; a single photo may have more.
        is_wanted: asked before each photo while one is made.
    """
    found: list[Archive] = []
    held, first, part = 0, 1, list[tuple[LibraryPhoto, ColoringOptions]]()
    for photo in photos:
        entry = entry_of(photo)
        if entry.wanted is None or (entry.failure and entry.is_done):
            continue
        size = estimated_bytes(photo, format)
        if part and held + size > most_bytes:
            found.append(Archive(tuple(part), format, first, is_wanted))
            first, held, part = first + len(part), 0, []
        part.append((photo, entry.wanted))
        held += size
    return [*found, Archive(tuple(part), format, first, is_wanted)] if part else found
