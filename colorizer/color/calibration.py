"""What a mean over possible colours gets wrong in the same way on all photos, taken back by factors on its chroma.

Such a mean holds too much of the picture's cast and too little of what tells things apart, it colours shadows too
strongly and light things too little, and it errs more in some hues than in others. docs/photo.md tells on which photos
the factors of a network were fitted, and what for.
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
    """At equal steps of the hue angle from 0 (+a) by way of 90 degrees (+b), linear between them."""

    def __call__(self, ab: Tensor, lightness: Tensor) -> Tensor:
        """Calibrate the colours of one picture: f(L) h(hue of c) c, where c = cast m + (p - m) + detail (ab - p), m is
        the mean of ab over the picture and p the means of its parts.

        Args:
            ab: (2, h, w) in Lab units.
            lightness: L, (h, w) in 0..100.

        Returns:
            ab of the same shape.
        """
        mean = ab.mean((1, 2), keepdim=True)
        parts = F.adaptive_avg_pool2d(ab[None], _GRID)
        parts = F.interpolate(parts, ab.shape[1:], mode="bilinear", align_corners=False)[0]
        ab = self.cast * mean + (parts - mean) + self.detail * (ab - parts)
        steps = len(self.by_lightness) - 1
        at_lightness = _between(self.by_lightness, lightness.clamp(0, _MOST_LIGHTNESS) * (steps / _MOST_LIGHTNESS))
        turn = torch.atan2(ab[1], ab[0]) / math.tau % 1
        at_hue = _between((*self.by_hue, self.by_hue[0]), turn * len(self.by_hue))
        return ab * at_lightness * at_hue


def _between(factors: tuple[float, ...], place: Tensor) -> Tensor:
    """Look up factors at a place in 0..len(factors) - 1, linear between them."""
    table = torch.tensor(factors, dtype=place.dtype, device=place.device)
    below = place.floor().clamp(max=len(factors) - 2)
    index = below.long()
    return torch.lerp(table[index], table[index + 1], place - below)
