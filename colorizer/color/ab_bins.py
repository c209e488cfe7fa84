"""Bins of ab, and colour as a distribution over them (Zhang, Isola and Efros 2016, "Colorful Image Colorization")."""

import functools

import numpy as np
import torch
from torch import Tensor

from colorizer.color.lab import srgb_to_lab

_PIXELS_AMONG_BINS = 1 << 12  # held against the bins: their distances stay within the cache
BIN_SIDE = 10
"""Of the squares that the ab plane is divided into, in Lab units (Zhang et al. 2016)."""
_BIN_PLACES = 64  # more than there are squares from one end of the gamut to the other
NEIGHBOURS, NEIGHBOUR_SIGMA = 5, 5.0
"""Over so many nearest bins a colour is soft-encoded, with this sigma in Lab units."""


@functools.lru_cache(maxsize=1)
def ab_bins() -> Tensor:
    """Return the centres of the bins: (Q, 2), ab in Lab units, sorted by a, then b; float32, on the CPU.

    They lie on a grid of `BIN_SIDE`, and are those to which some colour of sRGB is nearest: 261. (Zhang et al. 2016,
    section 2.1, take 313: they count squares beside the gamut too.)
    """
    with torch.inference_mode(False):
        levels = torch.arange(0, 256, 3) / 255  # 0 and 255 are among them
        grid = torch.cartesian_prod(levels, levels)
        faces = [  # of the cube of sRGB: whatever lies inside has a colour on its surface with the same ab
            torch.cat([grid[:, :axis], torch.full_like(grid[:, :1], end), grid[:, axis:]], 1)
            for axis in range(3)
            for end in (0.0, 1.0)
        ]
        ab = srgb_to_lab(torch.cat(faces).T[None, :, :, None])[0, 1:, :, 0].T
        places = (ab / BIN_SIDE).round().long() + _BIN_PLACES // 2
        unique = (places[:, 0] * _BIN_PLACES + places[:, 1]).unique()  # of one number: of pairs it is slow
        a, b = unique // _BIN_PLACES, unique % _BIN_PLACES
        return (torch.stack([a, b], 1) - _BIN_PLACES // 2).float() * BIN_SIDE


def _bin_scores(ab: Tensor, bins: Tensor) -> Tensor:
    """ab (..., 2) and bins (Q, 2) -> (..., Q): half the squared distances, less half the square of ab itself."""
    return bins.square().sum(1) / 2 - ab @ bins.T


def nearest_bin(ab: Tensor, bins: Tensor) -> Tensor:
    """ab (N, 2, H, W) and bins (Q, 2), Lab units -> int64 (N, H, W): the bin that is nearest to each pixel."""
    pixels = ab.permute(0, 2, 3, 1)
    rows = [_bin_scores(part, bins).argmin(1) for part in pixels.reshape(-1, 2).split(_PIXELS_AMONG_BINS)]
    return torch.cat(rows).reshape(pixels.shape[:3])


def soft_encode(ab: Tensor, bins: Tensor) -> Tensor:
    """Each pixel's colour as a distribution over the 5 bins nearest to it (Zhang et al. 2016, section 2.2).

    Args:
        ab: (N, 2, H, W) in Lab units.
        bins: (Q, 2) in Lab units, as `ab_bins` has them.

    Returns:
        (N, Q, H, W): for the 5 nearest bins in proportion to exp(-d^2 / (2 x 5^2)), d the distance in Lab units, with
        sum 1; 0 for the others.
    """
    pixels = ab.permute(0, 2, 3, 1)
    nearest, index = _bin_scores(pixels, bins).topk(NEIGHBOURS, dim=-1, largest=False)  # the rest cancels in softmax
    weights = (-nearest / NEIGHBOUR_SIGMA**2).softmax(-1)
    encoded = torch.zeros(*pixels.shape[:3], len(bins), dtype=ab.dtype, device=ab.device)
    return encoded.scatter_(-1, index, weights).permute(0, 3, 1, 2)


def annealed_mean(logits: Tensor, bins: Tensor, temperature: float) -> Tensor:
    """From a distribution over bins to one colour: its mean after sharpening (Zhang et al. 2016, equation 5).

    Args:
        logits: (N, Q, H, W).
        bins: (Q, 2) in Lab units.
        temperature: above 0; 1 is the mean as it is, towards 0 the mean nears the likeliest bin.

    Returns:
        ab (N, 2, H, W) in Lab units: the mean of the bins under softmax(logits / temperature).
    """
    weights = (logits - logits.amax(1, keepdim=True)).div_(temperature).exp_()  # softmax along this axis is slow
    means = torch.einsum("nqhw,qc->nchw", weights, torch.cat([bins, torch.ones_like(bins[:, :1])], 1))
    return means[:, :2] / means[:, 2:]


_CELL = 5.0  # Lab units: leaves 13 bins to a cell; half as much would leave 12
_CELLS = 52  # along a and along b: -130 to 130
_INHABITED = 15.0  # Lab units: no true colour is further than that from every bin


def soft_encode_weighted(ab: Tensor, bins: Tensor, class_weights: Tensor) -> Tensor:
    """`soft_encode`, times the weight of each pixel's nearest bin.

    Args:
        ab: (N, 2, H, W) in Lab units, of true colours or means of them.
        bins: (Q, 2) in Lab units.
        class_weights: (Q,).

    Returns:
        (N, Q, H, W); at each pixel the sum over the bins is a weight.
    """
    if ab.device.type != "cpu":
        return soft_encode(ab, bins).mul_(class_weights[nearest_bin(ab, bins)][:, None])
    pixels = ab.permute(0, 2, 3, 1)
    row, column = ((pixels + _CELL * _CELLS / 2) / _CELL).long().clamp_(0, _CELLS - 1).unbind(-1)
    near = _bins_near_cells(bins.numpy().tobytes())[row * _CELLS + column]  # (N, H, W, K)
    half_squares = (pixels[..., None, :] - bins[near]).square().sum(-1) / 2
    nearest, place = half_squares.topk(NEIGHBOURS, dim=-1, largest=False)
    index = near.gather(-1, place)
    shares = (-nearest / NEIGHBOUR_SIGMA**2).softmax(-1) * class_weights[index[..., :1]]
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
    fifth = most.kthvalue(NEIGHBOURS, dim=1).values
    possible = (least <= fifth[:, None]).sum(1)[least.amin(1) < _INHABITED**2]
    return least.topk(int(possible.max()), largest=False).indices


def rebalancing_weights(frequency: Tensor, uniform_share: float = 0.5) -> Tensor:
    """How much each class counts, so that rare colours are learned too (Zhang et al. 2016, equation 4).

    Args:
        frequency: (Q,), how often each class occurs; its sum is 1.
        uniform_share: lambda, 0..1: how much of the uniform distribution is mixed in. 1 rebalances nothing.

    Returns:
        (Q,): in proportion to 1 / ((1 - lambda) p + lambda / Q), with mean 1 over the pixels (the sum of p w is 1).
    """
    mixed = (1 - uniform_share) * frequency + uniform_share / len(frequency)
    return 1 / mixed / (frequency / mixed).sum()
