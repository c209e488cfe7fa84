"""The network of the published weights "ddcolor-...": Kang et al. 2023, "DDColor: Towards Photo-Realistic Image
Colorization via Dual Decoders".

The layers carry the names of the authors' files, so that their tensors load strictly by name and shape, once spectral
normalisation is folded into the eight convolutions that have it.
"""

from collections.abc import Mapping
from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorizer import color
from colorizer.models.base import ColorNetwork, Head
from colorizer.models.convnext import ConvNext
from colorizer.models.ddcolor_queries import QueryDecoder
from colorizer.models.registry import register

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_PIXEL_MAPS = (512, 512, 256)  # of the pixel decoder, at 1/16, 1/8 and 1/4
_QUERIES = 100
_STRIP_ROWS = 16  # at 1/4 of the size: 16 x 192 pixels of 4096 maps are 50 MB

SPECTRAL_NORM_LAYERS = (
    *(f"decoder.layers.{level}.{name}.0" for level in range(3) for name in ("shuf.conv", "conv")),
    "decoder.last_shuf.conv.0",
    "refine_net.0.0",
)
"""The convolutions whose weight is in the file as `weight_orig`, `weight_u` and `weight_v`."""


def fold_spectral_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Replace the three tensors of each spectrally normed convolution by its weight, as evaluation uses it.

    W = W_orig / (u . W_mat v), W_mat = W_orig flattened to two dimensions (Miyato et al. 2018). Everything else stays;
    a convolution that lacks one of the three stays as it is, for the strict loader to name.
    """
    folded = dict(state)
    for layer in SPECTRAL_NORM_LAYERS:
        names = [f"{layer}.weight_{part}" for part in ("orig", "u", "v")]
        if all(name in folded for name in names):
            weight, u, v = (folded.pop(name) for name in names)
            folded[f"{layer}.weight"] = weight / torch.dot(u, torch.mv(weight.flatten(1), v))
    return folded


class ShuffledUpsampling(nn.Module):
    """A 1 x 1 convolution to factor^2 times the maps, ReLU, pixel shuffle, and a blur of 2 x 2 against its pattern."""

    def __init__(self, channels_in: int, channels: int, factor: int, norm: bool) -> None:
        super().__init__()
        wide = channels * factor * factor
        convolution = nn.Conv2d(channels_in, wide, 1, bias=not norm)
        self.conv = nn.Sequential(convolution, nn.BatchNorm2d(wide)) if norm else nn.Sequential(convolution)
        self.shuffle = nn.Sequential(nn.ReLU(), nn.PixelShuffle(factor))
        self.blur = nn.Sequential(nn.ReplicationPad2d((1, 0, 1, 0)), nn.AvgPool2d(2, stride=1))

    def forward(self, features: Tensor) -> Tensor:
        large: Tensor = self.blur(self.shuffle(self.conv(features)))
        return large

    def mixed(self, features: Tensor, mixture: Tensor) -> Tensor:
        """Mix the maps of `forward`, (N, C, H, W), by (N, O, C) to (N, O, H, W), without having them at full size.

        Shuffle and blur are linear and act on each map alone, so mixing may come first; and it may go by strips, as
        the maps before it are the largest thing in the network.
        """
        strips = [self._mix_strip(strip, mixture) for strip in features.split(_STRIP_ROWS, 2)]
        large: Tensor = self.blur(self.shuffle[1](torch.cat(strips, 2)))
        return large

    def _mix_strip(self, features: Tensor, mixture: Tensor) -> Tensor:
        maps = self.conv(features).relu().unflatten(1, (mixture.shape[2], -1))
        return torch.einsum("noc,nckhw->nokhw", mixture, maps).flatten(1, 2)


class SkipBlock(nn.Module):
    """Double the size, join the encoder's features of that size, and convolve."""

    def __init__(self, channels_in: int, skipped: int, channels: int) -> None:
        super().__init__()
        self.shuf = ShuffledUpsampling(channels_in, channels, 2, norm=True)
        self.bn = nn.BatchNorm2d(skipped)
        self.conv = nn.Sequential(
            nn.Conv2d(channels + skipped, channels, 3, padding=1, bias=False), nn.ReLU(), nn.BatchNorm2d(channels)
        )

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        joined: Tensor = self.conv(torch.cat([self.shuf(features), self.bn(skip)], 1).relu())
        return joined


class DualDecoder(nn.Module):
    """The encoder's four features -> maps of the picture, and an embedding for each of 100 colour queries.

    A query's plane of the picture is the sum of the maps, weighted by its embedding.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        maps = (8 * width, *_PIXEL_MAPS[:2])
        skips = (4 * width, 2 * width, width)
        self.layers = nn.ModuleList(SkipBlock(*sizes) for sizes in zip(maps, skips, _PIXEL_MAPS, strict=True))
        self.last_shuf = ShuffledUpsampling(_PIXEL_MAPS[-1], 256, 4, norm=False)
        self.color_decoder = QueryDecoder(_PIXEL_MAPS, _QUERIES)

    def forward(self, features: list[Tensor], query_weights: Tensor) -> Tensor:
        """Return the queries' planes, weighted by (O, 100) and summed: (N, O, H, W)."""
        x, levels = features[-1], []
        for block, skip in zip(self.layers, reversed(features[:-1]), strict=True):
            x = block(x, skip)
            levels.append(x)
        mixture = torch.einsum("oq,nqc->noc", query_weights, self.color_decoder(levels))
        planes: Tensor = self.last_shuf.mixed(x, mixture)
        return planes


@register("ddcolor")
class DDColor(ColorNetwork):
    """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in Lab units, H and W multiples of 32.

    ConvNeXt-T (width 96, 9 blocks in the third stage; 55.0 M parameters) or ConvNeXt-L (192, 27; 227.9 M) as encoder,
    a decoder of pixels and one of colour queries.
    """

    head: ClassVar[Head] = "ab"
    stride: ClassVar[int] = 32
    source: ClassVar[str] = "Kang et al. 2023, DDColor; ConvNeXt after Liu et al. 2022"
    mean: Tensor
    std: Tensor

    def __init__(self, width: int = 96, deep_blocks: int = 9) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).reshape(1, 3, 1, 1))
        self.encoder = nn.ModuleDict({"arch": ConvNext(width, deep_blocks)})
        self.decoder = DualDecoder(width)
        self.refine_net = nn.Sequential(nn.Sequential(nn.Conv2d(_QUERIES + 3, 2, 1)))

    def forward(self, lightness: Tensor) -> Tensor:
        grey = torch.cat([lightness, torch.zeros_like(lightness), torch.zeros_like(lightness)], 1)
        return self.color_grey(color.lab_to_srgb(grey))

    def color_grey(self, srgb: Tensor) -> Tensor:
        """Colour a grey picture in sRGB: (N, 3, H, W) in 0..1, three equal channels -> ab (N, 2, H, W)."""
        x = (srgb - self.mean) / self.std
        refine = cast(nn.Conv2d, self.refine_net.get_submodule("0.0"))  # of planes and x: linear, so each has its part
        of_queries = self.decoder(self.encoder["arch"](x), refine.weight[:, :_QUERIES, 0, 0])
        return of_queries + F.conv2d(x, refine.weight[:, _QUERIES:], refine.bias)
