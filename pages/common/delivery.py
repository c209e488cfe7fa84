"""Downloads that are made on the click, and kept until the browser has fetched them.

Streamlit gives such a file to no session: once two pages of anybody have run after the click, it is deleted, often
before a browser on a slow line has asked for it. So it is held here for a minute.
"""

import functools
import itertools
import threading
from collections.abc import Callable
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime import Runtime
from streamlit.runtime.media_file_manager import MediaFileManager

_KEPT_SECONDS: Final = 60.0
_MOST_BYTES: Final = 150_000_000  # of all that is held; the latest file whatever it has


class Delivery:
    """The files that were made lately, each held by a name of its own in Streamlit's store. Threads may share it."""

    def __init__(self, manager: MediaFileManager, most_bytes: int = _MOST_BYTES) -> None:
        self._manager, self._most_bytes = manager, most_bytes
        self._held: dict[str, int] = {}
        """Names and sizes, the latest last."""
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def hold(self, content: bytes, mime: str, file_name: str, seconds: float = _KEPT_SECONDS) -> None:
        """Keep a file that is about to be fetched, for so long at most."""
        with self._lock:
            name = f"delivery-{next(self._numbers)}"
            self._held[name] = len(content)
            self._manager.add(content, mime, name, file_name, is_for_static_download=True)
            while len(self._held) > 1 and sum(self._held.values()) > self._most_bytes:
                self._let_go(next(iter(self._held)))
        timer = threading.Timer(seconds, self.let_go, (name,))
        timer.daemon = True
        timer.start()

    def let_go(self, name: str) -> None:
        """Leave a file to Streamlit, which deletes it."""
        with self._lock:
            self._let_go(name)

    def _let_go(self, name: str) -> None:
        if self._held.pop(name, None) is not None:
            self._manager.add(b"", "text/plain", name)  # what is replaced is in use no more


@functools.cache
def _delivery() -> Delivery:
    return Delivery(Runtime.instance().media_file_mgr)


def download_button(
    label: str,
    make: Callable[[], bytes | str],
    file_name: str,
    mime: str,
    at: DeltaGenerator | None = None,
    **look: Any,
) -> None:
    """Show a button whose file is made when it is clicked, outside of the session.

    Args:
        label: what a person gets.
        make: returns the file.
        file_name: as it is saved.
        mime: its media type.
        at: where; the page itself by default.
        look: all else that `st.download_button` takes.
    """

    def made() -> bytes:
        result = make()
        content = result.encode() if isinstance(result, str) else result
        if Runtime.exists():
            _delivery().hold(content, mime, file_name)
        return content

    button = st.download_button if at is None else at.download_button
    button(label, data=made, file_name=file_name, mime=mime, on_click="ignore", **look)
