"""Hints: colours that the user pins to points of a photo; as planes for a network, and as a small JSON to keep."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from colorizer import color
from colorizer.errors import HintError

MAX_HINTS = 200
MAX_JSON_BYTES = 64_000
_FORMAT, _VERSION = "colorizer hints", 1
_PATCH_RADIUS = 2  # pixels at the network's size: as large as the middling patches of training


@dataclass(frozen=True)
class Hint:
    """A colour that the user pins to a point of the photo."""

    x: int
    y: int
    """Pixels from the upper left corner of the upright photo."""
    rgb: tuple[int, int, int]
    """0..255; its chroma counts, the lightness is the photo's own."""


@dataclass(frozen=True)
class NetworkHint:
    """A hint at the network's size."""

    row: int
    column: int
    a: float
    b: float
    """Lab units."""


def hint_ab(hint: Hint) -> tuple[float, float]:
    """Return ab of a hint, in Lab units."""
    lab = color.srgb_to_lab(torch.tensor(hint.rgb, dtype=torch.float32).reshape(1, 3, 1, 1) / 255)
    _, a, b = lab.flatten().tolist()
    return a, b


def network_hints_of(
    hints: Sequence[Hint], photo_size: tuple[int, int], size: tuple[int, int]
) -> tuple[NetworkHint, ...]:
    """Hints at the network's size.

    Args:
        hints: in pixels of the photo.
        photo_size: its width and height.
        size: the network's height and width for it.

    Raises:
        ValueError: for a hint outside the photo, and for more than MAX_HINTS.
    """
    if len(hints) > MAX_HINTS:
        raise ValueError(f"there are {len(hints)} hints; at most {MAX_HINTS} are taken")
    width, height = photo_size
    for hint in hints:
        if not (0 <= hint.x < width and 0 <= hint.y < height):
            raise ValueError(f"the hint at {hint.x}, {hint.y} lies outside the photo of {width} x {height} pixels")
    places = [(int((hint.y + 0.5) * size[0] / height), int((hint.x + 0.5) * size[1] / width)) for hint in hints]
    return tuple(NetworkHint(*place, *hint_ab(hint)) for place, hint in zip(places, hints, strict=True))


def hint_planes(network_hints: Sequence[NetworkHint], size: tuple[int, int], scale: float) -> Tensor:
    """Return what a network takes: (1, 3, h, w), ab / `scale` and 1 on a patch around each hint, 0 elsewhere; later
    hints lie over earlier ones."""
    planes = torch.zeros(1, 3, *size)
    for hint in network_hints:
        top, left = max(0, hint.row - _PATCH_RADIUS), max(0, hint.column - _PATCH_RADIUS)
        rows, columns = slice(top, hint.row + _PATCH_RADIUS + 1), slice(left, hint.column + _PATCH_RADIUS + 1)
        planes[0, :, rows, columns] = torch.tensor([hint.a / scale, hint.b / scale, 1.0])[:, None, None]
    return planes


def hints_to_json(hints: Sequence[Hint], photo_size: tuple[int, int]) -> str:
    """Hints and the size (width, height) of the photo that they belong to."""
    width, height = photo_size
    points = [{"x": hint.x, "y": hint.y, "color": "#{:02x}{:02x}{:02x}".format(*hint.rgb)} for hint in hints]
    document = {"format": _FORMAT, "version": _VERSION, "width": width, "height": height, "hints": points}
    return json.dumps(document, indent=1)


def hints_from_json(content: bytes, photo_size: tuple[int, int]) -> list[Hint]:
    """Hints that `hints_to_json` wrote, for a photo of the same shape; of another size, they are moved accordingly.

    Raises:
        HintError: for what is no such text, and for hints of a photo of another shape; the message says what to do.
    """
    if len(content) > MAX_JSON_BYTES:
        raise HintError(f"A file of points has at most {MAX_JSON_BYTES // 1000} kB; choose one that was saved here.")
    try:
        document = json.loads(content.decode("utf-8"))
        if document["format"] != _FORMAT or document["version"] != _VERSION:
            raise ValueError
        size = _whole(document["width"]), _whole(document["height"])
        points = document["hints"]
        if not isinstance(points, list) or min(size) < 1:
            raise ValueError
        hints = [Hint(_whole(point["x"]), _whole(point["y"]), _rgb(point["color"])) for point in points]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HintError("This is not a file of points; choose the JSON that was saved here with a photo.") from error
    if len(hints) > MAX_HINTS:
        raise HintError(f"The file has {len(hints)} points; at most {MAX_HINTS} are taken.")
    return _fitted(hints, size, photo_size)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    return value


def _rgb(text: Any) -> tuple[int, int, int]:
    if not isinstance(text, str) or len(text) != 7 or text[0] != "#":
        raise ValueError
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def _fitted(hints: Sequence[Hint], size: tuple[int, int], photo_size: tuple[int, int]) -> list[Hint]:
    (width, height), (new_width, new_height) = size, photo_size
    if any(not (0 <= hint.x < width and 0 <= hint.y < height) for hint in hints):
        raise HintError("A point in the file lies outside its photo; choose the JSON that was saved with this photo.")
    if not math.isclose(width * new_height, height * new_width, rel_tol=0.02):
        raise HintError(
            f"These points belong to a photo of another shape ({width} x {height}; this one has "
            f"{new_width} x {new_height}); choose the JSON that was saved with this photo."
        )
    return [
        Hint(
            min(new_width - 1, int((hint.x + 0.5) * new_width / width)),
            min(new_height - 1, int((hint.y + 0.5) * new_height / height)),
            hint.rgb,
        )
        for hint in hints
    ]
