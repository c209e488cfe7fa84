"""Validation gives the common measures, per picture and averaged, whatever the batches and processes."""

import math

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000, rgb2lab
from torch import Tensor

from colorizer import color
from colorizer.losses import make_loss
from colorizer.validation import from_sum, measure_baseline, measure_batch, no_color, summed
from tests.support import crop_of_a_photo

CPU = torch.device("cpu")
MSE = make_loss("mse", 12)


@pytest.fixture(scope="module")
def squares() -> Tensor:
    crops = [crop_of_a_photo(number)[:32, :32] for number in range(5)]
    return torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2).copy())


def true_ab(squares: Tensor) -> Tensor:
    return color.srgb_to_lab(squares.float() / 255)[:, 1:]


def test_grey_has_the_measures_that_scikit_image_finds(squares: Tensor) -> None:
    grey = measure_batch(no_color, squares, MSE)
    for row, square in zip(grey.tolist(), squares.permute(0, 2, 3, 1).numpy(), strict=True):
        lab = rgb2lab(square)
        colourless = np.concatenate([lab[..., :1], np.zeros_like(lab[..., 1:])], 2)
        loss, _, delta_e, ab_rmse, colorfulness = row
        assert loss == pytest.approx((lab[..., 1:] ** 2).mean(), rel=1e-3)
        assert ab_rmse == pytest.approx(math.sqrt(loss), rel=1e-5)
        assert delta_e == pytest.approx(deltaE_ciede2000(lab, colourless).mean(), abs=0.1)
        assert colorfulness == pytest.approx(0, abs=0.1)


def test_the_true_colours_are_as_good_as_eight_bits_allow(squares: Tensor) -> None:
    measures = from_sum(summed(lambda _: true_ab(squares), squares, MSE, CPU), len(squares))
    assert measures.loss == 0
    assert measures.ab_rmse == 0
    assert measures.psnr > 60
    assert measures.delta_e < 0.01


def test_sums_of_parts_are_the_sum_of_the_whole(squares: Tensor) -> None:
    whole = summed(no_color, squares, MSE, CPU)
    parts = sum(summed(no_color, squares[rank::3], MSE, CPU) for rank in range(3))
    assert torch.allclose(whole, torch.as_tensor(parts), rtol=1e-12)
    assert torch.equal(summed(no_color, squares[:0], MSE, CPU), torch.zeros(5, dtype=torch.float64))


def test_the_mean_does_not_depend_on_the_batches(squares: Tensor) -> None:
    many = squares.repeat(8, 1, 1, 1)  # more than one batch
    one, other = (from_sum(summed(no_color, them, MSE, CPU), len(them)) for them in (squares, many))
    assert one.ab_rmse == pytest.approx(other.ab_rmse, rel=1e-6)
    assert one.delta_e == pytest.approx(other.delta_e, rel=1e-6)


def test_the_baseline_is_grey_and_the_colourfulness_of_the_true_pictures(squares: Tensor) -> None:
    baseline = measure_baseline(squares, MSE, CPU)
    assert baseline.grey == from_sum(summed(no_color, squares, MSE, CPU), len(squares))
    assert baseline.true_colorfulness > 10 > baseline.grey.colorfulness


def test_grey_pictures_are_measured_too() -> None:
    grey = torch.full((2, 3, 16, 16), 120, dtype=torch.uint8)
    measures = from_sum(summed(no_color, grey, MSE, CPU), 2)
    assert measures.ab_rmse == pytest.approx(0, abs=0.01)
    assert not math.isnan(measures.psnr)
    assert not math.isnan(measures.delta_e)


def test_a_picture_that_is_truly_grey_leaves_the_mean_finite() -> None:
    grey = torch.full((1, 3, 16, 16), 90, dtype=torch.uint8)
    measured = from_sum(summed(no_color, grey, make_loss("mse", 12.0), CPU), 1)
    assert measured.psnr == 100
