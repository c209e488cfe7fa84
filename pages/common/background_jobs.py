"""Work that goes on while a visitor's page rests: a thread for each kind of it, which ends with the session.

    jobs = background_jobs()
    jobs.keep_going("versions", (photo.key, card.id), lambda still_wanted: find(photo, card, still_wanted))

A page calls `keep_going` in each run until there is nothing left to do: so work that stopped, as when the connection
was lost for a while, goes on when the visitor is back. No Streamlit command may run in it.
"""

import functools
import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

THREAD_NAME: Final = "background"
_KEY: Final = "background-jobs"
_log = logging.getLogger(__name__)
StillWanted = Callable[[], None]
"""Raises, by an exception of its own, where the work is not wanted any more; to be called between two pieces of it."""


class _Dropped(BaseException):
    """The visitor left, or wants something else. As with Streamlit's own signals nobody is to catch it on its way."""


class _Job:
    """One piece of work in its thread."""

    def __init__(self, key: Hashable, work: Callable[[StillWanted], None], session: str | None) -> None:
        self.key, self._work, self._session = key, work, session
        self._is_dropped = False
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=False)  # torch must not end midway
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work(self._still_wanted)
        except _Dropped:
            pass
        except Exception:  # the page goes on without it
            _log.exception("work in the background failed")

    def _still_wanted(self) -> None:
        if self._is_dropped or not threading.main_thread().is_alive() or not _is_there(self._session):
            raise _Dropped

    @property
    def is_going(self) -> bool:
        return self._thread.is_alive() and not self._is_dropped

    def drop(self) -> None:
        self._is_dropped = True

    def wait(self, seconds: float) -> None:
        self._thread.join(seconds)


def presence_of_visitor() -> Callable[[], bool]:
    """Return what tells, in any thread and at any later time, whether the browser of this run's visitor is there."""
    context = get_script_run_ctx(suppress_warning=True)
    return functools.partial(_is_there, context.session_id if context else None)


def _is_there(session: str | None) -> bool:
    """Tell whether a session's browser is connected."""
    from streamlit.runtime import Runtime

    return session is None or not Runtime.exists() or bool(Runtime.instance().is_active_session(session))


@dataclass
class BackgroundJobs:
    """The work of one visitor, at most one job of each kind."""

    _jobs: dict[str, _Job] = field(default_factory=dict)

    def keep_going(self, kind: str, key: Hashable, work: Callable[[StillWanted], None]) -> None:
        """Start work, unless it is going on already; what goes on of that kind with another key is dropped."""
        job = self._jobs.get(kind)
        if job is not None and job.key == key and job.is_going:
            return
        self.drop(kind)
        context = get_script_run_ctx(suppress_warning=True)
        self._jobs[kind] = _Job(key, work, context.session_id if context else None)

    def drop(self, kind: str) -> None:
        """Have the work of a kind end before its next piece."""
        if (job := self._jobs.pop(kind, None)) is not None:
            job.drop()

    def wait(self, kind: str, seconds: float) -> None:
        """Wait until the work of a kind has come to its end, but not longer than that."""
        if (job := self._jobs.get(kind)) is not None:
            job.wait(seconds)


def background_jobs() -> BackgroundJobs:
    """Return the visitor's."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = BackgroundJobs()
    jobs: BackgroundJobs = st.session_state[_KEY]
    return jobs
