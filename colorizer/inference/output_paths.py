"""Which pictures a batch takes, and where each result goes.

    plan(["holiday", "harbour.heic"], Path("coloured"))
    # holiday/beach/1.jpg -> coloured/beach/1.jpg, harbour.heic -> coloured/harbour.png

Below a folder its tree and the names of its files are kept; files and links that are named one by one go directly into
the folder of results. No result ever takes the place of an original.
"""

import hashlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, Literal

from colorizer import images
from colorizer.errors import PictureError
from colorizer.images.folders import LeftOut, describe_left_out, find_pictures, has_picture_ending

ResultFormat = Literal["same", "png", "jpeg", "webp"]
_ENDINGS: Final[dict[ResultFormat, tuple[str, ...]]] = {
    "same": (".png", ".jpg", ".jpeg", ".webp"),
    "png": (".png",),
    "jpeg": (".jpg", ".jpeg"),
    "webp": (".webp",),
}
"""Those that a name may keep; the first is what another one becomes."""


@dataclass(frozen=True)
class Task:
    """One picture to colour."""

    source: str
    """A path or a link."""
    result: Path

    @property
    def is_done(self) -> bool:
        try:
            return self.result.is_file()
        except OSError:  # a name that is too long for the file system
            return False


@dataclass(frozen=True)
class FoundPicture:
    """A picture to colour, and where its result would go."""

    source: str
    place: PurePath
    """Below the folder of results, still with the source's own ending."""
    home: str
    """The folder that it was found in, which tells it from another one of the same name; of a link nothing."""


def is_link(source: str) -> bool:
    return "://" in source


def _ignore(left_out: Sequence[LeftOut]) -> None:
    """For whoever does not ask what was left out."""


def pictures_in(
    folder: Path, exclude: Path | None = None, on_left_out: Callable[[Sequence[LeftOut]], None] = _ignore
) -> list[Path]:
    """Return the pictures in a folder and below it, sorted.

    Args:
        folder: where to look.
        exclude: a folder that does not count.
        on_left_out: is told what else is there.

    Raises:
        PictureError: there are none.
    """
    found = find_pictures(folder, exclude=exclude)
    if not found.pictures:
        others = describe_left_out(found.left_out)
        raise PictureError(f"{folder}: the folder holds no pictures{f' ({others[:-1].lower()})' if others else ''}.")
    on_left_out(found.left_out)
    return found.pictures


def names_one_file(sources: Sequence[str], out: Path, is_folder: bool = False) -> bool:
    """Tell whether `out` is the name of a result: there is one picture, and `out` has an ending and is no folder.

    Args:
        sources: files, folders and links.
        out: as the user named it.
        is_folder: whether the user said so, by a slash behind it.
    """
    return is_one_picture(sources) and bool(out.suffix) and not is_folder and not out.is_dir()


def is_one_picture(sources: Sequence[str]) -> bool:
    return len(sources) == 1 and not _is_folder(sources[0])


def _is_folder(source: str) -> bool:
    try:
        return not is_link(source) and Path(source).is_dir()
    except OSError:  # a name that is too long for the file system
        return False


def plan(
    sources: Sequence[str],
    out: Path,
    format: ResultFormat = "same",
    *,
    is_folder: bool = False,
    on_left_out: Callable[[Sequence[LeftOut]], None] = _ignore,
) -> list[Task]:
    """Plan what there is to colour, each with the path of its result.

    Args:
        sources: files, folders and links.
        out: the folder of results, whose own files are no sources; or the result's own name, see `names_one_file`.
        format: "same" leaves JPEG, PNG and WebP what they are, by their endings, and makes PNG of all others.
        is_folder: whether `out` is a folder even if it has an ending and is not there yet.
        on_left_out: is told what in the folders is not taken.

    Raises:
        PictureError: a folder has no pictures, results would lie where originals are, or the result's own name has an
            ending that no result has.
    """
    if names_one_file(sources, out, is_folder):
        _require_known_ending(out)
        tasks = [Task(sources[0], out)]
    else:
        found = list(dict.fromkeys(item for source in sources for item in _find(source, out, on_left_out)))
        places = result_names(found, format)
        tasks = [Task(item.source, out / place) for item, place in zip(found, places, strict=True)]
        _refuse_results_among_sources([Path(source) for source in sources if _is_folder(source)], tasks, out)
    _refuse_results_for_originals(tasks)
    return tasks


