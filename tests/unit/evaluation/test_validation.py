"""Validation gives the common measures, per picture and averaged, whatever the batches and processes."""

import math

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab
from torch import Tensor

from colorizer import color, models
from colorizer.color.calibration import ColorCalibration
from colorizer.evaluation.scores import EQUAL_PSNR
from colorizer.evaluation.validation import (
    Answer,
    answer_of,
    from_sum,
    grey_answer,
    measure_baseline,
    measure_batch,
    measure_network,
    summed,
)
from colorizer.training.losses import make_loss
from tests.support.photos import crop_of_a_photo

CPU = torch.device("cpu")
MSE = make_loss("mse", 12)
CROSS_ENTROPY = make_loss("cross_entropy", 12)
REGRESSION = models.build("resnet18-colorizer").eval()
GREY = grey_answer(REGRESSION, torch.zeros(2))


@pytest.fixture(scope="module")
def squares() -> Tensor:
    crops = [crop_of_a_photo(number)[:32, :32] for number in range(5)]
    return torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2).copy())


def true_ab(squares: Tensor) -> Tensor:
    return color.srgb_to_lab(squares.float() / 255)[:, 1:]


def test_grey_has_the_measures_that_scikit_image_finds(squares: Tensor) -> None:
    grey = measure_batch(GREY, REGRESSION, squares, MSE)
    for row, square in zip(grey.tolist(), squares.permute(0, 2, 3, 1).numpy(), strict=True):
        lab = rgb2lab(square)
        colourless = np.concatenate([lab[..., :1], np.zeros_like(lab[..., 1:])], 2)
        loss, _, delta_e, ab_rmse, colorfulness, accuracy = row
        assert loss == pytest.approx((lab[..., 1:] ** 2).mean(), rel=1e-3)
        assert ab_rmse == pytest.approx(math.sqrt(loss), rel=1e-5)
        assert delta_e == pytest.approx(deltaE_ciede2000(lab, colourless).mean(), abs=0.1)
        assert colorfulness == pytest.approx(0, abs=0.1)
        assert math.isnan(accuracy)


def test_the_true_colours_are_as_good_as_eight_bits_allow(squares: Tensor) -> None:
    oracle: Answer = lambda _: (true_ab(squares), true_ab(squares))  # noqa: E731
    measures = from_sum(summed(oracle, REGRESSION, squares, MSE, CPU), len(squares))
    assert measures.loss == 0
    assert measures.ab_rmse == 0
    assert measures.psnr > 60
    assert measures.ciede2000 < 0.01


def test_sums_of_parts_are_the_sum_of_the_whole(squares: Tensor) -> None:
    whole = summed(GREY, REGRESSION, squares, MSE, CPU)
    parts = sum(summed(GREY, REGRESSION, squares[rank::3], MSE, CPU) for rank in range(3))
    assert torch.allclose(whole, torch.as_tensor(parts), rtol=1e-12, equal_nan=True)
    assert torch.equal(summed(GREY, REGRESSION, squares[:0], MSE, CPU), torch.zeros(6, dtype=torch.float64))


def test_the_mean_does_not_depend_on_the_batches(squares: Tensor) -> None:
    many = squares.repeat(8, 1, 1, 1)  # more than one batch
    one, other = (from_sum(summed(GREY, REGRESSION, them, MSE, CPU), len(them)) for them in (squares, many))
    assert one.ab_rmse == pytest.approx(other.ab_rmse, rel=1e-6)
    assert one.ciede2000 == pytest.approx(other.ciede2000, rel=1e-6)


def test_the_baseline_is_grey_and_the_colourfulness_of_the_true_pictures(squares: Tensor) -> None:
    baseline = measure_baseline(REGRESSION, squares, MSE, CPU)
    assert baseline.grey == from_sum(summed(GREY, REGRESSION, squares, MSE, CPU), len(squares))
    assert baseline.true_colorfulness > 10 > baseline.grey.colorfulness


def test_grey_pictures_are_measured_too() -> None:
    grey = torch.full((2, 3, 16, 16), 120, dtype=torch.uint8)
    measures = from_sum(summed(GREY, REGRESSION, grey, MSE, CPU), 2)
    assert measures.ab_rmse == pytest.approx(0, abs=0.01)
    assert not math.isnan(measures.psnr)
    assert not math.isnan(measures.ciede2000)


