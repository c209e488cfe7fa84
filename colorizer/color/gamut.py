"""The colours that sRGB has at one lightness: a slice of its gamut in the plane of a and b, as picture and outline.

slice_ = gamut_slice(60, 240)    # (240, 240, 4), transparent where there is no such colour
outline = gamut_outline(60)      # (361, 2), closed
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.color.lab import (
    LAB_SLOPE,
    ROOT_KNEE,
    lab_f_inverse,
    lab_to_linear_rgb,
    linear_to_srgb,
    require_planes,
    rgb_lab_matrices,
)

AB_LIMIT = 115.0
"""Of the plane, in Lab units: it holds every colour of sRGB, and the bins around them, from -AB_LIMIT to AB_LIMIT."""
_FAR = 140.0  # chroma, beyond every colour of sRGB
_CHROMA_STEP = 0.25
_TOLERANCE = 1e-4  # in linear light, far below an 8-bit level


def _require_lightness(lightness: float) -> None:
    if not 0 <= lightness <= 100:
        raise ValueError(f"lightness is {lightness}; it must be within 0..100")


def _linear(lightness: float, a: Tensor, b: Tensor) -> Tensor:
    """Turn a and b (H, W) at a lightness into linear RGB (1, 3, H, W), beyond 0..1 where sRGB lacks the colour."""
    return lab_to_linear_rgb(torch.stack([torch.full_like(a, lightness), a, b])[None])


def _has_color(linear: Tensor) -> Tensor:
    """Linear RGB (1, 3, H, W) -> bool (1, 1, H, W)."""
    return ((linear >= -_TOLERANCE) & (linear <= 1 + _TOLERANCE)).all(1, keepdim=True)


def gamut_slice(lightness: float, side: int) -> NDArray[np.uint8]:
    """Return the colours of sRGB at one lightness.

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
    rgba = torch.cat([linear_to_srgb(linear.clamp(0, 1)), torch.ones_like(linear[:, :1])], 1) * has_color
    return (rgba[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()


def gamut_outline(lightness: float, points: int = 360) -> NDArray[np.float32]:
    """Return the edge of the slice: the strongest colour of sRGB for each hue at one lightness.

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


GAMUT_TOLERANCE = 1e-4
"""In linear light, 0..1: less than half an 8-bit level even in the darkest shadows."""
_GAP_LIGHTNESS, _GAP_HUES = (93.0, 98.5), (99.0, 107.0)  # where a ray leaves the gamut and enters it again; degrees
_BEYOND_GAP = (80.0, 98.0)  # chroma there
_TERNARY_STEPS = 24  # finds the place to 1/1000 of a Lab unit
_BISECTIONS = 10  # of the ray from grey; the secant of what is left is exact but at a corner of the gamut
_TINY = 1e-9


def _in_gamut(linear: Tensor) -> Tensor:
    """Linear RGB (N, 3, ...) -> bool (N, ...): does sRGB have this colour."""
    return ((linear - 0.5).abs() <= 0.5 + GAMUT_TOLERANCE).all(1)


class _Rays:
    """Pixels on their way from grey, at 0, to their own chroma, at 1: straight lines in f(X), f(Y), f(Z) of CIE Lab.

    They are asked many times, so that all between lies in planes of their own.
    """

    def __init__(self, middle: Tensor, directions: Tensor) -> None:
        """
        Args:
            middle: (M,), f(Y).
            directions: (2, M), what f(X) and f(Z) differ by from it at 1.
        """
        _, to_rgb = rgb_lab_matrices(middle.device, middle.dtype)
        from_x, from_y, from_z = to_rgb.split(1, 1)
        self._from_xz = torch.cat([from_x, from_z], 1)
        self.middle, self.directions = middle, directions
        self._base = (from_y * lab_f_inverse(middle)).sub_(0.5)  # (3, M): what Y adds to linear RGB, less its middle
        self._linear, self._light, self._spare = (
            torch.empty_like(like) for like in (self._base, directions, directions)
        )

    def _centred(self, factor: Tensor) -> Tensor:
        """(3, M), linear RGB less 0.5 at (M,) factors on chroma; until it is asked again."""
        light, spare = self._light, self._spare
        torch.addcmul(self.middle, self.directions, factor, out=light)
        torch.clamp(light, min=ROOT_KNEE, out=spare)  # from here as in `lab_f_inverse`
        light.sub_(spare)
        torch.add(spare.pow_(3), light, alpha=1 / LAB_SLOPE, out=light)
        return torch.addmm(self._base, self._from_xz, light, out=self._linear)

    def linear(self, factor: Tensor) -> Tensor:
        """(3, M), linear RGB at (M,) factors on chroma; until it is asked again."""
        return self._centred(factor).add_(0.5)

    def excess(self, factor: Tensor) -> Tensor:
        """How far linear RGB is beyond 0..1 at (M,) factors on chroma; negative inside."""
        return self._centred(factor).abs_().amax(0).sub_(0.5)

    def beyond_the_gap(self) -> Tensor:
        """(M,): factors that lie inside the gamut near bright yellow; 0 elsewhere.

        From grey to yellow at L 94 to 98 the gamut ends and, further out, begins anew.
        """
        factors = torch.zeros_like(self.middle)
        (darkest, brightest), (first, last) = _GAP_LIGHTNESS, _GAP_HUES
        bright, yellow = self.middle - (darkest + 16) / 116, _BEYOND_GAP[0] / -400 - self.directions[1]
        near = torch.minimum(bright, yellow)  # above 0: comparisons would take several times as long
        if bool(near.amax() <= 0):
            return factors
        near = near > 0
        rays = self._only(near)
        lightness, a, b = 116 * rays.middle - 16, rays.directions[0] * 500, rays.directions[1] * -200
        chroma, hue = torch.hypot(a, b), torch.rad2deg(torch.atan2(b, a))
        there = (lightness < brightest) & (hue > first) & (hue < last) & (chroma > _BEYOND_GAP[0])
        factors[near] = torch.where(there, rays._in_yellow(chroma), torch.zeros_like(chroma))
        return factors

    def _only(self, those: Tensor) -> "_Rays":
        """Of (M,) bool."""
        return _Rays(self.middle[those], self.directions[:, those])

    def _in_yellow(self, chroma: Tensor) -> Tensor:
        """Of (M,) chroma: the factors that lie inside beyond the gap, or 0."""
        low, high = chroma.reciprocal() * _BEYOND_GAP[0], (chroma.reciprocal() * _BEYOND_GAP[1]).clamp_max(1)
        for _ in range(_TERNARY_STEPS):  # red comes back below 1, then blue falls below 0: the excess has one minimum
            third = (high - low) / 3
            falls = self.excess(low + third) > self.excess(high - third)
            low, high = torch.where(falls, low + third, low), torch.where(falls, high, high - third)
        return torch.where(self.excess(low) <= GAMUT_TOLERANCE, low, torch.zeros_like(low))

    def edge(self) -> Tensor:
        """(M,): the largest factors inside the gamut, of pixels that lie outside."""
        low = self.beyond_the_gap()
        step = (1 - low) / 2
        factor = low + step
        for _ in range(_BISECTIONS - 1):
            step.div_(2)
            factor.sub_(torch.copysign(step, self.excess(factor)))
        low = factor - step
        inside, outside = self.excess(low).clamp_max_(0), self.excess(factor.add_(step)).clamp_min_(_TINY)
        return low.add_(step.mul_(2 * inside / (inside - outside)))  # what is left of the ray is nearly straight


def linear_at_edge(f_x: Tensor, f_y: Tensor, f_z: Tensor) -> Tensor:
    """f(X), f(Y), f(Z) of CIE Lab, (M,) each, outside the gamut -> linear RGB (3, M) with chroma scaled to its edge."""
    rays = _Rays(f_y, torch.stack([f_x, f_z]).sub_(f_y))
    return rays.linear(rays.edge())


def _fit_gamut(lab: Tensor) -> tuple[Tensor, Tensor]:
    """Lab (N, 3, H, W) -> Lab inside the gamut, and its linear RGB."""
    require_planes(lab, "lab")
    lab = torch.cat([lab[:, :1].clamp(0, 100), lab[:, 1:]], 1)
    linear = lab_to_linear_rgb(lab)
    outside = ~_in_gamut(linear)
    if bool(outside.any()):
        pixels = torch.stack([plane[outside] for plane in lab.unbind(1)])  # (3, M)
        rays = _Rays((pixels[0] + 16) / 116, torch.stack([pixels[1] / 500, pixels[2] / -200]))
        pixels[1:] *= rays.edge()
        for channel, values in enumerate(lab_to_linear_rgb(pixels[None, :, None])[0, :, 0]):
            lab[:, channel][outside] = pixels[channel]
            linear[:, channel][outside] = values
    return lab, linear


def fit_gamut(lab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) -> the same with chroma scaled down, where needed, to the edge of the sRGB gamut.

    Lightness (clamped to 0..100) and hue stay; only colours outside the gamut change. The largest factor in 0..1 that
    keeps (L, t a, t b) inside is found by bisection, on the pixels that are outside only.
    """
    return _fit_gamut(lab)[0]


def lab_to_display(lab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) -> sRGB (N, 3, H, W) in 0..1 for people to see: `lab_to_srgb(fit_gamut(lab))`, in one go."""
    return linear_to_srgb(_fit_gamut(lab)[1].clamp(0, 1))
