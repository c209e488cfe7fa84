"""Validation: the common measures of a network on fixed pictures, beside its own loss; and the same for "no colour"."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from colorizer import color, metrics
from colorizer.losses import Loss

_BATCH = 32
_EQUAL_PSNR = 100.0  # dB, in place of infinity: one truly grey picture must not make the mean of all infinite


@dataclass(frozen=True)
class Validation:
    """Means over the validation pictures at the recipe's `crop`; colours compared in 8-bit sRGB, ab in float."""

    loss: float
    psnr: float
    """dB; a picture that is met exactly counts 100."""
    delta_e: float
    """CIEDE2000."""
    ab_rmse: float
    """Lab units."""
    colorfulness: float


@dataclass(frozen=True)
class Baseline:
    """What a run's curves are held against: no colour at all, and the true pictures' own colourfulness."""

    grey: Validation
    true_colorfulness: float


Predict = Callable[[Tensor], Tensor]
"""L (N, 1, H, W) -> ab (N, 2, H, W), in Lab units."""


def no_color(lightness: Tensor) -> Tensor:
    """The prediction "grey"."""
    return lightness.new_zeros(lightness.shape[0], 2, *lightness.shape[2:])


def quantised(srgb: Tensor) -> Tensor:
    """sRGB in 0..1 rounded to 8 bits, as a saved picture is."""
    return (srgb * 255).round() / 255


@torch.inference_mode()
def measure_batch(predict: Predict, squares: Tensor, loss: Loss) -> Tensor:
    """uint8 (N, 3, H, W) -> float64 (N, 5) on the CPU: each picture's loss, PSNR, CIEDE2000, ab RMSE, colourfulness."""
    truth = squares.float() / 255
    true_lab = color.srgb_to_lab(truth)
    lightness, true_ab = true_lab[:, :1], true_lab[:, 1:]
    ab = predict(lightness).float()
    result = quantised(color.lab_to_display(torch.cat([lightness, ab], 1)))
    rows = [
        torch.stack([loss(one, other) for one, other in zip(ab, true_ab, strict=True)]),
        metrics.psnr(result, truth).clamp_max(_EQUAL_PSNR),
        metrics.delta_e_2000(color.srgb_to_lab(result), true_lab).mean((1, 2)),
        metrics.ab_rmse(ab, true_ab),
        metrics.colorfulness(result),
    ]
    return torch.stack(rows, 1).cpu().double()  # MPS has no float64


def summed(predict: Predict, squares: Tensor, loss: Loss, device: torch.device) -> Tensor:
    """The sum of `measure_batch` over all pictures: float64 (5,); sums of parts can be added across processes."""
    total = torch.zeros(5, dtype=torch.float64)
    for batch in squares.split(_BATCH) if len(squares) else ():  # a process may have no share
        total += measure_batch(predict, batch.to(device), loss).sum(0)
    return total


def from_sum(total: Tensor, pictures: int) -> Validation:
    """The means that belong to a sum over `pictures` pictures."""
    return Validation(*(total / pictures).tolist())


def measure_baseline(squares: Tensor, loss: Loss, device: torch.device) -> Baseline:
    """The measures of grey on uint8 (N, 3, H, W), and the colourfulness of the pictures themselves."""
    true = [metrics.colorfulness(batch.float() / 255) for batch in squares.split(_BATCH)]
    return Baseline(from_sum(summed(no_color, squares, loss, device), len(squares)), torch.cat(true).mean().item())
