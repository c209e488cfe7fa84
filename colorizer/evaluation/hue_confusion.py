"""Which hue became which: true hue against predicted hue, over the pixels of pictures."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from colorizer import color
from colorizer.color.names import BIN_DEGREES, BINS, GREY_ROW, HUE_NAMES
from colorizer.evaluation.metrics import Bytes

MIN_TRUE_CHROMA: Final = 10.0  # Lab units: below, a hue is hardly seen, and the camera's noise decides it
MIN_CHROMA: Final = 5.0  # of a prediction: below, it is grey to the eye
FAR_DEGREES: Final = 30  # nearer, two hues are shades of one colour rather than a mistake
_SHARE_WORTH_A_WORD: Final = 0.005  # of all colour
JointHues = NDArray[np.float32]
"""(37, 36): row, the predicted hue in steps of 10 degrees, or `GREY_ROW`; column, the true hue. In each cell the true
chroma of the pixels that lie there, over the number of all pixels, in Lab units."""


@dataclass(frozen=True)
class Confusion:
    """One colour that came out as another."""

    true: str
    result: str
    share: float
    """0..1, of all that is truly of that colour, weighted by true chroma."""


def _polar(picture: Bytes) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Chroma, and the bin of the hue, of every pixel."""
    srgb = color.srgb_planes(picture)
    a, b = color.srgb_to_lab(srgb)[0, 1:].flatten(1).numpy()
    hue = np.degrees(np.arctan2(b, a)) % 360
    return np.hypot(a, b), np.minimum(hue / BIN_DEGREES, BINS - 1).astype(np.intp)  # a rounded angle may be 360


def joint_hues(result: Bytes, truth: Bytes) -> JointHues:
    """Count true hue against predicted hue, both pictures uint8 sRGB (H, W, 3) of one size.

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
    """Return the colour that most often came out as another one, more than `FAR_DEGREES` away; None where hardly any
    did."""
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
