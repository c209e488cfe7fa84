"""`python train.py` as a user meets it: real processes, interrupted, killed, resumed, and run side by side."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch

import train
from colorizer.checkpoints.card import read_card
from colorizer.checkpoints.history import COLUMNS
from colorizer.checkpoints.store import load_network
from tests.support.photos import make_pictures
from tests.support.processes import LAUNCH, PATIENCE_SECONDS, finished_epochs, run_training, start_training, wait_until
from tests.support.training import measured, refused, saved_progress, write_recipe

# 14 steps an epoch: long enough for a signal to arrive in its middle. Pictures are decoded anew, so that there are
# worker processes, which the signals reach too.
SETTINGS = ("training.images_per_epoch=56", "training.snapshots=[1]", "data.cache_gigabytes=0")
LONG = tuple(part for setting in SETTINGS for part in ("--set", setting))
STEPS = 14


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipes") / "toy.toml")


@pytest.fixture(scope="module")
def uninterrupted(folder: Path, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "toy"
    done = run_training(recipe, "--data", folder, "--out", out, *LONG)
    assert done.returncode == 0, done.stderr
    return out


def assert_same_run(out: Path, whole: Path) -> None:
    assert measured(out) == measured(whole)
    for name in ("model.safetensors", "snapshots/0001.safetensors", "baseline.toml", "recipe.toml"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


def into_an_epoch(out: Path, epochs: int, process: "subprocess.Popen[str]", seconds: float = 0.15) -> None:
    """Wait until so many epochs are in the history and the next is under way."""
    wait_until(lambda: finished_epochs(out) >= epochs, process)
    time.sleep(seconds)


def test_a_run_goes_on_after_ctrl_c_and_after_a_request_to_end_as_if_there_had_been_none(
    folder: Path, recipe: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    arguments: tuple[str | Path, ...] = (recipe, "--data", folder, "--out", tmp_path, *LONG)
    resume: tuple[str, ...] = ()
    for epochs, number in ((1, signal.SIGINT), (2, signal.SIGTERM)):
        process = start_training(*arguments, *resume)
        into_an_epoch(tmp_path, epochs, process)
        os.killpg(process.pid, number)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 130, output + errors
        assert "Stopped; the state is saved. Give the same command with --resume" in errors
        assert "Traceback" not in errors
        progress = saved_progress(tmp_path)
        assert progress["epoch"] == epochs
        assert 0 < int(str(progress["step"])) <= STEPS  # in the middle of an epoch
        resume = ("--resume",)
    done = run_training(*arguments, "--resume")
    assert done.returncode == 0, done.stderr
    assert_same_run(tmp_path, uninterrupted)


def test_kill_9_costs_at_most_the_epoch_begun(folder: Path, recipe: Path, uninterrupted: Path, tmp_path: Path) -> None:
    arguments: tuple[str | Path, ...] = (recipe, "--data", folder, "--out", tmp_path, *LONG)
    resume: tuple[str, ...] = ()
    for epochs, seconds in ((1, 0.2), (2, 0.0)):  # in the middle of an epoch, and at its beginning
        process = start_training(*arguments, *resume)
        into_an_epoch(tmp_path, epochs, process, seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert finished_epochs(tmp_path) in (epochs, epochs + 1)
        resume = ("--resume",)
    done = run_training(*arguments, "--resume")
    assert done.returncode == 0, done.stderr
    assert_same_run(tmp_path, uninterrupted)


def test_the_finished_folder_is_a_checkpoint_with_the_columns_of_the_design(uninterrupted: Path) -> None:
    network, card = load_network(uninterrupted)
    assert not network.training
    assert card.snapshots == sorted({1, card.epochs - 1})
    header, *rows = (uninterrupted / "history.csv").read_text().splitlines()
    assert header == ",".join([*COLUMNS, "peak_memory_mb"])
    assert [row.split(",")[0] for row in rows] == ["0", "1", "2"]
    assert all(not path.name.startswith(".") for path in uninterrupted.rglob("*"))


def test_two_processes_train_one_run_and_one_ctrl_c_stops_both(folder: Path, recipe: Path, tmp_path: Path) -> None:
    arguments: tuple[str | Path, ...] = (recipe, "--data", folder, "--out", tmp_path, *LONG)
    process = start_training(*arguments, launcher=LAUNCH)
    into_an_epoch(tmp_path, 1, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the launcher and to both of its processes
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert errors.count("Stopped; the state is saved.") == 1, output + errors
    assert saved_progress(tmp_path)["epoch"] == 1
    done = run_training(*arguments, "--resume", launcher=LAUNCH)
    assert done.returncode == 0, done.stderr
    rows = measured(tmp_path)
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert [row["images_seen"] for row in rows] == ["56", "112", "168"]
    assert done.stdout.count("Done: ") == 1
    network, card = load_network(tmp_path)
    assert card.hardware.startswith("2 processes")
    assert all(bool(parameter.isfinite().all()) for parameter in network.parameters())
    own = card.metrics[0]
    best = min(float(row["val_ab_rmse"]) for row in rows)
    assert own.ab_rmse == pytest.approx(best, rel=1e-3)  # what both measured is what was shipped


def test_batches_that_two_processes_cannot_share_are_refused(folder: Path, recipe: Path, tmp_path: Path) -> None:
    settings = ("--set", "training.batch_size=5")
    done = run_training(recipe, "--data", folder, "--out", tmp_path / "run", *settings, launcher=LAUNCH)
    assert done.returncode != 0
    assert "training.batch_size (5) must be a multiple of the number of processes (2); change it" in done.stderr
    assert not (tmp_path / "run").exists()


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
    assert "epoch 0: training loss" in done.stdout


def test_ctrl_c_before_training_begins_ends_without_a_traceback(recipe: Path, tmp_path: Path) -> None:
    (first,) = make_pictures(tmp_path / "photos", 1).iterdir()
    for number in range(3_000):  # enough to be reading when the signal comes, in worker processes
        (tmp_path / "photos" / f"copy-{number}.png").hardlink_to(first)
    settings = ("--set", "data.images=0", "--set", "data.side=400")
    process = start_training(recipe, "--data", tmp_path / "photos", "--out", tmp_path / "run", *settings)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Reading the pictures")
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert errors.startswith("Broken off;")
    assert "Traceback" not in errors


def test_a_new_run_does_not_overwrite_one(
    folder: Path, recipe: Path, uninterrupted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in uninterrupted.rglob("*") if path.is_file()}
    message = refused(capsys, recipe, "--data", folder, "--out", uninterrupted, *LONG)
    assert "already holds a run: go on with it (--resume) or name another folder (--out)" in message
    assert {path: path.read_bytes() for path in uninterrupted.rglob("*") if path.is_file()} == before
    shipped = tmp_path / "shipped"  # a checkpoint without a run's state, as weights/ holds them
    for name in ("card.toml", "model.safetensors", "recipe.toml"):
        shipped.mkdir(exist_ok=True)
        (shipped / name).write_bytes((uninterrupted / name).read_bytes())
    assert "already holds a run" in refused(capsys, recipe, "--data", folder, "--out", shipped, *LONG)


def test_resuming_with_other_settings_or_without_a_run_is_refused(
    folder: Path, recipe: Path, uninterrupted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = (recipe, "--data", folder, "--resume", "--out")
    assert "was started with other settings" in refused(capsys, *start, uninterrupted)
    assert "holds no run to resume; start it without --resume" in refused(capsys, *start, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_resuming_a_finished_run_brings_new_text_to_its_card_and_trains_nothing(
    folder: Path, recipe: Path, uninterrupted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "copy"
    for path in uninterrupted.rglob("*"):
        if path.is_file() and "state" not in path.parts:
            (out / path.relative_to(uninterrupted)).parent.mkdir(parents=True, exist_ok=True)
            (out / path.relative_to(uninterrupted)).write_bytes(path.read_bytes())
    text = ("--set", "title=Retold", "--set", "card.wrong=Skies are brown.", "--set", "card.data_licence=CC0")
    command = [recipe, "--data", tmp_path / "not read", "--out", out, "--resume", *LONG, *text]
    assert train.main(list(map(str, command))) == 0
    assert "its card has the recipe's present text" in capsys.readouterr().out
    before, after = read_card(uninterrupted / "card.toml"), read_card(out / "card.toml")
    assert (after.title, after.wrong, after.data_licence) == ("Retold", "Skies are brown.", "CC0")
    assert (after.metrics, after.sha256, after.hardware, after.seconds) == (
        before.metrics,
        before.sha256,
        before.hardware,
        before.seconds,
    )
    assert (out / "model.safetensors").read_bytes() == (uninterrupted / "model.safetensors").read_bytes()
    assert 'title = "Retold"' in (out / "recipe.toml").read_text()


def test_resuming_a_finished_run_whose_model_is_damaged_writes_it_anew(
    folder: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(recipe), "--data", str(folder), "--out", str(tmp_path), "--set", "training.epochs=1"]
    assert train.main(command) == 0
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:1000])
    assert train.main([*command, "--resume"]) == 0
    assert (tmp_path / "model.safetensors").read_bytes() == whole
    capsys.readouterr()
    (tmp_path / "card.toml").unlink()
    (tmp_path / "state" / "last.safetensors").write_bytes(whole[:1000])
    message = refused(capsys, *command, "--resume")
    assert "last.safetensors is damaged, the run cannot be resumed" in message


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_refused(
    folder: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, recipe, "--data", folder, "--out", tmp_path, "--set", "training.device=cuda")
    assert "training.device is 'cuda', but this torch has no such device" in message


def test_faults_in_what_the_user_gives_are_one_sentence_each(
    folder: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--out", tmp_path / "run")
    assert "the recipe cannot be read" in refused(capsys, tmp_path / "none.toml", "--data", folder, *out)
    assert "no such folder" in refused(capsys, recipe, "--data", tmp_path / "none", *out)
    assert "holds no pictures" in refused(capsys, recipe, "--data", recipe.parent, *out)
    assert "at least 1" in refused(capsys, recipe, "--data", folder, *out, "--set", "training.epochs=0")
    assert "but there are 20" in refused(capsys, recipe, "--data", folder, *out, "--set", "data.images=90")
    assert "no architecture 'unet9'" in refused(
        capsys, recipe, "--data", folder, *out, "--set", "model.architecture=unet9"
    )
    (tmp_path / "file").write_text("")
    assert "file" in refused(capsys, recipe, "--data", folder, "--out", tmp_path / "file" / "run")
    assert not (tmp_path / "run").exists()


def test_pictures_must_come_from_somewhere(recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ("--out", tmp_path / "run")
    message = refused(capsys, recipe, *out)
    assert "names no public data set for its role 'toys'; give folders or tar shards with --data" in message
    message = refused(capsys, recipe, "--validation", tmp_path, *out)
    assert "--validation goes with --data" in message
    message = refused(capsys, recipe, *out, "--set", "data.public=cifar10:unicorn")
    assert (
        "data.public is 'cifar10:unicorn'; the public data sets are: flowers102, places365, cifar10:airplane, "
        in message
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["a.toml", "--data"], ["a.toml", "--validation"], ["a.toml", "--data", "x", "--epochs", "3"]]
)
def test_wrong_arguments_end_in_status_2_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        train.main(arguments)
    assert ended.value.code == 2
    assert "usage: train.py" in capsys.readouterr().err


def test_unreadable_pictures_are_named_and_left_out(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = make_pictures(tmp_path / "photos", 18)
    (photos / "003.png").write_bytes((photos / "003.png").read_bytes()[:300])
    (photos / "007.png").write_text("<html>")
    command = [str(recipe), "--data", str(photos), "--out", str(tmp_path / "run")]
    assert train.main([*command, "--set", "training.epochs=1", "--set", "data.images=0"]) == 0
    output = capsys.readouterr().out
    assert "003.png is left out: " in output
    assert "007.png is left out: " in output
    assert "on 12 pictures" in output
