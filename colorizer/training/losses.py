"""Training losses: MSE, Huber and L1 over ab in Lab units, MSE and L1 over RGB in 0..1; cross-entropy over the colours
of a palette or over rebalanced bins of ab.

Their heights have different units (MSE: units squared; L1: units; Huber: squared below its threshold, linear above;
cross-entropy: nats) and must never be compared with each other; every run records common measures beside its
own loss.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from colorizer.evaluation.metrics import Loss
from colorizer.recipes.schema import LossName

_REGION_SIDES = (2, 4)


def make_loss(name: LossName, huber_delta: float, regression_weight: float = 0.0, region_weight: float = 0.0) -> Loss:
    """Return the loss called `name`.

    Args:
        name: "mse": mean of e^2. "l1": mean of |e|. "huber" (Huber 1964): e^2 / 2 where |e| <= delta, else
            delta (|e| - delta / 2). "cross_entropy": mean of -ln of the probability that the softmax of the logits
            gives to the true class, in nats. "cross_entropy_huber": that over all channels but the last two, which are
            ab in Lab units, plus `regression_weight` times Huber over those, plus `region_weight` times `region_loss`
            of them.
        huber_delta: the threshold between square and line, in Lab units; unused by the others.
        regression_weight: see "cross_entropy_huber".
        region_weight: see "cross_entropy_huber".
    """
    if name == "cross_entropy_huber":

        def bins_and_ab(predicted: Tensor, true: Tensor) -> Tensor:
            ab, true_ab = predicted[:, -2:], true[:, -2:]
            loss = F.cross_entropy(predicted[:, :-2], true[:, :-2])
            loss = loss + regression_weight * F.huber_loss(ab, true_ab, delta=huber_delta)
            return loss + region_weight * region_loss(ab, true_ab, huber_delta) if region_weight else loss

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
