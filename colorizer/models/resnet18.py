"""The ResNet-18 colorizer of the scenes experiments: two residual stages down to 1/8, then convolutions up again.

The trunk's parameters carry torchvision's names (`conv1`, `bn1`, `layer1.0.conv1`), so that its ImageNet weights fit.
"""

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorizer.models.base import ColorNetwork, Head
from colorizer.models.layers import normalize_lightness, normalized_convolution
from colorizer.models.registry import register

_OUTPUT_SCALE = (
    20.0  # Lab units: the usual spread of ab in photographs, so that the last layer works with values near 1
)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions, a shortcut (He et al. 2016, "Deep residual learning for image recognition", fig. 2)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            shortcut = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(channels_out))

    def forward(self, features: Tensor) -> Tensor:
        residual = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(features)))))
        return F.relu(residual + self.downsample(features))


def _up() -> nn.Upsample:
    # Bilinear, where the original repeats pixels: repeated pixels would show as blocks of colour.
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)


@register("resnet18-colorizer")
class ResNet18Colorizer(ColorNetwork):
    """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in Lab units; H and W multiples of 8; 0.95 M parameters.

    Trunk: ResNet-18 (He et al. 2016) up to and including its second stage. Colour layers: convolution 128, up, 64, 64,
    up, 32, 2, up; BatchNorm and ReLU between.
    """

    head: ClassVar[Head] = "ab"
    stride: ClassVar[int] = 8
    source: ClassVar[str] = "ResNet-18 (He et al. 2016) up to its second stage, with an upsampling colour decoder"

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(BasicBlock(64, 64, 1), BasicBlock(64, 64, 1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128, 1))
        self.decoder = nn.Sequential(
            *(normalized_convolution(128, 128), _up()),
            *(normalized_convolution(128, 64), normalized_convolution(64, 64), _up()),
            *(normalized_convolution(64, 32), nn.Conv2d(32, 2, 3, padding=1), _up()),
        )

    def forward(self, lightness: Tensor) -> Tensor:
        normalised = normalize_lightness(lightness)
        features = F.max_pool2d(F.relu(self.bn1(self.conv1(normalised))), 3, stride=2, padding=1)
        return self.decoder(self.layer2(self.layer1(features))) * _OUTPUT_SCALE

    def load_trunk(self, imagenet_state: Mapping[str, Tensor]) -> None:
        """Take the trunk from a torchvision ResNet-18's state; its three colour kernels are summed into the one of L.

        Raises:
            KeyError: where the state lacks one of the trunk's tensors.
        """
        own = {name: tensor for name, tensor in self.state_dict().items() if not name.startswith("decoder.")}
        trunk = {name: imagenet_state[name] for name in own}
        trunk["conv1.weight"] = imagenet_state["conv1.weight"].sum(1, keepdim=True)
        with torch.no_grad():
            self.load_state_dict(trunk, strict=False)
