"""How many threads may compute here, for work that does not need torch."""

import os
import threading
from typing import Final

MAX_THREADS: Final = 8  # more would wait for the interpreter, which each operation needs for some microseconds
_here = threading.local()


def usable_cores() -> int:
    """Count the cores this process may use, or what OMP_NUM_THREADS says; at most 8."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if wanted.isdecimal() and int(wanted) > 0:
        return min(int(wanted), MAX_THREADS)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MAX_THREADS)


def mark_as_worker() -> None:
    """Note that the calling thread works alone, as others have the other cores."""
    _here.is_worker = True


def is_worker() -> bool:
    """Whether the calling thread works alone."""
    return getattr(_here, "is_worker", False)
