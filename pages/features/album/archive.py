"""An album as one ZIP; in parts where the server's memory would not hold it at once."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from colorizer.images.saving import OutputFormat
from pages.common.downloads import ENDINGS
from pages.common.error_boundary import sentence
from pages.common.photo_library import LibraryPhoto
from pages.features.album.coloring import colour_file
from pages.features.album.entries import KEPT_FORMAT, Look, entry_of, estimated_bytes, format_for

LEAST_PART_BYTES: Final = 50_000_000
_FAILURES: Final = "could-not-be-coloured.txt"


@dataclass(frozen=True)
class Archive:
    """Some photos of an album. It holds what it needs: downloads are made outside of the session."""

    photos: tuple[tuple[LibraryPhoto, Look], ...]
    format: OutputFormat
    first: int
    """The number of its first photo in the album, from 1."""

    @property
    def last(self) -> int:
        return self.first + len(self.photos) - 1

    def render(self) -> bytes:
        """Make the ZIP, uncompressed. Entries carry no time, so that the same photos are the same file."""
        stream, failures = io.BytesIO(), []
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for (photo, look), name in zip(self.photos, self._names(), strict=True):
                try:
                    archive.writestr(zipfile.ZipInfo(name), self._file(photo, look))
                except Exception as error:  # one photo's failure must not touch the others
                    failures.append(sentence(error, photo.name))
            if failures:
                archive.writestr(zipfile.ZipInfo(_FAILURES), "\n".join(failures))
        return stream.getvalue()

    def _file(self, photo: LibraryPhoto, look: Look) -> bytes:
        entry, format = entry_of(photo), format_for(photo, self.format)
        file = entry.file
        if file is not None and entry.made == look and format == KEPT_FORMAT:
            return file
        return colour_file(photo, look, format)[0]

    def _names(self) -> Iterator[str]:
        """Name the files by their photos; what has the name of one before gets a number."""
        taken: set[str] = set()
        for photo, look in self.photos:
            stem, ending = f"{photo.name}-{look.card.id}", ENDINGS[format_for(photo, self.format)]
            names = (f"{stem}{'' if number == 1 else f'-{number}'}.{ending}" for number in range(1, len(taken) + 2))
            name = next(name for name in names if name.lower() not in taken)
            taken.add(name.lower())
            yield name


def archives_of(photos: Sequence[LibraryPhoto], format: OutputFormat, most_bytes: int) -> list[Archive]:
    """Divide the coloured photos of an album into as few archives as memory allows; mostly it is one.

    Args:
        photos: those that failed are left out.
        format: of the files.
        most_bytes: of one archive, about; a single photo may have more.
    """
    found: list[Archive] = []
    held, first, part = 0, 1, list[tuple[LibraryPhoto, Look]]()
    for photo in photos:
        entry = entry_of(photo)
        if entry.wanted is None or (entry.failure and entry.is_done):
            continue
        size = estimated_bytes(photo, format)
        if part and held + size > most_bytes:
            found.append(Archive(tuple(part), format, first))
            first, held, part = first + len(part), 0, []
        part.append((photo, entry.wanted))
        held += size
    return [*found, Archive(tuple(part), format, first)] if part else found
