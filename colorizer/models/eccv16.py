"""The network of the published weights "eccv16": Zhang, Isola, Efros 2016, "Colorful Image Colorization".

The layers carry the names of the authors' file, so that its tensors load strictly by name and shape.
"""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from colorizer.models.base import ColorNetwork, Head
from colorizer.models.registry import register
from colorizer.models.zhang_blocks import AB_SCALE, convolution_block, doubling, normalize_lightness

_BINS = 313


@register("eccv16")
class Eccv16(ColorNetwork):
    """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in Lab units, H and W multiples of 8; 32.2 M parameters.

    Eight blocks classify colour into 313 bins at 1/4 of the size; the mean over the bins, at temperature 1, is ab.
    """

    head: ClassVar[Head] = "ab"
    stride: ClassVar[int] = 8
    source: ClassVar[str] = "Zhang et al. 2016, the authors' PyTorch release"

    def __init__(self) -> None:
        super().__init__()
        self.model1 = convolution_block(1, 64, 64, stride=2)
        self.model2 = convolution_block(64, 128, 128, stride=2)
        self.model3 = convolution_block(128, 256, 256, 256, stride=2)
        self.model4 = convolution_block(256, 512, 512, 512)
        self.model5 = convolution_block(512, 512, 512, 512, dilation=2)
        self.model6 = convolution_block(512, 512, 512, 512, dilation=2)
        self.model7 = convolution_block(512, 512, 512, 512)
        self.model8 = nn.Sequential(
            doubling(512, 256),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, _BINS, 1),
        )
        self.model_out = nn.Conv2d(_BINS, 2, 1, bias=False)
        """Its weight (2, 313, 1, 1) is the bins' ab, divided by `AB_SCALE`."""

    def logits(self, lightness: Tensor) -> Tensor:
        """Classify colour: L (N, 1, H, W) in 0..100 -> one logit for each bin, (N, 313, H / 4, W / 4)."""
        x = normalize_lightness(lightness)
        for block in (self.model1, self.model2, self.model3, self.model4):
            x = block(x)
        for block in (self.model5, self.model6, self.model7, self.model8):
            x = block(x)
        return x

    def forward(self, lightness: Tensor) -> Tensor:
        ab = self.model_out(self.logits(lightness).softmax(1))
        return F.interpolate(ab, scale_factor=4, mode="bilinear", align_corners=False) * AB_SCALE
