"""How often each bin of ab occurs in training pictures: what rebalances the classes of a network with bins."""

import torch
import torch.nn.functional as F
from torch import Tensor

from colorizer import color
from colorizer.data import Pictures

_REDUCTION = 4  # colours are counted as the networks classify them, at a quarter of the size
_MAX_PICTURES = 5_000  # equally spaced; more of them do not change what is rare
_PICTURES_AT_ONCE = 8


def bin_frequency(pictures: Pictures) -> Tensor:
    """The share of each bin among the pixels of the pictures' centres, each pixel spread over its 5 nearest bins.

    That smooths the distribution as Zhang et al. 2016, section 2.2, do with a Gaussian of 5 Lab units.

    Returns:
        float32 (Q,) for the bins of `color.ab_bins`; its sum is 1.
    """
    bins = color.ab_bins()
    total = torch.zeros(len(bins), dtype=torch.float64)
    chosen = torch.linspace(0, len(pictures) - 1, min(len(pictures), _MAX_PICTURES)).round().int()
    for part in chosen.unique().split(_PICTURES_AT_ONCE):
        squares = torch.stack([pictures[int(index), 0.5] for index in part])
        ab = F.avg_pool2d(color.srgb_to_lab(squares.float() / 255)[:, 1:], _REDUCTION)
        total += color.soft_encode(ab, bins).sum((0, 2, 3)).double()
    return (total / total.sum()).float()
