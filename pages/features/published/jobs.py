"""Fetching in the background: one network at a time, started by a click on a private machine or at the app's start."""

import logging
import os
import threading
from collections import deque
from dataclasses import dataclass, field

import streamlit as st

from colorizer.checkpoints import published
from colorizer.checkpoints.conversion import fetch_published
from colorizer.checkpoints.fetching import Progress
from colorizer.checkpoints.memory_budget import refusal
from pages.common.error_boundary import sentence

_log = logging.getLogger(__name__)


@dataclass
class FetchQueue:
    """What is being fetched, what waits, and what failed; shared by all sessions."""

    waiting: deque[str] = field(default_factory=deque)
    progress: dict[str, Progress | None] = field(default_factory=dict)
    """Of the one that is being fetched; None until its first bytes."""
    problems: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _works: bool = False

    def add(self, checkpoint_id: str) -> None:
        """Fetch a network as soon as those before it are here."""
        with self._lock:
            self.problems.pop(checkpoint_id, None)
            if checkpoint_id in self.progress or checkpoint_id in self.waiting:
                return
            self.waiting.append(checkpoint_id)
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, daemon=True, name="fetch").start()

    @property
    def is_working(self) -> bool:
        return self._works

    def _take(self) -> str | None:
        with self._lock:
            self._works = bool(self.waiting)
            return self.waiting.popleft() if self.waiting else None

    def _work(self) -> None:
        while (name := self._take()) is not None:
            self.progress[name] = None
            try:
                fetch_published(name, lambda progress, name=name: self.progress.update({name: progress}))  # type: ignore[misc]
            except Exception as error:  # whatever it is, the others are still to come
                self.problems[name] = sentence(error)
                _log.warning("%s was not fetched: %s", name, self.problems[name])
            finally:
                del self.progress[name]


@st.cache_resource(show_spinner=False)
def fetch_queue() -> FetchQueue:
    return FetchQueue()


@st.cache_resource(show_spinner=False)
def fetch_what_the_operator_allows() -> None:
    """Start fetching once for each start of the app, where `COLORIZER_PUBLISHED` says so.

    "1" is every network that the host's memory holds; ids with commas between them are those alone.
    """
    wanted = os.environ.get(published.PUBLIC_VARIABLE, "").strip()
    ids = list(published.catalogue()) if wanted == "1" else [name.strip() for name in wanted.split(",") if name.strip()]
    for name in ids if wanted != "0" else []:
        entry = published.catalogue().get(name)
        if entry is None:
            _log.warning("%s: there is no published network %r", published.PUBLIC_VARIABLE, name)
        elif (reason := refusal(entry.card)) is not None:
            _log.warning("%s", reason)
        elif not published.is_fetched(name):
            fetch_queue().add(name)
