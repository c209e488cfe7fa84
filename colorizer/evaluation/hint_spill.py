"""Does a hint stay with its thing: how far a hint of a wrong colour moves other things, and skin among them.

Things are segments of the true picture (Felzenszwalb and Huttenlocher 2004, "Efficient Graph-Based Image
Segmentation"); skin is a range of true colours.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from colorizer import color
from colorizer.evaluation import metrics
from colorizer.evaluation.protocol import centre_square
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.hints import Hint
from colorizer.utils.seeding import seeded

WRONG_BY = 60.0
"""Lab units: how far the hint's colour is from the model's own at that point."""
_SCALE, _SMALLEST = 300, 400  # of the segmentation of 256 x 256 pixels: some 5 to 30 things
_SAME_AB = 12.0  # Lab units of mean ab: segments that differ by less may be one thing
_SKIN = ((8, 28), (8, 34))  # a and b of lit skin of all tones, Lab units
PROTOCOL = (
    f"{metrics.PROTOCOL.split(', colour')[0]}, one hint {WRONG_BY:g} Lab units from the model's own colour at a random "
    "point, in a random direction; how far pixels move whose segment of the true picture (Felzenszwalb and "
    f"Huttenlocher 2004, scale {_SCALE}) differs from the hint's by {_SAME_AB:g} Lab units of mean ab or more, and "
    "among them those of the colour of skin; per picture, then averaged"
)


@dataclass(frozen=True)
class Spill:
    """What a wrong hint moved that it should not have, in Lab units; NaN where a picture has no such pixels."""

    other_things: float
    skin: float


def _small_lab(image: Image.Image, size: tuple[int, int]) -> NDArray[np.float32]:
    """(3, h, w)."""
    small = image.resize((size[1], size[0]), Image.Resampling.BOX)
    lab: NDArray[np.float32] = color.srgb_to_lab(color.srgb_planes(small))[0].numpy()
    return lab


def measure_spill(model: Colorizer, image: Image.Image, seed: int) -> Spill:
    """Measure one picture; `seed` draws the point and the direction."""
    from skimage.segmentation import felzenszwalb

    truth = centre_square(image)
    generator = seeded(seed, "spill")
    x, y = (torch.rand(2, generator=generator) * truth.width).long().tolist()
    angle = 2 * math.pi * torch.rand(1, generator=generator).item()
    plain = model.predict(truth)
    height, width = plain.lightness.shape
    row, column = y * height // truth.height, x * width // truth.width
    a, b = plain.ab[:, row, column] + WRONG_BY * np.array([math.cos(angle), math.sin(angle)])
    hint = Hint(x, y, _rgb(float(plain.lightness[row, column]), float(a), float(b)))
    moved = np.hypot(*(model.predict(truth, [hint]).ab - plain.ab))
    segments = felzenszwalb(np.asarray(truth), scale=_SCALE, min_size=_SMALLEST)
    small = np.array(Image.fromarray(segments.astype(np.int32)).resize((width, height), Image.Resampling.NEAREST))
    lab = _small_lab(truth, (height, width))
    others = _other_things(small, lab[1:], small[row, column])
    return Spill(_mean(moved[others]), _mean(moved[others & _is_skin(lab)]))


def _rgb(lightness: float, a: float, b: float) -> tuple[int, int, int]:
    lab = torch.tensor([lightness, a, b]).reshape(1, 3, 1, 1)
    red, green, blue = (color.lab_to_display(lab).flatten() * 255).round().int().tolist()
    return red, green, blue


def _other_things(segments: NDArray[np.int32], ab: NDArray[np.float32], own: int) -> NDArray[np.bool_]:
    """(h, w): the pixels of segments whose mean ab differs from that of segment `own`."""
    means = {name: ab[:, segments == name].mean(1) for name in np.unique(segments)}
    others = [name for name, mean in means.items() if np.hypot(*(mean - means[own])) >= _SAME_AB]
    return np.isin(segments, others)


def _is_skin(lab: NDArray[np.float32]) -> NDArray[np.bool_]:
    (low_a, high_a), (low_b, high_b) = _SKIN
    lightness, a, b = lab
    return (lightness > 25) & (a > low_a) & (a < high_a) & (b > low_b) & (b < high_b)


def _mean(values: NDArray[np.float32]) -> float:
    return float(values.mean()) if values.size else math.nan
