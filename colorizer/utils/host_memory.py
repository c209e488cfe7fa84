"""How much memory this host lets the program have, and how much it has taken."""

import os
import sys
from pathlib import Path

LIMIT_VARIABLE = "COLORIZER_MEMORY_MB"
_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def host_megabytes() -> float:
    """Return the limit in MB: `COLORIZER_MEMORY_MB`, or the least of the machine's memory and the container's limit.

    A system that tells neither counts as having no limit.
    """
    if wanted := os.environ.get(LIMIT_VARIABLE):
        return float(wanted)
    limits = [_physical_bytes()]
    for path in _CGROUP_LIMITS:
        text = path.read_text().strip() if path.is_file() else ""
        limits += [float(text)] if text.isdecimal() else []
    return min(limits) / 1e6


def _physical_bytes() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # not on this system
        return float("inf")


def peak_memory_mb() -> int | None:
    """Return the most memory that this process has held at once since it began (its peak resident set), in megabytes.

    None where the system does not say, as Windows. Processes that decode pictures for it are not counted.
    """
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3))  # bytes there, kilobytes elsewhere
