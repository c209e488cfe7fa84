"""What is computed in strips, by tables and in 32 bits is what the whole picture gives in 64 bits."""

import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from skimage import data
from skimage.color import rgb2lab
from skimage.color.colorconv import rgb_from_xyz

from colorizer.inference import full_resolution, guided_upsampling, packed_lab
from colorizer.inference.full_resolution import apply_color, compose, read_lightness
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import RenderOptions
from colorizer.utils import worker_pool

STEPS = 40  # of the bisection: far beyond what 8 bits show


def photo(height: int = 600, width: int = 900) -> Image.Image:
    """Make a photo with fine detail, noise, black and white."""
    source = Image.fromarray(np.hstack([data.coffee()[:400], data.astronaut()[:400]]))
    pixels = np.asarray(source.resize((width, height), Image.Resampling.BICUBIC)).astype(float)
    pixels += np.random.default_rng(0).normal(0, 4, pixels.shape)
    pixels[:20], pixels[-20:] = 0, 255
    return Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8))


def answer(image: Image.Image, size: tuple[int, int], strength: float = 25.0) -> Prediction:
    """Colours as a network gives them: smooth over a few of its pixels, some of them vivid."""
    generator = torch.Generator().manual_seed(1)
    ab = F.interpolate(torch.randn(1, 2, 9, 12, generator=generator), size, mode="bicubic")[0] * strength
    return Prediction(ab.numpy(), read_lightness(image).downsampled(size)[0, 0].numpy())


def linear_rgb(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """L (H, W) and ab (2, H, W) -> linear RGB (H, W, 3), by the formulas of CIE 15:2004 and IEC 61966-2-1."""
    fy = (lightness + 16) / 116
    f = np.stack([fy + ab[0] / 500, fy, fy - ab[1] / 200], -1)
    xyz = np.where(f > 0.2068966, f**3, (f - 16 / 116) / 7.787) * [0.95047, 1.0, 1.08883]
    return xyz @ rgb_from_xyz.T


def plain(image: Image.Image, prediction: Prediction, saturation: float) -> np.ndarray:
    """Compute the whole picture at once, float64, the edge of the gamut by bisection: (H, W, 3) in 0..255."""
    lightness = rgb2lab(np.asarray(image))[..., 0]
    guide = guided_upsampling.fit(
        torch.from_numpy(prediction.lightness).double()[None, None], torch.from_numpy(prediction.ab).double()[None]
    )
    slope, offset = (
        F.interpolate(planes, lightness.shape, mode="bilinear", align_corners=False)[0].numpy()
        for planes in (guide.slope, guide.offset)
    )
    ab = (slope * lightness + offset) * saturation
    low, high = np.zeros_like(lightness), np.ones_like(lightness)
    inside = (np.abs(linear_rgb(lightness, ab) - 0.5) <= 0.5).all(-1)
    for _ in range(STEPS):
        middle = (low + high) / 2
        fits = (np.abs(linear_rgb(lightness, ab * middle) - 0.5) <= 0.5).all(-1)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    linear = linear_rgb(lightness, ab * np.where(inside, 1, low)).clip(0, 1)
    srgb = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return (srgb * 255).round()


@pytest.mark.parametrize(("saturation", "size"), [(0.0, (300, 450)), (1.0, (600, 900)), (2.5, (300, 450))])
def test_the_result_is_that_of_the_whole_picture_in_64_bits(saturation: float, size: tuple[int, int]) -> None:
    image = photo(*size)  # the large one is worked off in two strips
    prediction = answer(image, (80, 120))
    ours = np.asarray(compose(image, prediction, RenderOptions(saturation))).astype(float)
    difference = np.abs(ours - plain(image, prediction, saturation)).max(-1)
    assert (difference <= 1).mean() >= 0.999
    if saturation <= 1:  # beyond, ours finds the colours behind the gap of the gamut near yellow, see test_color
        assert difference.max() <= 8


@pytest.mark.parametrize("size", [(16, 16), (3000, 16), (16, 3000), (333, 77)])
def test_photos_of_every_shape(size: tuple[int, int]) -> None:
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (size[1], size[0], 3), np.uint8))
    prediction = answer(image, (24, 40))
    difference = np.abs(np.asarray(compose(image, prediction)).astype(float) - plain(image, prediction, 1.0)).max(-1)
    assert (difference <= 1).mean() >= 0.998


