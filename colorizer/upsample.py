"""ab from the network's size to the photo's own, along the edges of L; and L from the photo's size to the network's.

A guided filter fits, around each pixel at the network's size, ab = slope * L + offset, and the slopes and offsets are
what is enlarged: applied to the photo's own L they put every colour edge exactly where the photo has its contour. Only
strips of the photo are ever held as floats.

Sources: He, Sun and Tang 2013, "Guided Image Filtering", equations 5, 6 and 8; He and Sun 2015, "Fast Guided Filter".
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

RADIUS = 2  # pixels at the network's size: the decoder's colours are smooth over about 4, and wider windows bleed
EPSILON = 16.0  # Lab units squared: contours of more than about 4 units of L steer colour, texture below it does not
_STRIP_PIXELS = 2**18  # one float plane of 1 MB: the planes in flight stay within the cache


def strips(width: int, height: int) -> Iterator[tuple[int, int]]:
    """(top, bottom) of the strips of rows in which a picture is worked on."""
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield top, min(height, top + rows)


def area_weights(source: int, target: int) -> Tensor:
    """(target, source), target <= source: row i averages the part of the line that falls on target pixel i."""
    edges = torch.arange(target + 1, dtype=torch.float64) * (source / target)
    starts = torch.arange(source, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], starts + 1) - torch.maximum(edges[:-1, None], starts)
    return (overlap.clamp_min(0) * (target / source)).float()


def _box_mean(planes: Tensor) -> Tensor:
    return F.avg_pool2d(planes, 2 * RADIUS + 1, stride=1, padding=RADIUS, count_include_pad=False)


@dataclass(frozen=True)
class GuidedColor:
    """ab as a local function of L: ab = slope * L + offset, both (1, 2, h, w), at the network's size."""

    slope: Tensor
    offset: Tensor

    def at_width(self, width: int) -> Tensor:
        """Slopes and offsets, (4, h, width): enlarged along the rows, once for all strips."""
        both = torch.cat([self.slope, self.offset], 1)
        return F.interpolate(both, (both.shape[2], width), mode="bilinear", align_corners=False)[0]


def fit(lightness: Tensor, ab: Tensor) -> GuidedColor:
    """Fit ab to L in windows of (2 RADIUS + 1)^2 pixels.

    Args:
        lightness: (1, 1, h, w) in 0..100.
        ab: (1, 2, h, w) in Lab units, at the same size.
    """
    mean_l, mean_ab = _box_mean(lightness), _box_mean(ab)
    variance = (_box_mean(lightness**2) - mean_l**2).clamp_min(0)
    slope = (_box_mean(lightness * ab) - mean_l * mean_ab) / (variance + EPSILON)
    return GuidedColor(_box_mean(slope), _box_mean(mean_ab - slope * mean_l))


def rows_of(coefficients: Tensor, top: int, bottom: int, height: int) -> Tensor:
    """The rows top..bottom, of `height`, of (C, h, W) enlarged down the columns: (C, bottom - top, W)."""
    source = coefficients.shape[1]
    position = ((torch.arange(top, bottom) + 0.5) * (source / height) - 0.5).clamp(0, source - 1)
    above = position.floor().long()
    below = (above + 1).clamp_max(source - 1)
    fraction = (position - above)[:, None]
    return torch.lerp(coefficients[:, above], coefficients[:, below], fraction)


def apply(coefficients: Tensor, lightness: Tensor, top: int, height: int) -> Tensor:
    """ab of one strip.

    Args:
        coefficients: `GuidedColor.at_width` of the photo, (4, h, W).
        lightness: L of the strip, (1, 1, rows, W).
        top: the strip's first row.
        height: the photo's height.

    Returns:
        (1, 2, rows, W) in Lab units.
    """
    rows = rows_of(coefficients, top, top + lightness.shape[2], height)[None]
    return rows[:, :2] * lightness + rows[:, 2:]
