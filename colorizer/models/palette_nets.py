"""The two networks of the palette experiments: colour as a choice among K given RGB colours (Zhang et al. 2016 choose
among bins of ab instead). A plain CNN, and the same with skips, a U-Net.

Measured on 1,000 CIFAR-10 pictures, what makes the U-Net good is that its skips end at full size: with skips from the
pooled maps, as some write it, 12 epochs do not reach what these do in two.
"""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorizer import color
from colorizer.color.palettes import MAX_COLORS
from colorizer.models.base import ColorNetwork, Head
from colorizer.models.layers import normalize_lightness, normalized_convolution
from colorizer.models.registry import register

_MAX_WIDTH = 512


def _up(features: Tensor) -> Tensor:
    # Repeated, not bilinear: the CNN of 16 colours on horses came to 1.220 so in 30 epochs, to 1.293 bilinear in 50.
    return F.interpolate(features, scale_factor=2, mode="nearest")


class PaletteNetwork(ColorNetwork):
    """L (N, 1, H, W) in 0..100 -> logits (N, K, H, W), one for each colour of its palette; H and W multiples of 4.

    The palette, sRGB (K, 3) in 0..1, is part of the state and of the checkpoint, in float32.
    """

    head: ClassVar[Head] = "palette"
    stride: ClassVar[int] = 4
    palette: Tensor

    def __init__(self, colors: int, width: int) -> None:
        if not 2 <= colors <= MAX_COLORS:
            raise ValueError(f"colors is {colors}; a palette has 2 to {MAX_COLORS} colours")
        if not 1 <= width <= _MAX_WIDTH:
            raise ValueError(f"width is {width}; it must be 1 to {_MAX_WIDTH}")
        super().__init__()
        self.register_buffer("palette", torch.zeros(colors, 3))

    def set_palette(self, palette: Tensor) -> None:
        """Take the colours, sRGB (K, 3) in 0..1."""
        self.palette.copy_(palette)

    def target(self, srgb: Tensor, lab: Tensor) -> Tensor:
        """Return the class of each pixel, int64 (N, H, W): its nearest palette colour in sRGB."""
        return color.nearest_color(srgb, self.palette)

    def to_ab(self, output: Tensor) -> Tensor:
        """Return ab of the likeliest colour."""
        return self.class_ab(output.argmax(1))

    def class_ab(self, classes: Tensor) -> Tensor:
        """Classes (N, H, W) -> the ab (N, 2, H, W) of their colours."""
        return color.palette_ab(self.palette)[classes].permute(0, 3, 1, 2)

    def expected_ab(self, output: Tensor) -> Tensor:
        """Return the mean ab (N, 2, H, W) over the distribution."""
        probabilities = output.softmax(1).permute(0, 2, 3, 1)
        return (probabilities @ color.palette_ab(self.palette)).permute(0, 3, 1, 2)

    def constant_prediction(self, targets: Tensor) -> Tensor:
        """Return the logarithm of how frequent each class is; a class that never occurs counts as one pixel."""
        counts = torch.bincount(targets.flatten(), minlength=len(self.palette)).clamp_min(1).float()
        return (counts / counts.sum()).log()


@register("palette-cnn")
class PaletteCNN(PaletteNetwork):
    """2 x (convolution, BatchNorm, ReLU, max-pool 2) with `width` and twice as many maps, a convolution, 2 x
    (convolution, BatchNorm, ReLU, up x 2), convolution to K. About 0.12 M parameters at width 32."""

    source: ClassVar[str] = "CIFAR-10 palette colorizer, plain CNN; colour as classes after Zhang et al. 2016"

    def __init__(self, colors: int, width: int = 32) -> None:
        super().__init__(colors, width)
        self.down1, self.down2 = normalized_convolution(1, width), normalized_convolution(width, 2 * width)
        self.middle = normalized_convolution(2 * width, 2 * width)
        self.up1, self.up2 = normalized_convolution(2 * width, 2 * width), normalized_convolution(2 * width, width)
        self.classify = nn.Conv2d(width, colors, 3, padding=1)

    def forward(self, lightness: Tensor) -> Tensor:
        normalised = normalize_lightness(lightness)
        half = F.max_pool2d(self.down1(normalised), 2)
        quarter = F.max_pool2d(self.down2(half), 2)
        return self.classify(_up(self.up2(_up(self.up1(self.middle(quarter))))))


@register("palette-unet")
class PaletteUNet(PaletteNetwork):
    """The same with skips (Ronneberger et al. 2015, "U-Net"): each up-sampled stage is joined with the maps of its own
    size from the way down, the last one with the input too. About 0.16 M parameters at width 32."""

    source: ClassVar[str] = "CIFAR-10 palette colorizer, U-Net (Ronneberger et al. 2015)"

    def __init__(self, colors: int, width: int = 32) -> None:
        super().__init__(colors, width)
        self.down1, self.down2 = normalized_convolution(1, width), normalized_convolution(width, 2 * width)
        self.middle = normalized_convolution(2 * width, 2 * width)
        self.up1, self.up2 = normalized_convolution(4 * width, 2 * width), normalized_convolution(3 * width, width)
        self.classify = nn.Conv2d(width + 1, colors, 3, padding=1)

    def forward(self, lightness: Tensor) -> Tensor:
        normalised = normalize_lightness(lightness)
        full = self.down1(normalised)
        half = self.down2(F.max_pool2d(full, 2))
        quarter = self.middle(F.max_pool2d(half, 2))
        features = self.up1(torch.cat([_up(quarter), half], 1))
        features = self.up2(torch.cat([_up(features), full], 1))
        return self.classify(torch.cat([features, normalised], 1))
