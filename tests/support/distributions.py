"""Distributions over bins of ab that a test knows beforehand."""

import numpy as np
import torch

from colorizer import color
from colorizer.inference.color_distribution import Distribution


def bin_at(a: float, b: float) -> int:
    return int((color.ab_bins() - torch.tensor([a, b])).square().sum(1).argmin())


def peaked(*peaks: tuple[int, float], size: int = 8) -> Distribution:
    """Everywhere the same: (bin, probability)."""
    logits = torch.full((len(color.ab_bins()), size, size), -20.0)
    for number, probability in peaks:
        logits[number] = float(np.log(probability))
    return Distribution(logits.half().numpy(), 1.0, (size * 4 - 2, size * 4 - 3), 4)
