"""Scores at equal colourfulness, and on old film."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from colorizer.evaluation.equal_colorfulness import scores_at
from colorizer.evaluation.old_film import old_film_errors, orthochromatic_print
from colorizer.evaluation.protocol import centre_square, true_scores
from colorizer.inference.colorizer import Colorizer, load
from colorizer.inference.full_resolution import apply_color, read_lightness
from colorizer.inference.render_options import MAX_SATURATION, RenderOptions

PHOTOS = [Image.fromarray(getattr(data, name)()).resize((96, 96)) for name in ("astronaut", "chelsea", "coffee")]


@pytest.fixture(scope="module")
def model() -> Colorizer:
    return load("photo", device="cpu")


@pytest.mark.parametrize("ratio", [0.3, 0.6])
def test_the_results_are_as_colourful_as_asked(model: Colorizer, ratio: float) -> None:
    found = scores_at([model], PHOTOS, [ratio])["photo", ratio]
    assert found.scores.colorfulness == pytest.approx(ratio * found.true_colorfulness, rel=0.02)
    assert 0 < found.saturation < 3 and found.grey.psnr > 15


def test_more_colour_takes_more_saturation(model: Colorizer) -> None:
    found = scores_at([model], PHOTOS, [0.6, 0.3])
    assert found["photo", 0.3].saturation < found["photo", 0.6].saturation


def test_the_saturation_is_that_of_nine_bisections(model: Colorizer) -> None:
    predictions = [(read_lightness(centre_square(photo)), model.predict(centre_square(photo))) for photo in PHOTOS]

    def colorfulness(saturation: float) -> float:
        results = [apply_color(plane, one.rendered(RenderOptions(saturation))) for plane, one in predictions]
        return float(np.mean([true_scores(result).colorfulness for result in results]))

    found = scores_at([model], PHOTOS, [0.5])["photo", 0.5]
    low, high = 0.0, MAX_SATURATION
    for _ in range(9):
        middle = (low + high) / 2
        low, high = (middle, high) if colorfulness(middle) < 0.5 * found.true_colorfulness else (low, middle)
    assert found.saturation == (low + high) / 2
    assert found.scores.colorfulness == pytest.approx(colorfulness(found.saturation), rel=1e-6)


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
