"""Work shared out among threads: torch, numpy and Pillow let go of Python's lock while they compute.

Several threads that each do whole strips of a photo beat one thread whose every operation is split up by OpenMP: on two
cores an operation of 40 microseconds is then no faster than on one.
"""

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TypeVar

import torch

from colorizer.utils import cores
from colorizer.utils.cores import MAX_THREADS

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


@dataclass(frozen=True)
class _Failure:
    error: BaseException


class _End:
    """A thread has ended."""


def imap_unordered(work: Work[Item, Result], items: Iterator[Item], count: int) -> Iterator[Result]:
    """What comes of items that so many threads take one by one, in no order.

    Whoever stops before the end closes the iterator, and waits until no thread works any more.

    Args:
        work: is told, beside the item, how to ask whether it should end early.
        items: taken as threads ask for them.
        count: of threads.

    Raises:
        Exception: the first that `work` raises, once all threads have ended.
    """
    taking, stop = threading.Lock(), threading.Event()
    results: SimpleQueue[Result | _Failure | _End] = SimpleQueue()
    nothing = object()

    def take() -> Item | object:
        with taking:
            return nothing if stop.is_set() else next(items, nothing)

    def drain() -> None:
        try:
            while (item := take()) is not nothing:
                for result in work(item, stop.is_set):  # type: ignore[arg-type]
                    results.put(result)
        except BaseException as error:  # handed on to the thread that waits for results
            stop.set()
            results.put(_Failure(error))
        finally:
            results.put(_End())

    with make_pool(count) as pool:
        try:
            for _ in range(count):
                pool.submit(drain)
            yield from _until_all_end(results, count)
        finally:
            stop.set()


def _until_all_end(results: "SimpleQueue[Result | _Failure | _End]", count: int) -> Iterator[Result]:
    failures = []
    while count:
        result = results.get()
        if isinstance(result, _End):
            count -= 1
        elif isinstance(result, _Failure):
            failures.append(result)
        else:
            yield result
    if failures:
        raise failures[0].error


@functools.lru_cache(maxsize=1)
def _pool(count: int) -> ThreadPoolExecutor:
    return make_pool(count)


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
