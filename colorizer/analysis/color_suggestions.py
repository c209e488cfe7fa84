"""Colours for one point of a photo: the likely ones, and all that sRGB has at its lightness."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from colorizer import color
from colorizer.color.gamut import AB_LIMIT, gamut_slice
from colorizer.inference.color_distribution import LikelyColor
from colorizer.inference.prediction import Prediction

_MOST = 8
_PLANE_SIDE = 320  # pixels, for all that sRGB has at any lightness
_DARKEST, _LIGHTEST = 2.0, 98.0  # beyond, there is nothing to choose


@dataclass(frozen=True)
class SuggestedColor:
    """A colour that is offered."""

    rgb: tuple[int, int, int]
    """0..255, at the lightness of the point."""
    chance: float
    """0..1."""


@dataclass(frozen=True)
class PointColors:
    lightness: float
    """L of the point, 0..100."""
    likely: tuple[SuggestedColor, ...]
    """The likeliest first; none where the model holds no distribution."""


def _rgb(lightness: float, a: float, b: float) -> tuple[int, int, int]:
    srgb = color.lab_to_display(torch.tensor([lightness, a, b]).reshape(1, 3, 1, 1)).flatten()
    red, green, blue = (srgb * 255).round().int().tolist()
    return red, green, blue


def lightness_at(image: Image.Image, x: int, y: int) -> float:
    """L of one pixel of an RGB image, 0..100."""
    pixel = torch.tensor(image.getpixel((x, y)), dtype=torch.uint8).reshape(1, 3, 1, 1)
    return float(color.lightness_from_bytes(pixel))


def _paint(lightness: float, likely: LikelyColor) -> SuggestedColor:
    return SuggestedColor(_rgb(lightness, likely.a, likely.b), likely.chance)


def colors_at(prediction: Prediction, image: Image.Image, x: float, y: float) -> PointColors:
    """Return what may stand at a point.

    Args:
        chroma: the model's answer for the photo.
        image: the photo, RGB, at any size.
        x: place along the width, 0..1.
        y: place along the height, 0..1.
    """
    height, width = prediction.lightness.shape
    lightness = lightness_at(
        image, min(image.width - 1, int(x * image.width)), min(image.height - 1, int(y * image.height))
    )
    if prediction.distribution is None:
        return PointColors(lightness, ())
    place = min(height - 1, int(y * height)), min(width - 1, int(x * width))
    likely = prediction.distribution.likely_colors(*place, count=_MOST)
    return PointColors(lightness, tuple(_paint(lightness, item) for item in likely))


@dataclass(frozen=True)
class Plane:
    """All colours of sRGB at one lightness, in the plane of a and b."""

    picture: NDArray[np.uint8]
    """(side, side, 4), sRGB with alpha: 255 where there is such a colour. Red lies to the right, yellow above."""
    limit: float
    """Lab units: the picture reaches from -limit to limit in both a and b."""

    def place(self, a: float, b: float) -> tuple[float, float]:
        """Where a colour lies, along the width and the height, 0..1."""
        x, y = (a / self.limit + 1) / 2, (1 - b / self.limit) / 2
        return min(1.0, max(0.0, x)), min(1.0, max(0.0, y))


def plane_at(lightness: float) -> Plane:
    """All colours of sRGB at a lightness (0..100), as large as they go into a square with grey in the middle."""
    whole = gamut_slice(min(_LIGHTEST, max(_DARKEST, lightness)), _PLANE_SIDE)
    rows, columns = np.nonzero(whole[:, :, 3])
    middle = _PLANE_SIDE // 2
    places = np.concatenate([rows, columns])
    reach = int(max(middle - places.min(), places.max() + 1 - middle))
    low, high = max(0, middle - reach), min(_PLANE_SIDE, middle + reach)
    return Plane(whole[low:high, low:high], AB_LIMIT * (high - low) / _PLANE_SIDE)
