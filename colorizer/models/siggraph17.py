"""The network of the published weights "siggraph17": Zhang et al. 2017, "Real-Time User-Guided Image Colorization with
Learned Deep Priors".

The layers carry the names of the authors' file, so that its tensors load strictly by name and shape.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from colorizer.models.base import ColorNetwork, Head
from colorizer.models.registry import register
from colorizer.models.zhang_blocks import AB_SCALE, convolution_block, doubling, normalize_lightness

_CLASSES = 529  # a grid of 23 x 23 squares of ab


def _halved(features: Tensor) -> Tensor:
    """Take every second row and column, as the authors do in place of a stride."""
    return features[:, :, ::2, ::2]


@register("siggraph17")
class Siggraph17(ColorNetwork):
    """L (N, 1, H, W) in 0..100, and hints -> ab (N, 2, H, W) in Lab units, H and W multiples of 8; 34.2 M parameters.

    Hints are planes (N, 3, H, W): ab / `AB_SCALE` where the third, the mask, is 1, and 0 elsewhere; without any, the
    result is that of planes of zeros. The decoder runs once; the authors' code runs it twice, with the same values.
    """

    head: ClassVar[Head] = "ab"
    stride: ClassVar[int] = 8
    source: ClassVar[str] = "Zhang et al. 2017, the authors' PyTorch release"
    takes_hints: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.model1 = convolution_block(4, 64, 64)
        self.model2 = convolution_block(64, 128, 128)
        self.model3 = convolution_block(128, 256, 256, 256)
        self.model4 = convolution_block(256, 512, 512, 512)
        self.model5 = convolution_block(512, 512, 512, 512, dilation=2)
        self.model6 = convolution_block(512, 512, 512, 512, dilation=2)
        self.model7 = convolution_block(512, 512, 512, 512)
        self.model8up = nn.Sequential(doubling(512, 256))
        self.model3short8 = nn.Sequential(nn.Conv2d(256, 256, 3, padding=1))
        self.model8 = nn.Sequential(nn.ReLU(), *convolution_block(256, 256, 256))
        self.model9up = nn.Sequential(doubling(256, 128))
        self.model2short9 = nn.Sequential(nn.Conv2d(128, 128, 3, padding=1))
        self.model9 = nn.Sequential(nn.ReLU(), *convolution_block(128, 128))
        self.model10up = nn.Sequential(doubling(128, 128))
        self.model1short10 = nn.Sequential(nn.Conv2d(64, 128, 3, padding=1))
        self.model10 = nn.Sequential(nn.ReLU(), nn.Conv2d(128, 128, 3, padding=1), nn.LeakyReLU(0.2))
        self.model_out = nn.Sequential(nn.Conv2d(128, 2, 1), nn.Tanh())
        self.model_class = nn.Sequential(nn.Conv2d(256, _CLASSES, 1))
        """In the file, and not used: the order of its classes is contradictory in the authors' code."""

    def forward(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        if hints is None:
            hints = lightness.new_zeros(lightness.shape[0], 3, *lightness.shape[2:])
        full = self.model1(torch.cat([normalize_lightness(lightness), hints], 1))
        half = self.model2(_halved(full))
        quarter = self.model3(_halved(half))
        x = self.model7(self.model6(self.model5(self.model4(_halved(quarter)))))
        x = self.model8(self.model8up(x) + self.model3short8(quarter))
        x = self.model9(self.model9up(x) + self.model2short9(half))
        x = self.model10(self.model10up(x) + self.model1short10(full))
        ab: Tensor = self.model_out(x) * AB_SCALE
        return ab
