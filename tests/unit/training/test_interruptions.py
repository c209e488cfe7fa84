"""`python train.py` as real processes: interrupted, asked to end, killed, resumed; and with little installed."""

import io
import os
import signal
import time
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from colorizer.checkpoints.store import load_network
from tests.support.photos import make_pictures
from tests.support.processes import (
    finished_epochs,
    into_an_epoch,
    run_training,
    said_by,
    start_training,
)
from tests.support.training import measured, saved_progress, write_recipe

pytestmark = pytest.mark.slow

# 28 steps an epoch: long enough for a signal to arrive in its middle. Pictures are decoded anew, so that there are
# worker processes, which the signals reach too.
STEPS = 28
SETTINGS = (
    "training.images_per_epoch=112",
    "training.epochs=7",  # two more than are asked for below: a signal may be long on its way
    "training.snapshots=[1]",
    "data.cache_gigabytes=0",
)
LONG = tuple(part for setting in SETTINGS for part in ("--set", setting))
INTERRUPTIONS = (
    # Epochs that are finished, seconds into the next, and what comes then.
    (1, 0.15, signal.SIGINT),
    (2, 0.2, signal.SIGKILL),
    (3, 0.15, signal.SIGTERM),
    (4, 0.0, signal.SIGKILL),  # while a state or a history may be being written
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipes") / "toy.toml")


def test_a_run_goes_on_after_every_signal_as_if_there_had_been_none(folder: Path, recipe: Path, tmp_path: Path) -> None:
    part, whole = tmp_path / "part", tmp_path / "whole"
    arguments: tuple[str | Path, ...] = (recipe, "--data", folder, *LONG, "--out")
    resume: tuple[str, ...] = ()
    for epochs, seconds, number in INTERRUPTIONS:
        epochs = max(epochs, finished_epochs(part) + 1)  # so that it has begun when the signal comes
        process = start_training(*arguments, part, *resume)
        into_an_epoch(part, epochs, process, seconds)
        os.killpg(process.pid, number)
        output, errors = said_by(process)
        if number == signal.SIGKILL:
            assert finished_epochs(part) in (epochs, epochs + 1)
        else:
            assert_stopped(part, epochs, process.returncode, output, errors)
        resume = ("--resume",)
    for out, words in ((part, ("--resume",)), (whole, ())):
        done = run_training(*arguments, out, *words)
        assert done.returncode == 0, done.stderr
    assert measured(part) == measured(whole)
    for name in ("model.safetensors", "snapshots/0001.safetensors", "baseline.toml", "recipe.toml"):
        assert (part / name).read_bytes() == (whole / name).read_bytes(), name


def assert_stopped(out: Path, epochs: int, status: int, output: str, errors: str) -> None:
    """Check that the run said that its state is saved, and that it is: in the middle of the epoch after those, or of a
    later one, if the signal was long on its way."""
    assert status == 130, output + errors
    assert "Stopped; the state is saved. Give the same command with --resume" in errors
    assert "Traceback" not in errors
    progress = saved_progress(out)
    assert progress["epoch"] == finished_epochs(out) >= epochs
    assert 0 < int(str(progress["step"])) <= STEPS


BLOCKED = (
    "streamlit",
    "skimage",
    "sklearn",
    "scipy",
    "plotly",
    "torchvision",
    "timm",
    "pandas",
    "matplotlib",
    "cv2",
    "webdataset",
)


BLOCKER = f"""
import importlib.machinery, runpy, sys
class Hider(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {BLOCKED!r} else super().find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(importlib.machinery.PathFinder)] = Hider
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_training_needs_neither_the_app_nor_scikit_image_nor_torchvision(
    folder: Path, recipe: Path, tmp_path: Path
) -> None:
    settings = ("--set", "training.epochs=1")
    done = run_training(recipe, "--data", folder, "--out", tmp_path, *settings, launcher=("-c", BLOCKER))
    assert done.returncode == 0, done.stderr
    load_network(tmp_path)
    bar = done.stderr
    assert "loss " in bar
    assert "img/s" in bar
    assert "loss 0," not in bar
    assert "loss 0]" not in bar
    assert bar.count("\r") < 12  # a log is not flooded
    assert "after 1 epoch: training loss" in done.stdout


def test_ctrl_c_before_training_begins_ends_without_a_traceback(recipe: Path, tmp_path: Path) -> None:
    (first,) = make_pictures(tmp_path / "photos", 1).iterdir()
    content = first.read_bytes()
    for number in range(3_000):  # enough to be reading when the signal comes, in worker processes
        comment = PngImagePlugin.PngInfo()
        comment.add_text("Comment", f"{number:04d}")  # copies that are alike would count once
        with Image.open(io.BytesIO(content)) as picture:
            picture.save(tmp_path / "photos" / f"copy-{number}.png", compress_level=1, pnginfo=comment)
    settings = ("--set", "data.images=0", "--set", "data.side=400")
    process = start_training(recipe, "--data", tmp_path / "photos", "--out", tmp_path / "run", *settings)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Reading the pictures")
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = said_by(process)
    assert process.returncode == 130
    assert errors.startswith("Broken off;")
    assert "Traceback" not in errors
