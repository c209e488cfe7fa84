"""Which hue became which: true hue against predicted hue, over the pixels of pictures.

A hue is the angle of (a, b) in Lab, in degrees: about 40 for the red of sRGB, 103 yellow, 136 green, 196 cyan, 306 blue
and 328 magenta; skies lie around 250 to 280, skin and wood around 50 to 75.
"""

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from colorizer import color

BINS: Final = 36
BIN_DEGREES: Final = 360 // BINS
GREY_ROW: Final = BINS
"""The row of `joint_hues` for what came out without a hue to speak of."""
NEARLY_GREY: Final = "nearly grey"
_GREY_CHROMA, _STRONG_CHROMA = 6.0, 20.0  # for words: below the first nearly grey, below the second greyish
_DARK_LIGHTNESS, _DARK_NAMES = 60.0, {"orange": "brown", "yellow": "olive"}  # what is darker has a name of its own
_SWATCH_LIGHTNESS, _SWATCH_CHROMA = 65.0, 45.0


@dataclass(frozen=True)
class HueName:
    """A plain name for a range of hues."""

    name: str
    first_bin: int
    bins: int

    @property
    def centre(self) -> float:
        """Degrees, 0..360."""
        return (self.first_bin + self.bins / 2) * BIN_DEGREES % 360

    def holds(self, index: int) -> bool:
        return (index - self.first_bin) % BINS < self.bins


HUE_NAMES: Final = (
    HueName("red", 35, 6),
    HueName("orange", 5, 3),
    HueName("yellow", 8, 3),
    HueName("green", 11, 7),
    HueName("cyan", 18, 4),
    HueName("blue", 22, 10),
    HueName("magenta", 32, 3),
)


def name_of(index: int) -> str:
    """Return the name of a row or column of `joint_hues`."""
    return NEARLY_GREY if index == GREY_ROW else next(hue.name for hue in HUE_NAMES if hue.holds(index))


def words_for(lightness: float, a: float, b: float) -> str:
    """Return a colour of Lab in one or two plain words, such as "blue", "brown" or "greyish green"."""
    chroma, hue = float(np.hypot(a, b)), float(np.degrees(np.arctan2(b, a)) % 360)
    if chroma < _GREY_CHROMA:
        return NEARLY_GREY
    name = name_of(min(int(hue / BIN_DEGREES), BINS - 1))
    if lightness < _DARK_LIGHTNESS:
        name = _DARK_NAMES.get(name, name)
    return f"{'greyish ' if chroma < _STRONG_CHROMA else ''}{name}"


@functools.cache
def hue_colors() -> tuple[str, ...]:
    """Return a colour for each of the 36 hues, as #rrggbb: all of one lightness, and of one chroma where sRGB has
    it."""
    angle = torch.deg2rad((torch.arange(BINS) + 0.5) * BIN_DEGREES)
    lightness = torch.full((BINS,), _SWATCH_LIGHTNESS)
    lab = torch.stack([lightness, _SWATCH_CHROMA * angle.cos(), _SWATCH_CHROMA * angle.sin()])[None, :, None]
    levels = (color.lab_to_display(lab)[0, :, 0].T * 255).round().int().tolist()
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in levels)
