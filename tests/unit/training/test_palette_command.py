"""`python train.py` with palette networks as a user meets it: from a folder, from a public set, on two processes."""

from pathlib import Path

import pytest
import torch
from PIL import Image

import train
from colorizer.checkpoints.store import load_network
from colorizer.color.palettes import read_palette
from colorizer.models import PaletteNetwork
from tests.support import ROOT
from tests.support.photos import make_pictures
from tests.support.public_sets import put_public_set
from tests.support.training import PALETTE_RECIPE, RECIPE, refused, write_recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipes") / "toy-choice.toml", PALETTE_RECIPE)


def settings(*overrides: str) -> list[str]:
    return [part for override in overrides for part in ("--set", override)]


def palette_of(out: Path) -> torch.Tensor:
    network, _ = load_network(out)
    assert isinstance(network, PaletteNetwork)
    return network.palette


def test_a_shipped_recipe_trains_on_any_folder_with_a_palette_of_its_own_in_one_command(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = settings("data.images=8", "data.validation_images=2", "training.epochs=1", "training.snapshots=[]")
    recipe = ROOT / "recipes" / "horse-16-unet.toml"
    command = [recipe, "--data", folder, "--out", tmp_path, *small, *settings("model.palette=kmeans:5")]
    assert train.main([*map(str, command), *settings("training.device=cpu")]) == 0
    assert tuple(palette_of(tmp_path).shape) == (5, 3)
    output = capsys.readouterr().out
    assert "after 1 epoch: training loss" in output and "accuracy " in output and "%" in output


def test_a_recipe_trains_on_its_public_set_without_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_public_set(tmp_path / "cache", monkeypatch)
    small = settings("data.images=20", "data.validation_images=4", "training.epochs=1", "training.snapshots=[0, 7]")
    out = tmp_path / "run"
    command = [ROOT / "recipes" / "horse-32-cnn.toml", "--out", out, *small, *settings("training.device=cpu")]
    assert train.main(list(map(str, command))) == 0
    assert torch.equal(palette_of(out), read_palette("horse-32"))
    assert "on 20 pictures" in capsys.readouterr().out
    assert not (out / "snapshots").exists()  # the only epoch is the model itself
    assert train.main([*map(str, command), "--resume"]) == 0
    assert "is finished" in capsys.readouterr().out


def test_pictures_of_ones_own_for_validation_go_with_those_for_training(
    folder: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = make_pictures(tmp_path / "test", 4, first=100)
    command = [recipe, "--data", folder, "--validation", held_out, "--out", tmp_path / "run"]
    assert train.main([*map(str, command), *settings("training.epochs=1", "data.images=0")]) == 0
    assert "on 20 pictures" in capsys.readouterr().out
    message = refused(capsys, recipe, "--data", folder, "--validation", folder, "--out", tmp_path / "other")
    assert "In --data and in --validation there is the same picture" in message
    assert not (tmp_path / "other").exists()


def test_what_does_not_fit_together_is_one_sentence(
    folder: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = write_recipe(tmp_path / "plain.toml", RECIPE)
    out = ("--data", folder, "--out", tmp_path / "run")
    for start, override, message in (
        (recipe, "loss.name=mse", "loss.name is 'mse'; palette-cnn learns by cross_entropy."),
        (plain, "loss.name=cross_entropy", "resnet18-colorizer learns by mse, huber or l1."),
        (plain, "model.palette=horse-16", "model.palette: resnet18-colorizer does not choose among colours"),
        (recipe, "model.palette=", "model.palette: palette-cnn needs a palette"),
        (recipe, "model.palette=zebra", "model.palette is 'zebra'; it must be kmeans:K"),
        (recipe, "model.palette=none.json", "none.json cannot be read"),
        (recipe, "model.palette=kmeans:1", "K from 2 to 256"),
        (recipe, "model.width=9999", "width is 9999; it must be 1 to 512"),
        (recipe, "data.crop=18", "data.crop is 18; palette-cnn needs a multiple of 4"),
    ):
        assert message in refused(capsys, start, *out, "--set", override)
    assert not (tmp_path / "run").exists()


def test_pictures_with_too_few_colours_for_k_means_are_refused(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain").mkdir()
    for number in range(16):
        color = ((200, 30, 30), (30, 30, 200))[number % 2]
        Image.new("RGB", (32 + number, 32), color).save(tmp_path / "plain" / f"{number}.png")  # no two files alike
    message = refused(capsys, recipe, "--data", tmp_path / "plain", "--out", tmp_path / "run")
    assert "The pictures have fewer than 6 colours; choose a smaller K for model.palette" in message
