"""Propagate colour hints: what a hint differs by from the network's answer is carried to what belongs with it.

Simple kriging (Krige 1951; Matheron 1963): the residuals at the hints are interpolated as a Gaussian process. How much
two pixels have to do with each other falls with their distance in the picture and, as in deep kernel learning (Wilson
et al. 2016, "Deep Kernel Learning"), with the distance of what the network makes of them: an embedding of its features
and of L, learned by `training.hint_embedding`, so that a colour follows the thing that was clicked and stops at its
edge.

How far a residual is carried depends on its size. A network is seldom off by more than `USUAL`: up to that a residual
tells of its mistake, which others of its pixels share, such as a cast over the picture. What a hint asks for beyond is
a wish for the very thing that was clicked, and goes only where the embedding says that it is the same. So does what a
single hint differs by if that is little: it may be the mistake of a few pixels, and no second hint says otherwise.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.inference.hints import NetworkHint
from colorizer.models.hint_unet import LIGHTNESS_SIGMA

_END = 1.5  # mean sides of the picture: pixels farther from each other have nothing to do with each other
NUGGET = 0.01
"""Of the variance: by how much two pixels differ that lie together and look alike; two hints may disagree there."""
PIXELS_AT_ONCE = 1 << 14
USUAL = 20.0
"""Lab units: a residual is carried by `covariance` up to here, and beyond by the strict one; see docs/photo.md."""
SLIGHT = 12.0
"""Lab units: half of what a single hint differs by is carried by `covariance` if it is this much; see docs/photo.md."""
_STEEPNESS = 8

Points = tuple[Tensor, Tensor]
"""Their places (N, 2) in mean sides of the picture, and their embeddings (N, E)."""


def covariance(first: Points, second: Points, reach: float = 1.0) -> Tensor:
    """How much M points have to do with N others, 0..1.

    Args:
        first: M points.
        second: N points.
        reach: factor on both distances at which points have as much to do with each other.

    Returns:
        (M, N): Wendland's function of the distance (Wendland 1995; positive definite in the plane, 0 from the end on)
        times exp(-d^2 / 2) of the distance d of the embeddings.
    """
    return covariances(first, second, reach)[0]


def covariances(first: Points, second: Points, reach: float = 1.0) -> tuple[Tensor, Tensor]:
    """Return `covariance`, and a strict one for which embeddings lie the square root of 5 as far apart; both (M, N)."""
    distance = torch.cdist(first[0], second[0]) / (_END * reach)
    nearness = (1 - distance).clamp_min(0) ** 4 * (4 * distance + 1)
    squares = first[1].square().sum(1)[:, None] + second[1].square().sum(1) - 2 * first[1] @ second[1].T
    likeness = torch.exp(-squares.clamp_min(0) / (2 * reach**2))
    return nearness * likeness, nearness * likeness * likeness.square().square()


def fit_weights(hinted: Points, residuals: Tensor, reach: float = 1.0) -> tuple[Tensor, Tensor]:
    """Solve for how much of each hint's residual is carried on.

    Args:
        hinted: where the M hints are.
        residuals: (M, 2): by what they differ from the network's answer, in Lab units.
        reach: see `covariance`.

    Returns:
        Two weights (M, 2), for both of `covariances`.
    """
    wide, strict = covariances(hinted, hinted, reach)
    nugget = NUGGET * torch.eye(len(residuals), dtype=residuals.dtype, device=residuals.device)
    size = residuals.norm(dim=1, keepdim=True)
    usual = residuals * (USUAL / size.clamp_min(USUAL))
    if len(residuals) == 1:
        usual = usual / (1 + (SLIGHT / size.clamp_min(1e-3)) ** _STEEPNESS)
    wide = wide.to(residuals.dtype)
    weights = torch.linalg.solve(wide + nugget, usual)
    return weights, torch.linalg.solve(strict.to(residuals.dtype) + nugget, residuals - wide @ weights)


def carry(asked: Points, hinted: Points, weights: tuple[Tensor, Tensor], reach: float = 1.0) -> Tensor:
    """Return what `fit_weights` of the hints moves N other points by: (N, 2) in Lab units."""
    wide, strict = covariances(asked, hinted, reach)
    return wide @ weights[0] + strict @ weights[1]


def places_of(height: int, width: int) -> Tensor:
    """Return the places (h w, 2) of the pixels of a picture, in mean sides, row by row."""
    side = (height * width) ** 0.5
    rows, columns = torch.meshgrid(torch.arange(height) / side, torch.arange(width) / side, indexing="ij")
    return torch.stack([rows, columns], -1).reshape(-1, 2)


def lightness_embedding(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embed pixels by L alone, (h, w) -> (1, h, w): for networks that have learned no embedding of their own."""
    return lightness[None] / np.float32(LIGHTNESS_SIGMA)


def propagate_hints(ab: Tensor, embedding: Tensor, network_hints: Sequence[NetworkHint], reach: float = 1.0) -> Tensor:
    """Propagate colour hints: interpolate the residual at each hint to nearby pixels that look alike.

    Args:
        ab: (2, h, w) in Lab units.
        embedding: (E, h, w), what the network makes of the pixels.
        network_hints: within h and w.
        reach: see `covariance`.

    Returns:
        (2, h, w); `ab` itself where there are no hints.
    """
    if not network_hints:
        return ab
    _, height, width = ab.shape
    places, likeness = places_of(height, width), embedding.flatten(1).T.contiguous()
    index = torch.tensor([hint.row * width + hint.column for hint in network_hints])
    wanted = torch.tensor([[hint.a, hint.b] for hint in network_hints])
    hinted = places[index], likeness[index]
    usual, rest = fit_weights(hinted, (wanted - ab.flatten(1).T[index]).double(), reach)
    weights = usual.float(), rest.float()
    parts = zip(places.split(PIXELS_AT_ONCE), likeness.split(PIXELS_AT_ONCE), strict=True)
    return ab + torch.cat([carry(part, hinted, weights, reach) for part in parts]).T.reshape(ab.shape)
