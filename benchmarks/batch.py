"""Folders of photos: the batch against a loop over single calls, memory and time a file as their number grows.

`python -m benchmarks.batch memory FOLDER` prints the MB that a folder needs above the loaded model, in a process
of its own and those that it starts.
"""

import contextlib
import functools
import shutil
import subprocess
import sys
from pathlib import Path

import torch

import colorizer
from benchmarks.harness import Row, family_megabytes_above, median_seconds, seconds_of
from benchmarks.synthetic_photos import make_photos, megapixel_photo
from colorizer import images
from colorizer.inference import output_paths
from colorizer.inference.batch import colorize_files
from colorizer.inference.colorizer import Colorizer

THROUGHPUT, FLAT, GROWTH = 1.7, 1.1, 1.2
_BATCH = 48  # photos of one megapixel
_COUNTS = (10, 50, 200, 2000)
_SMALL = (192, 144)  # px: so that 2,000 are done in a minute
_REPEATS = 5
_ROOT = Path(__file__).resolve().parent.parent


def loop(model: Colorizer, photos: Path, out: Path) -> None:
    """One call after the other; each uses all threads by itself."""
    out.mkdir(exist_ok=True)
    for photo in sorted(photos.iterdir()):
        images.save_image(model.colorize(photo).image, out / photo.name, model.describe())


def batch(model: Colorizer, photos: Path, out: Path) -> None:
    """As the command does it."""
    shutil.rmtree(out, ignore_errors=True)
    with contextlib.closing(colorize_files(model, output_paths.plan([str(photos)], out))) as outcomes:
        problems = [outcome.problem for outcome in outcomes if outcome.problem]
    assert not problems, problems


def measure_throughput(model: Colorizer, folder: Path) -> tuple[float, float]:
    """Seconds a photo of one megapixel: loop, and batch; two threads."""
    torch.set_num_threads(2)
    photos = folder / "megapixels"
    photos.mkdir()
    content = megapixel_photo(folder / "one.jpg", 1).read_bytes()
    for number in range(_BATCH):
        (photos / f"{number}.jpg").write_bytes(content)
    ways = {"loop": lambda: loop(model, photos, folder / "a"), "batch": lambda: batch(model, photos, folder / "b")}
    took = median_seconds(ways, repeats=3)
    return took["loop"] / _BATCH, took["batch"] / _BATCH


def measure_growth(model: Colorizer, folder: Path) -> dict[int, float]:
    """By the number of files: seconds a file; of the largest number in one go, which takes a minute, of the others the
    median of some, in turn."""
    ways = {
        count: functools.partial(batch, model, make_photos(folder / f"{count}", count, _SMALL), folder / "out")
        for count in _COUNTS
    }
    *few, most = _COUNTS
    took = median_seconds({f"{count}": ways[count] for count in few}, _REPEATS)
    took[f"{most}"] = seconds_of(ways[most])
    return {count: took[f"{count}"] / count for count in _COUNTS}


def measure_memory(photos: Path) -> float:
    """MB above the loaded model, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.batch", "memory", str(photos)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT).stdout)


def print_memory(photos: str) -> None:
    model = colorizer.load("photo")
    out = Path(photos).with_suffix(".out")
    print(family_megabytes_above(lambda: batch(model, Path(photos), out)))


def rows(model: Colorizer, folder: Path, growth: dict[int, float]) -> list[Row]:
    """Measure many photos; `folder` is that of `measure_growth`."""
    single, together = measure_throughput(model, folder)
    few, many = (measure_memory(folder / str(count)) for count in (200, 2000))
    spread = max(growth.values()) / min(growth.values())
    shown = ", ".join(f"{1000 * each:.0f}" for each in growth.values())
    return [
        Row(
            "1-megapixel photos, a batch's throughput to that of a loop",
            f"{1 / together:.1f} instead of {1 / single:.1f} a second",
            single / together,
            THROUGHPUT,
            True,
        ),
        Row("peak memory of 2,000 files to that of 200", f"{many:.0f} and {few:.0f} MB", many / few, FLAT),
        Row("most to least time a file, 10 to 2,000 files", f"{shown} ms", spread, GROWTH),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] != ["memory"]:
        raise SystemExit(__doc__)
    print_memory(sys.argv[2])
