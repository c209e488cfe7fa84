"""Work shared out among threads: torch, numpy and Pillow let go of Python's lock while they compute.

Several threads that each do whole strips of a photo beat one thread whose every operation is split up by OpenMP: on two
cores an operation of 40 microseconds is then no faster than on one.
"""

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

import torch

from colorizer.utils import cores
from colorizer.utils.cores import MAX_THREADS

_AHEAD = 1  # items that wait for each worker, so that none waits for an item
Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Item, Callable[[], bool]], Iterable[Result]]
"""Takes an item, and a question: should it end before all is done?"""


def usable_threads() -> int:
    """As many as torch uses, which goes by the cores and by OMP_NUM_THREADS; at most 8."""
    return min(torch.get_num_threads(), MAX_THREADS)


def limit_to_one_thread() -> None:
    """From now on the calling thread does all work itself: others, or other processes, have the other cores."""
    cores.mark_as_worker()
    torch.get_num_threads()  # a thread takes the common number when it is first asked: before it gets its own
    torch.set_num_threads(1)  # of this thread, and of all that are started from now on


def make_pool(count: int) -> ThreadPoolExecutor:
    """So many started threads, each of which works alone. What torch uses elsewhere stays as it is."""
    threads = torch.get_num_threads()
    started = threading.Barrier(count + 1)

    def start() -> None:
        limit_to_one_thread()
        started.wait()

    pool = ThreadPoolExecutor(count, "colorizer", start)
    try:
        for _ in range(count):
            pool.submit(int)
        started.wait()
    except BaseException:
        started.abort()  # an interrupt here must not leave threads that wait for ever
        raise
    finally:
        torch.set_num_threads(threads)
    return pool


def imap_unordered(work: Work[Item, Result], items: Iterator[Item], count: int) -> Iterator[Result]:
    """Yield what comes of items that so many threads work on one by one, in no order.

    Whoever stops before the end closes the iterator, and waits until no thread works any more. The threads stay for
    the next batch: a new one prepares the network's convolutions anew, which takes as long as two small photos.

    Args:
        work: is told, beside the item, how to ask whether it should end early.
        items: taken as threads become free.
        count: of threads.

    Raises:
        Exception: the first that `work` raises, once no thread works any more.
    """
    stop = threading.Event()
    yield from drain(_pool(count), lambda item: list(work(item, stop.is_set)), items, count, stop.set)


def drain(
    pool: Executor,
    work: Callable[[Item], list[Result]],
    items: Iterator[Item],
    count: int,
    stop: Callable[[], None],
) -> Iterator[Result]:
    """Yield what comes of items by a pool of `count` workers, in no order; few items are taken ahead of their turn.

    At the end, early or not, `stop` is called, and what is in work is waited for.
    """
    waiting: set[Future[list[Result]]] = set()
    try:
        waiting |= {pool.submit(work, item) for item in islice(items, count * (1 + _AHEAD))}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            waiting |= {pool.submit(work, item) for item in islice(items, len(done))}
            for future in done:
                yield from future.result()
    finally:
        stop()
        wait([future for future in waiting if not future.cancel()])


@functools.lru_cache(maxsize=2)
def _pool(count: int) -> ThreadPoolExecutor:
    return make_pool(count)


def end_idle_threads() -> None:
    """Let the threads end that wait for work, with the planes that each keeps; the next work starts others."""
    _pool.cache_clear()


def run_in_threads(work: Callable[[Iterator[Item]], None], items: Sequence[Item]) -> None:
    """Have `work` called in several threads at once; together they get each item once.

    Args:
        work: takes items from what it is given until there are none. It may hold a workspace of its own meanwhile.
        items: what there is to do; where it is one, or the caller is a worker already, the calling thread does it.
    """
    count = min(usable_threads(), len(items))
    left = iter(items)  # of a sequence: several threads may take from it
    if count <= 1 or cores.is_worker():
        return work(left)
    others = [_pool(usable_threads()).submit(work, left) for _ in range(count)]
    for other in others:
        other.result()
    return None
