"""Large JPEGs made of parts: the very pixels of one made in one go, in the very same file for any number of threads."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from colorizer.images import encode_image, open_image, saving
from colorizer.images.large_jpegs import encode_large_jpeg
from colorizer.utils import cores


def picture(width: int, height: int) -> Image.Image:
    """Colours that change everywhere, with some noise."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    noise = np.random.default_rng(0).normal(0, 8, (height, width, 3))
    planes = np.stack([across, down, (across + 2 * down) % 255], -1) + noise
    return Image.fromarray(planes.clip(0, 255).astype(np.uint8))


def plain(image: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", subsampling="4:4:4", **options)
    return stream.getvalue()


def pixels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.format == "JPEG"
        return np.asarray(image)


def in_parts(monkeypatch: pytest.MonkeyPatch, count: int, image: Image.Image, **options: object) -> bytes:
    monkeypatch.setattr(cores, "usable_cores", lambda: count)
    return encode_large_jpeg(image, subsampling="4:4:4", **options)


@pytest.mark.parametrize("size", [(300, 1), (300, 64), (301, 65), (97, 128), (64, 1000), (203, 517)])
@pytest.mark.parametrize("quality", [1, 30, 92, 100])
def test_parts_give_the_pixels_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], quality: int
) -> None:
    image = picture(*size)
    expected = plain(image, quality=quality)
    files = {in_parts(monkeypatch, count, image, quality=quality) for count in (1, 2, 3, 8)}
    assert len(files) == 1
    content = files.pop()
    assert pixels(content).shape == (size[1], size[0], 3)
    assert np.array_equal(pixels(content), pixels(expected))
    assert len(content) < len(expected) + 10 * size[1] + 100


def test_what_is_beside_the_pixels_stands_there_once(monkeypatch: pytest.MonkeyPatch) -> None:
    comment, profile = b"\xff\xda\xff\xc0\xff\xd9 made up", saving.srgb_profile_bytes()
    content = in_parts(monkeypatch, 4, picture(80, 600), comment=comment, icc_profile=profile)
    assert content.count(b"made up") == 1 and content.count(b"ICC_PROFILE") == 1
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (80, 600)
        assert image.info["comment"] == comment and image.info["icc_profile"] == profile


def test_a_large_photo_goes_this_way_and_a_small_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "LARGE_PIXELS", 200 * 300)
    large, small = (encode_image(picture(200, height), "JPEG", "a note", quality=90) for height in (300, 299))
    assert b"\xff\xdd" in large and b"\xff\xdd" not in small  # what tells the distance of restart markers
    for content, height in ((large, 300), (small, 299)):
        assert np.array_equal(pixels(content), pixels(plain(picture(200, height), quality=90)))
        photo = open_image(content)
        assert photo.image.size == (200, height)


def test_systems_without_files_in_memory_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    image = picture(120, 400)
    expected = in_parts(monkeypatch, 2, image)
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert in_parts(monkeypatch, 2, image) == expected

    def refuse(_name: str) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "memfd_create", refuse, raising=False)
    assert in_parts(monkeypatch, 2, image) == expected


def test_a_picture_of_the_largest_side_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    wide, high = picture(65_500, 70), picture(70, 65_500)
    for image in (wide, high):
        with Image.open(io.BytesIO(in_parts(monkeypatch, 2, image))) as found:
            assert found.size == image.size
            found.load()
