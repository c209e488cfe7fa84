"""Scores at equal colourfulness: PSNR rewards grey, so models are compared where they are equally colourful.

One saturation for the whole set is found by bisection, so that the mean colourfulness of the results (Hasler and
Suesstrunk 2003) is a given part of that of the true pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from colorizer.evaluation import metrics
from colorizer.evaluation.protocol import Grey, centre_square
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.full_resolution import apply_color, read_lightness
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import MAX_SATURATION, RenderOptions

_STEPS = 9  # of the bisection: saturation to 0.006
PROTOCOL = (
    f"{metrics.PROTOCOL}; one saturation for all pictures, such that their mean colourfulness is {{ratio:g}} of the "
    "true one; per picture, then averaged"
)


@dataclass(frozen=True)
class MatchedScores:
    """Means over pictures at one colourfulness."""

    saturation: float
    """That it took; `MAX_SATURATION` where even that was too little."""
    psnr: float
    """dB."""
    grey_psnr: float
    """dB, of no colour at all."""
    ciede2000: float
    colorfulness: float
    true_colorfulness: float
    worse_than_grey: float
    """Share of the pictures, 0..1, whose PSNR is below that of no colour."""


def _bytes(square: Image.Image, prediction: Prediction, saturation: float) -> metrics.Bytes:
    rendered = prediction.rendered(RenderOptions(saturation))
    return np.asarray(apply_color(read_lightness(square), rendered))


def _colorfulness(pixels: metrics.Bytes) -> float:
    return metrics.colorfulness(torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255).item()


def scores_at(model: Colorizer, images: Sequence[Image.Image], ratio: float) -> MatchedScores:
    """Measure a model at a part of the true colourfulness.

    Args:
        model: any checkpoint.
        images: RGB, with colours; at least one.
        ratio: of the mean colourfulness of the true pictures, above 0.
    """
    squares = [centre_square(image) for image in images]
    predictions = [model.predict(square) for square in squares]
    true = float(np.mean([_colorfulness(np.asarray(square)) for square in squares]))
    low, high = 0.0, MAX_SATURATION
    for _ in range(_STEPS):
        middle = (low + high) / 2
        found = np.mean([_colorfulness(_bytes(*pair, middle)) for pair in zip(squares, predictions, strict=True)])
        low, high = (middle, high) if found < ratio * true else (low, middle)
    saturation = (low + high) / 2
    return _measure(squares, predictions, saturation, true)


def _measure(
    squares: Sequence[Image.Image], predictions: Sequence[Prediction], saturation: float, true: float
) -> MatchedScores:
    rows = []
    for square, prediction in zip(squares, predictions, strict=True):
        truth = np.asarray(square)
        measured = metrics.measure(_bytes(square, prediction, saturation), truth)
        grey = metrics.measure(_bytes(square, Grey().predict(square), 1.0), truth)
        rows.append((measured.psnr, grey.psnr, measured.ciede2000, measured.colorfulness, measured.psnr < grey.psnr))
    psnr, grey_psnr, ciede2000, colorfulness, worse = np.mean(np.array(rows, float), 0).tolist()
    return MatchedScores(saturation, psnr, grey_psnr, ciede2000, colorfulness, true, worse)
