"""Half precision on a GPU: taken where it is faster on the very device, and the picture stays the same.

No table of GPUs tells that, and a network may leave the range of float16. So a checkpoint that is loaded onto one
colours four photos in each precision, which takes a second.
"""

import contextlib
import importlib.util
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from colorizer import images
from colorizer.inference.full_resolution import LightnessPlane, apply_color, read_lightness
from colorizer.inference.prediction import Prediction

Precision = Literal["float32", "float16", "bfloat16"]
PrecisionName = Literal["auto", "float32", "float16", "bfloat16"]
LEAST_EQUAL: Final = 0.999
"""The share of a picture's pixels that have to stay within 1 of 255."""
_WORTH: Final = 0.95  # of the time in float32, at most: less is the clock's noise
_DTYPES: Final[Mapping[Precision, torch.dtype]] = {"float16": torch.float16, "bfloat16": torch.bfloat16}
_PHOTOS: Final = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")
_REPEATS: Final = 5


class Model(Protocol):
    """What the trial needs of a `Colorizer`."""

    def with_precision(self, precision: Precision) -> Self:
        """Return the same, computing in this precision."""

    def predict_plane(self, plane: LightnessPlane) -> Prediction:
        """Return the colours of a photo whose L has been read."""

    def predict_from_lightness(self, lightness: NDArray[np.float32], photo_size: tuple[int, int]) -> Prediction:
        """Return those of a photo whose L at the network's size is at hand."""


def computing_in(precision: Precision, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Return a context in which networks compute so: convolutions and products of matrices, the rest as it needs."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, _DTYPES[precision])


def equal_share(one: Image.Image, other: Image.Image) -> float:
    """Return the share of pixels, 0..1, that differ by at most 1 of 255 in every channel, of two RGB images."""
    differences = abs(np.asarray(one, np.int16) - np.asarray(other, np.int16))
    return float((differences.max(axis=2) <= 1).mean())


def choose_precision(model: Model) -> Precision:
    """Return the fastest precision on the model's device of those that colour the trial's pictures as float32 does."""
    planes = [read_lightness(picture) for picture in trial_pictures()]
    exact = [model.with_precision("float32").predict_plane(plane) for plane in planes]
    times: dict[Precision, float] = {"float32": _WORTH * _seconds(model.with_precision("float32"), planes[0], exact[0])}
    for precision in _DTYPES:
        trial = model.with_precision(precision)
        if all(_is_equal(plane, trial.predict_plane(plane), own) for plane, own in zip(planes, exact, strict=True)):
            times[precision] = _seconds(trial, planes[0], exact[0])
    return min(times, key=times.__getitem__)


def _is_equal(plane: LightnessPlane, one: Prediction, other: Prediction) -> bool:
    return equal_share(apply_color(plane, one), apply_color(plane, other)) >= LEAST_EQUAL


def _seconds(model: Model, plane: LightnessPlane, known: Prediction) -> float:
    """Return the median time of an answer, whose numbers come back to the CPU: the device has done its work then."""
    return median_seconds(lambda: model.predict_from_lightness(known.lightness, plane.size))


def median_seconds(way: Callable[[], object]) -> float:
    """Time something after a warm-up."""
    way()
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        way()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def trial_pictures() -> list[Image.Image]:
    """Open photos that lie inside scikit-image: a face, a cup, fur, and a night sky, in which a network has little to
    go by, so that its answer hangs on the last digits."""
    found = importlib.util.find_spec("skimage")
    assert found is not None and found.origin is not None  # pyproject.toml has it
    folder = Path(found.origin).parent / "data"
    return [images.open_image(folder / name).image for name in _PHOTOS]
