"""The queue for the processor: one piece of work at a time, and every visitor in turn."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_LOOK_SECONDS: Final = 0.1  # between two looks at whether the visitor is still there
PATIENCE_SECONDS: Final = 2.0
"""A wait that needs no word."""


class _Ticket:
    """A place in the queue."""

    def __init__(self, gives_way: bool) -> None:
        self.gives_way = gives_way


class ComputeQueue:
    """First come, first served; but for work that nobody waits for, which lets all others go first.

    A visitor's page asks for one piece of work after the other, a photo or a picture to rank, and stands at the end
    again each time. So whoever has 200 of them keeps nobody waiting longer than one takes, which a lock does not
    promise: the thread that lets go of it mostly has it again before another one wakes.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Ticket] = deque()
        """The first is the one at work."""
        self._changed = threading.Condition()

    @contextmanager
    def turn(
        self,
        look: Callable[[], None] | None = None,
        tell: Callable[[int], None] | None = None,
        gives_way: bool = False,
    ) -> Iterator[None]:
        """Wait for the turn, and have it inside.

        Args:
            look: called now and then while waiting; it raises where the visitor has left, whose place is then free.
            tell: called with the place in the queue, 1 for whoever is next, once the wait is longer than two seconds,
                and again whenever it changes.
            gives_way: whether whoever comes later, and does not give way, goes first.
        """
        ticket = _Ticket(gives_way)
        with self._changed:
            self._waiting.insert(self._place_for(ticket), ticket)
        try:
            self._wait(ticket, look, tell)
            yield
        finally:
            with self._changed:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def _place_for(self, ticket: _Ticket) -> int:
        giving_way = (place for place, other in enumerate(self._waiting) if place and other.gives_way)
        return len(self._waiting) if ticket.gives_way else next(giving_way, len(self._waiting))

    def _wait(self, ticket: _Ticket, look: Callable[[], None] | None, tell: Callable[[int], None] | None) -> None:
        since, told = time.monotonic(), 0
        while True:
            with self._changed:
                place = self._waiting.index(ticket)
                if place and not self._changed.wait_for(lambda: self._waiting[0] is ticket, _LOOK_SECONDS):
                    place = self._waiting.index(ticket)
                else:
                    return
            if look is not None:
                look()
            if tell is not None and place != told and time.monotonic() - since > PATIENCE_SECONDS:
                told = place
                tell(place)

    def __len__(self) -> int:
        """Count those that work or wait."""
        return len(self._waiting)


_ORDINALS: Final = {1: "next", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}


def place_sentence(place: int) -> str:
    """Say "You are third in line ..." for a place in the queue, counted from 1."""
    return f"Other visitors' photos come first: you are {_ORDINALS.get(place, f'number {place}')} in line ..."
