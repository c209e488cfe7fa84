"""What hints with the true colours gain, and whether the size that a photo comes at matters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from colorizer import color
from colorizer.evaluation import metrics
from colorizer.evaluation.protocol import centre_square
from colorizer.evaluation.scores import Scores
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.full_resolution import compose
from colorizer.inference.hints import Hint
from colorizer.utils.seeding import seeded

_PATCH = 6  # pixels: a hint is the mean colour of a square of this side
_FAR = 0.5  # of the picture's side
HINT_PROTOCOL = (
    f"{metrics.PROTOCOL}, with hints at random points of that picture, "
    f"each the mean colour of {_PATCH} x {_PATCH} pixels there; per picture, then averaged"
)
SIZE_PROTOCOL = (
    "each picture scaled to both longer sides (Lanczos), colorized, both results scaled to the smaller (area mean): "
    "mean distance in the plane of a and b; per picture, then averaged"
)


def _lab(image: Image.Image) -> Tensor:
    """(3, H, W)."""
    return color.srgb_to_lab(color.srgb_planes(image))[0]


def true_hints(truth: Image.Image, count: int, seed: int) -> list[Hint]:
    """Hints at random points of an RGB image, with the mean colour of the square around each."""
    generator = seeded(seed, "hints")
    lab, (width, height) = _lab(truth), truth.size
    places = (torch.rand(count, 2, generator=generator) * torch.tensor([width, height])).long().tolist()
    hints = []
    for x, y in places:
        top, left = max(0, y - _PATCH // 2), max(0, x - _PATCH // 2)
        mean = lab[:, top : top + _PATCH, left : left + _PATCH].mean((1, 2)).reshape(1, 3, 1, 1)
        red, green, blue = (color.lab_to_display(mean).flatten() * 255).round().int().tolist()
        hints.append(Hint(x, y, (red, green, blue)))
    return hints


@dataclass(frozen=True)
class HintGain:
    """What a number of hints did to one picture."""

    scores: Scores
    hint_error: float
    """Lab units: the mean distance in the plane of a and b of the result from each hint, at its very pixel; NaN without
    hints."""
    moved_far: float
    """Lab units: how far pixels moved that are farther from every hint than half of the side; NaN where there are
    none."""


def measure_hints(model: Colorizer, image: Image.Image, counts: Sequence[int], seed: int) -> list[HintGain]:
    """Measure what hints with the true colours do, for each number of them."""
    truth = centre_square(image)
    base = model.predict(truth)
    plain = _lab(compose(truth, base))[1:]
    return [_measure(model, truth, base.lightness, plain, true_hints(truth, count, seed)) for count in counts]


def _measure(
    model: Colorizer, truth: Image.Image, lightness: NDArray[np.float32], plain: Tensor, hints: Sequence[Hint]
) -> HintGain:
    prediction = model.predict_from_lightness(lightness, truth.size, hints)
    result = compose(truth, prediction)
    measured = metrics.measure(np.asarray(result), np.asarray(truth))
    ab = _lab(result)[1:]
    if not hints:
        return HintGain(measured, math.nan, math.nan)
    wanted = torch.cat([_hint_ab(hint) for hint in hints], 1)
    rows, columns = torch.tensor([hint.y for hint in hints]), torch.tensor([hint.x for hint in hints])
    error = (ab[:, rows, columns] - wanted).norm(dim=0).mean().item()
    down, across = torch.meshgrid(torch.arange(truth.height) * 1.0, torch.arange(truth.width) * 1.0, indexing="ij")
    distance = torch.stack([torch.hypot(down - hint.y, across - hint.x) for hint in hints]).amin(0)
    far = distance > _FAR * truth.width
    moved = (ab - plain).norm(dim=0)[far].mean().item() if bool(far.any()) else math.nan
    return HintGain(measured, error, moved)


def _hint_ab(hint: Hint) -> Tensor:
    """(2, 1)."""
    return color.srgb_to_lab(torch.tensor(hint.rgb).reshape(1, 3, 1, 1) / 255)[0, 1:, :, 0]


def size_difference(model: Colorizer, image: Image.Image, sides: tuple[int, int]) -> float:
    """How far the results for two sizes of one picture are apart: mean distance in Lab units.

    Args:
        sides: the longer side, in pixels, of each.
    """
    results = []
    for side in sides:
        scale = side / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        photo = image.resize(size, Image.Resampling.LANCZOS)
        results.append(compose(photo, model.predict(photo)))
    small = min(results, key=lambda result: result.width).size
    first, second = (_lab(result.resize(small, Image.Resampling.BOX))[1:] for result in results)
    return (first - second).norm(dim=0).mean().item()
