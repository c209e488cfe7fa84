"""L from the photo's size to the network's, by averages over areas; and the strips into which a picture falls."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

_LINES_AT_ONCE = 48  # averaged by one product of matrices, most of whose weights are 0


def strips(height: int, rows: int) -> Iterator[tuple[int, int]]:
    """(top, bottom) of the strips of so many rows into which a picture of `height` falls; the last may have fewer."""
    for top in range(0, height, rows):
        yield top, min(height, top + rows)


def area_weights(source: int, target: int) -> Tensor:
    """(target, source), target <= source: row i averages the part of the line that falls on target pixel i."""
    scale = source / target
    first = torch.arange(target, dtype=torch.float64) * scale
    reach = math.ceil(scale) + 1  # source pixels that one target pixel may touch
    columns = first.long()[:, None] + torch.arange(reach)
    overlap = torch.minimum(first[:, None] + scale, columns + 1) - torch.maximum(first[:, None], columns)
    weights = torch.zeros(target, source + reach)  # beyond the end nothing overlaps
    weights.scatter_(1, columns, (overlap.clamp_min(0) / scale).float())
    return weights[:, :source]


def area_means(plane: Tensor, target: int) -> Tensor:
    """Shrink the first axis of (source, n) to `target` rows by averages over areas."""
    source = len(plane)
    weights, scale = area_weights(source, target), source / target
    rows = []
    for top, bottom in strips(target, max(1, _LINES_AT_ONCE * target // source)):
        first, last = int(top * scale), min(source, math.ceil(bottom * scale) + 1)
        rows.append(weights[top:bottom, first:last] @ plane[first:last])
    return torch.cat(rows)
