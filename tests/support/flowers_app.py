"""A copy of the app with flower checkpoints that paint everything in one colour each, and a visitor of it."""

import colorsys
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colorizer import color, models
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import MODEL_FILE, snapshot_file, to_float16, write_card, write_tensors
from tests.support import APP
from tests.support.checkpoints import CARD

STEPS = {
    "flowers-cnn": "Plain CNN",
    "flowers-autoencoder-5": "Autoencoder, 5 layers",
    "flowers-autoencoder-7": "Autoencoder, 7 layers",
    "flowers-autoencoder-7-leaky": "7 layers, leaky ReLU",
    "flowers-autoencoder-9-skip": "9 layers with skips",
    "flowers-gan": "GAN",
}
EPOCHS = 12
KEPT = {
    0: 0.0,
    1: 0.15,
    4: 0.33,
    6: 0.5,
    8: 0.66,
}  # snapshots of the GAN by epoch, each with the hue that it paints (HSV)
SHIPPED = 0.82
Report = dict[str, Any]


def painter(hue: float) -> dict[str, Tensor]:
    """Make the state of a network that gives one colour whatever it sees."""
    network = models.build("autoencoder-5", width=1)
    last = network.layers[-1]  # type: ignore[index]
    torch.nn.init.zeros_(last.weight)
    last.bias.data = torch.logit(torch.tensor(colorsys.hsv_to_rgb(hue, 0.6, 0.8)))
    return to_float16(network.state_dict())


def lab_hue(hue: float) -> float:
    """Compute the hue of that colour, in degrees in the plane of a and b."""
    rgb = torch.tensor(colorsys.hsv_to_rgb(hue, 0.6, 0.8)).view(1, 3, 1, 1)
    a, b = color.srgb_to_lab(rgb)[0, 1:, 0, 0]
    return float(torch.rad2deg(torch.atan2(b, a)) % 360)


def is_painted(shown: float, hue: float) -> bool:
    return abs((shown - lab_hue(hue) + 180) % 360 - 180) < 12


def a_card(name: str, **changes: Any) -> Card:
    return dataclasses.replace(
        CARD,
        **{
            "id": name,
            "title": STEPS.get(name, name),
            "family": "flowers",
            "architecture": "autoencoder-5",
            "head": "rgb",
            "input_size": 32,
            "epochs": EPOCHS,
            "options": {"width": 1},
            "sha256": {MODEL_FILE: "ef"},
            **changes,
        },
    )


def ship(weights: Path, name: str, hue: float, snapshots: Mapping[int, float]) -> None:
    """Write a checkpoint of painters, over one that is there."""
    hashes = {MODEL_FILE: write_tensors(weights / name / MODEL_FILE, painter(hue))}
    for epoch, own in snapshots.items():
        hashes[snapshot_file(epoch)] = write_tensors(weights / name / snapshot_file(epoch), painter(own))
    write_card(weights / name, a_card(name, sha256=hashes))


class Server:
    """A copy of the app with the flowers alone, in one process: what it has loaded it keeps."""

    def __init__(self, folder: Path) -> None:
        for name in ("app.py", "pages", "colorizer", ".streamlit"):
            (shutil.copytree if (APP.parent / name).is_dir() else shutil.copy)(APP.parent / name, folder / name)
        self.weights = folder / "weights"
        for number, name in enumerate(STEPS):
            ship(self.weights, name, SHIPPED if name == "flowers-gan" else number / 6, {})
        ship(self.weights, "flowers-gan", SHIPPED, KEPT)
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, Path(__file__).parent / "flowers_visitor.py"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(folder)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.log = folder / "log"

    def visit(self, link: Mapping[str, str], **choices: str) -> Report:
        """Open a link as a new visitor, choose by the keys of widgets, and tell what is shown."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([link, choices]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        report: Report = json.loads(line)
        return report
