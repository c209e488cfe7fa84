"""Each measure agrees with its definition, and with scikit-image where that has it."""

import numpy as np
import pytest
import torch
from skimage import color as skcolor
from skimage import data
from skimage import metrics as skmetrics

from colorizer import color
from colorizer.evaluation import metrics


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    truth = data.astronaut()[100:228, 100:228]
    noise = np.random.default_rng(0).integers(-40, 40, truth.shape)
    return np.clip(truth + noise, 0, 255).astype(np.uint8), truth


def test_measures_agree_with_skimage(pair: tuple[np.ndarray, np.ndarray]) -> None:
    result, truth = pair
    measured = metrics.measure(result, truth)
    assert measured.psnr == pytest.approx(skmetrics.peak_signal_noise_ratio(truth, result), abs=1e-3)
    assert measured.ssim == pytest.approx(skmetrics.structural_similarity(truth, result, channel_axis=2))
    expected = skcolor.deltaE_ciede2000(skcolor.rgb2lab(truth), skcolor.rgb2lab(result)).mean()
    assert measured.ciede2000 == pytest.approx(expected, abs=1e-2)
    ab = (skcolor.rgb2lab(truth) - skcolor.rgb2lab(result))[..., 1:]
    assert measured.ab_rmse == pytest.approx(np.sqrt((ab**2).mean()), abs=1e-2)


def test_delta_e_in_torch_agrees_with_skimage() -> None:
    rng = np.random.default_rng(1)
    pixels = np.stack([rng.uniform(0, 100, 20_000), *rng.uniform(-100, 100, (2, 20_000))], 1)
    others = pixels + rng.normal(0, 20, pixels.shape)
    pixels[:500, 1:] = 0  # greys have no hue: a case of its own in the formula
    first, second = (torch.from_numpy(part.T.copy())[None, :, None] for part in (pixels, others))
    ours = metrics.delta_e_2000(first, second)[0, 0].numpy()
    assert np.abs(ours - skcolor.deltaE_ciede2000(pixels, others)).max() < 1e-6


def test_delta_e_of_the_authors_table() -> None:
    # Sharma, Wu and Dalal 2005, table 1, pairs 1, 7, 9, 17 and 25.
    first = [[50, 2.6772, -79.7751], [50, 0, 0], [50, 2.49, -0.001], [50, 2.5, 0], [60.2574, -34.0099, 36.2677]]
    second = [[50, 0, -82.7485], [50, -1, 2], [50, -2.49, 0.0009], [73, 25, -18], [60.4626, -34.1751, 39.4387]]
    planes = [torch.tensor(part, dtype=torch.float64).T[None, :, None] for part in (first, second)]
    expected = torch.tensor([2.0425, 2.3669, 7.1792, 27.1492, 1.2644], dtype=torch.float64)
    assert torch.allclose(metrics.delta_e_2000(*planes)[0, 0], expected, atol=1e-4)


def test_colorfulness_follows_its_formula_and_is_zero_for_grey() -> None:
    picture = data.coffee()[:100, :120]
    red, green, blue = picture.astype(float).transpose(2, 0, 1)
    rg, yb = red - green, (red + green) / 2 - blue
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert metrics.measure(picture, picture).colorfulness == pytest.approx(expected, abs=1e-3)
    assert metrics.colorfulness(torch.full((2, 3, 8, 8), 0.3)).tolist() == pytest.approx([0, 0], abs=1e-4)


def test_equal_pictures_are_at_no_distance(pair: tuple[np.ndarray, np.ndarray]) -> None:
    measured = metrics.measure(pair[1], pair[1])
    assert (measured.psnr, measured.ssim, measured.ciede2000, measured.ab_rmse) == (float("inf"), 1, 0, 0)


def test_a_grey_version_has_no_color_and_ab_rmse_of_the_truth(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth = torch.from_numpy(pair[1]).permute(2, 0, 1)[None].float() / 255
    lab = color.srgb_to_lab(truth)
    grey = torch.zeros_like(lab[:, 1:])
    assert metrics.ab_rmse(grey, lab[:, 1:]).item() == pytest.approx((lab[:, 1:] ** 2).mean().sqrt().item())


def test_different_shapes_are_named() -> None:
    with pytest.raises(ValueError, match="different shapes"):
        metrics.measure(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9, 3), np.uint8))
