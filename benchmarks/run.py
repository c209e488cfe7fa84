"""Every figure of speed and memory against its limit: python benchmarks/run.py

It takes some minutes, wants a quiet machine with two cores, prints a table that Markdown shows as one, and draws
docs/time_by_size.svg. The exit status is 1 where a limit is missed.
"""

import datetime
import platform
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))  # run as a file, as the README says, Python would look for packages beside it only

from colorizer.utils.openmp import let_idle_threads_sleep  # noqa: E402

let_idle_threads_sleep()  # before torch is imported, as in the app

# isort: split

import matplotlib  # noqa: E402
import torch  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

import colorizer  # noqa: E402
from benchmarks import batch, single_photo, slider_latency, startup, training_throughput  # noqa: E402
from benchmarks.harness import Row  # noqa: E402

_PLOT = _ROOT / "docs" / "time_by_size.svg"
_HEADS = ("what", "measured", "figure", "limit", "met")


def machine() -> str:
    """Name the processor, its threads here, and the versions that matter."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        model = next(
            (line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line), model
        )
    return f"{model}, {torch.get_num_threads()} threads, Python {platform.python_version()}, torch {torch.__version__}"


def draw(sizes: dict[int, tuple[float, float]], counts: dict[int, float]) -> None:
    """Seconds a megapixel and seconds a file, as they grow; written to docs/."""
    matplotlib.rcParams["svg.hashsalt"] = "colorizer"  # equal figures give equal files
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(list(sizes), [1000 * (whole - network) / size for size, (whole, network) in sizes.items()], "o-")
    left.plot(list(sizes), [1000 * whole / size for size, (whole, _) in sizes.items()], "o--", color="0.6")
    left.legend(["without the network", "with it: it sees every photo at one size"])
    left.set(xlabel="megapixels of one photo", ylabel="milliseconds a megapixel", xscale="log", ylim=(0, None))
    right.plot(list(counts), [1000 * each for each in counts.values()], "o-")
    right.set(xlabel="small photos in a folder", ylabel="milliseconds a photo", xscale="log", ylim=(0, None))
    for axes, ticks in ((left, sizes), (right, counts)):
        axes.set_xticks(list(ticks), [f"{tick:,}" for tick in ticks])
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(_PLOT, metadata={"Date": None})


def print_line(cells: Sequence[str]) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def measure() -> Iterator[Row]:
    """All figures, each as soon as it is there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = colorizer.load("photo", device="cpu")
        sizes = single_photo.measure_growth(model)
        counts = batch.measure_growth(model, folder)
        draw(sizes, counts)
        yield from single_photo.rows(model, folder, sizes)
        yield from slider_latency.rows(model)
        yield from batch.rows(model, folder, counts)
    yield from startup.rows()
    yield from training_throughput.rows()


def main() -> int:
    warnings.filterwarnings("ignore", "Conversion from CIE-LAB")  # of the naive way, which clips
    print_line(_HEADS)
    print_line(["---"] * len(_HEADS))
    all_met = True
    for row in measure():
        print_line(row.cells())
        all_met &= row.is_met
    print(f"\n{machine()}; {datetime.date.today():%d %B %Y}.")
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
