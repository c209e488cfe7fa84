"""The eight blocks of convolutions of Zhang, Isola, Efros 2016 ("Colorful Image Colorization", table 4), with two ends:
regression of ab, and the paper's own, a choice among bins. That is all that differs between them."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from colorizer import color
from colorizer.models.base import ColorNetwork, Head
from colorizer.models.bins_head import BinsNetwork
from colorizer.models.layers import normalize_lightness
from colorizer.models.registry import register

_AB_RANGE = 128.0
_MAX_WIDTH = 128


def _block(channels_in: int, channels: int, layers: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """3 x 3 convolutions with ReLU, the last with the stride, and BatchNorm at the end."""
    parts: list[nn.Module] = []
    for layer in range(layers):
        step = stride if layer == layers - 1 else 1
        convolution = nn.Conv2d(channels_in if layer == 0 else channels, channels, 3, step, dilation, dilation)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        parts += [convolution, nn.ReLU()]
    return nn.Sequential(*parts, nn.BatchNorm2d(channels))


class ZhangTrunk(nn.Sequential):
    """L (N, 1, H, W), normalised to -1..1 -> (N, 4 width, H / 4, W / 4).

    Blocks of `width` x 1, 2, 4, 8, 8 (dilated), 8 (dilated), 8 maps, the first three ending in stride 2; the eighth
    goes back up to 1/4 by a transposed convolution. The paper's width is 64.
    """

    def __init__(self, width: int) -> None:
        if not 1 <= width <= _MAX_WIDTH:
            raise ValueError(f"width is {width}; it must be 1 to {_MAX_WIDTH}")
        up = nn.ConvTranspose2d(8 * width, 4 * width, 4, 2, 1)
        nn.init.kaiming_normal_(up.weight, nonlinearity="relu")
        super().__init__(
            _block(1, width, 2, stride=2),
            _block(width, 2 * width, 2, stride=2),
            _block(2 * width, 4 * width, 3, stride=2),
            _block(4 * width, 8 * width, 3),
            _block(8 * width, 8 * width, 3, dilation=2),
            _block(8 * width, 8 * width, 3, dilation=2),
            _block(8 * width, 8 * width, 3),
            nn.Sequential(up, nn.ReLU(), _block(4 * width, 4 * width, 2)),
        )


@register("zhang-regression")
class ZhangRegression(ColorNetwork):
    """The trunk with one head: a 1 x 1 convolution to 2 channels, tanh, times 128, bilinear from 1/4 to the input's
    size. About 4.5 M parameters at width 24."""

    head: ClassVar[Head] = "ab"
    stride: ClassVar[int] = 8
    source: ClassVar[str] = "Zhang et al. 2016, trunk; regression in place of its classes"

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.trunk = ZhangTrunk(width)
        self.regress = nn.Conv2d(4 * width, 2, 1)

    def forward(self, lightness: Tensor) -> Tensor:
        ab = self.regress(self.trunk(normalize_lightness(lightness))).tanh() * _AB_RANGE
        return F.interpolate(ab, scale_factor=4, mode="bilinear", align_corners=False)


@register("zhang-bins")
class ZhangBins(BinsNetwork):
    """The trunk with the paper's head: a 1 x 1 convolution to one logit for each bin of ab, at 1/4 of the size."""

    stride: ClassVar[int] = 8
    source: ClassVar[str] = "Zhang et al. 2016"

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.trunk = ZhangTrunk(width)
        self.classify = nn.Conv2d(4 * width, len(color.ab_bins()), 1)

    def forward(self, lightness: Tensor) -> Tensor:
        return self.classify(self.trunk(normalize_lightness(lightness)))
