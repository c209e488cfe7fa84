"""Time and memory of the published networks, with weights made by a formula: python -m benchmarks.published_networks

Each is loaded and colours one photo of 768 x 512 pixels in a process of its own, as the app does. The table goes into
docs/speed.md, and the memory, rounded up, onto the cards (`memory_mb`). Linux only.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_SIZE = (768, 512)
_REPEATS = 3
_IDS = ("photo", "eccv16", "siggraph17", "ddcolor-tiny", "ddcolor-large")


def _status_megabytes(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{key}:")).split()[1]) / 1024


def measure(checkpoint_id: str) -> str:
    """Load a checkpoint in this process and colour a photo; returns a row of the table."""
    import colorizer
    from benchmarks.synthetic_photos import scene

    photo = scene(*_SIZE)
    colorizer.load("scenes-12-mse").colorize(photo)  # what every process of the app holds anyway
    before = _status_megabytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    start, cpu = time.perf_counter(), time.process_time()
    model = colorizer.load(checkpoint_id)
    loaded = time.perf_counter() - start
    model.colorize(photo)
    walls, cpus = [], []
    for _ in range(_REPEATS):
        start, cpu = time.perf_counter(), time.process_time()
        model.predict(photo)
        walls.append(time.perf_counter() - start)
        cpus.append(time.process_time() - cpu)
    peak = _status_megabytes("VmHWM") - before
    cells = (checkpoint_id, f"{model.card.input_size}", f"{loaded:.1f}", f"{statistics.median(walls):.2f}",
             f"{statistics.median(cpus):.2f}", f"{peak:.0f}")  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str]) -> int:
    """Print the table; with an id, one row of it."""
    if arguments:
        print(measure(arguments[0]))
        return 0
    from benchmarks.formula_weights import make_formula_checkpoint

    print("| network | short side | load, s | one photo, s | CPU seconds | peak above the app, MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as cache:
        os.environ["COLORIZER_CACHE"] = cache
        for name in _IDS:
            if name != "photo":
                make_formula_checkpoint(name)
            subprocess.run([sys.executable, "-m", "benchmarks.published_networks", name], cwd=_ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
