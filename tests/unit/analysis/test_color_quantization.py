"""A photo in few colours, held to a search through all of them, and its distance from the photo to scikit-image's."""

import math

import numpy as np
import pytest
from PIL import Image
from skimage import data
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio

from colorizer.analysis.color_quantization import (
    QuantizedPhoto,
    own_colors,
    palette_colors,
    to_bins,
    to_palette,
)
from colorizer.analysis.lab_planes import FLAT_LIGHTNESS, LabPhoto, split_lab
from colorizer.color.ab_bins import ab_bins
from colorizer.color.palettes import read_palette
from colorizer.evaluation.metrics import measure

PHOTO = split_lab(Image.fromarray(data.coffee()).resize((60, 40)))
BINS = ab_bins().double().numpy()


def lab_of(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) bytes -> (H, W, 3)."""
    return rgb2lab(picture / 255)


def nearest(pixels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(H, W, C) and (K, C) -> (H, W), by looking at every centre."""
    return ((pixels[:, :, None] - centres) ** 2).sum(-1).argmin(-1)


def assert_keeps_lightness(few: QuantizedPhoto, photo: LabPhoto) -> None:
    assert np.abs(lab_of(few.on_lightness)[..., 0] - photo.lab[0]).max() < 0.7


def test_bins_are_the_nearest_and_keep_l() -> None:
    few = to_bins(PHOTO)
    classes = nearest(PHOTO.lab[1:].transpose(1, 2, 0), BINS)
    assert few.colors.shape == (261, 3)
    assert np.array_equal(few.alone, few.colors[classes])
    assert few.shares == pytest.approx(np.bincount(classes.ravel(), minlength=261) / classes.size)
    assert_keeps_lightness(few, PHOTO)
    off = np.abs(lab_of(few.on_lightness)[..., 1:] - BINS[classes]).max(-1)
    assert np.median(off) < 1  # the rest are at the edge of the gamut
    assert few.shares.sum() == pytest.approx(1)


def test_a_bin_alone_has_the_flat_lightness() -> None:
    assert lab_of(to_bins(PHOTO).alone)[..., 0] == pytest.approx(np.full((40, 60), FLAT_LIGHTNESS), abs=0.6)


@pytest.mark.parametrize("name", ["horse-16", "horse-32"])
def test_palette_colours_are_the_nearest_in_srgb(name: str) -> None:
    palette = palette_colors(name)
    assert np.array_equal(palette, read_palette(name).numpy())
    few = to_palette(PHOTO, palette)
    classes = nearest(PHOTO.srgb / 255, palette.astype(float))
    levels = np.round(palette * 255).astype(np.uint8)
    assert np.array_equal(few.colors, levels)
    assert np.array_equal(few.alone, levels[classes])
    assert few.shares == pytest.approx(np.bincount(classes.ravel(), minlength=len(palette)) / classes.size)
    assert_keeps_lightness(few, PHOTO)
    expected = rgb2lab(palette[None].astype(float))[0, :, 1:][classes]
    assert np.median(np.abs(lab_of(few.on_lightness)[..., 1:] - expected)) < 1


@pytest.mark.parametrize("count", [2, 8, 64])
def test_own_colours_are_many_as_asked_sorted_and_always_the_same(count: int) -> None:
    colors = own_colors(PHOTO, count)
    assert (colors.shape, colors.dtype) == ((count, 3), np.float32)
    assert colors.min() >= 0 and colors.max() <= 1
    luma = colors @ np.array([0.212671, 0.715160, 0.072169])
    assert (np.diff(luma) >= 0).all()
    assert np.array_equal(colors, own_colors(PHOTO, count))


def squared_error(palette: np.ndarray) -> float:
    pixels = PHOTO.srgb / 255
    return float(((pixels[:, :, None] - palette) ** 2).sum(-1).min(-1).mean())


def test_own_colours_fit_better_than_those_of_horses_and_more_fit_better() -> None:
    assert squared_error(own_colors(PHOTO, 16)) < squared_error(palette_colors("horse-16"))
    errors = [squared_error(own_colors(PHOTO, count)) for count in (2, 4, 8, 16, 32, 64)]
    assert errors == sorted(errors, reverse=True)


def test_each_own_colour_is_the_mean_of_the_pixels_nearest_to_it() -> None:
    colors = own_colors(PHOTO, 4)
    classes = nearest(PHOTO.srgb / 255, colors.astype(float))
    for number, color in enumerate(colors):
        assert (PHOTO.srgb[classes == number] / 255).mean(0) == pytest.approx(color, abs=0.01)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [2, 3, 64])
def test_a_photo_of_fewer_colours_gives_those_it_has(count: int) -> None:
    stripes = np.zeros((30, 20, 3), np.uint8)
    stripes[:, 10:] = (255, 0, 0)
    photo = split_lab(Image.fromarray(stripes))
    colors = own_colors(photo, count)
    assert colors.tolist() == [[0, 0, 0], [1, 0, 0]]
    few = to_palette(photo, colors)
    assert np.array_equal(few.alone, stripes)
    assert few.shares.tolist() == [0.5, 0.5]


def test_distance_is_that_of_skimage() -> None:
    few = to_palette(PHOTO, palette_colors("horse-16")).on_lightness
    found, lab, true_lab = measure(few, PHOTO.srgb, with_ssim=False), lab_of(few), lab_of(PHOTO.srgb)
    assert math.isnan(found.ssim)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(PHOTO.srgb, few), abs=1e-3)
    assert found.ciede2000 == pytest.approx(deltaE_ciede2000(true_lab, lab).mean(), abs=1e-2)
    assert found.ab_rmse == pytest.approx(np.sqrt(((lab - true_lab)[..., 1:] ** 2).mean()), abs=1e-2)


def test_equal_pictures_have_no_distance() -> None:
    found = measure(PHOTO.srgb, PHOTO.srgb, with_ssim=False)
    assert (found.psnr, found.ciede2000, found.ab_rmse) == (float("inf"), 0, 0)


def test_bins_cost_less_than_16_colours_made_for_other_photos() -> None:
    """What the page shows."""
    of_bins = measure(to_bins(PHOTO).on_lightness, PHOTO.srgb, with_ssim=False)
    of_palette = measure(to_palette(PHOTO, palette_colors("horse-16")).on_lightness, PHOTO.srgb, with_ssim=False)
    assert of_bins.ab_rmse < 4  # a square of side 10, filled evenly, has 10 / sqrt 12 = 2.9
    assert of_bins.ciede2000 < of_palette.ciede2000 / 2
