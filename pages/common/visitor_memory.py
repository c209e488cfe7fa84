"""What visitors' photos may hold together: the visitor who was away longest makes room first."""

import functools
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from pages.common.memory_budget import free_when_idle, give_memory_back, photos_budget, session_ids
from pages.common.shared_results import bytes_of


@runtime_checkable
class CanLetGo(Protocol):
    """What holds something that can be computed again."""

    def let_go(self) -> None:
        """Free what can be computed again."""


class Library(CanLetGo, Protocol):
    """The photos of a visitor."""

    @property
    def content_bytes(self) -> int:
        """Of the files, which cannot be computed again."""

    def forget(self) -> None:
        """Free all of it: the visitor has left for good."""


class VisitorMemory:
    """The libraries of all visitors, within a budget. Threads may share it."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self._lock = threading.Lock()
        self._users: dict[weakref.ref[Library], int] = {}
        """How many pages are at work on each library; the one that was used longest ago comes first."""
        self._sessions: dict[weakref.ref[Library], str] = {}
        """Of the libraries that belong to one."""

    def add(self, library: Library, session: str | None = None) -> None:
        """Count a library until it is gone, or its session; None where Streamlit has no sessions."""
        reference = weakref.ref(library, self._forget)
        with self._lock:
            self._users[reference] = 0
            if session is not None:
                self._sessions[reference] = session

    def _forget(self, reference: "weakref.ref[Library]") -> None:
        self._users.pop(reference, None)  # without the lock: this may run in the midst of anything
        self._sessions.pop(reference, None)

    def rest(self) -> None:
        """Empty the libraries of sessions that are no more.

        Streamlit's loop holds on to the session that it served last until the next visitor comes.
        """
        there = session_ids()
        with self._lock:
            for reference, session in list(self._sessions.items()):
                library = reference()
                if library is not None and session not in there and not self._users.get(reference):
                    library.forget()

    @contextmanager
    def in_use(self, library: Library) -> Iterator[None]:
        """Keep the library whole while inside; afterwards make room again."""
        self._count(library, 1)
        try:
            yield
        finally:
            self._count(library, -1)
            self.make_room()

    def _count(self, library: Library, step: int) -> None:
        reference = weakref.ref(library)
        with self._lock:
            known = next((known for known in self._users if known == reference), None)
            count = self._users.pop(known, 0) if known is not None else 0
            self._users[known or weakref.ref(library, self._forget)] = count + step

    def has_room_for(self, new_bytes: int) -> bool:
        """Tell whether so many bytes of files fit beside those of all visitors."""
        return sum(library.content_bytes for library in self._libraries()) + new_bytes <= self._budget

    def room(self) -> int:
        """Return how many bytes are free beside all that is held of visitors' photos; 0 where none are."""
        return max(0, self._budget - sum(map(bytes_of, self._libraries())))

    def make_room(self) -> None:
        """Free what can be computed again, of visitors who are not at work, until the budget is kept."""
        with self._lock:
            held = {reference: bytes_of(reference()) for reference in list(self._users)}
            total, has_freed = sum(held.values()), False
            for reference, count in list(self._users.items()):
                library = reference()
                if total <= self._budget:
                    break
                if library is not None and count == 0:
                    library.let_go()
                    freed = held.get(reference, 0) - bytes_of(library)
                    total, has_freed = total - freed, has_freed or freed > 0
            if has_freed:
                give_memory_back()

    def _libraries(self) -> list[Library]:
        with self._lock:
            return [library for reference in list(self._users) if (library := reference()) is not None]


@functools.cache
def visitor_memory() -> VisitorMemory:
    """Return the one of this process."""
    memory = VisitorMemory(photos_budget())
    free_when_idle(memory)
    return memory
