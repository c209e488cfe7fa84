"""Twelve convolutions: a plain network that shrinks by strides and grows by up-sampling, with nothing else in it."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from colorizer.models.base import ColorNetwork, Head
from colorizer.models.layers import normalize_lightness, normalized_convolution
from colorizer.models.registry import register

_MAX_WIDTH = 128


@register("twelve-convolutions")
class TwelveConvolutions(ColorNetwork):
    """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in Lab units; H and W multiples of 8.

    Convolutions of 3 x 3 with `width` x 1, 1, 2, 2, 4, 4, 8, 4, 2, 1, 1/2 maps and 2 of colour: three of the first six
    halve the size by their stride, no pooling; three times the maps are doubled in size between the last five.
    BatchNorm and ReLU after each but the last. About 0.97 M parameters at width 32.
    """

    head: ClassVar[Head] = "ab"
    stride: ClassVar[int] = 8
    source: ClassVar[str] = "an object colorizer of 12 convolutions, 3 up-sampling layers and no pooling"

    def __init__(self, width: int = 32) -> None:
        if not 2 <= width <= _MAX_WIDTH:
            raise ValueError(f"width is {width}; it must be 2 to {_MAX_WIDTH}")
        super().__init__()
        self.shrink = nn.Sequential(
            normalized_convolution(1, width),
            normalized_convolution(width, width, stride=2),
            normalized_convolution(width, 2 * width),
            normalized_convolution(2 * width, 2 * width, stride=2),
            normalized_convolution(2 * width, 4 * width),
            normalized_convolution(4 * width, 4 * width, stride=2),
        )
        self.think = nn.Sequential(
            normalized_convolution(4 * width, 8 * width), normalized_convolution(8 * width, 4 * width)
        )
        self.grow = nn.ModuleList(
            [
                normalized_convolution(4 * width, 2 * width),
                normalized_convolution(2 * width, width),
                normalized_convolution(width, width // 2),
                nn.Conv2d(width // 2, 2, 3, padding=1),
            ]
        )

    def forward(self, lightness: Tensor) -> Tensor:
        features = self.think(self.shrink(normalize_lightness(lightness)))
        first, second, third, color = self.grow
        features = second(_twice(first(features)))
        ab = color(third(_twice(features)))
        return _twice(ab) * 50  # so that the untrained network's answer is of the order of colours


def _twice(features: Tensor) -> Tensor:
    return F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
