"""Networks that choose among palette colours are trained by the same loop: measured, resumed, shipped and told."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import colorizer
from colorizer.checkpoints.card import read_card
from colorizer.checkpoints.history import COLUMNS, read_history
from colorizer.checkpoints.store import load_network, read_tensors
from colorizer.data.splits import DataSplit, load_public_data, load_training_data
from colorizer.errors import CheckpointError
from colorizer.evaluation.validation import measure_baseline, measure_network
from colorizer.models import PaletteNetwork
from colorizer.recipes.recipe import Recipe, parse_recipe
from colorizer.training.export import finish
from colorizer.training.launch import make_accelerator
from colorizer.training.network_setup import build_network, fit_color_statistics
from colorizer.training.run_state import BASELINE_FILE, LAST_FILE, read_baseline, write_baseline
from colorizer.training.trainer import Trainer
from tests.support.photos import make_pictures
from tests.support.public_sets import put_public_set
from tests.support.training import (
    PALETTE_RECIPE,
    QUIET,
    RECIPE,
    fitted,
    make_run,
)

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


@pytest.mark.parametrize("architecture", ["palette-cnn", "palette-unet"])
def test_pictures_of_a_few_colours_are_learned(tmp_path: Path, architecture: str) -> None:
    # Brightness tells the colour: dark is blue, middle is red, bright is yellow. Two patches of 25 are as bright as red
    # is, and green: with one tint at each brightness a picture would count as toned, and be left out.
    colors = np.array([[0, 0, 120], [200, 30, 30], [250, 240, 120], [0, 115, 40]], np.uint8)
    for number in range(8):
        random = np.random.default_rng(number)
        patches = random.integers(0, 3, (5, 5))
        patches.flat[np.flatnonzero(patches == 1)[:2]] = 3
        light = random.uniform(0.8, 1.02, (10, 10, 1)).repeat(2, 0).repeat(2, 1)
        pixels = colors[patches.repeat(4, 0).repeat(4, 1)] * light
        Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8)).save(tmp_path / f"{number}.png")
    settings = ("training.epochs=16", "data.images=4", "training.images_per_epoch=32", "model.palette=kmeans:3")
    run = fitted(PALETTE_RECIPE, tmp_path, tmp_path / "run", f"model.architecture={architecture}", *settings)
    first, *_, last = run.progress.rows
    assert last.train_loss < 0.6 * first.train_loss
    assert last.train_accuracy is not None and first.train_accuracy is not None and last.val_accuracy is not None
    assert last.train_accuracy > max(0.7, first.train_accuracy)
    assert last.val_accuracy > 0.7
    assert last.val_loss < measure_baseline(run.bare_network, run.data.validation, run.loss, CPU).grey.loss


@pytest.fixture(scope="module")
def finished(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    run = fitted(PALETTE_RECIPE, folder, tmp_path_factory.mktemp("run"), "training.snapshots=[0,2]")
    finish(run)
    return run


def test_the_history_has_the_accuracies(finished: Trainer) -> None:
    rows = read_history(finished.folder / "history.csv")
    assert rows == finished.progress.rows
    header = (finished.folder / "history.csv").read_text().splitlines()[0]
    assert header == ",".join([*COLUMNS, "train_accuracy", "val_accuracy", "peak_memory_mb"])
    for row in rows:
        assert row.train_accuracy is not None and 0 < row.train_accuracy < 1
        assert row.val_accuracy is not None and 0 < row.val_accuracy < 1
    again = measure_network(build_and_load(finished), finished.data.validation, finished.loss, CPU)
    assert (rows[-1].val_loss, rows[-1].val_accuracy) == pytest.approx((again.loss, again.accuracy), rel=1e-2)


def test_the_measures_of_training_are_means_over_each_epoch_alone(folder: Path, tmp_path: Path) -> None:
    still = ("training.learning_rate=1e-12", "training.schedule=constant")
    rows = fitted(PALETTE_RECIPE, folder, tmp_path, *still, "model.palette=kmeans:2").progress.rows
    losses = [row.train_loss for row in rows]
    accuracies = [row.train_accuracy for row in rows if row.train_accuracy is not None]
    assert losses == pytest.approx([losses[0]] * 3, rel=0.1)  # other crops of the same pictures, by the same weights
    assert accuracies == pytest.approx([accuracies[0]] * 3, abs=0.15)


def build_and_load(run: Trainer) -> PaletteNetwork:
    network, _ = load_network(run.folder)
    assert isinstance(network, PaletteNetwork)
    return network


def test_the_checkpoint_has_its_palette_exactly_and_its_weights_in_float16(finished: Trainer) -> None:
    shipped = read_tensors(finished.folder / "model.safetensors")
    kinds = {name: tensor.dtype for name, tensor in shipped.items() if tensor.is_floating_point()}
    assert kinds.pop("palette") == torch.float32
    assert set(kinds.values()) == {torch.float16}
    data = load_training_data(
        [Path(finished.data.training.paths[0]).parent], finished.recipe.data, lambda message: None
    )
    network = build_network(finished.recipe)
    fit_color_statistics(finished.recipe, network, data.training)
    assert torch.equal(shipped["palette"], network.state_dict()["palette"])
    assert len(torch.unique(shipped["palette"], dim=0)) == 6


def test_the_shipped_state_is_not_stored_twice_and_is_its_epochs_snapshot(finished: Trainer) -> None:
    card = read_card(finished.folder / "card.toml")
    assert set(card.sha256) == {"model.safetensors", "snapshots/0000.safetensors"}
    assert [path.name for path in (finished.folder / "snapshots").iterdir()] == ["0000.safetensors"]
    assert card.snapshots == [0, 2]
    last, _ = load_network(finished.folder, snapshot=2)
    shipped, _ = load_network(finished.folder)
    first, _ = load_network(finished.folder, snapshot=0)
    assert all(torch.equal(tensor, shipped.state_dict()[name]) for name, tensor in last.state_dict().items())
    assert not torch.equal(first.state_dict()["classify.weight"], shipped.state_dict()["classify.weight"])
    assert torch.equal(first.state_dict()["palette"], shipped.state_dict()["palette"])
    with pytest.raises(CheckpointError, match=r"has no snapshot of epoch 1; it keeps: 0, 2\."):
        load_network(finished.folder, snapshot=1)
    assert colorizer.load(finished.folder.name, snapshot=0, weights=finished.folder.parent).card.epochs == 3


def test_the_card_has_the_options_the_loss_and_the_accuracy(finished: Trainer) -> None:
    card = read_card(finished.folder / "card.toml")
    assert (card.architecture, card.head, card.options) == ("palette-cnn", "palette", {"colors": 6, "width": 8})
    assert card.loss == "cross-entropy over the colours of the palette, nats, mean over all pixels"
    own, grey, truth = card.metrics
    again = measure_network(build_and_load(finished), finished.data.validation, finished.loss, CPU)
    assert (own.loss, own.accuracy) == pytest.approx((again.loss, again.accuracy), abs=1e-3)
    baseline = read_baseline(finished.folder / BASELINE_FILE)
    assert (grey.loss, grey.accuracy) == pytest.approx((baseline.grey.loss, baseline.grey.accuracy), abs=1e-3)
    assert (truth.loss, truth.accuracy) == (None, None)


def test_the_card_of_a_regression_has_neither_loss_nor_accuracy_nor_options(folder: Path, tmp_path: Path) -> None:
    run = fitted(RECIPE, folder, tmp_path, "training.epochs=1")
    assert [(row.train_accuracy, row.val_accuracy) for row in run.progress.rows] == [(None, None)]
    assert (tmp_path / "history.csv").read_text().splitlines()[0] == ",".join([*COLUMNS, "peak_memory_mb"])
    card = finish(run)
    assert card.options == {}
    assert {(row.loss, row.accuracy) for row in card.metrics} == {(None, None)}


def test_a_resumed_run_keeps_the_palette_it_started_with(folder: Path, tmp_path: Path) -> None:
    run = fitted(PALETTE_RECIPE, folder, tmp_path, "training.epochs=1")
    before = run.bare_network.state_dict()["palette"].clone()
    resumed = make_run(PALETTE_RECIPE, folder, tmp_path, "training.epochs=2")
    assert isinstance(resumed.bare_network, PaletteNetwork)
    resumed.bare_network.set_palette(torch.rand(6, 3))  # as if another scikit-learn had computed another one
    resumed.resume()
    resumed.fit(QUIET)
    assert torch.equal(resumed.bare_network.state_dict()["palette"], before)
    assert torch.equal(read_tensors(tmp_path / LAST_FILE)["model.palette"], before)


def test_the_card_names_the_command_that_trains_it_again(
    folder: Path, finished: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "python train.py recipes/toy-choice.toml"
    assert read_card(finished.folder / "card.toml").metrics[0].command == f"{command} --data FOLDERS"
    recipe = parse_recipe(PALETTE_RECIPE, ["training.epochs=1", "model.palette=horse-16", "data.images=8"])
    held_out = make_pictures(tmp_path / "test", 4, first=100)
    data = load_training_data([folder], recipe.data, lambda message: None, validation_folders=[held_out])
    assert shipped_command(recipe, data, tmp_path / "run") == f"{command} --data FOLDERS --validation TEST_FOLDERS"
    put_public_set(tmp_path, monkeypatch)
    recipe = parse_recipe(PALETTE_RECIPE, ["training.epochs=1", "model.palette=horse-16", "data.public=cifar10:horse"])
    data = load_public_data(recipe.data, lambda message: None)
    assert shipped_command(recipe, data, tmp_path / "public") == command


def shipped_command(recipe: Recipe, data: DataSplit, out: Path) -> str:
    run = Trainer(recipe, build_network(recipe), data, out, make_accelerator(recipe.training))
    write_baseline(out / BASELINE_FILE, measure_baseline(run.bare_network, data.validation, run.loss, CPU))
    run.fit(QUIET)
    return finish(run).metrics[0].command
