"""Pinned colours hold: what they differ by from the network's answer is carried into their surroundings.

Simple kriging (Krige 1951; Matheron 1963): the differences at the pins are interpolated as a Gaussian process whose
covariance falls with the distance in the picture and, as in a joint bilateral filter (Petschnigg et al. 2004), with the
difference in lightness, so that a colour stays on its side of an edge.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from colorizer.hints import Pin

_REACH = 0.25  # of the mean of the picture's sides: where the covariance has fallen to 1/e, but for the taper
_END = 1.5  # mean sides: where it has come to nothing
_LIGHTNESS_SIGMA = 30.0  # L units
_NUGGET = 0.02  # of the variance: two pins beside each other may disagree
_PIXELS_AT_ONCE = 1 << 14


def _covariance(first: Tensor, second: Tensor) -> Tensor:
    """(M, 3) and (N, 3), places in mean sides and L -> (M, N): 1 where both are the same."""
    distance = torch.cdist(first[:, :2], second[:, :2])
    contrast = (first[:, None, 2] - second[None, :, 2]) / _LIGHTNESS_SIGMA
    near = 1 - (distance / _END).clamp_max(1)
    taper = near**4 * (4 * distance / _END + 1)  # Wendland 1995: positive definite in the plane
    return taper * torch.exp(-distance / _REACH - contrast.square() / 2)


def bind(ab: Tensor, lightness: Tensor, pins: Sequence[Pin]) -> Tensor:
    """Move colours towards the pinned ones, most at the pins.

    Args:
        ab: (2, h, w) in Lab units.
        lightness: (h, w) in 0..100.
        pins: within h and w.

    Returns:
        (2, h, w); `ab` itself where there are no pins.
    """
    if not pins:
        return ab
    _, height, width = ab.shape
    side = (height * width) ** 0.5
    rows, columns = torch.meshgrid(torch.arange(height) / side, torch.arange(width) / side, indexing="ij")
    pixels = torch.stack([rows, columns, lightness], -1).reshape(-1, 3)
    index = torch.tensor([pin.row * width + pin.column for pin in pins])
    wanted = torch.tensor([[pin.a, pin.b] for pin in pins])
    difference = wanted - ab.reshape(2, -1).T[index]
    own = _covariance(pixels[index], pixels[index]) + _NUGGET * torch.eye(len(pins))
    weights = torch.linalg.solve(own.double(), difference.double()).float()
    moved = torch.cat([_covariance(part, pixels[index]) @ weights for part in pixels.split(_PIXELS_AT_ONCE)])
    return ab + moved.T.reshape(ab.shape)
