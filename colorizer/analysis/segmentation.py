"""Parts of a photo that a network asks one question about: places that look alike, with the colours that they may have.

The cells of a `Distribution` are grouped by k-means (Lloyd 1982) over where they lie, how light they are, and what the
network holds possible there; groups that hardly differ are then joined, so that a whole sky is one question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from colorizer import color
from colorizer.inference.color_distribution import Distribution, LikelyColor, distinct_colors

MAX_REGIONS = 8
_SEEDS = 24  # groups to begin with: more than things in a photo, so that none holds two of them
_ROUNDS = 12
_PLACE_WEIGHT = 0.35  # for a distance of one mean side
_LIGHTNESS_WEIGHT = 1.0  # for 100 L units
_KERNEL = 20.0  # Lab units: bins so near to each other count as alike
_TEMPERATURE = 0.7  # sharpened, as the colours are that people see
_JOINED = 0.15  # in the units of the features: groups that are nearer than this are one
_RADIUS = 15.0  # Lab units: what lies so near to a colour is that colour
_OFFERED = 6
_NO_CHANCE = 1e-3  # keeps one cell that is quite sure from deciding for all


@dataclass(frozen=True)
class Region:
    """A part of a photo."""

    mask: NDArray[np.bool_]
    """(h, w): which cells of the distribution belong to it."""
    share: float
    """Of the photo, 0..1."""
    lightness: float
    """Its mean L."""


def cells_of(distribution: Distribution, planes: NDArray[np.float32]) -> Tensor:
    """Planes (C, H, W) at the network's size -> their means over the cells (C, h, w), without those of the padding."""
    height, width = distribution.size
    step = distribution.reduction
    padded = F.pad(torch.from_numpy(planes)[None], (0, -width % step, 0, -height % step), mode="replicate")
    return F.avg_pool2d(padded, step)[0]


def probabilities(distribution: Distribution, temperature: float = 1.0) -> Tensor:
    """Return the distribution of each cell of the photo, (h, w, Q), without those of the padding."""
    height, width = (-(-side // distribution.reduction) for side in distribution.size)
    logits = torch.from_numpy(distribution.logits[:, :height, :width]).float()
    return (logits / temperature).softmax(0).permute(1, 2, 0)


def _features(distribution: Distribution, lightness: Tensor) -> Tensor:
    """(h * w, C): place, L and distribution of each cell, in units in which near means alike."""
    height, width = lightness.shape
    side = (height * width) ** 0.5
    rows, columns = torch.meshgrid(torch.arange(height) / side, torch.arange(width) / side, indexing="ij")
    place = torch.stack([rows, columns], -1) * _PLACE_WEIGHT
    bins = color.ab_bins()
    likeness = torch.exp(-torch.cdist(bins, bins).square() / (2 * _KERNEL**2))
    smooth = probabilities(distribution, _TEMPERATURE) @ (likeness / likeness.sum(1, keepdim=True))
    light = lightness[..., None] * (_LIGHTNESS_WEIGHT / 100)
    return torch.cat([place, light, smooth.clamp_min(0).sqrt()], -1).flatten(0, 1)  # roots: Hellinger's distance


def _nearest(features: Tensor, centres: Tensor) -> Tensor:
    return (centres.square().sum(1) - 2 * features @ centres.T).argmin(1)


def _group(features: Tensor, count: int) -> Tensor:
    """k-means, the same for the same features: the group of each cell. It begins with cells far from each other."""
    centres = features.mean(0, keepdim=True)
    for _ in range(min(count, len(features))):
        farthest = torch.cdist(features, centres).amin(1).argmax()
        centres = torch.cat([centres, features[farthest][None]])
    for _ in range(_ROUNDS):
        groups = _nearest(features, centres)
        sums = torch.zeros_like(centres).index_add_(0, groups, features)
        sizes = torch.bincount(groups, minlength=len(centres))
        centres = (sums / sizes.clamp_min(1)[:, None])[sizes > 0]
    return _nearest(features, centres)


def _join(groups: Tensor, features: Tensor) -> Tensor:
    """Join groups (h, w) until no two are alike and there are at most `MAX_REGIONS`.

    What is joined is what costs least, as in Ward's method (1963): small groups go first.
    """
    groups = groups.clone()
    while (count := len(groups.unique())) > 1:
        _, groups = torch.unique(groups, return_inverse=True)
        sizes = torch.bincount(groups.flatten()).float()
        sums = torch.zeros(count, features.shape[1]).index_add_(0, groups.flatten(), features)
        centres = (sums / sizes[:, None])[:, 2:]  # wherever they lie
        distance = torch.cdist(centres, centres) + torch.diag(torch.full((count,), torch.inf))
        cost = distance * (sizes[:, None] * sizes / (sizes[:, None] + sizes)).sqrt()
        least = distance if count <= MAX_REGIONS else cost
        first, second = divmod(int(least.argmin()), count)
        if count <= MAX_REGIONS and float(least[first, second]) > _JOINED:
            break
        groups[groups == second] = first
    return groups


def find_regions(distribution: Distribution, lightness: NDArray[np.float32]) -> list[Region]:
    """At most `MAX_REGIONS` parts of a photo, the largest first; together they are all of it.

    Args:
        distribution: what a network says of the photo.
        lightness: (H, W), L at the network's size.
    """
    small = cells_of(distribution, lightness[None])[0]
    features = _features(distribution, small)
    groups = _join(_group(features, _SEEDS).reshape(small.shape), features)
    regions = []
    for number in groups.unique():
        mask = groups == number
        regions.append(Region(mask.numpy(), float(mask.float().mean()), float(small[mask].mean())))
    return sorted(regions, key=lambda region: -region.share)


def colors_of(region: Region, chances: Tensor) -> Sequence[LikelyColor]:
    """Return the colours that a region may have, the likeliest first, of what `probabilities` gives, (h, w, Q).

    The chance of each is that at a typical place of the region: the geometric mean over its cells of what lies within
    15 Lab units. A region that is surely red here and surely green there has no chance of being green all over.
    """
    cells, bins = chances[torch.from_numpy(region.mask)], color.ab_bins()
    peaks = distinct_colors(cells.mean(0), _OFFERED)
    distance, nearest = torch.cdist(bins, torch.tensor([[peak.a, peak.b] for peak in peaks])).min(1)
    found = []
    for number, peak in enumerate(peaks):
        own = (nearest == number) & (distance < _RADIUS)  # no bin counts twice
        chance = cells[:, own].sum(1).clamp_min(_NO_CHANCE).log().mean().exp()
        found.append(LikelyColor(peak.a, peak.b, float(chance)))
    return sorted(found, key=lambda item: -item.chance)
