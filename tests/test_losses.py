"""The losses are their formulas, computed here in float64 by numpy."""

import numpy as np
import pytest
import torch

from colorizer.losses import LOSS_NAMES, make_loss

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
    assert LOSS_NAMES == ("mse", "huber", "l1")
