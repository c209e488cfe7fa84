"""A tiny stand-in for the checkpoint `photo`: it says the same mixture of colours everywhere, and takes hints."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from colorizer import color, models
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import MODEL_FILE, to_float16, write_card, write_tensors
from colorizer.inference.colorizer import Colorizer, load
from colorizer.models.hint_unet import AB_SCALE
from tests.support.checkpoints import CARD


def toy_network(mix: Mapping[tuple[float, float], float]) -> models.Lite0Bins:
    """Untrained, but for what it says: each colour (a, b) with its chance. Its hints are bound, and no more; they stay
    with what is as light as they are, as those of a trained network stay with their thing."""
    torch.manual_seed(0)
    network = models.Lite0Bins()
    bins = color.ab_bins()
    with torch.no_grad():
        torch.nn.init.zeros_(network.classify.weight)
        torch.nn.init.zeros_(network.regress.weight)
        network.regress.bias.copy_(torch.tensor(max(mix, key=lambda ab: mix[ab])) / AB_SCALE)
        network.classify.bias.fill_(-20.0)
        network.projection.mul_(5)
        for ab, chance in mix.items():
            network.classify.bias[(bins - torch.tensor(ab)).square().sum(1).argmin()] = float(np.log(chance))
    return network.eval()


def toy_card(name: str, **changes: Any) -> Card:
    return dataclasses.replace(
        CARD,
        **{
            "id": name,
            "title": "Toy photo",
            "family": "photo",
            "architecture": "lite0-bins",
            "head": "bins",
            "input_size": 64,
            "options": {},
            "takes_hints": True,
            "sha256": {},
            **changes,
        },
    )


def hinted_model(weights: Path) -> Colorizer:
    """Write a checkpoint `toy` of random weights, hint branches included, into a folder of checkpoints."""
    torch.manual_seed(5)
    network = models.Lite0Bins()
    for name, parameter in network.named_parameters():
        if name.startswith("hint_"):
            torch.nn.init.normal_(parameter, std=0.05)
    folder = weights / "toy"
    folder.mkdir()
    sha256 = {MODEL_FILE: write_tensors(folder / MODEL_FILE, to_float16(network.state_dict()))}
    card: Card = dataclasses.replace(
        CARD, id="toy", architecture="lite0-bins", head="bins", sha256=sha256, options={}, input_size=96,
        takes_hints=True,
    )  # fmt: skip
    write_card(folder, card)
    return load("toy", device="cpu", weights=weights)
