"""Photos for benchmarks that need no download: crops of scikit-image's."""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

_ROW = 450  # px: of the mosaic that large photos are tiled with


def make_photos(folder: Path, count: int, size: tuple[int, int]) -> Path:
    """So many JPEG photos in a new folder, each time the same ones.

    Args:
        folder: is made, and returned.
        count: how many.
        size: their width and height in pixels, at most 400 x 300.
    """
    folder.mkdir()
    sources = [Image.fromarray(photo) for photo in (data.coffee(), data.chelsea(), data.astronaut())]
    width, height = size
    random = np.random.default_rng(0)
    for number in range(count):
        source = sources[number % len(sources)]
        left, top = (int(random.integers(0, room)) for room in (source.width - width, source.height - height))
        source.crop((left, top, left + width, top + height)).save(folder / f"{number:05d}.jpg", quality=85)
    return folder


def scene(width: int, height: int) -> Image.Image:
    """One and the same picture at any size, with a camera's noise at each: what differs is the number of pixels alone.

    `large_photo` shows more the larger it is, and a network that sees all of them at one size answers it with more
    colours outside the gamut: of its pixels 2.5% at 1 megapixel, 8% at 12 and 20% at 50.
    """
    whole = large_photo(4000, 3000).resize((width, height), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(1).normal(0, 3, (_ROW, width, 1)).round().astype(np.int16)
    for top in range(0, height, _ROW):
        rows = whole.crop((0, top, width, min(top + _ROW, height)))
        noisy = np.asarray(rows) + noise[: rows.height]
        whole.paste(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)), (0, top))
    return whole


def large_photo(width: int, height: int) -> Image.Image:
    """Make an RGB photo with the detail and noise of a camera's: a JPEG of quality 92 has 2.3 bits a pixel."""
    sources = (data.coffee(), data.chelsea(), data.astronaut(), data.rocket())
    photos = [Image.fromarray(photo) for photo in sources]
    photos = [photo.resize((photo.width * 3 // 2, photo.height * 3 // 2), Image.Resampling.LANCZOS) for photo in photos]
    mosaic = Image.new("RGB", (sum(photo.width for photo in photos), 4 * _ROW))
    for row in range(4):
        left = 0
        for photo in photos[row:] + photos[:row]:
            mosaic.paste(photo.crop((0, 0, photo.width, _ROW)), (left, row * _ROW))
            left += photo.width
    random = np.random.default_rng(0)
    shape = (mosaic.height, mosaic.width)
    noise = random.normal(0, 3, (*shape, 1)) + random.normal(0, 1.5, (*shape, 3))  # of light, and of colour
    tile = Image.fromarray((np.asarray(mosaic) + noise).clip(0, 255).round().astype(np.uint8))
    whole = Image.new("RGB", (width, height))
    for top in range(0, height, tile.height):
        for left in range(0, width, tile.width):
            whole.paste(tile, (left, top))
    return whole


def megapixel_photo(path: Path, megapixels: float) -> Path:
    """Write a `large_photo` of 4 : 3, of no more pixels than that, as JPEG of quality 92."""
    large_photo(*sides_of(megapixels)).save(path, quality=92)
    return path


def sides_of(megapixels: float) -> tuple[int, int]:
    """Width and height in px, 4 : 3, of no more pixels than that."""
    height = int((megapixels * 1e6 * 3 / 4) ** 0.5)
    return int(height * 4 / 3), height
