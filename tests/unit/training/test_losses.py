"""The losses are their formulas, computed here in float64 by numpy."""

import math

import numpy as np
import pytest
import torch

from colorizer.evaluation.metrics import accuracy
from colorizer.recipes.schema import LOSS_NAMES
from colorizer.training.losses import make_loss, psnr_loss

RANDOM = np.random.default_rng(0)
PREDICTED, TRUE = RANDOM.uniform(-100, 100, (2, 3, 2, 8, 8))


def ours(name: str, delta: float = 12.0) -> float:
    first, second = (torch.from_numpy(values).float() for values in (PREDICTED, TRUE))
    return make_loss(name, delta)(first, second).item()  # type: ignore[arg-type]


def test_mse_is_the_mean_of_squared_errors() -> None:
    assert ours("mse") == pytest.approx(((PREDICTED - TRUE) ** 2).mean(), rel=1e-5)


def test_l1_is_the_mean_of_absolute_errors() -> None:
    assert ours("l1") == pytest.approx(np.abs(PREDICTED - TRUE).mean(), rel=1e-5)


@pytest.mark.parametrize("delta", [1.0, 12.0, 60.0])
def test_huber_is_half_a_square_below_its_threshold_and_a_line_above(delta: float) -> None:
    error = np.abs(PREDICTED - TRUE)
    assert (error <= delta).any()
    assert (error > delta).any()
    formula = np.where(error <= delta, error**2 / 2, delta * (error - delta / 2)).mean()
    assert ours("huber", delta) == pytest.approx(formula, rel=1e-5)


@pytest.mark.parametrize(("error", "value"), [(0, 0), (3, 4.5), (12, 72), (20, 12 * 20 - 72)])
def test_huber_at_single_errors(error: float, value: float) -> None:
    zeros = torch.zeros(1, 2, 4, 4)
    assert make_loss("huber", 12)(zeros - error, zeros).item() == pytest.approx(value)


def test_huber_with_a_threshold_out_of_reach_is_half_of_mse() -> None:
    assert ours("huber", 1e4) == pytest.approx(ours("mse") / 2, rel=1e-5)


def test_there_are_the_losses_that_recipes_may_name() -> None:
    assert LOSS_NAMES == ("mse", "huber", "l1", "cross_entropy", "cross_entropy_huber")


LOGITS = RANDOM.normal(0, 5, (3, 7, 8, 6))
CLASSES = RANDOM.integers(0, 7, (3, 8, 6))


def test_cross_entropy_is_the_mean_of_minus_log_softmax_at_the_true_class() -> None:
    log_softmax = LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True))
    formula = -np.take_along_axis(log_softmax, CLASSES[:, None], 1).mean()
    found = make_loss("cross_entropy", 12)(torch.from_numpy(LOGITS).float(), torch.from_numpy(CLASSES))
    assert found.item() == pytest.approx(formula, rel=1e-5)


def test_equal_logits_cost_the_logarithm_of_the_number_of_classes() -> None:
    found = make_loss("cross_entropy", 12)(torch.zeros(1, 7, 4, 4), torch.full((1, 4, 4), 3))
    assert found.item() == pytest.approx(math.log(7))


def test_accuracy_is_the_share_of_pixels_whose_likeliest_class_is_true() -> None:
    found = accuracy(torch.from_numpy(LOGITS).float(), torch.from_numpy(CLASSES))
    assert found.item() == pytest.approx((LOGITS.argmax(1) == CLASSES).mean())


def test_there_is_no_accuracy_without_classes() -> None:
    predicted, true = (torch.from_numpy(values).float() for values in (PREDICTED, TRUE))
    assert accuracy(predicted, true).isnan()


AB, TRUE_AB = (torch.from_numpy(values * part).float() for values, part in ((PREDICTED, 0.2), (TRUE, 0.3)))


def test_the_psnr_loss_is_the_mean_logarithm_of_the_error_at_equal_colourfulness() -> None:
    chroma, true_chroma = (np.sqrt((ab.numpy() ** 2).mean((1, 2, 3)) + 1).mean() for ab in (AB, TRUE_AB))
    scaled = 0.8 * true_chroma / chroma * AB.numpy()
    formula = np.log(((scaled - TRUE_AB.numpy()) ** 2).mean((1, 2, 3)) + 9).mean()
    assert psnr_loss(AB, TRUE_AB).item() == pytest.approx(formula, rel=1e-5)


def test_the_psnr_loss_asks_for_the_right_hue_and_not_for_more_or_less_of_it() -> None:
    paler, turned = 0.5 * TRUE_AB, TRUE_AB.flip(1)
    assert psnr_loss(paler, TRUE_AB).item() == pytest.approx(psnr_loss(TRUE_AB, TRUE_AB).item(), rel=0.02)
    assert psnr_loss(turned, TRUE_AB) > psnr_loss(TRUE_AB, TRUE_AB) + 1


def test_the_psnr_loss_stands_beside_the_cross_entropy_of_the_bins() -> None:
    def loss(weight: float) -> torch.Tensor:
        output, target = torch.cat([AB, AB], 1), torch.cat([TRUE_AB.softmax(1), TRUE_AB], 1)
        return make_loss("cross_entropy_huber", 12, psnr_weight=weight, to_ab=lambda output: output[:, 2:])(
            output, target
        )

    assert (loss(3) - loss(0)).item() == pytest.approx(3 * psnr_loss(AB, TRUE_AB).item(), rel=1e-4)
