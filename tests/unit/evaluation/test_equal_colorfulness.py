"""Scores at equal colourfulness, and on old film."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from colorizer.evaluation.equal_colorfulness import scores_at
from colorizer.evaluation.old_film import old_film_errors, orthochromatic_print
from colorizer.inference.colorizer import Colorizer, load

PHOTOS = [Image.fromarray(getattr(data, name)()).resize((96, 96)) for name in ("astronaut", "chelsea", "coffee")]


@pytest.fixture(scope="module")
def model() -> Colorizer:
    return load("photo", device="cpu")


@pytest.mark.parametrize("ratio", [0.3, 0.6])
def test_the_results_are_as_colourful_as_asked(model: Colorizer, ratio: float) -> None:
    scores = scores_at(model, PHOTOS, ratio)
    assert scores.colorfulness == pytest.approx(ratio * scores.true_colorfulness, rel=0.02)
    assert 0 < scores.saturation < 3 and scores.grey_psnr > 15


def test_more_colour_takes_more_saturation(model: Colorizer) -> None:
    assert scores_at(model, PHOTOS, 0.3).saturation < scores_at(model, PHOTOS, 0.6).saturation


def test_a_print_is_grey_the_same_each_time_and_dark_where_the_scene_is_red() -> None:
    square = Image.new("RGB", (64, 64), (200, 40, 40))
    square.paste((120, 160, 240), (32, 0, 64, 64))
    first, again = (np.asarray(orthochromatic_print(square, 3)).astype(int) for _ in range(2))
    assert np.array_equal(first, again) and np.ptp(first, axis=2).max() == 0
    assert not np.array_equal(first, np.asarray(orthochromatic_print(square, 4)))
    assert first[:, :32].mean() < 60 < 130 < first[:, 32:].mean()


def test_the_error_of_grey_is_the_chroma_of_the_picture(model: Colorizer) -> None:
    _, grey = old_film_errors(model, PHOTOS[2], 0)
    own, none = old_film_errors(model, PHOTOS[2].convert("L").convert("RGB"), 0)
    assert grey > 5 and none < 0.5 < own
