"""The networks of the flower project, which follow each other from a plain CNN to the generator of a GAN.

All give a whole RGB picture through a sigmoid, lightness included, as the original did; of it only ab is used.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from colorizer import color
from colorizer.models.base import ColorNetwork, Head
from colorizer.models.layers import Activation, normalize_lightness, normalized_convolution
from colorizer.models.registry import register

_MAX_WIDTH = 512
_LEAK = 0.2  # of the leaky ReLU, as in DCGAN (Radford et al. 2016)


def _leaky() -> nn.Module:
    return nn.LeakyReLU(_LEAK)


def _down(channels_in: int, channels_out: int, stride: int = 1, activation: Activation = nn.ReLU) -> nn.Sequential:
    return normalized_convolution(channels_in, channels_out, 3, stride, activation)


def _up(channels_in: int, channels_out: int, activation: Activation = nn.ReLU) -> nn.Sequential:
    """Twice the size."""
    return nn.Sequential(
        nn.ConvTranspose2d(channels_in, channels_out, 3, 2, 1, output_padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        activation(),
    )


class RGBNetwork(ColorNetwork):
    """L (N, 1, H, W) in 0..100 -> sRGB (N, 3, H, W) in 0..1; H and W multiples of `stride`."""

    head: ClassVar[Head] = "rgb"

    def __init__(self, width: int) -> None:
        if not 1 <= width <= _MAX_WIDTH:
            raise ValueError(f"width is {width}; it must be 1 to {_MAX_WIDTH}")
        super().__init__()

    def decode(self, normalised: Tensor) -> Tensor:
        """Lightness (N, 1, H, W) in -1..1 -> RGB before the sigmoid."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it paints")

    def forward(self, lightness: Tensor) -> Tensor:
        return self.decode(normalize_lightness(lightness)).sigmoid()

    def target(self, srgb: Tensor, lab: Tensor) -> Tensor:
        """Return the picture itself."""
        return srgb

    def to_ab(self, output: Tensor) -> Tensor:
        """Return ab of the picture; its lightness, blurred as it is, is left to the photo."""
        return color.srgb_to_lab(output.float())[:, 1:]

    def grey_prediction(self, lightness: Tensor, blind: Tensor) -> Tensor:
        """Return the grey picture itself: the baseline of whoever leaves the photo as it is."""
        return color.lab_to_srgb(torch.cat([lightness, lightness.new_zeros(lightness.shape).expand(-1, 2, -1, -1)], 1))


@register("rgb-cnn")
class PlainCNN(RGBNetwork):
    """Four 3 x 3 convolutions at full size: a pixel's colour follows from the 9 x 9 pixels around it. About 0.06 M
    parameters at width 32."""

    source: ClassVar[str] = "Flower project, first step: a plain CNN"
    stride: ClassVar[int] = 1

    def __init__(self, width: int = 32) -> None:
        super().__init__(width)
        self.layers = nn.Sequential(
            _down(1, width), _down(width, 2 * width), _down(2 * width, 2 * width), nn.Conv2d(2 * width, 3, 3, padding=1)
        )

    def decode(self, normalised: Tensor) -> Tensor:
        return self.layers(normalised)


@register("autoencoder-5")
class Autoencoder5(RGBNetwork):
    """Five layers: two strided convolutions to the embedding, 32 x 32 x 2 `width` of a 128 x 128 picture, two
    transposed ones back, and one to RGB."""

    source: ClassVar[str] = "Flower project, autoencoder of 5 layers; embedding 32 x 32 x 64"
    stride: ClassVar[int] = 4

    def __init__(self, width: int = 32) -> None:
        super().__init__(width)
        self.layers = nn.Sequential(
            _down(1, width, 2),
            _down(width, 2 * width, 2),
            _up(2 * width, 2 * width),
            _up(2 * width, width),
            nn.Conv2d(width, 3, 3, padding=1),
        )

    def decode(self, normalised: Tensor) -> Tensor:
        return self.layers(normalised)


@register("autoencoder-7")
class Autoencoder7(RGBNetwork):
    """Seven layers: three strided convolutions to an embedding of 16 x 16 x 4 `width`, three transposed ones back, and
    one to RGB."""

    source: ClassVar[str] = "Flower project, autoencoder of 7 layers"
    stride: ClassVar[int] = 8
    activation: ClassVar[Activation] = nn.ReLU

    def __init__(self, width: int = 32) -> None:
        super().__init__(width)
        made = type(self).activation
        self.layers = nn.Sequential(
            _down(1, width, 2, made),
            _down(width, 2 * width, 2, made),
            _down(2 * width, 4 * width, 2, made),
            _up(4 * width, 4 * width, made),
            _up(4 * width, 2 * width, made),
            _up(2 * width, width, made),
            nn.Conv2d(width, 3, 3, padding=1),
        )

    def decode(self, normalised: Tensor) -> Tensor:
        return self.layers(normalised)


@register("autoencoder-7-leaky")
class Autoencoder7Leaky(Autoencoder7):
    """The same with leaky ReLU (Maas et al. 2013), slope 0.2: no unit falls silent for good."""

    source: ClassVar[str] = "Flower project, autoencoder of 7 layers with leaky ReLU (Maas et al. 2013)"
    activation: ClassVar[Activation] = staticmethod(_leaky)


@register("autoencoder-9-skip")
class Autoencoder9Skip(RGBNetwork):
    """Nine layers, five down, three up and one to RGB: of a 128 x 128 picture (64, 64, w) (64, 64, 2 w) (32, 32, 2 w)
    (32, 32, 4 w) (16, 16, 8 w), then (32, 32, 4 w) (64, 64, 2 w) (128, 128, w); maps of one size are added, as in a
    ResNet (He et al. 2016). At the original's width 64 3.6 M parameters. The generator of the GAN."""

    source: ClassVar[str] = "Flower project, autoencoder of 9 layers with additive skips; generator of its GAN"
    stride: ClassVar[int] = 8

    def __init__(self, width: int = 64) -> None:
        super().__init__(width)
        self.down1, self.down2 = _down(1, width, 2), _down(width, 2 * width)
        self.down3, self.down4 = _down(2 * width, 2 * width, 2), _down(2 * width, 4 * width)
        self.down5 = _down(4 * width, 8 * width, 2)
        self.up1, self.up2, self.up3 = _up(8 * width, 4 * width), _up(4 * width, 2 * width), _up(2 * width, width)
        self.to_rgb = nn.Conv2d(width, 3, 3, padding=1)

    def decode(self, normalised: Tensor) -> Tensor:
        half = self.down2(self.down1(normalised))
        quarter = self.down4(self.down3(half))
        features = self.up1(self.down5(quarter)) + quarter
        features = self.up2(features) + half
        return self.to_rgb(self.up3(features))
