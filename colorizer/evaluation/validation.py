"""Validation: the common measures of a network on fixed pictures, beside its own loss; and the same for "no colour".

Scores are means over the pictures at the size they have; colours are compared in 8-bit sRGB, ab in float. The PSNR of a
picture that is met exactly counts `EQUAL_PSNR`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from colorizer import color
from colorizer.evaluation import metrics
from colorizer.evaluation.metrics import Loss, accuracy
from colorizer.evaluation.scores import EQUAL_PSNR, Scores
from colorizer.models import BinsNetwork, ColorNetwork

_BATCH = 32
_COLUMNS = ("loss", "psnr", "ciede2000", "ab_rmse", "colorfulness", "accuracy")


@dataclass(frozen=True)
class Baseline:
    """What a run's curves are held against: no colour at all, and the true pictures' own colourfulness.

    Grey's own loss is that of no colour: of ab zero, of the grey picture or, where colours are classes, of guessing
    each by how frequent it is among the pictures.
    """

    grey: Scores
    true_colorfulness: float


Answer = Callable[[Tensor], tuple[Tensor, Tensor]]
"""L (N, 1, H, W) -> an output for the loss, as the network's head has it, and ab (N, 2, H, W) in Lab units."""


def answer_of(network: ColorNetwork) -> Answer:
    """Return what a network makes of L."""

    def answer(lightness: Tensor) -> tuple[Tensor, Tensor]:
        output = network(lightness).float()
        if isinstance(network, BinsNetwork):
            return output, network.calibrated_ab(output, lightness)
        return output, network.to_ab(output)

    return answer


def grey_answer(network: ColorNetwork, constant_prediction: Tensor) -> Answer:
    """Return the answer "grey", and for the loss what the network would return of it."""

    def answer(lightness: Tensor) -> tuple[Tensor, Tensor]:
        ab = torch.zeros_like(lightness).expand(-1, 2, -1, -1)
        return network.grey_prediction(lightness, constant_prediction), ab

    return answer


def rounded_to_8_bits(srgb: Tensor) -> Tensor:
    """sRGB in 0..1 rounded to 8 bits, as a saved picture is."""
    return (srgb * 255).round() / 255


@torch.inference_mode()
def measure_batch(answer: Answer, network: ColorNetwork, squares: Tensor, loss: Loss) -> Tensor:
    """Measure each picture, in the order of `_COLUMNS`; `network` says what the loss compares with.

    Args:
        squares: uint8 (N, 3, H, W), on the network's device.

    Returns:
        float64 (N, 6), on the CPU; the accuracy is NaN where there are no classes.
    """
    truth = squares.float() / 255
    true_lab = color.srgb_to_lab(truth)
    lightness, true_ab = true_lab[:, :1], true_lab[:, 1:]
    output, ab = answer(lightness)
    result = rounded_to_8_bits(color.lab_to_display(torch.cat([lightness, ab], 1)))
    pairs = list(zip(output.split(1), network.target(truth, true_lab).split(1), strict=True))
    rows = [
        torch.stack([loss(one, other) for one, other in pairs]),
        metrics.psnr(result, truth).clamp_max(EQUAL_PSNR),
        metrics.delta_e_2000(color.srgb_to_lab(result), true_lab).mean((1, 2)),
        metrics.ab_rmse(ab, true_ab),
        metrics.colorfulness(result),
        torch.stack([accuracy(one, other) for one, other in pairs]),
    ]
    return torch.stack(rows, 1).cpu().double()  # MPS has no float64


def summed(answer: Answer, network: ColorNetwork, squares: Tensor, loss: Loss, device: torch.device) -> Tensor:
    """Return the sum of `measure_batch` over all pictures: float64 (6,); sums of parts can be added across
    processes."""
    total = torch.zeros(len(_COLUMNS), dtype=torch.float64)
    for batch in squares.split(_BATCH) if len(squares) else ():  # a process may have no share
        total += measure_batch(answer, network, batch.to(device), loss).sum(0)
    return total


def from_sum(total: Tensor, pictures: int) -> Scores:
    """Return the means that belong to a sum over `pictures` pictures."""
    means = dict(zip(_COLUMNS, (total / pictures).tolist(), strict=True))
    return Scores(**{name: value for name, value in means.items() if not math.isnan(value)})


def measure_network(network: ColorNetwork, squares: Tensor, loss: Loss, device: torch.device) -> Scores:
    """Return the means of a network over uint8 (N, 3, H, W)."""
    return from_sum(summed(answer_of(network), network, squares, loss, device), len(squares))


@torch.inference_mode()
def measure_baseline(network: ColorNetwork, squares: Tensor, loss: Loss, device: torch.device) -> Baseline:
    """Measure grey on uint8 (N, 3, H, W), in the loss of a network, and the pictures' own
    colourfulness."""
    true, targets = [], []
    for batch in squares.split(_BATCH):
        srgb = batch.to(device).float() / 255
        true.append(metrics.colorfulness(srgb))
        targets.append(network.target(srgb, color.srgb_to_lab(srgb)))
    grey = grey_answer(network, network.constant_prediction(torch.cat(targets)))
    measures = from_sum(summed(grey, network, squares, loss, device), len(squares))
    return Baseline(measures, torch.cat(true).mean().item())
