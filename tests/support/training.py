"""Small recipes, runs of them in this process, and what a run left behind."""

import csv
import json
import struct
from pathlib import Path

import pytest
import torch

import train
from colorizer.data.splits import load_training_data
from colorizer.evaluation.validation import measure_baseline
from colorizer.recipes.recipe import parse_recipe
from colorizer.training.launch import make_accelerator
from colorizer.training.network_setup import build_network, fit_color_statistics
from colorizer.training.run_state import BASELINE_FILE, write_baseline
from colorizer.training.trainer import Trainer, Watcher
from colorizer.utils.shutdown import StopRequest

CPU = torch.device("cpu")
QUIET = Watcher(lambda pictures, loss: None, lambda row: None)
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


def write_recipe(path: Path, text: str = RECIPE) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


PALETTE_RECIPE = """
id = "toy-choice"
title = "A toy that chooses"
summary = "Twelve small pictures."
family = "toys"

[model]
architecture = "palette-cnn"
width = 8
palette = "kmeans:6"

[data]
role = "toys"
images = 12
validation_images = 4
side = 20
crop = 16

[loss]
name = "cross_entropy"

[training]
epochs = 3
batch_size = 4
warmup_steps = 2
learning_rate = 0.01
device = "cpu"
select = "last"
"""


GAN_RECIPE = """
id = "toy-gan"
title = "A toy GAN"
summary = "Twelve small pictures."
family = "toys"

[model]
architecture = "autoencoder-5"
width = 4

[data]
role = "toys"
images = 12
validation_images = 4
side = 20
crop = 16

[loss]
name = "l1"

[training]
epochs = 3
batch_size = 4
warmup_steps = 2
learning_rate = 0.01
device = "cpu"
select = "last"

[adversary]
width = 4
eval_images = 6
"""

ADVERSARIAL_COLUMNS = ("generator_loss", "discriminator_loss", "discriminator_accuracy", "discriminator_steps")
PHOTO_SETTINGS = (
    "model.architecture=lite0-bins", "loss.name=cross_entropy_huber", "data.random_resize=1.6", "data.degrade=true",
    "training.encoder_rate=0.25", "training.epochs=2", "training.select=last", "data.inference_size=64",
    "training.hints=true",
)  # fmt: skip


def measured(out: Path) -> list[dict[str, str]]:
    """Read the rows of a history without the one column that is measured time."""
    with (out / "history.csv").open(newline="") as file:
        return [
            {name: value for name, value in row.items() if name not in MEASURED_ON_THE_MACHINE}
            for row in csv.DictReader(file)
        ]


def saved_progress(out: Path) -> dict[str, object]:
    """Read what the state file says of the run, without our own code."""
    content = (out / "state" / "last.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["progress"])


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Return the one sentence with which `train.py ARGUMENTS...` ends in status 1."""
    assert train.main(list(map(str, arguments))) == 1
    message = capsys.readouterr().err
    assert message.startswith("train.py: ")
    assert message.count("\n") == 1
    return message


def make_run(
    recipe_text: str, folder: Path, out: Path, *overrides: str, stop_request: StopRequest | None = None
) -> Trainer:
    """Make a run that has not begun: `recipe_text` with `overrides` on the pictures in `folder`."""
    recipe = parse_recipe(recipe_text, overrides)
    data = load_training_data([folder], recipe.data, lambda message: None)
    network = build_network(recipe)
    fit_color_statistics(recipe, network, data.training)
    run = Trainer(recipe, network, data, out, make_accelerator(recipe.training), stop_request)
    write_baseline(out / BASELINE_FILE, measure_baseline(run.bare_network, data.validation, run.loss, CPU))
    return run


def fitted(recipe_text: str, folder: Path, out: Path, *overrides: str) -> Trainer:
    """Make the same, and train it to its end."""
    run = make_run(recipe_text, folder, out, *overrides)
    run.fit(QUIET)
    return run
