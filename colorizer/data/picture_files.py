"""Which files are pictures of a set: found in folders, sorted, and each content once.

What is seen in training must not be validated on, under whatever name; so copies are told by their bytes.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from colorizer import images
from colorizer.errors import DataError
from colorizer.images import folders as folder_walk
from colorizer.images.folders import LeftOut, describe_left_out


def _ignore(message: str) -> None:
    """For whoever does not ask what was left out."""


def find_pictures(folders: Sequence[Path], report: Callable[[str], None] = _ignore) -> list[Path]:
    """Find every picture file in the folders and below, sorted by its path inside its folder.

    The order does not depend on where the folders lie nor on their order; of two equal paths that in the folder whose
    name comes first is first. A file that several folders hold is there once, and so are copies of one content: what
    is seen in training must not be validated on.

    Args:
        folders: where to look.
        report: called with one sentence on what was left out, and one on copies.

    Raises:
        DataError: for a folder that is missing or holds no picture.
    """
    found: dict[Path, tuple[str, str, Path]] = {}
    left_out: list[LeftOut] = []
    for folder in folders:
        if not folder.is_dir():
            raise DataError(
                f"{folder}: there is no such folder; --data and --validation take folders of pictures, --data also tar "
                'shards ("shards/*.tar").'
            )
        walked = folder_walk.find_pictures(folder)
        left_out += walked.left_out
        if not walked.pictures:
            hint = f'; for its tar shards write "{folder}/*.tar"' if any(folder.glob("*.tar")) else ""
            raise DataError(f"{folder}: the folder holds no pictures ({', '.join(sorted(images.SUFFIXES))}){hint}.")
        for path in walked.pictures:
            key, entry = path.resolve(), (path.relative_to(folder).as_posix(), folder.resolve().name, path)
            found[key] = min(entry, found.get(key, entry))
    paths = [path for *_, path in sorted(found.values())]
    different = distinct_contents(paths)
    for sentence in (describe_left_out(left_out), _describe_copies(len(paths) - len(different))):
        if sentence:
            report(sentence)
    return different


def _describe_copies(count: int) -> str:
    if not count:
        return ""
    return (
        f"{count:,} {'picture is a copy of another one' if count == 1 else 'pictures are copies of others'}; left out."
    )


def distinct_contents(paths: Sequence[Path]) -> list[Path]:
    """Keep the first of all files with the same bytes; only files of equal length are read for it."""
    sizes = Counter(map(_size_of, paths))
    kept, seen = [], set()
    for path in paths:
        if (size := _size_of(path)) and sizes[size] > 1:
            if (digest := _sha256_of(path)) in seen:
                continue
            seen.add(digest or str(path))
        kept.append(path)
    return kept


def shared_contents(paths: Sequence[Path], others: Sequence[Path]) -> list[Path]:
    """Return those of the paths whose bytes are also those of one of the others."""
    by_size: defaultdict[int, list[Path]] = defaultdict(list)
    for other in others:
        by_size[_size_of(other)].append(other)
    digests: dict[int, set[str]] = {}
    shared = []
    for path in paths:
        size = _size_of(path)
        if not size or size not in by_size:
            continue
        if size not in digests:
            digests[size] = {_sha256_of(other) for other in by_size[size]} - {""}
        if _sha256_of(path) in digests[size]:
            shared.append(path)
    return shared


def _size_of(path: Path) -> int:
    """In bytes; 0 for a file that cannot be asked, or that is too large for a picture."""
    try:
        size = path.stat().st_size
    except OSError:
        return 0
    return size if size <= images.LIMITS.max_bytes else 0


def _sha256_of(path: Path) -> str:
    """Of the content; "" where it cannot be read, which is told when it is decoded."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
