"""Work shared out among threads: torch, numpy and Pillow let go of the interpreter while they compute.

Several threads that each do whole strips of a photo beat one thread whose every operation is split up by OpenMP: on two
cores an operation of 40 microseconds is then no faster than on one.
"""

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
_MAX_THREADS = 8  # more would wait for the interpreter, which each operation needs for some microseconds
_here = threading.local()


def usable_threads() -> int:
    """As many as torch uses, which goes by the cores and by OMP_NUM_THREADS; at most 8."""
    return min(torch.get_num_threads(), _MAX_THREADS)


def keeps_planes() -> bool:
    """Whether the calling thread may hold on to memory that it is going to need again soon."""
    return getattr(_here, "keeps_planes", False)


def make_pool(count: int, keeps_planes: bool = False) -> ThreadPoolExecutor:
    """Started threads in each of which torch uses one thread, and `share_out` does all in that thread.

    What torch uses elsewhere stays as it is.

    Args:
        count: of threads.
        keeps_planes: what `keeps_planes()` says in them; for threads that end with their work.
    """
    threads = torch.get_num_threads()
    started = threading.Barrier(count + 1)

    def start() -> None:
        _here.is_worker, _here.keeps_planes = True, keeps_planes
        torch.get_num_threads()  # a thread takes the common number when it is first asked: before it gets its own
        torch.set_num_threads(1)  # of this thread, and of all that are started from now on
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


@functools.lru_cache(maxsize=1)
def _pool(count: int) -> ThreadPoolExecutor:
    return make_pool(count)


def share_out(work: Callable[[Iterator[Item]], None], items: Sequence[Item]) -> None:
    """Have `work` called in several threads at once; together they get each item once.

    Args:
        work: takes items from what it is given until there are none. It may hold a workspace of its own meanwhile.
        items: what there is to do; where it is one, or the caller is a worker already, the calling thread does it.
    """
    count = min(usable_threads(), len(items))
    left = iter(items)  # of a sequence: several threads may take from it
    if count <= 1 or getattr(_here, "is_worker", False):
        return work(left)
    others = [_pool(usable_threads()).submit(work, left) for _ in range(count)]
    for other in others:
        other.result()
    return None
