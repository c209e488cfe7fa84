"""The one walk over folders, and the one rule on what in a folder is a picture that somebody put there.

    found = find_pictures(Path("holiday"))
    found.pictures                 # sorted paths
    describe_left_out(found.left_out)   # "Left out: 2 files with other endings (.txt), 1 hidden or system file."

Batches, `evaluate`, training, the host's folders, ZIP archives and tar shards go by it. Linked folders are followed,
each folder once, so that a circle of links ends.
"""

import os
import re
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final, Literal, get_args

SUFFIXES: Final = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo"),
        *(".png", ".apng", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib"),
        *(".avif", ".avifs", ".heic", ".heics", ".heif", ".heifs", ".hif"),
    )
)
"""What a folder's pictures are found by; whether a file is one is judged by its bytes."""

_SYSTEM_NAMES: Final = frozenset(
    ("__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "thumbs.db", "ehthumbs.db",
     "desktop.ini", "lost+found")
)  # fmt: skip
"""In lower case. What starts with a dot (._*, .Trash*, .thumbnails, .DS_Store) needs no entry."""

Reason = Literal["hidden", "ending", "dead link", "link out", "seen", "unreadable", "special"]
_WORDS: Final[dict[Reason, tuple[str, str]]] = {
    "hidden": ("hidden or system file or folder", "hidden or system files or folders"),
    "ending": ("file with another ending", "files with other endings"),
    "dead link": ("link that leads nowhere", "links that lead nowhere"),
    "link out": ("link that leads out of the folder", "links that lead out of the folder"),
    "seen": ("link to a folder that is there already", "links to folders that are there already"),
    "unreadable": ("file or folder that may not be read", "files or folders that may not be read"),
    "special": ("file that is no ordinary one", "files that are no ordinary ones"),
}
"""For one and for several."""
_SHOWN_ENDINGS: Final = 5


@dataclass(frozen=True)
class LeftOut:
    """A file or folder that was passed over.

    Attributes:
        path: where it lies; inside an archive, its name there.
        reason: why.
    """

    path: PurePath
    reason: Reason

    @property
    def sentence(self) -> str:
        """Why, as it stands behind the path."""
        return f"{_WORDS[self.reason][0]}, left out"


@dataclass
class FoundPictures:
    """What a walk found.

    Attributes:
        pictures: sorted by path.
        left_out: in the order of the walk.
    """

    pictures: list[Path] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def is_system_name(name: str) -> bool:
    """Tell what systems put beside pictures, and nobody chose: hidden files, thumbnails, recycle bins."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def parts_inside(name: str) -> Sequence[str]:
    """Split the name of an archive's member into its folders and the file; some archives have backslashes."""
    return [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]


def judge_name(name: str) -> Reason | None:
    """Say why a member of an archive is no picture by its name; None for a picture."""
    parts = parts_inside(name)
    if any(is_system_name(part) for part in parts):
        return "hidden"
    return None if parts and has_picture_ending(parts[-1]) else "ending"


def has_picture_ending(name: str) -> bool:
    """Tell whether the ending of a name is one of `SUFFIXES`, in letters of either case."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - for names, not paths; many of them


def find_pictures(folder: Path, *, exclude: Path | None = None, stay_inside: bool = False) -> FoundPictures:
    """Walk a folder and all below it.

    Args:
        folder: where to start; it may itself be hidden or a link.
        exclude: a folder that does not count, for example that of the results.
        stay_inside: leave out links that lead out of `folder`, for folders that strangers may look into.
    """
    walk = _Walk(os.path.realpath(folder), os.path.realpath(exclude) if exclude else None, stay_inside)
    walk.enter(folder)
    while walk.links:  # after all real folders, so that a folder counts where it lies and not where a link shows it
        walk.enter(walk.links.pop(0))
    walk.found.pictures.sort(key=str)
    return walk.found


@dataclass
class _Walk:
    root: str
    exclude: str | None
    stay_inside: bool
    found: FoundPictures = field(default_factory=FoundPictures)
    links: list[Path] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)

    def enter(self, folder: Path) -> None:
        """Take a folder and, without recursion, all real folders below it."""
        waiting = [folder]
        while waiting:
            place = waiting.pop()
            key = os.path.realpath(place)
            if key == self.exclude:
                continue
            if key in self.visited:
                self.leave_out(place, "seen")
                continue
            self.visited.add(key)
            waiting += reversed(self._read(place))

    def _read(self, folder: Path) -> list[Path]:
        """Sort out the entries of one folder; returns the real folders in it."""
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            self.leave_out(folder, "unreadable")
            return []
        return [folder / entry.name for entry in entries if self._is_real_folder(folder / entry.name, entry)]

    def _is_real_folder(self, path: Path, entry: "os.DirEntry[str]") -> bool:
        if is_system_name(entry.name):
            self.leave_out(path, "hidden")
            return False
        if entry.is_dir(follow_symlinks=False):
            return True
        self._take(path, entry)
        return False

    def _take(self, path: Path, entry: "os.DirEntry[str]") -> None:
        """Take a picture, note a linked folder for later, or leave out what is neither."""
        if self.stay_inside and entry.is_symlink() and not self._is_inside(path):
            return self.leave_out(path, "link out")
        try:
            mode = entry.stat().st_mode
        except OSError:  # a link to nowhere or in a circle
            return self.leave_out(path, "dead link" if entry.is_symlink() else "unreadable")
        if stat.S_ISDIR(mode):
            self.links.append(path)
        elif not has_picture_ending(entry.name):
            self.leave_out(path, "ending")
        elif stat.S_ISREG(mode):
            self.found.pictures.append(path)
        else:
            self.leave_out(path, "special")
        return None

    def _is_inside(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self.root)

    def leave_out(self, path: Path, reason: Reason) -> None:
        self.found.left_out.append(LeftOut(path, reason))


def describe_left_out(left_out: Iterable[LeftOut]) -> str:
    """Count what was left out by its reason, in one sentence; "" where nothing was."""
    by_reason: defaultdict[Reason, list[PurePath]] = defaultdict(list)
    for item in left_out:
        by_reason[item.reason].append(item.path)
    parts = [_describe(reason, by_reason[reason]) for reason in get_args(Reason) if reason in by_reason]
    return f"Left out: {', '.join(parts)}." if parts else ""


def _describe(reason: Reason, paths: Sequence[PurePath]) -> str:
    one, several = _WORDS[reason]
    text = f"{len(paths):,} {one if len(paths) == 1 else several}"
    if reason != "ending":
        return text
    endings = [ending for ending, _ in Counter(path.suffix.lower() or "none" for path in paths).most_common()]
    more = ", ..." if len(endings) > _SHOWN_ENDINGS else ""
    return f"{text} ({', '.join(endings[:_SHOWN_ENDINGS])}{more})"
