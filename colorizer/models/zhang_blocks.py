"""Blocks that the two published networks of Zhang et al. (2016 and 2017) are made of, by the names in their files."""

from itertools import pairwise

from torch import Tensor, nn

AB_SCALE = 110.0
"""Lab units: the networks' last layers give ab divided by it."""


def normalize_lightness(lightness: Tensor) -> Tensor:
    """Scale L in 0..100 to -0.5..0.5, as the published weights were trained."""
    return (lightness - 50) / 100


def convolution_block(*channels: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Build 3 x 3 convolutions with ReLU between `channels`, the last with the stride, and BatchNorm at the end."""
    layers: list[nn.Module] = []
    for place, (before, after) in enumerate(pairwise(channels)):
        step = stride if place == len(channels) - 2 else 1
        layers += [nn.Conv2d(before, after, 3, step, dilation, dilation), nn.ReLU()]
    return nn.Sequential(*layers, nn.BatchNorm2d(channels[-1]))


def doubling(channels_in: int, channels: int) -> nn.ConvTranspose2d:
    """Build the transposed convolution that doubles height and width."""
    return nn.ConvTranspose2d(channels_in, channels, 4, 2, 1)
