"""DDColor's colour decoder: queries that look at the picture at three sizes, and become a colour embedding each.

Source: Kang et al. 2023, section 3.3; the layers are those of Mask2Former (Cheng et al. 2022).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

_WIDTH, _HEADS, _FEED_FORWARD, _ROUNDS = 256, 8, 2048, 9


def sine_positions(height: int, width: int, like: Tensor) -> Tensor:
    """Embed the places of a picture: (1, height x width, 256), half of it for the row and half for the column."""
    half = _WIDTH // 2
    exponent = 2 * torch.arange(half, device=like.device).div(2, rounding_mode="floor") / half

    def embed(length: int) -> Tensor:
        place = torch.arange(1, length + 1, device=like.device) / (length + 1e-6) * 2 * math.pi
        angle = place[:, None] / 10000**exponent
        return torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], 2).flatten(1)

    rows = embed(height)[:, None].expand(-1, width, -1)
    columns = embed(width)[None].expand(height, -1, -1)
    return torch.cat([rows, columns], 2).reshape(1, height * width, _WIDTH).to(like.dtype)


class CrossAttention(nn.Module):
    """Queries look at the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.multihead_attn = nn.MultiheadAttention(_WIDTH, _HEADS, batch_first=True)
        self.norm = nn.LayerNorm(_WIDTH)

    def forward(self, x: Tensor, query_places: Tensor, memory: Tensor, places: Tensor) -> Tensor:
        seen, _ = self.multihead_attn(x + query_places, memory + places, memory, need_weights=False)
        normed: Tensor = self.norm(x + seen)
        return normed


class SelfAttention(nn.Module):
    """Queries look at each other."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(_WIDTH, _HEADS, batch_first=True)
        self.norm = nn.LayerNorm(_WIDTH)

    def forward(self, x: Tensor, query_places: Tensor) -> Tensor:
        placed = x + query_places
        seen, _ = self.self_attn(placed, placed, x, need_weights=False)
        normed: Tensor = self.norm(x + seen)
        return normed


class FeedForward(nn.Module):
    """Two linear layers for each query."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(_WIDTH, _FEED_FORWARD)
        self.linear2 = nn.Linear(_FEED_FORWARD, _WIDTH)
        self.norm = nn.LayerNorm(_WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x + self.linear2(self.linear1(x).relu()))
        return normed


class ColorEmbedding(nn.Module):
    """Three linear layers, ReLU between them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(_WIDTH, _WIDTH) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        first, second, third = self.layers
        embedding: Tensor = third(second(first(x).relu()).relu())
        return embedding


class QueryDecoder(nn.Module):
    """Features of three sizes -> an embedding (N, queries, 256) for each colour query."""

    def __init__(self, maps: Sequence[int], queries: int) -> None:
        super().__init__()
        self.query_feat = nn.Embedding(queries, _WIDTH)
        self.query_embed = nn.Embedding(queries, _WIDTH)
        self.level_embed = nn.Embedding(len(maps), _WIDTH)
        self.input_proj = nn.ModuleList(nn.Conv2d(channels, _WIDTH, 1) for channels in maps)
        self.transformer_cross_attention_layers = nn.ModuleList(CrossAttention() for _ in range(_ROUNDS))
        self.transformer_self_attention_layers = nn.ModuleList(SelfAttention() for _ in range(_ROUNDS))
        self.transformer_ffn_layers = nn.ModuleList(FeedForward() for _ in range(_ROUNDS))
        self.decoder_norm = nn.LayerNorm(_WIDTH)
        self.color_embed = ColorEmbedding()

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        memories = [
            project(level).flatten(2).transpose(1, 2) + own
            for project, level, own in zip(self.input_proj, levels, self.level_embed.weight, strict=True)
        ]
        places = [sine_positions(level.shape[2], level.shape[3], level) for level in levels]
        x = self.query_feat.weight.expand(len(levels[0]), -1, -1)
        query_places = self.query_embed.weight
        rounds = zip(
            self.transformer_cross_attention_layers,
            self.transformer_self_attention_layers,
            self.transformer_ffn_layers,
            strict=True,
        )
        for place, (cross, own, feed_forward) in enumerate(rounds):
            size = place % len(levels)
            x = feed_forward(own(cross(x, query_places, memories[size], places[size]), query_places))
        embeddings: Tensor = self.color_embed(self.decoder_norm(x))
        return embeddings