def test_a_picture_that_is_truly_grey_leaves_the_mean_finite() -> None:
    grey = torch.full((1, 3, 16, 16), 90, dtype=torch.uint8)
    measured = from_sum(summed(GREY, REGRESSION, grey, make_loss("mse", 12.0), CPU), 1)
    assert measured.psnr == EQUAL_PSNR


@pytest.fixture(scope="module")
def chooser() -> models.PaletteNetwork:
    """Make a network with random weights and eight random colours."""
    torch.manual_seed(3)
    network = models.build("palette-unet", colors=8, width=4)
    assert isinstance(network, models.PaletteNetwork)
    network.set_palette(torch.rand(8, 3))
    return network.eval()


def test_a_network_with_classes_is_measured_in_nats_and_in_right_pixels(
    chooser: models.PaletteNetwork, squares: Tensor
) -> None:
    measured = measure_network(chooser, squares, CROSS_ENTROPY, CPU)
    lab = color.srgb_to_lab(squares.float() / 255)
    with torch.inference_mode():
        logits = chooser(lab[:, :1]).double().numpy()
    palette, pixels = chooser.palette.double().numpy(), squares.permute(0, 2, 3, 1).double().numpy() / 255
    classes = ((pixels[..., None, :] - palette) ** 2).sum(-1).argmin(-1)
    log_softmax = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    assert measured.loss == pytest.approx(-np.take_along_axis(log_softmax, classes[:, None], 1).mean(), rel=1e-4)
    assert measured.accuracy == pytest.approx((logits.argmax(1) == classes).mean(), abs=1e-6)
    assert measured == from_sum(summed(answer_of(chooser), chooser, squares, CROSS_ENTROPY, CPU), len(squares))


def test_a_network_without_classes_has_no_accuracy(squares: Tensor) -> None:
    assert math.isnan(measure_network(REGRESSION, squares, MSE, CPU).accuracy)


def test_grey_of_a_network_that_paints_is_the_grey_picture(squares: Tensor) -> None:
    painter = models.build("autoencoder-5", width=4)
    baseline = measure_baseline(painter, squares, make_loss("l1", 12.0), CPU)
    truth = squares.permute(0, 2, 3, 1).double().numpy() / 255
    grey = rgb2lab(truth)
    grey[..., 1:] = 0
    assert baseline.grey.loss == pytest.approx(np.abs(lab2rgb(grey) - truth).mean(), rel=1e-3)
    as_regression = measure_baseline(REGRESSION, squares, MSE, CPU)
    for name in ("psnr", "ciede2000", "ab_rmse", "colorfulness"):
        assert getattr(baseline.grey, name) == getattr(as_regression.grey, name)


def test_grey_guesses_the_frequencies_of_the_classes_blindly(chooser: models.PaletteNetwork, squares: Tensor) -> None:
    baseline = measure_baseline(chooser, squares, CROSS_ENTROPY, CPU)
    srgb = squares.float() / 255
    classes = chooser.target(srgb, color.srgb_to_lab(srgb)).numpy()
    shares = np.bincount(classes.ravel(), minlength=8) / classes.size
    entropy = -(shares * np.log(np.maximum(shares, 1 / classes.size))).sum()
    assert baseline.grey.loss == pytest.approx(entropy, rel=1e-3)
    assert baseline.grey.accuracy == pytest.approx(shares.max(), abs=1e-6)
    as_regression = measure_baseline(REGRESSION, squares, MSE, CPU)
    for name in ("psnr", "ciede2000", "ab_rmse", "colorfulness"):  # the common measures are those of any other grey
        assert getattr(baseline.grey, name) == getattr(as_regression.grey, name)
    assert baseline.true_colorfulness == as_regression.true_colorfulness


def test_colours_are_measured_as_a_photo_gets_them(squares: Tensor) -> None:
    torch.manual_seed(0)
    network = models.Lite0Bins().eval()
    loss = make_loss("cross_entropy_huber", 12.0)
    plain = measure_network(network, squares, loss, CPU)
    network.calibration = ColorCalibration(0.0, 0.0, (0.0, 0.0), (0.0,))
    grey = measure_network(network, squares, loss, CPU)
    assert grey.loss == pytest.approx(plain.loss)
    assert plain.colorfulness > 1 > grey.colorfulness
