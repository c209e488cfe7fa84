"""Greyness is one tint, not one pixel: toned, noisy and stamped scans are black and white, fog and flowers are not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from skimage import data

from colorizer.images import Photo, open_image
from colorizer.images.greyness import GREY, TONED

PHOTOS = {"astronaut": data.astronaut, "coffee": data.coffee, "chelsea": data.chelsea, "rocket": data.rocket}


def photo_of(name: str) -> Image.Image:
    return Image.fromarray(PHOTOS[name]()).resize((300, 240))


def as_jpeg(image: Image.Image) -> Photo:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return open_image(stream.getvalue())


def sepia(image: Image.Image) -> Image.Image:
    return ImageOps.colorize(image.convert("L"), (20, 10, 0), (255, 240, 210))


def strong_sepia(image: Image.Image) -> Image.Image:
    """Apply the matrix of the W3C filter effects, with a paper white that is not cut off."""
    weights = np.array([(0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131)])
    return Image.fromarray((0.74 * np.asarray(image) @ weights.T).clip(0, 255).astype(np.uint8))


def noisy(image: Image.Image) -> Image.Image:
    grey = np.asarray(image.convert("L").convert("RGB")).astype(float)
    return Image.fromarray((grey + np.random.default_rng(0).normal(0, 6, grey.shape)).clip(0, 255).astype(np.uint8))


def stamped(image: Image.Image) -> Image.Image:
    grey = image.convert("L").convert("RGB")
    ImageDraw.Draw(grey).text((grey.width - 80, grey.height - 24), "'94 7 12", (255, 140, 20), font_size=18)
    return grey


def signed(image: Image.Image) -> Image.Image:
    grey = image.convert("L").convert("RGB")
    ImageDraw.Draw(grey).text((20, grey.height - 30), "for Anna, 1951", (40, 50, 150), font_size=16)
    return grey


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("change", [sepia, strong_sepia, noisy, stamped, signed, lambda image: stamped(sepia(image))])
def test_a_scan_of_a_black_and_white_print_has_no_colours_of_its_own(name: str, change: object) -> None:
    photo = as_jpeg(change(photo_of(name)))  # type: ignore[operator]
    assert photo.tone == "toned"
    assert photo.is_grey
    assert photo.why_no_truth == TONED


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("washed_out", [1.0, 0.45])
def test_a_colour_photo_stays_one_in_fog_too(name: str, washed_out: float) -> None:
    fog = Image.new("RGB", (300, 240), (205, 208, 212))
    photo = as_jpeg(Image.blend(fog, photo_of(name), washed_out))
    assert photo.tone == "colour"
    assert not photo.is_grey
    assert photo.why_no_truth is None


def test_grey_is_grey() -> None:
    photo = as_jpeg(photo_of("coffee").convert("L"))
    assert photo.tone == "grey"
    assert photo.why_no_truth == GREY


@pytest.mark.parametrize("size", [(32, 32), (16, 3000), (2000, 100)])
def test_every_shape_is_judged(size: tuple[int, int]) -> None:
    assert open_image(Image.new("RGB", size, (60, 90, 160))).tone == "colour"
    assert open_image(ImageOps.colorize(Image.linear_gradient("L").resize(size), "black", "wheat")).tone == "toned"
    assert open_image(Image.linear_gradient("L").resize(size)).tone == "grey"