def result_names(found: Sequence[FoundPicture], format: ResultFormat) -> list[PurePath]:
    """Return the place of each result below the folder of results, no two the same."""
    return _distinct([_names(item, format) for item in found])


def _require_known_ending(out: Path) -> None:
    if out.suffix.lower() not in _ENDINGS["same"]:
        raise PictureError(
            f"{out}: a result ends in one of {', '.join(_ENDINGS['same'])}; for a folder put a slash behind the name."
        )


def _find(source: str, out: Path, on_left_out: Callable[[Sequence[LeftOut]], None]) -> list[FoundPicture]:
    if is_link(source):
        name = PurePath(re.split(r"[?#]", source, maxsplit=1)[0]).name
        ending = PurePath(name).suffix.lower() if has_picture_ending(name) else ".png"
        return [FoundPicture(source, PurePath(images.safe_name(source) + ending), "")]
    path = Path(source)
    if not _is_folder(source):
        return [FoundPicture(str(path), PurePath(path.name), path.resolve().parent.name)]
    home = path.resolve().name
    found = pictures_in(path, out if _place_inside(out, path) else None, on_left_out)
    return [FoundPicture(str(picture), picture.relative_to(path), home) for picture in found]


def _place_inside(inner: Path, outer: Path) -> PurePath | None:
    """Where one folder lies in another; None where it does not, or is that folder itself."""
    inner, outer = inner.resolve(), outer.resolve()
    return inner.relative_to(outer) if outer in inner.parents else None


def _names(found: FoundPicture, format: ResultFormat) -> tuple[PurePath, ...]:
    """Names for a result, from the plainest to one that no other source has."""
    place, endings = found.place, _ENDINGS[format]
    ending = place.suffix if place.suffix.lower() in endings else endings[0]
    plain = place.with_name(place.stem + ending)
    whole = place.with_name(place.name + ending)
    digest = hashlib.sha256(os.fsencode(found.source)).hexdigest()[:8]
    return plain, whole, found.home / plain, place.with_name(f"{place.stem}-{digest}{ending}")


def _distinct(names: Sequence[tuple[PurePath, ...]]) -> list[PurePath]:
    """One of each source's names, the plainest that no other one has taken: equals all go on to their next."""
    levels = [0] * len(names)
    for _ in range(3):
        taken = Counter(own[level] for own, level in zip(names, levels, strict=True))
        levels = [level + (taken[own[level]] > 1) for own, level in zip(names, levels, strict=True)]
    return [own[level] for own, level in zip(names, levels, strict=True)]


def _refuse_results_among_sources(folders: Sequence[Path], tasks: Sequence[Task], out: Path) -> None:
    """Results in a folder of their own inside are no sources of the next run; elsewhere in a folder they would be."""
    for folder in folders:
        inner = _place_inside(folder, out)
        is_amid = inner is not None and any(task.result.is_relative_to(out / inner) for task in tasks)
        if is_amid or folder.resolve() == out.resolve():
            raise PictureError(
                f"{out}: the results would lie among the photos of {folder}; name another folder, or one inside it."
            )


def _refuse_results_for_originals(tasks: Sequence[Task]) -> None:
    originals = {_identity(Path(task.source)) for task in tasks if not is_link(task.source)} - {None}
    for task in tasks:
        if _identity(task.result) in originals:
            raise PictureError(f"{task.result}: the result would replace an original; name another place for it.")


def _identity(path: Path) -> tuple[int, int] | None:
    """Return the same for every path to a file; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: a null character in the path
        return None
    return status.st_dev, status.st_ino


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in.

    Raises:
        PictureError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PictureError(f"The folder {folder} cannot be made ({error.strerror}); choose another place.") from error


def require_writable(folder: Path) -> None:
    """Make a folder and try to write there.

    Raises:
        PictureError: it cannot be made, or not be written to.
    """
    make_folder(folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise PictureError(f"Nothing can be written to {folder} ({error.strerror}); choose another place.") from error
