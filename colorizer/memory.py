"""How much memory this process has needed."""

import sys


def peak_memory_mb() -> int | None:
    """The most memory that this process has held at once since it began (its peak resident set), in megabytes.

    None where the system does not say, as Windows. Processes that decode pictures for it are not counted.
    """
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3))  # bytes there, kilobytes elsewhere
