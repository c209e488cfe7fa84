"""A colour decoder of few learned queries: each asks the whole picture what there is, and becomes a map over it.

A convolution decides each pixel by what lies around it; a query decides for the picture. That is what keeps one thing
in one colour and a picture in one mood.

Source: Kang et al. 2023, "DDColor: Towards Photo-Realistic Image Colorization via Dual Decoders", section 3.3.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_HEADS = 4
_EXPANSION = 4
_LONGEST_PERIOD = 100.0


def position_encoding(channels: int, height: int, width: int, device: torch.device) -> Tensor:
    """Sines and cosines of the place (Vaswani et al. 2017, section 3.5): half the channels for rows, half for columns.

    Places are measured from the centre in parts of the shorter side, so a picture of another size has the same code.

    Returns:
        (height * width, channels), channels a multiple of 4.
    """
    unit = _LONGEST_PERIOD / min(height, width)
    periods = _LONGEST_PERIOD ** (torch.arange(channels // 4, device=device) / (channels // 4))
    codes = []
    for length in (height, width):
        place = (torch.arange(length, device=device) + 0.5 - length / 2) * unit
        angle = 2 * torch.pi * place[:, None] / (4 * periods)
        codes.append(torch.cat([angle.sin(), angle.cos()], 1))
    rows = codes[0][:, None].expand(height, width, channels // 2)
    columns = codes[1][None].expand(height, width, channels // 2)
    return torch.cat([rows, columns], 2).flatten(0, 1)


class _Attention(nn.Module):
    """Multi-head attention (Vaswani et al. 2017) with a residual connection and LayerNorm after it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, queries: Tensor, places: Tensor, tokens: Tensor) -> Tensor:
        """Refine queries (N, Q, D), their learned places (Q, D) and tokens (N, T, D) -> queries (N, Q, D)."""
        query = self._split(self.query(queries + places))
        key, value = (self._split(part) for part in self.key_value(tokens).chunk(2, -1))
        found = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return self.norm(queries + self.out(found))

    @staticmethod
    def _split(tokens: Tensor) -> Tensor:
        return tokens.unflatten(-1, (_HEADS, -1)).transpose(1, 2)


class _Round(nn.Module):
    """The queries look at one scale of the picture, then at each other, then each thinks for itself."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(channels, width, 1)
        self.scale = nn.Parameter(torch.zeros(width))
        self.cross = _Attention(width)
        self.self_attention = _Attention(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, _EXPANSION * width), nn.ReLU(), nn.Linear(_EXPANSION * width, width)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, queries: Tensor, places: Tensor, features: Tensor) -> Tensor:
        projected = self.project(features) + self.scale[:, None, None]
        _, channels, height, width = projected.shape
        code = position_encoding(channels, height, width, projected.device)
        queries = self.cross(queries, places, projected.flatten(2).mT + code.to(projected.dtype))
        queries = self.self_attention(queries, places, queries + places)
        return self.norm(queries + self.feed_forward(queries))


class ColorQueries(nn.Module):
    """Features at several scales -> one map for each query, at the size of the last features.

    Args:
        channels: of each scale, from the coarsest to the finest; one round for each.
        queries: how many.
        width: of a query, a multiple of 4 times the number of heads (4).
    """

    def __init__(self, channels: Sequence[int], queries: int, width: int) -> None:
        super().__init__()
        self.content = nn.Parameter(torch.randn(queries, width) * 0.02)
        self.places = nn.Parameter(torch.randn(queries, width) * 0.02)
        self.rounds = nn.ModuleList(_Round(maps, width) for maps in channels)
        self.to_filters = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.to_maps = nn.Conv2d(channels[-1], width, 1, bias=False)
        self.norm = nn.BatchNorm2d(queries)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """(N, C_i, h_i, w_i) from coarse to fine -> (N, Q, h, w) of the finest, normalised over batch and pixels."""
        queries = self.content.expand(len(features[0]), -1, -1)
        for step, scale in zip(self.rounds, features, strict=True):
            queries = step(queries, self.places, scale)
        maps = torch.einsum("nqd,ndhw->nqhw", self.to_filters(queries), self.to_maps(features[-1]))
        normed: Tensor = self.norm(maps)
        return normed
