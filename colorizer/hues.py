"""Which hue became which: true hue against predicted hue, over the pixels of pictures.

A hue is the angle of (a, b) in Lab, in degrees: about 40 for the red of sRGB, 103 yellow, 136 green, 196 cyan, 306 blue
and 328 magenta; skies lie around 250 to 280, skin and wood around 50 to 75.
"""

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from colorizer import color
from colorizer.metrics import Bytes

BINS: Final = 36
BIN_DEGREES: Final = 360 // BINS
GREY_ROW: Final = BINS
"""The row of `joint_hues` for what came out without a hue to speak of."""
MIN_TRUE_CHROMA: Final = 10.0  # Lab units: below, a hue is hardly seen, and the camera's noise decides it
MIN_CHROMA: Final = 5.0  # of a prediction: below, it is grey to the eye
FAR_DEGREES: Final = 30  # nearer, two hues are shades of one colour rather than a mistake
NEARLY_GREY: Final = "nearly grey"
_SHARE_WORTH_A_WORD: Final = 0.005  # of all colour
_GREY_CHROMA, _STRONG_CHROMA = 6.0, 20.0  # for words: below the first nearly grey, below the second greyish
_DARK_LIGHTNESS, _DARK_NAMES = 60.0, {"orange": "brown", "yellow": "olive"}  # what is darker has a name of its own
_SWATCH_LIGHTNESS, _SWATCH_CHROMA = 65.0, 45.0

JointHues = NDArray[np.float32]
"""(37, 36): row, the predicted hue in steps of 10 degrees, or `GREY_ROW`; column, the true hue. In each cell the true
chroma of the pixels that lie there, over the number of all pixels, in Lab units."""


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


@dataclass(frozen=True)
class Confusion:
    """One colour that came out as another."""

    true: str
    result: str
    share: float
    """0..1, of all that is truly of that colour, weighted by true chroma."""


def name_of(index: int) -> str:
    """The name of a row or column of `joint_hues`."""
    return NEARLY_GREY if index == GREY_ROW else next(hue.name for hue in HUE_NAMES if hue.holds(index))


def words_for(lightness: float, a: float, b: float) -> str:
    """A colour of Lab in one or two plain words, such as "blue", "brown" or "greyish green"."""
    chroma, hue = float(np.hypot(a, b)), float(np.degrees(np.arctan2(b, a)) % 360)
    if chroma < _GREY_CHROMA:
        return NEARLY_GREY
    name = name_of(min(int(hue / BIN_DEGREES), BINS - 1))
    if lightness < _DARK_LIGHTNESS:
        name = _DARK_NAMES.get(name, name)
    return f"{'greyish ' if chroma < _STRONG_CHROMA else ''}{name}"


def _polar(picture: Bytes) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Chroma, and the bin of the hue, of every pixel."""
    srgb = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255
    a, b = color.srgb_to_lab(srgb)[0, 1:].flatten(1).numpy()
    hue = np.degrees(np.arctan2(b, a)) % 360
    return np.hypot(a, b), np.minimum(hue / BIN_DEGREES, BINS - 1).astype(np.intp)  # a rounded angle may be 360


def joint_hues(result: Bytes, truth: Bytes) -> JointHues:
    """True hue against predicted hue, both pictures uint8 sRGB (H, W, 3) of one size.

    Pixels weigh by their true chroma; those below `MIN_TRUE_CHROMA` are left out.
    """
    true_chroma, true_bin = _polar(truth)
    chroma, row = _polar(result)
    row = np.where(chroma < MIN_CHROMA, GREY_ROW, row)
    weight = np.where(true_chroma < MIN_TRUE_CHROMA, 0, true_chroma) / true_chroma.size
    flat = np.bincount(row * BINS + true_bin, weights=weight, minlength=(BINS + 1) * BINS)
    return flat.reshape(BINS + 1, BINS).astype(np.float32)


def hue_shares(joint: JointHues) -> NDArray[np.float32]:
    """(36,): which share of all colour is truly of each hue; zero where there is no colour."""
    columns: NDArray[np.float32] = joint.sum(0)
    return columns / max(float(columns.sum()), 1e-9)


def grey_share(joint: JointHues) -> float:
    """Which share of all colour, 0..1, came out nearly grey."""
    return float(joint[GREY_ROW].sum()) / max(float(joint.sum()), 1e-9)


def strongest_confusion(joint: JointHues) -> Confusion | None:
    """The colour that most often came out as another one, more than `FAR_DEGREES` away; None where hardly any did."""
    rows, columns = np.indices((BINS, BINS))
    around = np.abs(rows - columns)
    is_far = np.minimum(around, BINS - around) * BIN_DEGREES > FAR_DEGREES
    wrong = np.where(is_far, joint[:BINS], 0)
    true = np.array([[hue.holds(index) for index in range(BINS)] for hue in HUE_NAMES], np.float32)  # (7, 36)
    named = true @ wrong @ true.T
    np.fill_diagonal(named, 0)
    row, column = np.unravel_index(named.argmax(), named.shape)
    if named[row, column] <= _SHARE_WORTH_A_WORD * max(float(joint.sum()), 1e-9):
        return None
    of_this_colour = float(joint.sum(0) @ true[column])
    return Confusion(HUE_NAMES[column].name, HUE_NAMES[row].name, float(named[row, column]) / of_this_colour)


@functools.cache
def hue_colors() -> tuple[str, ...]:
    """A colour for each of the 36 hues, as #rrggbb: all of one lightness, and of one chroma where sRGB has it."""
    angle = torch.deg2rad((torch.arange(BINS) + 0.5) * BIN_DEGREES)
    lightness = torch.full((BINS,), _SWATCH_LIGHTNESS)
    lab = torch.stack([lightness, _SWATCH_CHROMA * angle.cos(), _SWATCH_CHROMA * angle.sin()])[None, :, None]
    levels = (color.lab_to_display(lab)[0, :, 0].T * 255).round().int().tolist()
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in levels)
