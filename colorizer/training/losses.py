"""Training losses: MSE, Huber and L1 over ab in Lab units, MSE and L1 over RGB in 0..1; cross-entropy over the colours
of a palette or over rebalanced bins of ab.

Their heights have different units (MSE: units squared; L1: units; Huber: squared below its threshold, linear above;
cross-entropy: nats) and must never be compared with each other; every run records common measures beside its
own loss.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from colorizer.evaluation.metrics import Loss
from colorizer.recipes.schema import LossName

_REGION_SIDES = (2, 4)
_MATCHED_SHARE = 0.8
"""Of the true chroma: what colours are scaled to before their PSNR is taken."""
_LEAST_ERROR = 3.0  # Lab units: a picture that is met to that is asked for no more


def make_loss(
    name: LossName,
    huber_delta: float,
    regression_weight: float = 0.0,
    region_weight: float = 0.0,
    psnr_weight: float = 0.0,
    to_ab: Callable[[Tensor], Tensor] | None = None,
) -> Loss:
    """Return the loss called `name`.

    Args:
        name: "mse": mean of e^2. "l1": mean of |e|. "huber" (Huber 1964): e^2 / 2 where |e| <= delta, else
            delta (|e| - delta / 2). "cross_entropy": mean of -ln of the probability that the softmax of the logits
            gives to the true class, in nats. "cross_entropy_huber": that over all channels but the last two, which are
            ab in Lab units, plus `regression_weight` times Huber over those, plus `region_weight` times `region_loss`
            of them, plus `psnr_weight` times `psnr_loss` of the colours that the logits give.
        huber_delta: the threshold between square and line, in Lab units; unused by the others.
        regression_weight: see "cross_entropy_huber".
        region_weight: see "cross_entropy_huber".
        psnr_weight: see "cross_entropy_huber"; above 0 it needs `to_ab`.
        to_ab: what a network's output says, (N, 2, H, W) in Lab units.
    """
    if name == "cross_entropy_huber":

        def bins_and_ab(predicted: Tensor, true: Tensor) -> Tensor:
            ab, true_ab = predicted[:, -2:], true[:, -2:]
            loss = F.cross_entropy(predicted[:, :-2], true[:, :-2])
            loss = loss + regression_weight * F.huber_loss(ab, true_ab, delta=huber_delta)
            if region_weight:
                loss = loss + region_weight * region_loss(ab, true_ab, huber_delta)
            return loss + psnr_weight * psnr_loss(to_ab(predicted), true_ab) if psnr_weight and to_ab else loss

        return bins_and_ab
    if name == "huber":
        return lambda predicted, true: F.huber_loss(predicted, true, delta=huber_delta)
    plain: dict[str, Loss] = {"mse": F.mse_loss, "l1": F.l1_loss, "cross_entropy": F.cross_entropy}
    return plain[name]


def region_loss(ab: Tensor, true_ab: Tensor, huber_delta: float) -> Tensor:
    """Huber over the mean ab of squares of 2 and 4 pixels a side and of the whole picture; the mean of the three.

    Four fifths of the error of a colorizer is the colour of whole things, half of it a cast over all of the picture.

    Args:
        ab: (N, 2, H, W) in Lab units.
        true_ab: the same.
        huber_delta: in Lab units.
    """
    error = ab - true_ab
    means = [F.avg_pool2d(error, side, ceil_mode=True) for side in _REGION_SIDES] + [error.mean((2, 3))]
    zero = error.new_zeros(())
    return torch.stack([F.huber_loss(mean, zero.expand_as(mean), delta=huber_delta) for mean in means]).mean()


def psnr_loss(ab: Tensor, true_ab: Tensor) -> Tensor:
    """Return the mean over pictures of ln(mean squared error): but for a constant, minus their PSNR over ab, in nats.

    PSNR rewards grey, so it is taken where results are equally colourful (`evaluation.equal_colorfulness`): one factor
    for the whole batch brings the chroma to a share of the true one. As a logarithm it counts a picture with little
    colour as much as a vivid one, where the squared error itself hardly sees it.

    Args:
        ab: (N, 2, H, W) in Lab units.
        true_ab: the same.
    """
    factor = _MATCHED_SHARE * _chroma(true_ab).mean() / _chroma(ab).mean()
    error = (factor * ab - true_ab).square().mean((1, 2, 3))
    return (error + _LEAST_ERROR**2).log().mean()


def _chroma(ab: Tensor) -> Tensor:
    """(N, 2, H, W) -> (N,): the root of its mean square, smooth at 0."""
    return (ab.square().mean((1, 2, 3)) + 1).sqrt()
