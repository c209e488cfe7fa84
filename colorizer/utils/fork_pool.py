"""Work shared out among processes forked from this one, each on one core.

They share the loaded network's memory, and not Python's lock: two threads that compute on small pictures wait for it a
third of their time.
"""

import functools
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.synchronize import Event
from typing import Any

from colorizer.errors import ColorizerError
from colorizer.utils import worker_pool
from colorizer.utils.worker_pool import Item, Result, Work

_AHEAD = 1  # items that wait for each process, so that none waits for an item
_ORPHAN_SECONDS = 1.0

_task: tuple[Work[Any, Any], Event]
"""What a forked process works at, and whether it should end; set in it alone."""


@functools.lru_cache(maxsize=1)
def can_fork() -> bool:
    """Not on Windows; nor on a Mac, whose own libraries do not survive it; nor where there are no semaphores."""
    if sys.platform == "darwin":
        return False
    try:
        multiprocessing.get_context("fork").Lock()
    except (ImportError, OSError, ValueError):
        return False
    return True


def imap_unordered(work: Work[Item, Result], items: Iterator[Item], count: int) -> Iterator[Result]:
    """As `worker_pool.imap_unordered`, by processes: items and results are sent, what `work` holds is not.

    Raises:
        ColorizerError: a process was ended from outside.
        Exception: the first that `work` raises.
    """
    context = multiprocessing.get_context("fork")
    stop = context.Event()
    with ProcessPoolExecutor(count, context, _begin, (work, stop, os.getpid())) as pool:
        try:
            waiting = {pool.submit(_drain, item) for item in islice(items, count * (1 + _AHEAD))}
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                waiting |= {pool.submit(_drain, item) for item in islice(items, len(done))}
                yield from _results(done)
        except BrokenProcessPool as error:
            raise ColorizerError(
                "One of the processes that work in parallel was ended, perhaps as memory ran out; start again, with "
                "fewer of them if it happens twice."
            ) from error
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _results(done: set[Future[list[Result]]]) -> Iterator[Result]:
    for future in done:
        yield from future.result()


def _begin(work: Work[Any, Any], stop: Event, parent: int) -> None:
    """In a new process."""
    global _task
    _task = work, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one decides
    gc.freeze()  # a search for garbage would copy all memory that is still shared
    worker_pool.limit_to_one_thread()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """The parent may be killed without a word; its processes would wait for ever."""
    while os.getppid() == parent:
        time.sleep(_ORPHAN_SECONDS)
    os._exit(1)


def _drain(item: Any) -> list[Any]:
    work, stop = _task
    return list(work(item, stop.is_set))
