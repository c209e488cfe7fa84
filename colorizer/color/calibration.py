"""What a mean over possible colours gets wrong in the same way on all photos, taken back by factors on its chroma.

Such a mean holds too much of the picture's cast and too little of what tells things apart, it colours shadows too
strongly and light things too little, and it errs more in some hues than in others. `training.calibration_fit` finds
the factors of a network at the end of its training; its card has them.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_GRID = 3  # parts of a picture's sides, whose mean colours are what its things differ from
_MOST_LIGHTNESS = 100.0


@dataclass(frozen=True)
class ColorCalibration:
    """Factors on the chroma of a network's answer, each about 1."""

    cast: float
    """On the mean colour of the picture."""
    detail: float
    """On what a pixel differs by from the mean colours of 3 x 3 parts of the picture, bilinear between them."""
    by_lightness: tuple[float, ...]
    """At equal steps of L from 0 to 100, linear between them; at least two."""
    by_hue: tuple[float, ...]
    """At equal steps of the hue angle from 0 (+a) by way of 90 degrees (+b), linear between them; at least one."""

    def __call__(self, ab: Tensor, lightness: Tensor) -> Tensor:
        """Calibrate the colours of pictures, see `calibrated`.

        Args:
            ab: (N, 2, h, w) in Lab units.
            lightness: L, (N, 1, h, w) in 0..100.

        Returns:
            ab of the same shape.
        """
        factors = (self.cast, self.detail, self.by_lightness, self.by_hue)
        tensors = [torch.tensor(factor, dtype=ab.dtype, device=ab.device) for factor in factors]
        return calibrated(ab, lightness, *tensors)


def calibrated(
    ab: Tensor, lightness: Tensor, cast: Tensor, detail: Tensor, by_lightness: Tensor, by_hue: Tensor
) -> Tensor:
    """Return f(L) h(hue of c) c, where c = cast m + (p - m) + detail (ab - p), m is the mean of ab over the picture and
    p the means of its parts.

    Args:
        ab: (N, 2, h, w) in Lab units.
        lightness: L, (N, 1, h, w) in 0..100.
        cast: m's factor, a number.
        detail: that of ab - p, a number.
        by_lightness: f at equal steps of L from 0 to 100, linear between them; two or more.
        by_hue: h at equal steps of the hue angle, linear between them; one or more.
    """
    mean = ab.mean((2, 3), keepdim=True)
    parts = F.interpolate(F.adaptive_avg_pool2d(ab, _GRID), ab.shape[2:], mode="bilinear", align_corners=False)
    ab = cast * mean + (parts - mean) + detail * (ab - parts)
    step = _MOST_LIGHTNESS / (len(by_lightness) - 1)
    at_lightness = _between(by_lightness, lightness.clamp(0, _MOST_LIGHTNESS) / step)
    # The hue is looked up only: its gradient is infinite at grey.
    turn = torch.atan2(ab[:, 1:].detach(), ab[:, :1].detach()) / math.tau % 1
    return ab * at_lightness * _between(torch.cat([by_hue, by_hue[:1]]), turn * len(by_hue))


def _between(factors: Tensor, place: Tensor) -> Tensor:
    """Look up factors at a place in 0..len(factors) - 1, linear between them."""
    below = place.floor().clamp(max=len(factors) - 2)
    index = below.long()
    return torch.lerp(factors[index], factors[index + 1], place - below)
