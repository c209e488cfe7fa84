"""How many photos a visitor may have at a time, and what is said of those that are too many or cannot be opened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from pages.common.memory_budget import visitor_budget
from pages.common.visitor_memory import visitor_memory

MAX_PHOTOS: Final = 200
MAX_MEGABYTES: Final = 500
_MOST_SENTENCES: Final = 5  # one for each photo; the others share one
_MOST_NAMES: Final = 3
_MB: Final = 1e6


@dataclass(frozen=True)
class Room:
    """What a visitor may add, so that a browser does not send what would be refused."""

    photos: int
    bytes: int
    most_photos: int
    most_bytes: int
    """Of all that a visitor may have on this host."""


def room_beside(count: int, held_bytes: int) -> Room:
    """Return the room beside so many photos, whose files have so many bytes."""
    most_bytes = min(int(MAX_MEGABYTES * _MB), visitor_budget())
    return Room(max(0, MAX_PHOTOS - count), max(0, most_bytes - held_bytes), MAX_PHOTOS, most_bytes)


def refusal(count: int, held_bytes: int, new_bytes: int) -> str | None:
    """Say why a file cannot be added to what a visitor has; None where it can.

    Args:
        count: of the photos that the visitor has.
        held_bytes: of their files.
        new_bytes: of the file.
    """
    if count >= MAX_PHOTOS:
        return f"an album holds at most {MAX_PHOTOS} photos; forget some first."
    if held_bytes + new_bytes > MAX_MEGABYTES * _MB:
        return f"the photos of an album may have at most {MAX_MEGABYTES} MB together; forget some first."
    if held_bytes + new_bytes > visitor_budget():
        room = visitor_budget() / _MB
        return f"this server has room for {room:.0f} MB of a visitor's photos; download yours, and forget some first."
    if not visitor_memory().has_room_for(new_bytes):
        return "other visitors' photos fill the memory of this server; try again in a few minutes."
    return None


def names_of(names: Sequence[str]) -> str:
    """List names, the first few of many: "a.jpg, b.jpg, c.jpg and 17 more"."""
    shown, more = list(names[:_MOST_NAMES]), len(names) - _MOST_NAMES
    if more > 0:
        shown.append(f"{more} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


@dataclass
class Problems:
    """What went wrong with the photos that were given last. What is the same of many is said once."""

    _failures: list[tuple[str, str]] = field(default_factory=list)
    """Name and sentence."""
    _refused: dict[str, list[str]] = field(default_factory=dict)
    """Names by what they share: the end of a sentence."""

    def fail(self, name: str, sentence: str) -> None:
        """Add a sentence on a photo that could not be opened."""
        self._failures.append((name, sentence))

    def refuse(self, name: str, reason: str) -> None:
        """Add a photo that was not taken; `reason` goes on from "was not added: "."""
        self._refused.setdefault(reason, []).append(name)

    def clear(self) -> None:
        self._failures.clear()
        self._refused.clear()

    def __iter__(self) -> Iterator[str]:
        """Yield what to show, one sentence for each line."""
        return iter(self.sentences())

    def sentences(self) -> list[str]:
        """Return what to show, one line each."""
        shown = [sentence for _, sentence in self._failures[:_MOST_SENTENCES]]
        if rest := [name for name, _ in self._failures[_MOST_SENTENCES:]]:
            shown.append(f"{len(rest)} more could not be opened: {names_of(rest)}.")
        for reason, names in self._refused.items():
            shown.append(f"{names_of(names)} {'was' if len(names) == 1 else 'were'} not added: {reason}")
        return shown
