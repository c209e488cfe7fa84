"""Pictures by the hundred: uploads, ZIP archives and folders as entries that are read one at a time.

Nothing is unpacked to the disk or held unpacked in memory. What an archive says of itself is not believed: the length
of its directory, of each member and of all of them together is counted while it is read. An archive or a folder with
something wrong in it gives the rest of its pictures, and a sentence on what was left out.
"""

import functools
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from colorizer.errors import PictureError
from colorizer.images import LIMITS, Source
from colorizer.images.folders import LeftOut, describe_left_out, find_pictures, judge_name, parts_inside
from colorizer.images.limits import MAX_DIRECTORY_BYTES, MAX_SET_BYTES, MAX_SET_PICTURES, MAX_UNPACKED_BYTES

_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for gigabytes before their first byte
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError)
FOLDERS_VARIABLE: Final = "COLORIZER_FOLDERS"
"""The environment variable that lists the folders whose pictures every visitor may see measured."""


@dataclass(frozen=True)
class Entry:
    """A picture that was not opened yet."""

    name: str
    read: Callable[[], Source]
    """Raises PictureError."""


@dataclass
class PictureSet:
    """Pictures to come, and sentences on what is left out."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, other: "PictureSet") -> None:
        self.entries += other.entries
        self.problems += other.problems

    def cut(self) -> "PictureSet":
        """Drop all pictures above `MAX_SET_PICTURES`, and say so; returns the set itself."""
        if (surplus := len(self.entries) - MAX_SET_PICTURES) > 0:
            del self.entries[MAX_SET_PICTURES:]
            self.problems.append(
                f"At most {MAX_SET_PICTURES} pictures are measured at a time; {surplus} were left out."
            )
        return self


def from_files(files: Sequence[tuple[str, bytes]]) -> PictureSet:
    """Collect the pictures of uploaded files, and of those that are ZIP archives the pictures inside.

    Args:
        files: the name and the content of each.
    """
    found, taken = PictureSet(), 0
    for name, content in files:
        taken += len(content)
        if taken > MAX_SET_BYTES:
            found.problems.append(
                f"{name}: left out, as the files have more than {MAX_SET_BYTES // 1_000_000} MB together."
            )
            taken -= len(content)
        elif content.startswith(_ZIP_STARTS):
            found.add(from_zip(name, content))
        else:
            found.entries.append(Entry(name, functools.partial(_content, content)))
    return found.cut()


def _content(content: bytes) -> bytes:
    return content


class _CappedFile(io.BytesIO):
    """An archive in memory. While it is opened no long part is read: its list of members could fill the memory."""

    is_opened = False

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.is_opened and size is not None and size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its list of files is too long")
        return super().read(size)


def _open(content: bytes) -> zipfile.ZipFile:
    file = _CappedFile(content)
    archive = zipfile.ZipFile(file)
    file.is_opened = True
    return archive


@dataclass
class _Budget:
    """How many bytes an archive may still unpack to."""

    left: int


def from_zip(archive_name: str, content: bytes) -> PictureSet:
    """Find the pictures in a ZIP archive; they are unpacked one at a time, when they are read."""
    found = PictureSet()
    try:
        archive = _open(content)
    except _DAMAGE:
        found.problems.append(f"{archive_name}: not a whole ZIP archive, or one with too many files; pack it again.")
        return found
    budget, left_out = _Budget(MAX_UNPACKED_BYTES), []
    for member in archive.infolist():
        if member.is_dir() or member.filename.endswith("\\"):
            continue
        if (reason := judge_name(member.filename)) is not None:
            left_out.append(LeftOut(PurePosixPath(*parts_inside(member.filename)), reason))
        else:
            found.entries.append(Entry(member.filename, functools.partial(_unpack, archive, member, budget)))
    found.problems += _on_others(archive_name, left_out, len(found.entries))
    return found


def _on_others(name: str, left_out: Iterable[LeftOut], pictures: int) -> list[str]:
    if not pictures:
        return [f"{name}: there are no pictures in it."]
    sentence = describe_left_out(left_out)
    return [f"{name}: {sentence[:1].lower()}{sentence[1:]}"] if sentence else []


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget) -> bytes:
    if member.flag_bits & _ENCRYPTED:
        raise PictureError("It is locked with a password inside its ZIP archive; pack it without one.")
    if member.compress_type not in _METHODS:
        raise PictureError("It is packed in an unusual way; pack the ZIP archive with the usual compression (deflate).")
    limit = min(LIMITS.max_bytes, budget.left)
    try:
        with archive.open(member) as file:
            content = file.read(limit + 1)
    except _DAMAGE as error:
        raise PictureError("It is damaged inside its ZIP archive; pack it again.") from error
    budget.left -= len(content)
    if len(content) <= limit:
        return content
    if limit < LIMITS.max_bytes:
        budget.left = 0
        raise PictureError(
            f"The ZIP archive unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB; make it smaller."
        )
    raise PictureError(f"It unpacks to more than {LIMITS.max_bytes / 1e6:g} MB; make the picture smaller.")


def allowed_folders(setting: str | None = None) -> dict[str, Path]:
    """List the folders that the host offers, by a name for each.

    Args:
        setting: paths with the system's separator (":" or ";") between them; by default `COLORIZER_FOLDERS` of the
            environment. What is no folder is not offered.
    """
    setting = os.environ.get(FOLDERS_VARIABLE, "") if setting is None else setting
    folders: dict[str, Path] = {}
    for text in setting.split(os.pathsep):
        folder = Path(text)
        if text and folder.is_dir():
            name, number = folder.resolve().name or "folder", 2
            while name in folders:
                name, number = f"{folder.resolve().name} ({number})", number + 1
            folders[name] = folder.resolve()
    return folders


def from_folder(folder: Path) -> PictureSet:
    """Find the pictures in a folder and below, sorted; links that lead out of it are not followed."""
    root = folder.resolve()
    walked, found = find_pictures(root, stay_inside=True), PictureSet()
    for path in walked.pictures[:MAX_SET_PICTURES]:
        found.entries.append(Entry(path.relative_to(root).as_posix(), functools.partial(_inside, path, root)))
    if len(walked.pictures) > MAX_SET_PICTURES:
        found.problems.append(f"{root.name} has more than {MAX_SET_PICTURES} pictures; the first were taken.")
    found.problems += _on_others(root.name, walked.left_out, len(found.entries))
    return found


def _stays_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except OSError:  # a link to nowhere or in a circle
        return False


def _inside(path: Path, root: Path) -> Path:
    """Look at the file again: it may have been replaced since the folder was read."""
    if not _stays_inside(path, root) or not stat.S_ISREG(path.stat().st_mode):
        raise PictureError("It is not in the folder any more.")
    return path.resolve()
