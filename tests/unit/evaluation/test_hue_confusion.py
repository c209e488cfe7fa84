"""Which hue became which, held to pictures of plain colours and to scikit-image's Lab."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from colorizer.color import names
from colorizer.color.names import BINS, GREY_ROW, name_of
from colorizer.evaluation import hue_confusion
from colorizer.evaluation.hue_confusion import joint_hues

COLOURS = {
    "red": (255, 0, 0), "orange": (255, 165, 0), "yellow": (255, 255, 0), "green": (0, 255, 0),
    "cyan": (0, 255, 255), "blue": (0, 0, 255), "magenta": (255, 0, 255),
}  # fmt: skip


def plain(*colours: tuple[int, int, int]) -> np.ndarray:
    """Stripes of equal width: uint8 (8, 8 x number of colours, 3)."""
    return np.repeat(np.array([colours], np.uint8), 8, 1).repeat(8, 0)


def bin_of(colour: tuple[int, int, int]) -> int:
    _, a, b = rgb2lab(np.array([[colour]], np.uint8))[0, 0]
    return int(np.degrees(np.arctan2(b, a)) % 360 // 10)


@pytest.mark.parametrize(("name", "colour"), COLOURS.items())
def test_each_primary_lies_under_its_plain_name(name: str, colour: tuple[int, int, int]) -> None:
    joint = joint_hues(plain(colour), plain(colour))
    row, column = np.unravel_index(joint.argmax(), joint.shape)
    assert (row, column) == (bin_of(colour), bin_of(colour))
    assert name_of(int(column)) == name
    assert np.count_nonzero(joint) == 1


def test_the_names_cover_the_circle_once() -> None:
    assert sum(hue.bins for hue in names.HUE_NAMES) == BINS
    for index in range(BINS):
        assert sum(hue.holds(index) for hue in names.HUE_NAMES) == 1
    assert name_of(GREY_ROW) == "nearly grey"
    assert all(hue.holds(int(hue.centre // 10)) for hue in names.HUE_NAMES)


def test_pixels_weigh_by_their_true_chroma_and_dull_ones_are_left_out() -> None:
    red, dull = (200, 30, 30), (130, 124, 124)
    lab = rgb2lab(plain(red))
    chroma = float(np.hypot(lab[0, 0, 1], lab[0, 0, 2]))
    joint = joint_hues(plain((0, 255, 0), (0, 255, 0)), plain(red, dull))
    assert joint[bin_of((0, 255, 0)), bin_of(red)] == pytest.approx(chroma / 2, rel=1e-3)
    assert np.count_nonzero(joint) == 1


def test_what_comes_out_grey_has_a_row_of_its_own() -> None:
    joint = joint_hues(plain((90, 90, 90)), plain((0, 0, 255)))
    assert joint[:GREY_ROW].sum() == 0
    assert hue_confusion.grey_share(joint) == 1
    assert hue_confusion.strongest_confusion(joint) is None


def test_red_that_came_out_green_is_named_with_its_share() -> None:
    red, green, blue = COLOURS["red"], COLOURS["green"], COLOURS["blue"]
    confusion = hue_confusion.strongest_confusion(
        joint_hues(plain(red, green, green, blue), plain(red, red, red, blue))
    )
    assert confusion is not None
    assert (confusion.true, confusion.result) == ("red", "green")
    assert confusion.share == pytest.approx(2 / 3, rel=1e-3)


def test_shades_of_one_colour_are_no_mistake_though_their_names_differ() -> None:
    assert hue_confusion.strongest_confusion(joint_hues(plain((215, 105, 60)), plain((220, 90, 70)))) is None


def test_true_colours_and_no_colours_have_no_confusion() -> None:
    picture = plain(*COLOURS.values())
    assert hue_confusion.strongest_confusion(joint_hues(picture, picture)) is None
    grey = joint_hues(plain((9, 9, 9)), plain((9, 9, 9)))
    assert hue_confusion.strongest_confusion(grey) is None
    assert hue_confusion.grey_share(grey) == 0
    assert hue_confusion.hue_shares(grey).sum() == 0


def test_the_swatch_of_a_hue_has_that_hue() -> None:
    for index, text in enumerate(names.hue_colors()):
        red, green, blue = bytes.fromhex(text[1:])
        assert abs(bin_of((red, green, blue)) - index) in (0, 1, BINS - 1)
