"""Measures of quality, each with its definition and source, and the protocol under which every number is given.

Protocol: centre crop to a square, Lanczos to 256 x 256, colour removed, colorized, compared in 8-bit sRGB. Each measure
is taken per picture and then averaged over the pictures.

The functions over batches run on any device and give one value a picture; `measure` compares two finished pictures.
CIEDE2000 is computed in torch, since scikit-image may be missing in training, weighs 20 MB in a server, and would keep
a GPU waiting; the tests hold it to scikit-image's values and to the table of the formula's authors.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer import color
from colorizer.evaluation.scores import Scores

PROTOCOL_SIDE = 256
PROTOCOL = (
    f"centre crop to a square, Lanczos to {PROTOCOL_SIDE} x {PROTOCOL_SIDE}, colour removed, colorized, "
    "compared in 8-bit sRGB"
)
"""Of one picture."""
PROTOCOL_OF_SETS = f"{PROTOCOL}; each measure per picture, then averaged"
"""Of several."""

Bytes = NDArray[np.uint8]


def psnr(result: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio: 10 log10(1 / mean squared error), over pixels and channels.

    Args:
        result, truth: sRGB (N, 3, H, W) in 0..1.

    Returns:
        (N,) in dB; infinite where both are equal. It rewards grey: a wrong colour costs more than none.
    """
    return -10 * ((result - truth) ** 2).mean((1, 2, 3)).log10()


def ab_rmse(result_ab: Tensor, true_ab: Tensor) -> Tensor:
    """Root mean squared error over pixels and both channels: ab (N, 2, H, W) in Lab units -> (N,) in Lab units."""
    return ((result_ab - true_ab) ** 2).mean((1, 2, 3)).sqrt()


def colorfulness(srgb: Tensor) -> Tensor:
    """M3 of Hasler and Suesstrunk 2003, "Measuring colourfulness in natural images", on the signed opponent channels.

    With rg = R - G and yb = (R + G) / 2 - B in 0..255: sqrt(var rg + var yb) + 0.3 sqrt(mean(rg)^2 + mean(yb)^2).
    For photographs: 0 none, 15 slight, 33 moderate, 45 average, 59 quite, 82 high, 109 extreme.

    Args:
        srgb: (N, 3, H, W) in 0..1.

    Returns:
        (N,), from 0.
    """
    red, green, blue = (srgb * 255).unbind(1)
    rg, yb = (red - green).flatten(1), ((red + green) / 2 - blue).flatten(1)
    spread = (rg.var(1, correction=0) + yb.var(1, correction=0)).sqrt()
    return spread + 0.3 * (rg.mean(1) ** 2 + yb.mean(1) ** 2).sqrt()


def _hue(a: Tensor, b: Tensor) -> Tensor:
    """Hue angle in 0..2 pi."""
    return torch.atan2(b, a) % (2 * math.pi)


def delta_e_2000(first: Tensor, second: Tensor) -> Tensor:
    """CIEDE2000 colour difference of each pixel, with kL = kC = kH = 1.

    Source: Sharma, Wu and Dalal 2005, "The CIEDE2000 color-difference formula"; names follow their equations 2 to 22.

    Args:
        first, second: Lab (N, 3, H, W).

    Returns:
        (N, H, W), 0 for equal colours.
    """
    l1, a1, b1 = first.unbind(1)
    l2, a2, b2 = second.unbind(1)
    c_bar = (torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * (c_bar**7 / (c_bar**7 + 25.0**7)).sqrt()
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2, h1, h2 = torch.hypot(a1, b1), torch.hypot(a2, b2), _hue(a1, b1), _hue(a2, b2)
    grey = c1 * c2 == 0

    delta_h = h2 - h1
    delta_h = torch.where(delta_h > math.pi, delta_h - 2 * math.pi, delta_h)
    delta_h = torch.where(delta_h < -math.pi, delta_h + 2 * math.pi, delta_h).masked_fill(grey, 0)
    d_hue = 2 * (c1 * c2).sqrt() * torch.sin(delta_h / 2)
    h_sum = h1 + h2
    far = (h1 - h2).abs() > math.pi
    h_bar = torch.where(far, torch.where(h_sum < 2 * math.pi, h_sum + 2 * math.pi, h_sum - 2 * math.pi), h_sum) / 2
    h_bar = torch.where(grey, h_sum, h_bar)

    l_bar, c_bar = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * torch.cos(h_bar - math.radians(30))
        + 0.24 * torch.cos(2 * h_bar)
        + 0.32 * torch.cos(3 * h_bar + math.radians(6))
        - 0.20 * torch.cos(4 * h_bar - math.radians(63))
    )
    theta = math.radians(30) * torch.exp(-(((h_bar - math.radians(275)) / math.radians(25)) ** 2))
    r_t = -torch.sin(2 * theta) * 2 * (c_bar**7 / (c_bar**7 + 25.0**7)).sqrt()
    s_l = 1 + 0.015 * (l_bar - 50) ** 2 / (20 + (l_bar - 50) ** 2).sqrt()
    light = (l2 - l1) / s_l
    chroma = (c2 - c1) / (1 + 0.045 * c_bar)
    hue = d_hue / (1 + 0.015 * c_bar * t)
    return (light**2 + chroma**2 + hue**2 + r_t * chroma * hue).clamp_min(0).sqrt()


def measure(result: Bytes, truth: Bytes, with_ssim: bool = True) -> Scores:
    """Compare a colorized picture with the true one, both uint8 sRGB (H, W, 3), H and W at least 7 for SSIM.

    SSIM is Wang et al. 2004 as `skimage.metrics.structural_similarity` computes it over three channels (uniform 7 x 7
    window, K1 0.01, K2 0.03); CIEDE2000 is averaged over the pixels.

    Args:
        result: the colorized picture.
        truth: the true one.
        with_ssim: else it is NaN, and neither scikit-image nor SciPy is imported: together 25 MB of memory.

    Raises:
        ValueError: where the two have different shapes.
    """
    if result.shape != truth.shape:
        raise ValueError(f"the pictures have different shapes, {result.shape} and {truth.shape}")
    result_srgb, true_srgb = color.srgb_planes(result), color.srgb_planes(truth)
    result_lab, true_lab = color.srgb_to_lab(result_srgb), color.srgb_to_lab(true_srgb)
    return Scores(
        psnr=psnr(result_srgb, true_srgb).item(),
        ssim=_ssim(result, truth) if with_ssim else math.nan,
        ciede2000=delta_e_2000(result_lab, true_lab).mean().item(),
        ab_rmse=ab_rmse(result_lab[:, 1:], true_lab[:, 1:]).item(),
        colorfulness=colorfulness(result_srgb).item(),
    )


def _ssim(result: Bytes, truth: Bytes) -> float:
    from skimage.metrics import structural_similarity

    return float(structural_similarity(truth, result, channel_axis=2))


Loss = Callable[[Tensor, Tensor], Tensor]
"""(output, target) -> a scalar, the mean over all values: both (N, 2, H, W) in Lab units or (N, 3, H, W) sRGB, but for
cross-entropy, which takes logits (N, K, H, W) and classes, int64 (N, H, W), or weighted distributions (N, K, H, W)."""


def accuracy(output: Tensor, target: Tensor) -> Tensor:
    """Return the share of pixels, 0..1, whose likeliest class is the true one; NaN where the target is no class."""
    if target.is_floating_point():
        return torch.full((), torch.nan, device=output.device)
    return (output.argmax(1) == target).float().mean()