def test_a_grey_photo_without_colour_comes_back_as_it_was() -> None:
    levels = np.arange(256, dtype=np.uint8)
    image = Image.fromarray(np.repeat(np.tile(levels, (64, 1))[..., None], 3, 2))
    prediction = Prediction(np.zeros((2, 8, 8), np.float32), np.zeros((8, 8), np.float32))
    assert np.array_equal(np.asarray(compose(image, prediction)), np.asarray(image))


def test_black_and_white_stay_without_colour() -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, 16:] = 255
    prediction = Prediction(np.full((2, 8, 8), 60, np.float32), np.full((8, 8), 50, np.float32))
    coloured = np.asarray(compose(Image.fromarray(pixels), prediction))
    assert (coloured[:, :16] == 0).all() and (coloured[:, 16:] >= 254).all()


def test_strips_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    image = photo(300, 450)
    prediction = answer(image, (40, 60))
    whole = np.asarray(compose(image, prediction))
    monkeypatch.setattr(full_resolution, "STRIP_PIXELS", 10_000)
    monkeypatch.setattr(worker_pool, "usable_threads", lambda: 3)
    for outside_at_once in (1, 5_000, 10**9):
        monkeypatch.setattr(packed_lab, "OUTSIDE_AT_ONCE", outside_at_once)
        assert np.array_equal(np.asarray(compose(image, prediction)), whole)


def test_a_network_that_failed_harms_nothing() -> None:
    """Colours that are no numbers become grey or any colour, but never an error."""
    prediction = Prediction(np.full((2, 8, 8), np.nan, np.float32), np.full((8, 8), 50, np.float32))
    assert compose(photo(40, 60), prediction).size == (60, 40)


@pytest.mark.parametrize("shared", [1, 10**9])
def test_a_result_can_be_changed_and_kept_like_any_picture(shared: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_resolution, "SHARED_PIXELS", shared)
    image = photo(40, 60)
    prediction = answer(image, (16, 24))
    result = compose(image, prediction)
    before = np.asarray(result).copy()
    again = compose(image, prediction)
    again.paste((1, 2, 3), (0, 0, 10, 10))
    again.putalpha(128)
    assert again.getpixel((5, 5)) == (1, 2, 3, 128)
    assert result.mode == "RGB" and np.array_equal(np.asarray(result), before)
    assert np.array_equal(np.asarray(result.resize((30, 20)).resize((60, 40)).convert("L")).shape, (40, 60))


def test_without_pyarrow_the_result_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    image = photo(40, 60)
    prediction = answer(image, (16, 24))
    usual = np.asarray(compose(image, prediction))
    monkeypatch.setattr(full_resolution, "SHARED_PIXELS", 1)
    assert np.array_equal(np.asarray(compose(image, prediction)), usual)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert np.array_equal(np.asarray(compose(image, prediction)), usual)


def test_lightness_is_read_once_and_serves_every_look() -> None:
    image = photo(200, 300)
    plane = read_lightness(image)
    prediction = answer(image, (40, 60))
    assert plane.size == (300, 200)
    half = RenderOptions(0.5)
    assert np.array_equal(
        np.asarray(apply_color(plane, prediction.rendered(half))), np.asarray(compose(image, prediction, half))
    )


def test_tones_are_those_of_scikit_image_in_colour_and_in_grey() -> None:
    image = photo(100, 150)
    for picture in (image, image.convert("L").convert("RGB")):
        lightness = 116 * read_lightness(picture).lab_f.numpy() - 16
        assert np.abs(lightness - rgb2lab(np.asarray(picture))[..., 0]).max() < 1e-3


def test_a_grey_start_does_not_make_a_photo_grey() -> None:
    """Most photos are told from grey ones by their first pixels; all must be looked at where those are grey."""
    pixels = np.full((80, 100, 3), 90, np.uint8)
    pixels[70:, :, 0] = 200
    image = Image.fromarray(pixels)
    lightness = 116 * read_lightness(image).lab_f.numpy() - 16
    assert np.abs(lightness - rgb2lab(pixels)[..., 0]).max() < 1e-3


def test_fields_say_in_terms_of_the_root_what_slope_and_offset_say_in_lab() -> None:
    slope, offset, lightness = torch.tensor([[0.4], [-0.7]]), torch.tensor([[12.0], [30.0]]), torch.tensor([55.0])
    root = (lightness + 16) / 116
    a, b = slope * lightness + offset
    to_x, f_x, to_z, f_z = packed_lab.affine_coefficients(slope, offset)
    assert torch.allclose(to_x * root + f_x, root + a / 500)
    assert torch.allclose(to_z * root + f_z, root - b / 200)
