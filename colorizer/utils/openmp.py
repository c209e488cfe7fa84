"""What OpenMP's threads do while they wait; for programs to say, as their first thing, and not for imports."""

import os

_SPINS = "20000"  # a fraction of a millisecond


def let_idle_threads_sleep() -> None:
    """Have OpenMP's threads sleep soon after their work, unless the environment says otherwise.

    By default such a thread spins for milliseconds until more work comes, and keeps its core from others. It takes
    effect where torch is not loaded yet.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
