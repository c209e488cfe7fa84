"""How fast what learns, step by step: groups of parameters, rates of learning, and the average of the weights."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from colorizer import models
from colorizer.recipes.schema import TrainingSettings

_FALL_SHARE = 0.1  # of the steps, in which the "stable" schedule falls


def parameter_groups(network: models.ColorNetwork, settings: TrainingSettings) -> list[dict[str, Any]]:
    """Return the optimizer's groups: the network but its trunk, and the trunk, where it learns at a rate of its own."""
    if settings.encoder_rate == 1:
        return [{"params": list(network.parameters()), "relative_rate": 1.0}]
    trunk = list(network.trunk_parameters())
    members = {id(parameter) for parameter in trunk}
    others = [parameter for parameter in network.parameters() if id(parameter) not in members]
    return [{"params": others, "relative_rate": 1.0}, {"params": trunk, "relative_rate": settings.encoder_rate}]


def learning_rate(settings: TrainingSettings, step: int, steps: int) -> float:
    """Return the rate of one step: a linear rise over the warm-up, then the recipe's schedule over all `steps`."""
    warmup = min(1.0, (step + 1) / settings.warmup_steps) if settings.warmup_steps else 1.0
    fall = 1.0
    if settings.schedule == "cosine":
        fall = (1 + math.cos(math.pi * step / steps)) / 2
    elif settings.schedule == "stable":
        fall = min(1.0, (1 - step / steps) / _FALL_SHARE)
    return settings.learning_rate * warmup * fall


def make_average(network: models.ColorNetwork, decay: float) -> AveragedModel:
    """Return an exponential moving average of a network's weights and buffers; in its first steps it forgets sooner, as
    what a network is at first is worth nothing."""

    def average(averaged: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
        if not averaged.is_floating_point():
            return current
        return torch.lerp(averaged, current, 1 - min(decay, (1 + int(updates)) / (10 + int(updates))))

    return AveragedModel(network, avg_fn=average, use_buffers=True)
