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


def median_seconds(
    ways: Mapping[str, Callable[[], object]], repeats: int = 7, after_itself: bool = False
) -> dict[str, float]:
    """Time each way, after a warm-up; they take turns, so that what slows the machine slows all.

    Args:
        ways: what to measure, by name.
        repeats: of each.
        after_itself: in each turn a way is warmed up anew; for those that leave memory in different states.
    """
    for way in () if after_itself else ways.values():
        way()
    times = [{name: _seconds_after(way, after_itself) for name, way in ways.items()} for _ in range(repeats)]
    return {name: statistics.median(each[name] for each in times) for name in ways}


def _seconds_after(way: Callable[[], object], itself: bool) -> float:
    if itself:
        way()
    return seconds_of(way)


def _megabytes(file: Path, key: str) -> float:
    line = next(line for line in file.read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) / 1024


def peak_megabytes_above(way: Callable[[], object]) -> float:
    """MB that this process needed at its peak in `way`, above what it held before. Linux only.

    Raises:
        SystemExit: where the system does not tell.
    """
    try:
        before = _megabytes(_STATUS, "VmRSS")
        _CLEAR.write_text("5")  # forget the peak so far
        way()
        return _megabytes(_STATUS, "VmHWM") - before
    except (OSError, StopIteration):
        raise SystemExit(_UNTOLD) from None


def _child_megabytes(pid: int | None) -> float:
    """Return the most that a started process has held so far, as the system counts it; without what it shares."""
    folder = Path(f"/proc/{pid}")
    highest = _megabytes(folder / "status", "VmHWM")
    shared = [_megabytes(folder / "smaps_rollup", key) for key in ("Shared_Clean", "Shared_Dirty")]
    return highest - sum(shared)


def family_megabytes_above(way: Callable[[], object]) -> float:
    """MB that this process and those that it starts on the way need at their peaks in `way`, above what it held before:
    the peaks of all of them added up, whether they come at once or not. Linux only.

    Raises:
        SystemExit: where the system does not tell.
    """
    children: dict[int | None, float] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOK_SECONDS):
            for child in multiprocessing.active_children():
                with contextlib.suppress(OSError, StopIteration):  # it has just ended
                    children[child.pid] = _child_megabytes(child.pid)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        own = peak_megabytes_above(way)
    finally:
        ended.set()
        looking.join()
    return own + sum(children.values())
