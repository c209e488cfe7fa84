"""Layers that several networks have in common."""

from collections.abc import Callable

from torch import Tensor, nn

Activation = Callable[[], nn.Module]


def normalize_lightness(lightness: Tensor) -> Tensor:
    """L in 0..100 -> -1..1, which networks see."""
    return (lightness - 50) / 50


def normalized_convolution(
    channels_in: int, channels: int, kernel: int = 3, stride: int = 1, activation: Activation = nn.ReLU
) -> nn.Sequential:
    """Return a convolution that keeps the size (divides it by the stride), BatchNorm, and an activation."""
    convolution = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), activation())
