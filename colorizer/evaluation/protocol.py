"""The measures of `metrics` on pictures, by its protocol: of checkpoints, of grey, and of the true pictures.

Beside the protocol's 256 x 256 there is the network's own size, at which training validated it.
"""

import dataclasses
import math
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from colorizer import color
from colorizer.evaluation import metrics
from colorizer.evaluation.metrics import Bytes
from colorizer.evaluation.scores import EQUAL_PSNR, Scores
from colorizer.evaluation.validation import measure_network
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.full_resolution import compose
from colorizer.inference.prediction import Prediction

_SMALL = 8  # pixels: zero is zero at any size


class Predictor(Protocol):
    """What can be measured: something that gives colours for a picture, as `Colorizer` does."""

    def predict(self, image: Image.Image) -> Prediction: ...


class Grey:
    """The predictor of no colour at all, against which every other is held."""

    def predict(self, image: Image.Image) -> Prediction:
        return Prediction(np.zeros((2, _SMALL, _SMALL), np.float32), np.zeros((_SMALL, _SMALL), np.float32))


def centre_square(image: Image.Image, square_side: int = metrics.PROTOCOL_SIDE) -> Image.Image:
    """Return the centre square of an RGB image, Lanczos-scaled to `square_side` pixels a side."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    # Cropped first: resize's own `box` would let pixels from outside of it into the edges.
    square = image.crop((left, top, left + side, top + side))
    return square.resize((square_side, square_side), Image.Resampling.LANCZOS)


def _bytes(image: Image.Image) -> Bytes:
    return np.asarray(image)


def measure_photo(model: Predictor, image: Image.Image, with_ssim: bool = True) -> Scores:
    """How close a model's colours come to those of an RGB photo; `with_ssim` as for `metrics.measure`."""
    truth = centre_square(image)
    return metrics.measure(_bytes(compose(truth, model.predict(truth))), _bytes(truth), with_ssim)


def grey_scores(image: Image.Image, square_side: int = metrics.PROTOCOL_SIDE, with_ssim: bool = True) -> Scores:
    """How close the photo without any colour comes to it; its PSNR is finite, at most `EQUAL_PSNR`."""
    truth = centre_square(image, square_side)
    found = metrics.measure(_bytes(compose(truth, Grey().predict(truth))), _bytes(truth), with_ssim)
    return dataclasses.replace(found, psnr=min(found.psnr, EQUAL_PSNR))


def true_scores(image: Image.Image, square_side: int = metrics.PROTOCOL_SIDE) -> Scores:
    """Hold the photo against itself: its own colourfulness, and the end of every other scale."""
    srgb = color.srgb_planes(centre_square(image, square_side))
    own = metrics.colorfulness(srgb).item()
    return Scores(psnr=math.inf, ssim=1.0, ciede2000=0.0, ab_rmse=0.0, colorfulness=own)


def measure_at_own_size(model: Colorizer, square: Image.Image) -> Scores:
    """Return what training's validation measures, of a checkpoint on one picture at the network's own size.

    Args:
        model: the checkpoint.
        square: `centre_square(image, model.card.input_size)`.

    Returns:
        The loss is cross-entropy in nats for a network that chooses among colours, with its accuracy; for any other it
        is NaN, as its loss is its recipe's.
    """
    pixels = torch.from_numpy(np.array(square)).permute(2, 0, 1)[None]
    loss = F.cross_entropy if model.card.has_palette else F.mse_loss
    measured = measure_network(model.network, pixels, loss, model.device)
    return measured if model.card.has_palette else dataclasses.replace(measured, loss=math.nan)
