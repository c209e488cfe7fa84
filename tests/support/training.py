"""What several tests of training share: small real pictures, a small recipe, and real processes of `train.py`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

ROOT = Path(__file__).resolve().parents[2]
TRAIN = ROOT / "train.py"
PATIENCE_SECONDS = 300  # with a process of torch on a machine that has much else to do
SIZES = ((60, 80), (80, 60), (48, 48), (40, 130))  # (height, width): landscape, portrait, square, very long

MEASURED_ON_THE_MACHINE = ("seconds", "peak_memory_mb")
"""Columns of the history that differ from one run to the next."""

RECIPE = """
id = "toy"
title = "A toy"
summary = "Twelve small pictures."
family = "toys"

[model]
architecture = "resnet18-colorizer"

[data]
role = "toys"
images = 12
validation_images = 4
side = 40
crop = 32

[loss]
name = "mse"

[training]
epochs = 3
batch_size = 4
warmup_steps = 3
device = "cpu"
"""


def crop_of_a_photo(number: int) -> np.ndarray:
    """A different piece of scikit-image's photos for each number: uint8 (H, W, 3)."""
    photo = (data.astronaut, data.coffee, data.chelsea, data.rocket)[number % 4]()
    height, width = SIZES[number % len(SIZES)]
    random = np.random.default_rng(number)
    top, left = random.integers(0, photo.shape[0] - height), random.integers(0, photo.shape[1] - width)
    return photo[top : top + height, left : left + width]


def make_pictures(folder: Path, count: int, first: int = 0) -> Path:
    """Write `count` pictures, PNG, named by their number; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        Image.fromarray(crop_of_a_photo(number)).save(folder / f"{number:03d}.png")
    return folder


def write_recipe(path: Path, text: str = RECIPE) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def environment() -> dict[str, str]:
    """That of this process with one thread for computing: runs with the same number are equal bit for bit."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def start_training(*arguments: str | Path, launcher: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """`python train.py ARGUMENTS...` as a process, in a session of its own so that a signal can reach all of it."""
    command = [sys.executable, *launcher, str(TRAIN), *map(str, arguments)]
    return subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run_training(*arguments: str | Path, launcher: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
    """The same, to its end."""
    process = start_training(*arguments, launcher=launcher)
    try:
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def wait_until(
    reached: Callable[[], bool], process: "subprocess.Popen[str]", seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait while the process runs; fails with its output when it ends first, or after too long."""
    end = time.monotonic() + seconds
    while not reached():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise AssertionError("".join(process.communicate()))
        time.sleep(0.02)


def finished_epochs(folder: Path) -> int:
    """How many rows the history of a run has."""
    history = folder / "history.csv"
    return len(history.read_text().splitlines()) - 1 if history.exists() else 0
