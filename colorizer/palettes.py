"""Palettes: K RGB colours to choose among, from a JSON file or by k-means over the training pictures.

A recipe says which: the name of a palette in recipes/palettes ("horse-16"), the path of a JSON file ("mine.json": a
list of [red, green, blue] in 0..1), or "kmeans:16".
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.color import LUMA
from colorizer.data import Pictures
from colorizer.errors import DataError, RecipeError
from colorizer.models.palette import MAX_COLORS

_FOLDER = Path(__file__).resolve().parent.parent / "recipes" / "palettes"
_KMEANS = "kmeans:"
_MAX_PICTURES = 2_000
_MAX_PIXELS = 100_000  # of all pictures together: more do not move the centres by what one sees
_RUNS = 3  # k-means++ starts, of which the best is taken


def named_palettes() -> list[str]:
    """The names of the palettes that come with the recipes."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def kmeans_colors(setting: str) -> int | None:
    """The number K of "kmeans:K"; None for a palette that is given.

    Raises:
        RecipeError: where K is no number, or none that a palette can have.
    """
    if not setting.startswith(_KMEANS):
        return None
    number = setting.removeprefix(_KMEANS)
    is_number = number.isascii() and number.isdigit() and len(number) <= len(str(MAX_COLORS))
    if not is_number or not 2 <= int(number) <= MAX_COLORS:
        raise RecipeError(f"model.palette is {setting!r}; it must be kmeans:K with K from 2 to {MAX_COLORS}.")
    return int(number)


def read_palette(setting: str) -> Tensor:
    """A palette by its name, or by the path of a JSON file: float32 (K, 3), sRGB in 0..1.

    Raises:
        RecipeError: for a name that is not there, and for a file that is no list of 2 to 256 colours in 0..1.
    """
    path = Path(setting) if setting.endswith(".json") else _FOLDER / f"{setting}.json"
    if path.parent == _FOLDER and path.stem not in named_palettes():
        raise RecipeError(
            f"model.palette is {setting!r}; it must be kmeans:K, the path of a JSON file, or one of "
            f"{', '.join(named_palettes())}."
        )
    try:
        colors = _parse(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RecipeError(f"model.palette: {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # broken JSON or UTF-8 is a ValueError as well
        raise RecipeError(
            f"model.palette: {path} is not a palette, a JSON list of 2 to {MAX_COLORS} colours [red, green, blue] with "
            f"values in 0..1: {error}."
        ) from error
    return torch.tensor(colors, dtype=torch.float32)


def _parse(document: Any) -> list[list[float]]:
    if not isinstance(document, list) or not 2 <= len(document) <= MAX_COLORS:
        raise ValueError("it is no list of so many entries")
    for number, entry in enumerate(document):
        values = entry if isinstance(entry, list) else []
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        if len(values) != 3 or len(numbers) != 3 or not all(0 <= value <= 1 for value in numbers):
            raise ValueError(f"entry {number} is {entry!r:.80}")
    return [[float(value) for value in entry] for entry in document]


def _sample_pixels(pictures: Pictures, seed: int) -> NDArray[np.float32]:
    """Equally many pixels of equally spaced pictures: (M, 3), sRGB in 0..1."""
    count = min(len(pictures), _MAX_PICTURES)
    random = np.random.default_rng(seed)
    parts = []
    for index in np.linspace(0, len(pictures) - 1, count).round().astype(int):
        pixels = pictures[int(index), 0.5].reshape(3, -1).T.numpy()
        parts.append(random.choice(pixels, min(len(pixels), -(-_MAX_PIXELS // count)), replace=False))
    return (np.concatenate(parts) / 255).astype(np.float32)


def kmeans_palette(pictures: Pictures, colors: int, seed: int) -> Tensor:
    """The centres of k-means over the pictures' pixels in sRGB (Lloyd 1982, "Least squares quantization in PCM").

    Args:
        pictures: any training set.
        colors: K, from 2 to 256.
        seed: of the sample and of the first centres (k-means++, Arthur and Vassilvitskii 2007).

    Returns:
        float32 (K, 3), sRGB in 0..1, from dark to bright.

    Raises:
        DataError: where the pictures have fewer than K colours, or scikit-learn is missing.
    """
    try:
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits  # scikit-learn's own dependency
    except ImportError as error:
        raise DataError("A palette by k-means needs scikit-learn; install what requirements.txt names.") from error
    pixels = _sample_pixels(pictures, seed)
    if len(np.unique((pixels * 255).round().astype(np.uint8), axis=0)) < colors:
        raise DataError(f"The pictures have fewer than {colors} colours; choose a smaller K for model.palette.")
    with threadpool_limits(1):  # several threads sum in any order, and equal seeds are to give equal colours
        centres = KMeans(colors, n_init=_RUNS, random_state=seed).fit(pixels).cluster_centers_
    order = np.argsort(centres @ np.array(LUMA))
    return torch.from_numpy(np.clip(centres[order], 0, 1).astype(np.float32))
