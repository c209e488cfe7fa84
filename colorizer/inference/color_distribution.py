"""What a network with bins holds possible: a distribution over colours at each point of a photo.

It is small and can be kept: another temperature, the likely colours at a point and a map of uncertainty come from it
without the network.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from colorizer import color
from colorizer.color.calibration import ColorCalibration
from colorizer.models import BinsNetwork

_NEIGHBOURHOOD = 1  # cells around a point whose answers count as its own
_DISTINCT = 22.0  # Lab units between two colours that are offered
_KERNEL = 15.0  # Lab units: bins this near to each other are one colour
_LEAST_CHANCE = 0.004


@dataclass(frozen=True)
class LikelyColor:
    """A colour that a point may have."""

    a: float
    b: float
    """Lab units."""
    chance: float
    """0..1: how much of the distribution lies around it."""


@dataclass(frozen=True)
class Distribution:
    """The answer of a network with bins for one photo."""

    logits: NDArray[np.float16]
    """(Q, h, w) for the bins of `color.ab_bins`, at a fraction of the network's size."""
    chroma_gain: float
    """Factor on the chroma of the colours."""
    size: tuple[int, int]
    """Height and width at which the network saw the photo, before it was padded."""
    reduction: int
    calibration: ColorCalibration | None = None

    def _to_size(self, planes: Tensor) -> Tensor:
        """(1, C, h, w) -> (C, H, W): bilinear to the network's size, cut to the photo."""
        large = F.interpolate(planes, scale_factor=self.reduction, mode="bilinear", align_corners=False)
        return large[0, :, : self.size[0], : self.size[1]].contiguous()

    def ab(self, temperature: float, lightness: NDArray[np.float32]) -> Tensor:
        """Colours (2, H, W) in Lab units at the network's size: the annealed mean times the gain, calibrated.

        Args:
            temperature: above 0; 1 gives the mean of the distribution, a lower one goes towards its highest peak.
            lightness: L that the network saw, (H, W) in 0..100.
        """
        logits = torch.from_numpy(self.logits)[None].float()
        mean = color.annealed_mean(logits, color.ab_bins(), temperature)
        ab = self._to_size(mean) * self.chroma_gain
        return self.calibration(ab[None], torch.from_numpy(lightness)[None, None])[0] if self.calibration else ab

    def uncertainty(self) -> Tensor:
        """How far apart the possible colours are, (H, W) in Lab units: the root of the distribution's variance."""
        probabilities = torch.from_numpy(self.logits)[None].float().softmax(1)
        bins = color.ab_bins()
        mean = torch.einsum("nqhw,qc->nchw", probabilities, bins)
        square = torch.einsum("nqhw,q->nhw", probabilities, bins.square().sum(1))
        return self._to_size((square - mean.square().sum(1)).clamp_min(0).sqrt()[None])[0]

    def likely_colors(self, row: int, column: int, count: int = 8) -> list[LikelyColor]:
        """Distinct colours that a point may have, the likeliest first.

        Args:
            row: at the network's size.
            column: likewise.
            count: at most so many.
        """
        y, x = row // self.reduction, column // self.reduction
        near = self.logits[
            :, max(0, y - _NEIGHBOURHOOD) : y + _NEIGHBOURHOOD + 1, max(0, x - _NEIGHBOURHOOD) : x + _NEIGHBOURHOOD + 1
        ]
        probabilities = torch.from_numpy(near).float().flatten(1).softmax(0).mean(1)
        return distinct_colors(probabilities, count)


def distinct_colors(probabilities: Tensor, count: int) -> list[LikelyColor]:
    """Peaks of a distribution over the bins (Q,), the highest first, no two nearer than some 20 Lab units.

    Each is the mean of the bins around a peak, and its chance is their sum; what one has taken, no other gets.
    """
    bins, left = color.ab_bins(), probabilities.clone()
    distances = torch.cdist(bins, bins)
    kernel = (distances < _KERNEL) + 0.01 * torch.exp(-distances / _KERNEL)  # of equal ones the middle
    found: list[LikelyColor] = []
    allowed = torch.ones(len(bins), dtype=torch.bool)
    while len(found) < count and bool(allowed.any()):
        peak = int(torch.where(allowed, kernel @ left, -torch.ones(())).argmax())
        around = distances[peak] < _KERNEL
        chance = float(left[around].sum())
        if chance < _LEAST_CHANCE:
            break
        a, b = ((left[around] @ bins[around]) / chance).tolist()
        found.append(LikelyColor(a, b, chance))
        left[around] = 0
        allowed &= distances[peak] >= _DISTINCT
    return sorted(found, key=lambda item: -item.chance)


def distribution_of(network: BinsNetwork, output: Tensor, size: tuple[int, int]) -> Distribution:
    """Return what a network's output (1, C, h, w) says of a photo that it saw at `size` (height, width)."""
    logits, _ = network.parts(output)
    return Distribution(
        logits[0].to(torch.float16).cpu().numpy(),
        network.chroma_gain,
        size,
        network.reduction,
        network.calibration,
    )
