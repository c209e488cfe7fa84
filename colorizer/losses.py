"""Training losses over ab, in Lab units: MSE, Huber, L1.

Their heights have different units (MSE: Lab units squared; L1: Lab units; Huber: squared below its threshold, linear
above) and must never be compared with each other; every run records common measures beside its own loss.
"""

from collections.abc import Callable
from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor

LossName = Literal["mse", "huber", "l1"]
LOSS_NAMES: tuple[str, ...] = get_args(LossName)

Loss = Callable[[Tensor, Tensor], Tensor]
"""(predicted, true), both (N, 2, H, W) in Lab units -> a scalar, the mean over all values."""


def make_loss(name: LossName, huber_delta: float) -> Loss:
    """The loss called `name`.

    Args:
        name: "mse": mean of e^2. "l1": mean of |e|. "huber" (Huber 1964): e^2 / 2 where |e| <= delta, else
            delta (|e| - delta / 2).
        huber_delta: the threshold between square and line, in Lab units; unused by the others.
    """
    if name == "huber":
        return lambda predicted, true: F.huber_loss(predicted, true, delta=huber_delta)
    return F.mse_loss if name == "mse" else F.l1_loss
