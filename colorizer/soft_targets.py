"""What a network that chooses among bins of ab learns: soft-encoded colour, times how much its nearest bin counts.

On a CPU the 5 nearest of all bins would take longer to find than a tenth of a training step allows. There the ab plane
is cut into small cells, and of each it is known once for all which few bins can be among the nearest of a pixel in it.
"""

import functools

import numpy as np
import torch
from torch import Tensor

from colorizer import color

_CELL = 5.0  # Lab units: leaves 13 bins to a cell; half as much would leave 12
_CELLS = 52  # along a and along b: -130 to 130
_INHABITED = 15.0  # Lab units: no true colour is further than that from every bin


def soft_targets(ab: Tensor, bins: Tensor, class_weights: Tensor) -> Tensor:
    """`color.soft_encode`, times the weight of each pixel's nearest bin.

    Args:
        ab: (N, 2, H, W) in Lab units, of true colours or means of them.
        bins: (Q, 2) in Lab units.
        class_weights: (Q,).

    Returns:
        (N, Q, H, W); at each pixel the sum over the bins is a weight.
    """
    if ab.device.type != "cpu":
        return color.soft_encode(ab, bins).mul_(class_weights[color.nearest_bin(ab, bins)][:, None])
    pixels = ab.permute(0, 2, 3, 1)
    row, column = ((pixels + _CELL * _CELLS / 2) / _CELL).long().clamp_(0, _CELLS - 1).unbind(-1)
    near = _bins_near_cells(bins.numpy().tobytes())[row * _CELLS + column]  # (N, H, W, K)
    half_squares = (pixels[..., None, :] - bins[near]).square().sum(-1) / 2
    nearest, place = half_squares.topk(color.NEIGHBOURS, dim=-1, largest=False)
    index = near.gather(-1, place)
    shares = (-nearest / color.NEIGHBOUR_SIGMA**2).softmax(-1) * class_weights[index[..., :1]]
    targets = ab.new_zeros(*pixels.shape[:3], len(bins))
    return targets.scatter_(-1, index, shares).permute(0, 3, 1, 2)


@functools.lru_cache(maxsize=2)
def _bins_near_cells(bins_bytes: bytes) -> Tensor:
    """int64 (cells, K): the bins, as their float32 bytes, that can be among the 5 nearest of a pixel in each cell."""
    bins = torch.from_numpy(np.frombuffer(bins_bytes, np.float32).reshape(-1, 2).copy())
    middles = (torch.arange(_CELLS) - (_CELLS - 1) / 2) * _CELL
    offsets = (torch.cartesian_prod(middles, middles)[:, None] - bins).abs()  # (cells, Q, 2)
    least = (offsets - _CELL / 2).clamp_min(0).square().sum(2)  # squared distance of the cell's nearest point
    most = (offsets + _CELL / 2).square().sum(2)  # and of its furthest
    fifth = most.kthvalue(color.NEIGHBOURS, dim=1).values
    possible = (least <= fifth[:, None]).sum(1)[least.amin(1) < _INHABITED**2]
    return least.topk(int(possible.max()), largest=False).indices
