"""The colours that sRGB has at one lightness: a slice of its gamut in the plane of a and b, as picture and outline.

slice_ = gamut_slice(60, 240)    # (240, 240, 4), transparent where there is no such colour
outline = gamut_outline(60)      # (361, 2), closed
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer import color

AB_LIMIT = 115.0
"""Of the plane, in Lab units: it holds every colour of sRGB, and the bins around them, from -AB_LIMIT to AB_LIMIT."""
_FAR = 140.0  # chroma, beyond every colour of sRGB
_CHROMA_STEP = 0.25
_TOLERANCE = 1e-4  # in linear light, far below an 8-bit level


def _require_lightness(lightness: float) -> None:
    if not 0 <= lightness <= 100:
        raise ValueError(f"lightness is {lightness}; it must be within 0..100")


def _linear(lightness: float, a: Tensor, b: Tensor) -> Tensor:
    """a and b (H, W) at a lightness -> linear RGB (1, 3, H, W), beyond 0..1 where sRGB lacks the colour."""
    return color.lab_to_linear_rgb(torch.stack([torch.full_like(a, lightness), a, b])[None])


def _has_color(linear: Tensor) -> Tensor:
    """Linear RGB (1, 3, H, W) -> bool (1, 1, H, W)."""
    return ((linear >= -_TOLERANCE) & (linear <= 1 + _TOLERANCE)).all(1, keepdim=True)


def gamut_slice(lightness: float, side: int) -> NDArray[np.uint8]:
    """The colours of sRGB at one lightness.

    Args:
        lightness: L, 0..100.
        side: of the picture in pixels. Its columns are a from -AB_LIMIT to AB_LIMIT, its rows b from AB_LIMIT (above)
            to -AB_LIMIT, both at the centres of the pixels.

    Returns:
        (side, side, 4) sRGB with alpha: 255 where sRGB has the colour, 0 elsewhere.

    Raises:
        ValueError: for a lightness outside 0..100.
    """
    _require_lightness(lightness)
    steps = ((torch.arange(side) + 0.5) / side * 2 - 1) * AB_LIMIT
    b, a = torch.meshgrid(-steps, steps, indexing="ij")
    linear = _linear(lightness, a, b)
    has_color = _has_color(linear)
    rgba = torch.cat([color.linear_to_srgb(linear.clamp(0, 1)), torch.ones_like(linear[:, :1])], 1) * has_color
    return (rgba[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()


def gamut_outline(lightness: float, points: int = 360) -> NDArray[np.float32]:
    """The edge of the slice: the strongest colour of sRGB for each hue at one lightness.

    Returns:
        (points + 1, 2), ab in Lab units, against the clock from +a; the last point is the first.

    Raises:
        ValueError: for a lightness outside 0..100.
    """
    _require_lightness(lightness)
    hue = (torch.arange(points + 1) % points * (2 * math.pi / points))[:, None]
    chroma = torch.arange(0, _FAR, _CHROMA_STEP)
    a, b = hue.cos() * chroma, hue.sin() * chroma
    # All chromas are tried: between yellow and white the gamut has a gap, behind which it goes on.
    strongest = (_has_color(_linear(lightness, a, b))[0, 0] * chroma).amax(1)
    return (strongest[:, None] * torch.cat([hue.cos(), hue.sin()], 1)).numpy()
