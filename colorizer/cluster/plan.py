"""Which photos a job takes from which addresses, and at which address each result goes.

    plan(["s3://bucket/in"], "s3://bucket/out")
    # s3://bucket/in/beach/1.jpg -> s3://bucket/out/beach/1.jpg, .../harbour.heic -> s3://bucket/out/harbour.png

The names are those of a local batch: see `colorizer.inference.output_paths`. What counts as a picture in a store's
folder is told by the rule for names in `colorizer.images.folders`, as in an archive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from colorizer.cluster import storage
from colorizer.errors import PictureError
from colorizer.images.folders import LeftOut, describe_left_out, has_picture_ending, judge_name
from colorizer.inference import output_paths
from colorizer.inference.output_paths import FoundPicture, ResultFormat


@dataclass(frozen=True, slots=True)
class PhotoTask:
    """One photo to colour, by addresses or paths."""

    source: str
    result: str


OnLeftOut = Callable[[Sequence[LeftOut]], None]
"""Told what a folder holds besides pictures."""


def _ignore(left_out: Sequence[LeftOut]) -> None:
    """For whoever does not ask what was left out."""


def plan(
    sources: Sequence[str],
    out: str,
    format: ResultFormat = "same",
    *,
    is_folder: bool = False,
    on_left_out: OnLeftOut = _ignore,
) -> list[PhotoTask]:
    """Plan which photos there are to colour, each with the address of its result.

    Args:
        sources: folders and files, by path or address; an address is a file where it ends like a picture's.
        out: the folder of results, by path or address.
        format: as in `output_paths.plan`, as are the others.
        is_folder: whether `out` is a folder even if it has an ending and is not there yet.
        on_left_out: is told what in the folders is not taken.

    Raises:
        PictureError: an address cannot be listed, a folder has no pictures, or results would lie among originals.
    """
    storage.require_writable(out)
    for source in sources:
        storage.require_readable(source)
    if all(map(storage.is_local, [*sources, out])):
        paths = [str(storage.local_path(source)) for source in sources]
        tasks = output_paths.plan(paths, storage.local_path(out), format, is_folder=is_folder, on_left_out=on_left_out)
        return [PhotoTask(str(Path(task.source).absolute()), str(task.result.absolute())) for task in tasks]
    found = list(dict.fromkeys(item for source in sources for item in _find(source, out, on_left_out)))
    names = output_paths.result_names(found, format)
    return [PhotoTask(item.source, storage.join(out, name.as_posix())) for item, name in zip(found, names, strict=True)]


def unfinished(tasks: Sequence[PhotoTask], out: str) -> list[PhotoTask]:
    """Those that have no result yet, by one listing of the folder of results.

    Raises:
        PictureError: it cannot be listed.
    """
    there = set(storage.list_files(out))
    prefix = storage.join(str(storage.local_path(out).absolute()) if storage.is_local(out) else out, "")
    return [task for task in tasks if task.result.removeprefix(prefix) not in there]


def _find(source: str, out: str, on_left_out: OnLeftOut) -> list[FoundPicture]:
    if storage.is_local(source):
        path = storage.local_path(source).absolute()
        home = path.resolve().name
        files = output_paths.pictures_in(path, None, on_left_out) if path.is_dir() else []
        return [FoundPicture(str(file), file.relative_to(path), home) for file in files] or [
            FoundPicture(str(path), PurePosixPath(path.name), path.parent.name)
        ]
    place = PurePosixPath(storage.name_of(source))
    if has_picture_ending(place.name):
        return [FoundPicture(source, place, "")]
    return _in_folder(source, out, on_left_out)


def _in_folder(folder: str, out: str, on_left_out: OnLeftOut) -> list[FoundPicture]:
    inside, outside = storage.join(folder, ""), storage.join(out, "")
    if inside.startswith(outside):
        raise PictureError(f"{out}: the results would lie among the photos of {folder}; name another folder.")
    found, left_out = [], []
    for place, address in sorted(storage.list_files(folder).items()):
        if address.startswith(outside):
            continue
        if (reason := judge_name(place)) is None:
            found.append(FoundPicture(address, PurePosixPath(place), PurePosixPath(folder).name))
        elif place:  # "" is the folder itself, as consoles of stores make one
            left_out.append(LeftOut(PurePosixPath(address), reason))
    if not found:
        others = describe_left_out(left_out)
        raise PictureError(f"{folder}: the folder holds no pictures{f' ({others[:-1].lower()})' if others else ''}.")
    on_left_out(left_out)
    return found
