"""A photo taken apart and put together again, held to scikit-image and numpy."""

import numpy as np
import pytest
from PIL import Image
from skimage import data
from skimage.color import lab2rgb, rgb2lab

from colorizer.analysis.lab_planes import (
    FLAT_LIGHTNESS,
    LabMix,
    LabPhoto,
    ambiguity,
    draw_ambiguity,
    draw_plane,
    has_lightness,
    merge_lab,
    point_out,
    sample_pixels,
    split_lab,
)

PHOTO = split_lab(Image.fromarray(data.coffee()).resize((150, 100)))


def lab_of(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) bytes -> (3, H, W)."""
    return rgb2lab(picture / 255).transpose(2, 0, 1)


def flat(*colours: tuple[int, int, int]) -> LabPhoto:
    """Make a photo of equally wide stripes."""
    return split_lab(Image.fromarray(np.repeat(np.array([colours], np.uint8), 20, axis=0).repeat(10, axis=1)))


def test_planes_are_those_of_skimage() -> None:
    assert PHOTO.srgb.shape == (100, 150, 3)
    assert PHOTO.lab.shape == (3, 100, 150)
    assert np.abs(PHOTO.lab - lab_of(PHOTO.srgb)).max() < 0.02


@pytest.mark.parametrize(
    ("size", "small"),
    [((1000, 400), (512, 205)), ((300, 2000), (77, 512)), ((40, 30), (40, 30)), ((5000, 2), (512, 1))],
)
def test_large_photos_are_shrunk_and_keep_their_shape(size: tuple[int, int], small: tuple[int, int]) -> None:
    height, width = split_lab(Image.new("RGB", size, "teal")).srgb.shape[:2]
    assert (width, height) == small


def test_only_a_photo_with_a_colour_has_colour() -> None:
    assert PHOTO.has_color
    assert not flat((0, 0, 0), (128, 128, 128), (255, 255, 255)).has_color
    assert flat((128, 128, 128), (128, 128, 132)).has_color


def test_l_alone_is_grey_and_has_the_lightness_of_the_photo() -> None:
    picture = draw_plane(PHOTO, "L")
    assert np.ptp(picture.astype(int), axis=2).max() <= 1
    assert np.abs(lab_of(picture)[0] - PHOTO.lab[0]).max() < 0.6


@pytest.mark.parametrize(("plane", "channel", "other"), [("a", 1, 2), ("b", 2, 1)])
def test_a_or_b_alone_is_on_one_lightness_without_the_other(plane: str, channel: int, other: int) -> None:
    lab = lab_of(draw_plane(PHOTO, plane))  # type: ignore[arg-type]
    assert lab[0] == pytest.approx(np.full((100, 150), FLAT_LIGHTNESS), abs=0.6)
    assert np.abs(lab[other]).max() < 1.5
    shown = np.abs(PHOTO.lab[channel]) < 30  # what is stronger may be beyond the gamut on this lightness
    assert np.abs(lab[channel] - PHOTO.lab[channel])[shown].max() < 1.5


def test_everything_together_is_the_photo() -> None:
    assert np.array_equal(merge_lab(PHOTO, LabMix()), PHOTO.srgb)


def test_only_l_is_the_plane_of_l_and_only_ab_has_no_drawing() -> None:
    assert np.array_equal(merge_lab(PHOTO, LabMix(a=0.0, b=0.0)), draw_plane(PHOTO, "L"))
    lightness = lab_of(merge_lab(PHOTO, LabMix(lightness=0.0)))[0]
    assert lightness == pytest.approx(np.full((100, 150), FLAT_LIGHTNESS), abs=0.6)


@pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB")
def test_strengths_are_factors() -> None:
    muted = Image.fromarray((lab2rgb(PHOTO.lab.transpose(1, 2, 0) * [1, 0.3, 0.3]) * 255).round().astype(np.uint8))
    photo = split_lab(muted)
    mixed = lab_of(merge_lab(photo, LabMix(lightness=0.5, a=-1.0, b=0.5)))
    expected = photo.lab * np.array([0.5, -1, 0.5])[:, None, None] + np.array([FLAT_LIGHTNESS / 2, 0, 0])[:, None, None]
    assert np.abs(mixed - expected).max() < 2  # bytes round


def blocks(plane: np.ndarray, step: int) -> np.ndarray:
    """Average each block of step x step pixels."""
    height, width = plane.shape
    return plane.reshape(height // step, step, width // step, step).mean((1, 3))


def test_coarse_colour_keeps_l_and_the_mean_colour_of_blocks() -> None:
    small = split_lab(Image.fromarray(data.coffee()[100:340, 150:390]).resize((96, 96)))
    lab = lab_of(merge_lab(small, LabMix(ab_step=8)))
    assert np.abs(lab[0] - small.lab[0]).max() < 0.7
    assert np.abs(lab[1] - small.lab[1]).mean() > 1
    assert np.corrcoef(blocks(lab[1], 8).ravel(), blocks(small.lab[1], 8).ravel())[0, 1] > 0.95


def test_coarse_lightness_costs_more_than_coarse_colour() -> None:
    """What the page shows: the drawing is in L."""
    errors = [
        (np.abs(merge_lab(PHOTO, mix).astype(int) - PHOTO.srgb)).mean()
        for mix in (LabMix(ab_step=8), LabMix(lightness_step=8))
    ]
    assert errors[1] > 2 * errors[0]


@pytest.mark.parametrize("step", [2, 32])
def test_coarse_planes_of_a_narrow_photo_do_no_harm(step: int) -> None:
    narrow = split_lab(Image.new("RGB", (3000, 16), "orange"))
    assert merge_lab(narrow, LabMix(ab_step=step, lightness_step=step)).shape == narrow.srgb.shape


def test_pixels_of_a_lightness_are_pointed_out() -> None:
    near = has_lightness(PHOTO, 40)
    assert np.array_equal(near, np.abs(lab_of(PHOTO.srgb)[0] - 40) <= 5)
    assert 0 < near.mean() < 1
    picture = point_out(PHOTO, 40)
    assert np.array_equal(picture[near], PHOTO.srgb[near])
    assert np.ptp(picture[~near].astype(int), axis=1).max() <= 1
    assert np.abs(picture[~near].astype(int) - 128).max() <= 46


def test_the_colours_of_one_lightness_spread_around_their_mean() -> None:
    found = ambiguity(PHOTO, 40, 30)
    assert found is not None
    ab = lab_of(PHOTO.srgb)[1:, has_lightness(PHOTO, 40)]
    assert found.share == pytest.approx(has_lightness(PHOTO, 40).mean())
    assert found.spread == pytest.approx(np.sqrt(((ab - ab.mean(1, keepdims=True)) ** 2).sum(0).mean()), abs=0.02)
    assert rgb2lab(found.mean / 255)[1:] == pytest.approx(ab.mean(1), abs=1)
    shown = rgb2lab(found.colors / 255)
    assert shown[:, 0] == pytest.approx(np.full(30, 40), abs=0.6)
    hue = np.arctan2(shown[:, 2], shown[:, 1])[np.hypot(shown[:, 1], shown[:, 2]) > 5]
    assert (np.diff(hue) > -0.2).all()
    assert np.ptp(found.grey.astype(int)) <= 1


def test_a_lightness_that_no_pixel_has_has_no_colours() -> None:
    assert ambiguity(flat((0, 0, 0), (255, 255, 255)), 50, 10) is None


def test_a_picture_of_one_colour_has_no_spread() -> None:
    photo = flat((200, 30, 30))
    found = ambiguity(photo, float(photo.lab[0, 0, 0]), 10)
    assert found is not None
    assert (found.share, found.spread) == (1, pytest.approx(0, abs=1e-3))
    assert np.abs(found.mean.astype(int) - [200, 30, 30]).max() <= 1


def test_ambiguity_is_drawn_in_three_bands() -> None:
    found = ambiguity(PHOTO, 40, 30)
    assert found is not None
    picture = draw_ambiguity(found, (90, 50))
    assert picture.shape == (50, 90, 3)
    assert (picture[:15] == found.grey).all()
    assert np.array_equal(picture[25, ::3], found.colors)
    assert (picture[35:] == found.mean).all()


def test_a_sample_of_pixels_is_the_same_each_time_and_goes_together() -> None:
    lab, srgb = sample_pixels(PHOTO, 500)
    again = sample_pixels(PHOTO, 500)
    assert (lab.shape, srgb.shape) == ((500, 3), (500, 3))
    assert np.array_equal(srgb, again[1])
    assert np.abs(rgb2lab(srgb / 255) - lab).max() < 0.02
    assert len(sample_pixels(PHOTO, 10**6)[0]) == 100 * 150
