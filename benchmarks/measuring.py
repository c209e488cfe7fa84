"""Times of several ways in turn, peaks of memory, and rows of the table that `benchmarks.run` prints."""

import contextlib
import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_UNTOLD = "This system does not say how much memory a process has needed at its peak."
_LOOK_SECONDS = 0.05
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Row:
    """One figure against its limit."""

    what: str
    measured: str
    """In words and units, for people."""
    value: float
    limit: float
    at_least: bool = False
    """Whether the limit is a floor."""

    @property
    def is_met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def cells(self) -> tuple[str, str, str, str, str]:
        sign = "≥" if self.at_least else "≤"
        return self.what, self.measured, f"{self.value:.2f}", f"{sign} {self.limit:g}", "yes" if self.is_met else "NO"


def seconds_of(way: Callable[[], object]) -> float:
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


def median_seconds(ways: Mapping[str, Callable[[], object]], repeats: int = 7) -> dict[str, float]:
    """The median time of each way, after one warm-up; they take turns, so that what slows the machine slows all."""
    for way in ways.values():
        way()
    times = [{name: seconds_of(way) for name, way in ways.items()} for _ in range(repeats)]
    return {name: statistics.median(each[name] for each in times) for name in ways}


def _status_megabytes(key: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024


def peak_megabytes_above(way: Callable[[], object]) -> float:
    """MB that this process needed at its peak in `way`, above what it held before. Linux only.

    Raises:
        SystemExit: where the system does not tell.
    """
    try:
        before = _status_megabytes("VmRSS")
        _CLEAR.write_text("5")  # forget the peak so far
        way()
        return _status_megabytes("VmHWM") - before
    except (OSError, StopIteration):
        raise SystemExit(_UNTOLD) from None


def _family_megabytes() -> float:
    """What this process and those that it forked hold together; memory that they share counts once."""
    processes = ["self", *(str(child.pid) for child in multiprocessing.active_children())]
    total = 0
    for process in processes:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def family_megabytes_above(way: Callable[[], object]) -> float:
    """MB that this process and those that it forks on the way need at the peak in `way`, above what it held
    before; looked at 20 times a second. Linux only.

    Raises:
        SystemExit: where the system does not tell.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        raise SystemExit(_UNTOLD)
    before, looks = _family_megabytes(), [0.0]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            looks.append(_family_megabytes() - before)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        way()
    finally:
        ended.set()
        looking.join()
    return max(looks)
