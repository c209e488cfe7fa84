"""Tar shards on disk: found, checked, and read as a stream, through webdataset.

    paths = find_shards([Path("shards/*.tar")])
    names = [list_pictures(path, print) for path in paths]

A shard is a local file, and it is opened here: webdataset, which would also fetch links and run what stands behind
"pipe:", gets the open file. Its decoders, some of which unpickle, are not used: what it gives is bytes, which
`colorizer.images` judges. Nothing is ever unpacked to disk.
"""

import glob
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from colorizer import images
from colorizer.errors import DataError, PictureError
from colorizer.images.folders import LeftOut, Reason, judge_name

_SUFFIX = ".tar"
_LINK = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")  # of two letters or more: one is a drive
_METADATA = re.compile(r"__[^/]*__(/|$)")  # members that webdataset keeps for itself
_DAMAGE = (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError)


class Member(NamedTuple):
    """A picture in a shard; sorted, they are in an order that does not depend on where the shards lie."""

    shard: int
    """The number of its shard, as `find_shards` sorts them."""
    name: str
    """Its path in the shard."""


def are_shards(argument: Path) -> bool:
    """Whether an argument of `--data` means shards: not a folder, and it ends in .tar, or is a link (and refused)."""
    is_pattern = argument.suffix.lower() == _SUFFIX or _LINK.match(str(argument)) is not None
    return is_pattern and not argument.is_dir()


def find_shards(patterns: Sequence[Path]) -> list[Path]:
    """Return the local files that paths and patterns ("shards/*.tar", "shard-{000..003}.tar") mean, sorted by their
    names.

    A file that several of them mean is there once.

    Raises:
        DataError: for a link or a command, for a pattern that no file matches, and without webdataset.
    """
    try:
        import webdataset.tariterators  # noqa: F401 - slow to import, and few runs use it
    except ImportError as error:
        raise DataError("Tar shards need the webdataset library; install what requirements.txt names.") from error
    found: dict[Path, tuple[str, str, Path]] = {}
    for pattern in patterns:
        for path in _matches(pattern):
            key, entry = path.resolve(), (path.name, path.resolve().parent.name, path)
            found[key] = min(entry, found.get(key, entry))
    return [path for *_, path in sorted(found.values())]


def _matches(pattern: Path) -> list[Path]:
    from braceexpand import braceexpand  # webdataset's own dependency

    if _LINK.match(str(pattern)):
        raise DataError(f"{pattern}: tar shards are read from local files only; download them first.")
    if pattern.is_file():
        return [pattern]
    try:
        texts = list(braceexpand(str(pattern.expanduser()), escape=False))
    except ValueError as error:
        raise DataError(f"{pattern}: the braces of the pattern do not match; close each that is opened.") from error
    found: list[Path] = []
    for text in texts:
        paths = [Path(path) for path in glob.glob(text, recursive=True)]  # noqa: PTH207 - Path has none for absolute ones
        files = [path for path in paths if path.is_file()]
        if not files:
            raise DataError(f"{text}: no file matches; --data takes folders of pictures or local tar shards.")
        found += files
    return found


def label(path: Path, name: str) -> str:
    """Return a member as messages name it, with nothing in it that a terminal would obey."""
    return f"{path.name}/{repr(name)[1:-1]}"


def list_pictures(path: Path, report: Callable[[str], None], left_out: list[LeftOut] | None = None) -> list[str]:
    """List the names of a shard's pictures, in their order, by its headers alone; nothing else in it is touched.

    Args:
        path: the shard.
        report: called with one sentence for each picture that is too large to be read.
        left_out: gets what else is in the shard; what webdataset keeps for itself is nothing.

    Raises:
        DataError: for a file that is no tar file, that is cut off or damaged, or holds a picture twice.
    """
    found: list[str] = []
    others = [] if left_out is None else left_out
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in _forward(tar):
                if (reason := _why_left_out(member)) is not None:
                    others.append(LeftOut(PurePosixPath(label(path, member.name)), reason))
                if reason is not None or not _is_picture(member):
                    continue
                if member.size > images.LIMITS.max_bytes:
                    megabytes = f"{member.size / 1e6:.1f} MB, more than {images.LIMITS.max_bytes / 1e6:.1f} MB"
                    report(f"{label(path, member.name)} is left out: it has {megabytes}.")
                    continue
                found.append(member.name)
            file.seek(tar.offset)
            is_whole = file.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)  # tarfile takes any fault for the end
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except _DAMAGE as error:
        raise DataError(
            f"{path} is not a whole tar file, which a shard must be, not compressed; make it anew."
        ) from error
    if not is_whole:
        raise DataError(f"{path} is cut off or damaged behind its first {len(found)} pictures; make it anew.")
    return _without_companions(path, found)


def _forward(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members; a hostile size that leads back to an earlier one would be read without end."""
    last = -1
    for member in tar:
        if member.offset <= last:
            raise tarfile.ReadError("a member leads back")
        last = member.offset
        yield member


def _is_picture(member: tarfile.TarInfo) -> bool:
    return member.isreg() and not _METADATA.match(member.name)


def _why_left_out(member: tarfile.TarInfo) -> Reason | None:
    """Say why a member is no picture; None for pictures, folders, and what webdataset keeps for itself."""
    if member.isdir() or _METADATA.match(member.name):
        return None
    if member.issym() or member.islnk():
        return "link out"
    return judge_name(member.name) or (None if member.isreg() and not member.issparse() else "special")


def _without_companions(path: Path, names: Sequence[str]) -> list[str]:
    """Leave out what belongs to a picture: to webdataset "a.mask.png" is a companion of "a.jpg", not of "b.jpg".

    Raises:
        DataError: where a name is there twice.
    """
    if len(set(names)) < len(names):
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise DataError(f"{path} holds two pictures of the name {label(path, twice)}; make it anew.")
    whole = {_key(name) for name in names if _is_plain(name)}
    return [name for name in names if _is_plain(name) or _key(name) not in whole]


def _is_plain(name: str) -> bool:
    return PurePosixPath(name).name.count(".") == 1


def _key(name: str) -> PurePosixPath:
    """Return what the members of one sample share: the path up to the first dot of the name."""
    path = PurePosixPath(name)
    return path.with_name(path.name.partition(".")[0])


def stream(paths: Sequence[Path], order: Iterable[int], wanted: Iterable[Member]) -> Iterator[tuple[Member, bytes]]:
    """Read some members, each once, in the order in which they lie in the shards.

    Args:
        paths: all shards.
        order: the numbers of the shards, in the order in which they are read; those without any of `wanted` are not.
        wanted: what is read; all else is passed over.

    Raises:
        PictureError: where a shard cannot be read any more, or does not hold one of them any more.
    """
    names: dict[int, set[str]] = {}
    for member in wanted:
        names.setdefault(member.shard, set()).add(member.name)
    for number in order:
        if number in names:
            for name, content in _read(paths[number], names[number]):
                yield Member(number, name), content


def _read(path: Path, left: set[str]) -> Iterator[tuple[str, bytes]]:
    from webdataset.tariterators import tar_file_expander

    try:
        with path.open("rb") as file:
            source = [{"url": str(path), "stream": file}]
            for item in tar_file_expander(source, select_files=left.__contains__, eof_value=None):
                left.discard(item["fname"])
                yield item["fname"], item["data"]
                if not left:
                    return
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror or error}.") from error
    except _DAMAGE as error:
        raise PictureError(f"{path} is cut off or damaged.") from error
    raise PictureError(f"{label(path, min(left))} is not in its shard.")
