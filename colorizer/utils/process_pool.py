"""Work shared out among processes of one thread each, by `concurrent.futures`: for many small pictures.

Two threads that compute on small pictures wait for Python's lock a seventh of their time; processes do not. They are
never forked from this one, whose threads may hold locks, but from a clean one (`forkserver`), or started anew where the
system has none. That takes as long as importing torch: whoever knows early that there will be much to do calls
`prepare`, and it happens meanwhile.

A script that gets here must be importable, as the processes import it: `if __name__ == "__main__": main()`.
"""

import contextlib
import functools
import gc
import multiprocessing
import multiprocessing.forkserver
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from multiprocessing.synchronize import Event
from typing import TYPE_CHECKING, Any

from colorizer.errors import ColorizerError

if TYPE_CHECKING:  # torch takes as long to import as `prepare` hides
    from colorizer.utils.worker_pool import Item, Result, Work

_PRELOADED = ["colorizer.inference.batch"]  # by the clean process, once for all

_prepared = threading.Event()
_task: "tuple[Work[Any, Any], Event]"
"""What a process works at, and whether it should end; set in it alone."""


@functools.lru_cache(maxsize=1)
def start_context() -> BaseContext:
    """How processes are started here: on a Mac anew, as its own libraries do not survive a fork, even a clean one."""
    if sys.platform == "darwin" or "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


@functools.lru_cache(maxsize=1)
def can_start() -> bool:
    """Whether processes can share work here: not where there are no semaphores."""
    try:
        start_context().Lock()
    except (ImportError, OSError, ValueError):
        return False
    return True


def prepare() -> None:
    """Start the clean process, which imports what all others need, and return at once."""
    if can_start() and start_context().get_start_method() == "forkserver":
        with _deaf_to_ctrl_c():
            multiprocessing.forkserver.ensure_running()
        _prepared.set()


def is_prepared() -> bool:
    """Whether there is a clean process, so that others start soon."""
    return _prepared.is_set()


def imap_unordered(work: "Work[Item, Result]", items: "Iterator[Item]", count: int) -> "Iterator[Result]":
    """As `worker_pool.imap_unordered`, by processes: `work` is sent to each once, items and results as they come.

    Raises:
        ColorizerError: a process was ended from outside.
        Exception: the first that `work` raises.
    """
    from colorizer.utils import worker_pool

    prepare()
    stop = start_context().Event()
    pool = ProcessPoolExecutor(count, start_context(), _begin, (pickle.dumps(work), stop))
    try:
        with _deaf_to_ctrl_c():
            for _ in range(count):
                pool.submit(int)  # each starts a process
        yield from worker_pool.drain(pool, _drain, items, count, stop.set)
    except (BrokenProcessPool, BrokenPipeError) as error:  # the latter as one ends while it starts
        raise ColorizerError(
            "One of the processes that work in parallel was ended, perhaps as memory ran out; start again, with "
            "fewer of them if it happens twice."
        ) from error
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let nothing that is started inside get Ctrl-C, which reaches all processes of a terminal: the first one
    decides."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(work: bytes, stop: Event) -> None:
    """In a new process."""
    from colorizer.utils import worker_pool

    global _task
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.filterwarnings("ignore", module="PIL")  # on damaged metadata, which is not used
    worker_pool.limit_to_one_thread()
    _task = pickle.loads(work), stop
    gc.freeze()  # a search for garbage would copy all memory that is still shared


def _end_with_parent() -> None:
    """End when the parent does, which may be killed without a word; its processes would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _drain(item: Any) -> list[Any]:
    work, stop = _task
    return list(work(item, stop.is_set))
