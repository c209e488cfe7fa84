"""Propagate colour hints: what a hint differs by from the network's answer is carried to what belongs with it.

Simple kriging (Krige 1951; Matheron 1963): the residuals at the hints are interpolated as a Gaussian process. How much
two pixels have to do with each other falls with their distance in the picture and, as in deep kernel learning (Wilson
et al. 2016, "Deep Kernel Learning"), with the distance of what the network makes of them: an embedding of its features
and of L, learned by `training.hint_embedding`, so that a colour follows the thing that was clicked and stops at its
edge.
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


def covariance(first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor], reach: float = 1.0) -> Tensor:
    """How much M points have to do with N others, 0..1.

    Args:
        first: their places (M, 2) in mean sides of the picture, and their embeddings (M, E).
        second: likewise, (N, 2) and (N, E).
        reach: factor on both distances at which points have as much to do with each other.

    Returns:
        (M, N): Wendland's function of the distance (Wendland 1995; positive definite in the plane, 0 from the end on)
        times exp(-d^2 / 2) of the distance d of the embeddings.
    """
    distance = torch.cdist(first[0], second[0]) / (_END * reach)
    squares = first[1].square().sum(1)[:, None] + second[1].square().sum(1) - 2 * first[1] @ second[1].T
    return (1 - distance).clamp_min(0) ** 4 * (4 * distance + 1) * torch.exp(-squares.clamp_min(0) / (2 * reach**2))


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
    own = covariance(hinted, hinted, reach) + NUGGET * torch.eye(len(network_hints))
    weights = torch.linalg.solve(own.double(), (wanted - ab.flatten(1).T[index]).double()).float()
    parts = zip(places.split(PIXELS_AT_ONCE), likeness.split(PIXELS_AT_ONCE), strict=True)
    return ab + torch.cat([covariance(part, hinted, reach) @ weights for part in parts]).T.reshape(ab.shape)
