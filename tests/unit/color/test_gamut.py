"""A slice of the gamut is what scikit-image says that sRGB has at one lightness."""

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

from colorizer.color.gamut import AB_LIMIT, gamut_outline, gamut_slice

SIDE = 116
STEPS = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * AB_LIMIT


def comes_back(lightness: float) -> np.ndarray:
    """(SIDE, SIDE): whether Lab -> sRGB -> Lab, which clips, gives the same colour."""
    lab = np.stack([np.full((SIDE, SIDE), lightness), *np.broadcast_arrays(STEPS[None, :], -STEPS[:, None])], -1)
    return np.abs(rgb2lab(lab2rgb(lab)) - lab).max(-1)


@pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB")
@pytest.mark.parametrize("lightness", [5, 20, 50, 60, 75, 95])
def test_a_slice_has_the_colours_that_come_back_unchanged(lightness: float) -> None:
    slice_ = gamut_slice(lightness, SIDE)
    assert (slice_.shape, slice_.dtype) == ((SIDE, SIDE, 4), np.uint8)
    assert set(np.unique(slice_[..., 3])) == {0, 255}
    has_color, error = slice_[..., 3] == 255, comes_back(lightness)
    assert error[has_color].max() < 0.2
    assert error[~has_color].min() > 0.001
    assert (slice_[~has_color] == 0).all()


@pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB")
def test_a_colour_of_a_slice_has_its_lightness_and_its_place() -> None:
    slice_ = gamut_slice(60, SIDE)
    rows, columns = np.nonzero(slice_[..., 3])
    lab = rgb2lab(slice_[rows, columns, :3] / 255)
    assert lab[:, 0] == pytest.approx(np.full(len(rows), 60), abs=0.5)
    assert lab[:, 1] == pytest.approx(STEPS[columns], abs=2)
    assert lab[:, 2] == pytest.approx(-STEPS[rows], abs=2)


@pytest.mark.parametrize(("lightness", "level"), [(0, 0), (100, 255)])
def test_black_and_white_are_hardly_more_than_a_point(lightness: float, level: int) -> None:
    slice_ = gamut_slice(lightness, 231)  # odd: the middle is grey
    assert (slice_[..., 3] > 0).sum() <= 9
    assert np.abs(gamut_outline(lightness)).max() < 2
    assert (np.abs(slice_[115, 115].astype(int) - [level, level, level, 255]) <= 1).all()


@pytest.mark.parametrize("lightness", [5, 35, 60, 90])
def test_the_outline_is_closed_and_runs_around_the_slice(lightness: float) -> None:
    outline = gamut_outline(lightness)
    assert (outline.shape, outline.dtype) == ((361, 2), np.float32)
    assert np.array_equal(outline[0], outline[-1])
    edge = np.hypot(*outline[:-1].T)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    chroma = np.hypot(STEPS[columns], STEPS[rows])
    hue = np.round(np.degrees(np.arctan2(-STEPS[rows], STEPS[columns]))).astype(int) % 360
    has_color = gamut_slice(lightness, SIDE)[..., 3] == 255
    assert (chroma <= edge[hue] + 3)[has_color].all()
    assert (chroma >= edge[hue] - 3)[~has_color].all()


def test_every_corner_of_srgb_lies_on_the_outline_of_its_lightness() -> None:
    corners = [[r, g, b] for r in (0.0, 1.0) for g in (0.0, 1.0) for b in (0.0, 1.0) if len({r, g, b}) > 1]
    for lightness, *ab in rgb2lab([corners])[0]:
        assert np.abs(ab).max() < AB_LIMIT
        assert np.hypot(*(gamut_outline(float(lightness), 3600) - ab).T).min() < 1.5


@pytest.mark.parametrize("lightness", [-1, 100.1, float("nan")])
def test_a_lightness_that_there_is_not_is_refused(lightness: float) -> None:
    for make in (lambda: gamut_slice(lightness, 10), lambda: gamut_outline(lightness)):
        with pytest.raises(ValueError, match=r"must be within 0\.\.100"):
            make()
