"""The mean of two checkpoints: where they err in different directions, it is nearer to the truth than either.

HAVC (the colorization filters for VapourSynth) does the same with DDColor and DeOldify.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorizer.checkpoints.card import Card
from colorizer.errors import CheckpointError
from colorizer.inference.downsampling import area_means
from colorizer.inference.network_input import pad_to_stride
from colorizer.models import ColorNetwork
from colorizer.models.base import Head

Member = tuple[ColorNetwork, int]
"""A network, and the short side in pixels at which it sees a photo."""


@dataclass(frozen=True)
class Blend:
    """Two checkpoints, and the weight of the second, 0..1."""

    first: str
    second: str
    share: float = 0.5

    @property
    def id(self) -> str:
        """As `parse_blend` reads it."""
        weight = "" if self.share == 0.5 else f":{self.share:g}"
        return f"{self.first}+{self.second}{weight}"


def parse_blend(text: str) -> Blend:
    """Read "photo+objects-12conv" or, with the weight of the second, "photo+objects-12conv:0.3".

    Raises:
        CheckpointError: for anything else.
    """
    names, _, weight = text.partition(":")
    ids = names.split("+")
    try:
        share = float(weight) if weight else 0.5
    except ValueError:
        share = math.nan
    if len(ids) != 2 or not all(ids) or not 0 <= share <= 1:
        raise CheckpointError(
            f"{text!r} is no mean of two checkpoints; write it as photo+objects-12conv, or with the weight of the "
            "second, from 0 to 1, as photo+objects-12conv:0.3."
        )
    return Blend(ids[0], ids[1], share)


def blend_card(first: Card, second: Card, share: float) -> Card:
    """Make the card of a mean of two: a network with the head "ab", without figures of its own."""
    blend = Blend(first.id, second.id, share)
    needs = [card.published.memory_mb for card in (first, second) if card.published]
    published = first.published or second.published
    return dataclasses.replace(
        first,
        id=blend.id,
        title=f"{first.title} + {second.title}",
        summary=f"The mean of the colours of {first.title} ({1 - share:.0%}) and {second.title} ({share:.0%}).",
        architecture="mean of two",
        head="ab",
        parameters=first.parameters + second.parameters,
        input_size=max(first.input_size, second.input_size),
        sha256={name: f"{digest} {second.sha256.get(name, '')} {share:g}" for name, digest in first.sha256.items()},
        options={},
        metrics=(),
        measurements=(),
        takes_hints=False,
        published=dataclasses.replace(published, memory_mb=sum(needs)) if published else None,
        published_figures=(),
    )


class MeanNetwork(ColorNetwork):
    """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in Lab units: the mean of two networks, each seeing L at its size.

    The smaller of two sees L reduced twice, a little softer than alone.
    """

    head: ClassVar[Head] = "ab"
    stride: ClassVar[int] = 1  # each member pads for itself
    source: ClassVar[str] = "two networks"

    def __init__(self, first: Member, second: Member, share: float) -> None:
        super().__init__()
        self.networks = nn.ModuleList([first[0], second[0]])
        largest = max(first[1], second[1])
        self._members = tuple((network, side / largest) for network, side in (first, second))
        self._weights = (1 - share, share)

    def forward(self, lightness: Tensor) -> Tensor:
        parts = [
            weight * _ab_of(network, lightness, scale)
            for (network, scale), weight in zip(self._members, self._weights, strict=True)
        ]
        return parts[0] + parts[1]


def _ab_of(network: ColorNetwork, lightness: Tensor, scale: float) -> Tensor:
    """Return what a network answers for L (N, 1, H, W) scaled by at most 1; ab at H and W."""
    size = (lightness.shape[2], lightness.shape[3])
    height, width = (max(1, round(side * scale)) for side in size)
    small = _shrunk(lightness, height, width) if scale < 1 else lightness
    ab = network.to_ab(network(pad_to_stride(small, network.stride)))[:, :, :height, :width]
    return F.interpolate(ab, size, mode="bilinear", align_corners=False) if scale < 1 else ab


def _shrunk(planes: Tensor, height: int, width: int) -> Tensor:
    """(N, 1, H, W) -> (N, 1, height, width): exact area means, as a photo's own reduction takes them."""
    rows = [area_means(area_means(plane[0], height).T.contiguous(), width).T for plane in planes]
    return torch.stack(rows)[:, None].contiguous()
