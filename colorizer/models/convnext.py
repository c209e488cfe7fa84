"""The encoder of DDColor: ConvNeXt (Liu et al. 2022, "A ConvNet for the 2020s"), with features of its four stages."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_NORM_EPSILON = 1e-6


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=_NORM_EPSILON)

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNextBlock(nn.Module):
    """A depthwise 7 x 7 convolution and two pointwise layers, added to the input with a factor for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=_NORM_EPSILON)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.full((channels,), 1e-6))

    def forward(self, features: Tensor) -> Tensor:
        x = self.norm(self.dwconv(features).permute(0, 2, 3, 1))
        x = self.gamma * self.pwconv2(F.gelu(self.pwconv1(x)))
        return features + x.permute(0, 3, 1, 2)


class ConvNext(nn.Module):
    """(N, 3, H, W) -> normed features of the four stages at 1/4, 1/8, 1/16 and 1/32, of width x 1, 2, 4, 8 maps."""

    def __init__(self, width: int, deep_blocks: int) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 8 * width]
        stem = nn.Sequential(nn.Conv2d(3, width, 4, 4), ChannelNorm(width))
        halvings = [nn.Sequential(ChannelNorm(maps), nn.Conv2d(maps, 2 * maps, 2, 2)) for maps in widths[:-1]]
        self.downsample_layers = nn.ModuleList([stem, *halvings])
        blocks = zip(widths, (3, 3, deep_blocks, 3), strict=True)
        self.stages = nn.ModuleList(
            nn.Sequential(*(ConvNextBlock(maps) for _ in range(count))) for maps, count in blocks
        )
        for place, maps in enumerate(widths):
            self.add_module(f"norm{place}", ChannelNorm(maps))
        self.norm = nn.LayerNorm(widths[-1], eps=_NORM_EPSILON)
        """Of the classifier that the encoder was taken from: in the file, and not used."""

    def forward(self, picture: Tensor) -> list[Tensor]:
        features, x = [], picture
        for place, (downsample, stage) in enumerate(zip(self.downsample_layers, self.stages, strict=True)):
            x = stage(downsample(x))
            features.append(self.get_submodule(f"norm{place}")(x))
        return features
