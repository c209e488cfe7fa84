"""Palettes: K RGB colours to choose among, from a JSON file or by k-means over the training pictures.

A recipe says which: the name of a palette in recipes/palettes ("horse-16"), the path of a JSON file ("mine.json": a
list of [red, green, blue] in 0..1), or "kmeans:16".
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colorizer.color.lab import srgb_to_lab
from colorizer.errors import RecipeError
from colorizer.utils.shipped import shipped_folder

_FOLDER = shipped_folder("recipes") / "palettes"
_KMEANS = "kmeans:"


def named_palettes() -> list[str]:
    """Return the names of the palettes that come with the recipes."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def kmeans_colors(setting: str) -> int | None:
    """Return the number K of "kmeans:K"; None for a palette that is given.

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
    """Return a palette by its name, or by the path of a JSON file: float32 (K, 3), sRGB in 0..1.

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


_PIXELS_AT_ONCE = 1 << 16  # held against a palette: some megabytes of distances


def nearest_color(srgb: Tensor, palette: Tensor) -> Tensor:
    """Return the palette colour that is nearest to each pixel, by Euclidean distance in sRGB.

    Args:
        srgb: (N, 3, H, W) in 0..1.
        palette: (K, 3), sRGB in 0..1.

    Returns:
        int64 (N, H, W), 0..K-1; of equally near colours the first.
    """
    count, _, height, width = srgb.shape
    offset = palette.square().sum(1) / 2  # |x - p|^2 = |x|^2 - 2 (x p - |p|^2 / 2)
    pixels = srgb.permute(0, 2, 3, 1).reshape(-1, 3)
    nearest = [(part @ palette.T - offset).argmax(1) for part in pixels.split(_PIXELS_AT_ONCE)]
    return torch.cat(nearest).reshape(count, height, width)


def palette_ab(palette: Tensor) -> Tensor:
    """Return ab of palette colours: (K, 3), sRGB in 0..1 -> (K, 2), ab in Lab units."""
    return srgb_to_lab(palette.T[None, :, :, None])[0, 1:, :, 0].T


MAX_COLORS = 256
