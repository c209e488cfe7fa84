"""The measures of `metrics` on pictures, by its protocol: of checkpoints, of grey, and of the true pictures."""

from typing import Protocol

import numpy as np
from PIL import Image

from colorizer import metrics
from colorizer.metrics import Bytes, Measures
from colorizer.predict import Chroma, compose

_SMALL = 8  # pixels: zero is zero at any size


class Predictor(Protocol):
    """What can be measured: something that gives colours for a picture, as `Colorizer` does."""

    def predict(self, image: Image.Image) -> Chroma: ...


class Grey:
    """The predictor of no colour at all, against which every other is held."""

    def predict(self, image: Image.Image) -> Chroma:
        return Chroma(np.zeros((2, _SMALL, _SMALL), np.float32), np.zeros((_SMALL, _SMALL), np.float32))


def protocol_picture(image: Image.Image) -> Image.Image:
    """The centre square of an RGB image, Lanczos-scaled to 256 x 256."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    # Cropped first: resize's own `box` would let pixels from outside of it into the edges.
    square = image.crop((left, top, left + side, top + side))
    return square.resize((metrics.PROTOCOL_SIDE, metrics.PROTOCOL_SIDE), Image.Resampling.LANCZOS)


def _bytes(image: Image.Image) -> Bytes:
    return np.asarray(image)


def measure_photo(model: Predictor, image: Image.Image) -> Measures:
    """How close a model's colours come to those of an RGB photo."""
    truth = protocol_picture(image)
    return metrics.measure(_bytes(compose(truth, model.predict(truth))), _bytes(truth))


def grey_measures(image: Image.Image) -> Measures:
    """How close the photo without any colour comes to it."""
    return measure_photo(Grey(), image)


def true_measures(image: Image.Image) -> Measures:
    """The photo held against itself: its own colourfulness, and the end of every other scale."""
    truth = _bytes(protocol_picture(image))
    return metrics.measure(truth, truth)


def true_colorfulness(image: Image.Image) -> float:
    """The photo's own colourfulness."""
    return true_measures(image).colorfulness
