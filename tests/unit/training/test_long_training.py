"""A training without a set end: averaged weights, a rate that stays, frozen stages, a finish from where it stands."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import train
from colorizer import models
from colorizer.checkpoints.store import load_network, read_tensors
from colorizer.recipes.schema import TrainingSettings
from colorizer.training.run_state import LAST_FILE, is_under_way, state_under_way
from colorizer.training.schedule import learning_rate, make_average

RECIPE = """
id = "{id}"
title = "Toy"
summary = "A toy."
family = "photo"
[model]
architecture = "query-unet"
output_stride = {stride}
{start}
[data]
role = "photos"
validation_images = 2
side = 36
crop = 32
old_film = 0.5
tone_jitter = 0.5
sharpness_jitter = 0.5
affine_jitter = 0.5
erased = 0.5
[loss]
name = "cross_entropy_huber"
region_weight = 0.05
psnr_weight = 1.0
[training]
epochs = {epochs}
batch_size = 4
schedule = "stable"
warmup_steps = 0
ema_decay = 0.9
frozen_stages = 2
drop_path = 0.3
feature_dropout = 0.2
select = "last"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(10):
        pixels = random.integers(0, 256, (6, 6, 3), np.uint8)
        Image.fromarray(pixels).resize((48, 48)).save(folder / f"{number}.png")
    return folder


def write(path: Path, **values: object) -> str:
    path.write_text(RECIPE.format(**{"id": "toy", "stride": 8, "start": "", "epochs": 2} | values))
    return str(path)


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "toy"
    assert train.main([write(out.parent / "toy.toml"), "--data", str(folder), "--out", str(out)]) == 0
    return out


def test_what_is_shipped_is_the_average_and_not_the_last_step(run: Path) -> None:
    state, shipped = read_tensors(run / LAST_FILE), load_network(run)[0].state_dict()
    name = "classify.weight"
    assert torch.allclose(shipped[name], state[f"average.model.module.{name}"], atol=1e-3)
    assert not torch.allclose(shipped[name], state[f"model.{name}"], atol=1e-4)


def test_frozen_stages_are_those_that_training_began_with(run: Path) -> None:
    state = read_tensors(run / LAST_FILE)
    torch.manual_seed(0)
    first = models.QueryUNet(output_stride=8).state_dict()
    for name in ("encoder.stem.1.weight", "encoder.stem_norm.running_mean", "encoder.blocks.2.layers.0.weight"):
        assert torch.equal(state[f"model.{name}"], first[name])
    later = "encoder.blocks.3.layers.0.weight"
    assert not torch.equal(state[f"model.{later}"], first[later])


def test_it_is_resumed_with_its_average(run: Path, folder: Path, tmp_path: Path) -> None:
    recipe = write(tmp_path / "toy.toml")
    arguments = [recipe, "--data", str(folder), "--out", str(tmp_path / "toy"), "--set", "training.epochs=1"]
    assert train.main(arguments) == 0
    half = tmp_path / "toy"
    for name in ("card.toml", "model.safetensors"):
        (half / name).unlink()
    (half / "recipe.toml").write_text((half / "recipe.toml").read_text().replace("epochs = 1", "epochs = 2"))
    assert is_under_way(half)
    assert train.main([recipe, "--data", str(folder), "--out", str(half), "--resume"]) == 0
    whole, resumed = (read_tensors(path / LAST_FILE) for path in (run, half))
    same = [name for name in whole if name.startswith("average.") and torch.equal(whole[name], resumed[name])]
    assert "average.model.n_averaged" in same


def test_a_finish_goes_on_from_the_average_of_a_run_under_way(run: Path, folder: Path, tmp_path: Path) -> None:
    under_way = tmp_path / "toy"
    (under_way / "state").mkdir(parents=True)
    for name in ("recipe.toml", LAST_FILE):
        (under_way / name).write_bytes((run / name).read_bytes())
    average = state_under_way(under_way)
    assert torch.equal(
        average["classify.weight"], read_tensors(run / LAST_FILE)["average.model.module.classify.weight"]
    )
    recipe = write(tmp_path / "fine.toml", id="fine", stride=4, start=f'start = "{under_way}"', epochs=1)
    out = tmp_path / "fine"
    still = ["--set", "training.learning_rate=1e-9"]
    assert train.main([recipe, "--data", str(folder), "--out", str(out), *still]) == 0
    network, card = load_network(out)
    assert card.options == {"output_stride": 4}
    assert torch.allclose(network.state_dict()["classify.weight"], average["classify.weight"], atol=1e-3)


def test_the_rate_stays_and_falls_over_the_last_tenth() -> None:
    settings = TrainingSettings(epochs=1, schedule="stable", warmup_steps=10, learning_rate=1.0)
    rates = [learning_rate(settings, step, 1000) for step in range(1000)]
    assert rates[4] == pytest.approx(0.5) and set(rates[10:900]) == {1.0}
    assert rates[950] == pytest.approx(0.5, abs=0.01) and 0 < rates[-1] < 0.02


def test_an_average_forgets_its_first_steps() -> None:
    network = models.build("rgb-cnn")
    average = make_average(network, 0.99)
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    for _ in range(30):
        average.update_parameters(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
    for _ in range(30):
        average.update_parameters(network)
    value = next(average.module.parameters()).flatten()[0].item()
    assert 0.5 < value < 1.0
