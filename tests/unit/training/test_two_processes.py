"""Two processes train one run: started by accelerate's launcher once, and else side by side as it would start them."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

import train
from colorizer.checkpoints.card import read_card
from colorizer.checkpoints.history import read_history
from colorizer.checkpoints.store import load_network
from colorizer.errors import TrainingError
from colorizer.models import PaletteNetwork
from colorizer.recipes.recipe import read_recipe
from colorizer.training.launch import make_accelerator
from tests.support.photos import make_pictures
from tests.support.processes import LAUNCH, into_an_epoch, said_by, start_training
from tests.support.training import (
    ADVERSARIAL_COLUMNS,
    GAN_RECIPE,
    PALETTE_RECIPE,
    RECIPE,
    measured,
    saved_progress,
    write_recipe,
)
from tests.support.two_processes import train_in_two_processes

pytestmark = pytest.mark.slow
# 42 steps an epoch: long enough for a signal to arrive in its middle. Pictures are decoded anew, so that there are
# worker processes, which the signal reaches too.
LONG = ("--set", "training.images_per_epoch=168", "--set", "data.cache_gigabytes=0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


def test_one_ctrl_c_stops_both_and_the_run_goes_on(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = (write_recipe(tmp_path / "toy.toml", RECIPE), "--data", folder, "--out", out, *LONG)
    process = start_training(*arguments, launcher=LAUNCH)
    into_an_epoch(out, 1, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the launcher and to both of its processes
    output, errors = said_by(process)
    assert errors.count("Stopped; the state is saved.") == 1, output + errors
    assert saved_progress(out)["epoch"] == 1
    done = train_in_two_processes(*arguments, "--resume")
    assert done.status == 0, done.errors
    rows = measured(out)
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert [row["images_seen"] for row in rows] == ["168", "336", "504"]
    assert done.output.count("Done: ") == 1
    network, card = load_network(out)
    assert card.hardware.startswith("2 processes")
    assert all(bool(parameter.isfinite().all()) for parameter in network.parameters())
    own = card.metrics[0]
    best = min(float(row["val_ab_rmse"]) for row in rows)
    assert own.ab_rmse == pytest.approx(best, rel=1e-3)  # what both measured is what was shipped


def test_batches_that_two_processes_cannot_share_are_refused(folder: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "toy.toml", RECIPE)
    out = tmp_path / "run"
    done = train_in_two_processes(recipe, "--data", folder, "--out", out, "--set", "training.batch_size=5")
    assert done.status == 1
    assert "training.batch_size (5) must be a multiple of the number of processes (2); change it" in done.errors
    assert not out.exists()


def test_they_are_refused_before_the_processes_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ended at once left the other with a connection that broke off."""
    monkeypatch.setenv("WORLD_SIZE", "3")  # nobody is there to be met
    settings = read_recipe(write_recipe(tmp_path / "toy.toml", RECIPE)).training
    with pytest.raises(TrainingError, match=r"batch_size \(4\) must be a multiple of the number of processes \(3\)"):
        make_accelerator(settings)


def test_an_adversarial_run_is_trained(folder: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "toy-gan.toml", GAN_RECIPE)
    out = tmp_path / "run"
    done = train_in_two_processes(recipe, "--data", folder, "--out", out, "--set", "training.epochs=2")
    assert done.status == 0, done.errors
    rows = read_history(out / "history.csv")
    assert [row.discriminator_steps for row in rows] == [3, 3]
    for row in rows:
        assert all(np.isfinite(getattr(row, name)) for name in ADVERSARIAL_COLUMNS)
    assert read_card(out / "card.toml").hardware.startswith("2 processes")


def test_a_run_has_one_palette_that_of_a_single_process(folder: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "toy-choice.toml", PALETTE_RECIPE)
    short = ("--set", "training.epochs=1", "--set", "training.learning_rate=0.001")
    arguments = (recipe, "--data", folder, *short, "--out")
    done = train_in_two_processes(*arguments, tmp_path / "two")
    assert done.status == 0, done.errors
    assert train.main(list(map(str, [*arguments, tmp_path / "one"]))) == 0
    assert torch.equal(palette_of(tmp_path / "two"), palette_of(tmp_path / "one"))
    (row,), (alone,) = (read_history(tmp_path / name / "history.csv") for name in ("two", "one"))
    assert row.train_accuracy == pytest.approx(alone.train_accuracy, abs=0.1)  # other crops, but the same pictures
    _, card = load_network(tmp_path / "two")
    assert card.hardware.startswith("2 processes")
    assert card.metrics[0].accuracy == pytest.approx(row.val_accuracy, abs=0.01)  # both measured the same state
    assert card.metrics[0].loss == pytest.approx(row.val_loss, rel=0.01)


def palette_of(out: Path) -> torch.Tensor:
    network, _ = load_network(out)
    assert isinstance(network, PaletteNetwork)
    return network.palette
