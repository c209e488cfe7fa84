"""ab from the network's size to the photo's own, along the edges of L.

A guided filter fits, around each pixel at the network's size, ab = slope * L + offset, and the slopes and offsets are
what is enlarged: applied to the photo's own L they put every colour edge exactly where the photo has its contour.

Sources: He, Sun and Tang 2013, "Guided Image Filtering", equations 5, 6 and 8; He and Sun 2015, "Fast Guided Filter".
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

RADIUS = 2  # pixels at the network's size: the decoder's colours are smooth over about 4, and wider windows bleed
_GROUP_VALUES = 1 << 17  # between two rows of the network's size; where there are fewer, they are not worth a step each
EPSILON = 16.0  # Lab units squared: contours of more than about 4 units of L steer colour, texture below it does not


def _box_mean(planes: Tensor) -> Tensor:
    """Return the mean of the (2 RADIUS + 1)^2 pixels around each, of fewer at the border; a tenth of the time of
    pooling."""
    return _box_sum(planes) / _box_sum(torch.ones_like(planes[:1, :1]))


def _box_sum(planes: Tensor) -> Tensor:
    for dim, padding in ((2, (0, 0, RADIUS, RADIUS)), (3, (RADIUS, RADIUS))):
        size, padded = planes.shape[dim], F.pad(planes, padding)
        planes = padded.narrow(dim, 0, size).clone()
        for shift in range(1, 2 * RADIUS + 1):
            planes += padded.narrow(dim, shift, size)
    return planes


@dataclass(frozen=True)
class GuidedColor:
    """ab as a local function of L: ab = slope * L + offset, both (1, 2, h, w), at the network's size."""

    slope: Tensor
    offset: Tensor


def fit(lightness: Tensor, ab: Tensor) -> GuidedColor:
    """Fit ab to L in windows of (2 RADIUS + 1)^2 pixels.

    Args:
        lightness: (1, 1, h, w) in 0..100.
        ab: (1, 2, h, w) in Lab units, at the same size.
    """
    means = _box_mean(torch.cat([lightness, lightness**2, ab, lightness * ab], 1))
    mean_l, mean_square, mean_ab, mean_product = means.split([1, 1, 2, 2], 1)
    variance = (mean_square - mean_l**2).clamp_min(0)
    slope = (mean_product - mean_l * mean_ab) / (variance + EPSILON)
    smooth = _box_mean(torch.cat([slope, mean_ab - slope * mean_l], 1))
    return GuidedColor(smooth[:, :2], smooth[:, 2:])


class Rows:
    """Planes of the network's size, enlarged bilinearly: along the rows at once, down the columns strip by strip."""

    def __init__(self, planes: Tensor, size: tuple[int, int]) -> None:
        """
        Args:
            planes: (C, h, w).
            size: (width, height) to which they are enlarged.
        """
        width, height = size
        count, source, _ = planes.shape
        self._rows = F.interpolate(planes[None], (source, width), mode="bilinear", align_corners=False)[0]
        self._steps = torch.cat([self._rows.diff(dim=1), self._rows.new_zeros(count, 1, width)], 1)
        position = ((torch.arange(height) + 0.5) * (source / height) - 0.5).clamp(0, source - 1)
        self._fractions = position.frac()[:, None]
        self._above = position.long()
        self._goes_by_groups = count * width * (height / source) >= _GROUP_VALUES

    def write(self, top: int, out: Tensor, scratch: Tensor) -> None:
        """Write the rows from `top` on into `out`, (C, rows, width); `scratch` has the same shape."""
        above, fractions = (of_rows[top : top + out.shape[1]] for of_rows in (self._above, self._fractions))
        if not self._goes_by_groups:
            torch.index_select(self._rows, 1, above, out=out)
            out.addcmul_(torch.index_select(self._steps, 1, above, out=scratch), fractions)
            return
        first = 0
        for row, count in zip(*(found.tolist() for found in above.unique_consecutive(return_counts=True)), strict=True):
            last, source = first + count, slice(row, row + 1)
            torch.addcmul(self._rows[:, source], self._steps[:, source], fractions[first:last], out=out[:, first:last])
            first = last
