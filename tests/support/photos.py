"""Small pieces of real photos, and folders of them."""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

SIZES = ((60, 80), (80, 60), (48, 48), (40, 130))  # (height, width): landscape, portrait, square, very long


def crop_of_a_photo(number: int) -> np.ndarray:
    """Cut a different piece of scikit-image's photos for each number: uint8 (H, W, 3)."""
    photo = (data.astronaut, data.coffee, data.chelsea, data.rocket)[number % 4]()
    height, width = SIZES[number % len(SIZES)]
    random = np.random.default_rng(number)
    top, left = random.integers(0, photo.shape[0] - height), random.integers(0, photo.shape[1] - width)
    return photo[top : top + height, left : left + width]


def make_pictures(folder: Path, count: int, first: int = 0) -> Path:
    """Write `count` pictures, PNG, named by their number; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        Image.fromarray(crop_of_a_photo(number)).save(folder / f"{number:03d}.png")
    return folder
