"""Files that a browser is about to fetch, held until it has: downloads made on a click, and pictures soon replaced.

Streamlit gives a download that is made on the click to no session: once two pages of anybody have run, it is deleted.
A picture that is replaced goes at the end of the run. Often a browser on a slow line has not asked for it by then.
"""

import functools
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime import Runtime
from streamlit.runtime.media_file_manager import MediaFileManager

_KEPT_SECONDS: Final = 60.0
_MOST_BYTES: Final = 150_000_000  # of all downloads that are held; the latest file whatever it has
_PICTURES_KEPT_SECONDS: Final = 20.0
_MOST_PICTURE_BYTES: Final = 20_000_000
_THREAD: Final = "delivery"


def _is_news(record: logging.LogRecord) -> bool:
    return not str(record.threadName).startswith(_THREAD)


# For each file Streamlit would write to the server's log that this thread belongs to no visitor, as it is meant.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").addFilter(_is_news)


class Delivery:
    """The files that were made lately, each held by a name of its own in Streamlit's store. Threads may share it."""

    def __init__(
        self,
        manager: MediaFileManager,
        most_bytes: int = _MOST_BYTES,
        kept_seconds: float = _KEPT_SECONDS,
        kind: str = "download",
    ) -> None:
        self._manager, self._most_bytes, self._kept_seconds = manager, most_bytes, kept_seconds
        self._kind = kind
        self._held: dict[str, tuple[int, float]] = {}
        """Names with sizes and ends of their time, the latest last."""
        self._lock = threading.Lock()
        self._has_timer = False
        # In a page's thread Streamlit would give the file to its visitor, whose next run takes it away.
        self._outside = ThreadPoolExecutor(1, _THREAD)

    def hold(self, content: bytes, mime: str, file_name: str | None = None) -> None:
        """Keep a file that is about to be fetched; without a name, a picture."""
        with self._lock:
            names = (f"{self._kind}-{number}" for number in itertools.count())
            name = next(name for name in names if name not in self._held)
            self._held[name] = len(content), time.monotonic() + self._kept_seconds
            self._put(content, mime, name, file_name, file_name is not None)
            while len(self._held) > 1 and sum(size for size, _ in self._held.values()) > self._most_bytes:
                self._let_go(next(iter(self._held)))
            if not self._has_timer:
                self._wait()

    def _wait(self) -> None:
        """Have the oldest file let go of when its time is over: one thread at a time, however many files there are."""
        _, end = next(iter(self._held.values()))
        timer = threading.Timer(max(0.0, end - time.monotonic()), self._sweep)
        timer.daemon = self._has_timer = True
        timer.start()

    def _sweep(self) -> None:
        with self._lock:
            self._has_timer = False
            for name, (_, end) in list(self._held.items()):
                if end <= time.monotonic():
                    self._let_go(name)
            if self._held:
                self._wait()

    def _let_go(self, name: str) -> None:
        """Leave a file to Streamlit, which deletes it."""
        del self._held[name]
        self._put(b"", "text/plain", name)  # what is replaced is in use no more

    def _put(
        self, content: bytes, mime: str, name: str, file_name: str | None = None, is_download: bool = False
    ) -> None:
        self._outside.submit(self._manager.add, content, mime, name, file_name, is_download).result()


@functools.cache
def _downloads() -> Delivery:
    return Delivery(Runtime.instance().media_file_mgr)


@functools.cache
def _pictures() -> Delivery:
    return Delivery(Runtime.instance().media_file_mgr, _MOST_PICTURE_BYTES, _PICTURES_KEPT_SECONDS, "picture")


def hold_picture(picture: bytes) -> None:
    """Keep an encoded picture, JPEG or WebP, that `st.image` shows and that may be replaced before it is fetched."""
    if Runtime.exists():
        _pictures().hold(picture, "image/jpeg" if picture.startswith(b"\xff\xd8") else "image/webp")


def download_button(
    label: str,
    make: Callable[[], bytes | str],
    file_name: str,
    mime: str,
    at: DeltaGenerator | None = None,
    **options: Any,
) -> None:
    """Show a button whose file is made when it is clicked, outside of the session.

    Args:
        label: what a person gets.
        make: returns the file.
        file_name: as it is saved.
        mime: its media type.
        at: where; the page itself by default.
        options: all else that `st.download_button` takes.
    """

    def made() -> bytes:
        result = make()
        content = result.encode() if isinstance(result, str) else result
        if Runtime.exists():
            _downloads().hold(content, mime, file_name)
        return content

    button = st.download_button if at is None else at.download_button
    button(label, data=made, file_name=file_name, mime=mime, on_click="ignore", **options)
