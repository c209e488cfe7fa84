"""Where a network is unsure, as pictures: how far apart its possible colours are, and which regions are open questions.

The scale is a straight line in Lab from dark blue to light yellow: equal steps of uncertainty are equally far apart for
the eye (CIE 1976), lightness alone tells them apart, and blue and yellow stay different without red and green.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from colorizer.analysis.lab_planes import Bytes, to_bytes
from colorizer.analysis.segmentation import Region
from colorizer.inference.color_distribution import Distribution

TINTS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00")
"""Of the first regions, in order: Okabe and Ito 2008, told apart by the colour-blind as well."""
_SURE, _DOUBTFUL = (18.0, 12.0, -38.0), (90.0, -4.0, 62.0)  # Lab
_STEP = 5.0  # Lab units: limits of the scale are multiples of it
_LEVELS = 256
_TENTH = 0.9
_OPACITY = 0.6  # of a tint over the grey photo
_LETTER = 0.07  # of the shorter side
_MIN_LETTER = 14  # px


@dataclass(frozen=True)
class Uncertainty:
    """How far apart the possible colours are, all over a photo."""

    planes: NDArray[np.float32]
    """(h, w) in Lab units, at the network's size."""

    @property
    def mean(self) -> float:
        return float(self.planes.mean())

    @property
    def percentile_90(self) -> float:
        """The most doubtful tenth of the photo has at least this."""
        return float(np.quantile(self.planes, _TENTH))

    @property
    def limits(self) -> tuple[float, float]:
        """What the ends of the scale stand for: multiples of 5 Lab units that hold all of the photo."""
        low, high = float(self.planes.min()), float(self.planes.max())
        first = np.floor(low / _STEP) * _STEP
        return float(first), float(max(np.ceil(high / _STEP) * _STEP, first + 2 * _STEP))


def uncertainty_of(distribution: Distribution) -> Uncertainty:
    """Return the uncertainty of a network's answer; see `Distribution.uncertainty`."""
    return Uncertainty(distribution.uncertainty().numpy())


def scale(levels: int = _LEVELS) -> Bytes:
    """(levels, 3): sRGB from sure to doubtful."""
    steps = torch.linspace(0, 1, levels)
    lab = torch.stack(
        [torch.lerp(torch.tensor(a), torch.tensor(b), steps) for a, b in zip(_SURE, _DOUBTFUL, strict=True)]
    )
    return to_bytes(lab[None, :, None])[0]


def _enlarge(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """(h, w) -> (H, W) for a size (width, height)."""
    return F.interpolate(planes[None, None], size[::-1], mode="bilinear", align_corners=False)[0, 0]


def draw_uncertainty(uncertainty: Uncertainty, size: tuple[int, int]) -> Image.Image:
    """Return the map of a photo's uncertainty, RGB, at a size (width, height); its scale ends at
    `Uncertainty.limits`."""
    low, high = uncertainty.limits
    level = (_enlarge(torch.from_numpy(uncertainty.planes), size) - low) / (high - low) * (_LEVELS - 1)
    return Image.fromarray(scale()[level.round().clamp(0, _LEVELS - 1).to(torch.uint8).numpy()])


def letter(number: int) -> str:
    """Return what a region is called: A, B, C ..."""
    return chr(ord("A") + number)


def draw_regions(grey: Image.Image, regions: Sequence[Region], places: Sequence[tuple[int, int]]) -> Image.Image:
    """Return a photo with regions in their tints, each with its letter.

    Args:
        grey: the photo without colours, RGB.
        regions: at most as many as there are `TINTS`.
        places: for each the cell (row, column) where its letter goes.
    """
    picture = grey.copy()
    for region, tint in zip(regions, TINTS, strict=False):
        inside = _enlarge(torch.from_numpy(region.mask).float(), grey.size) > 0.5
        mask = Image.fromarray((inside.numpy() * (255 * _OPACITY)).astype(np.uint8))
        picture.paste(Image.new("RGB", grey.size, tint), mask=mask)
    draw, pixels = ImageDraw.Draw(picture), max(_MIN_LETTER, round(min(grey.size) * _LETTER))
    font = ImageFont.load_default(pixels)
    for number, (region, (row, column)) in enumerate(zip(regions, places, strict=True)):
        height, width = region.mask.shape
        middle = ((column + 0.5) * grey.width / width, (row + 0.5) * grey.height / height)
        reach = pixels * 0.7
        x, y = (min(max(at, reach), side - reach) for at, side in zip(middle, grey.size, strict=True))
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), "#1c1c1c", "#ffffff", max(1, pixels // 12))
        draw.text((x, y), letter(number), "#ffffff", font, anchor="mm")
    return picture
