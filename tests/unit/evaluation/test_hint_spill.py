"""How far a wrong hint moves other things: not at all where one thing is alone, and little where there are two."""

import math

import numpy as np
import pytest
from PIL import Image
from skimage import data

from colorizer.evaluation.hint_spill import WRONG_BY, measure_spill
from colorizer.inference.colorizer import Colorizer, load


@pytest.fixture(scope="module")
def model() -> Colorizer:
    return load("photo", device="cpu")


def test_a_picture_of_one_thing_has_no_others(model: Colorizer) -> None:
    spill = measure_spill(model, Image.new("RGB", (128, 128), (120, 90, 80)), 0)
    assert math.isnan(spill.other_things) and math.isnan(spill.skin)


def test_a_hint_moves_its_own_half_more_than_the_other(model: Colorizer) -> None:
    pixels = np.full((256, 256, 3), (70, 110, 190), np.uint8)
    pixels[:, 128:] = 200, 150, 125  # skin, much lighter
    spill = measure_spill(model, Image.fromarray(pixels), 1)
    assert 0 <= spill.other_things < 0.5 * WRONG_BY


def test_the_same_seed_gives_the_same_figure(model: Colorizer) -> None:
    photo = Image.fromarray(data.astronaut()).resize((256, 256))
    first, again, other = (measure_spill(model, photo, seed) for seed in (3, 3, 4))
    assert first == again and first != other and first.other_things > 0
