"""Ctrl-C as a request to stop, answered at safe places.

Python raises KeyboardInterrupt wherever it stands, and where that is a hook (as when a process is forked) the exception
is dropped and the work goes on. So a first Ctrl-C, or a request to end (SIGTERM), is only noted; the work asks for it.
"""

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

_SAME_CTRL_C_SECONDS = 1.0  # a terminal and accelerate's launcher both pass the same Ctrl-C on


class StopRequest:
    """Whether the user wants the work to stop; a second Ctrl-C breaks it off at once."""

    def __init__(self) -> None:
        self._since: float | None = None

    @property
    def is_requested(self) -> bool:
        return self._since is not None

    def raise_if_requested(self) -> None:
        """Raise KeyboardInterrupt if a stop was requested; called where that is safe.

        Raises:
            KeyboardInterrupt: if it was.
        """
        if self.is_requested:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since = now
        elif number == signal.SIGINT and now - self._since > _SAME_CTRL_C_SECONDS:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def handle_signals(self) -> Iterator[None]:
        """Note signals while inside; only in the main thread."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before: dict[int, Any] = {number: signal.signal(number, self._note) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Inside of `handle_signals`, for work that cannot ask: Ctrl-C breaks it off at once; only in the main thread."""
    before: Any = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
