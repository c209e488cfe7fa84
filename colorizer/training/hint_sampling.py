"""Hints as a user might give them, drawn from the true colours of training pictures.

Source: Zhang et al. 2017, "Real-Time User-Guided Image Colorization with Learned Deep Priors", section 3.1: the number
of points is geometric with p = 1/8, each shows the mean colour of a patch of 1 to 9 pixels a side, around the middle.
So that one network serves no hint and many, four pictures in ten have none here and one in ten has up to 200, anywhere.
"""

import math

import torch
from torch import Tensor

from colorizer.models.hint_unet import AB_SCALE

_NONE_SHARE = 0.4
_MANY_SHARE = 0.1
_ANYWHERE_SHARE = 0.5
_GEOMETRIC = 1 / 8
_MANY = (20, 200)
_PATCH_SIDES = (1, 9)
_SPREAD = 0.25  # of the side: sigma of a normal distribution around the middle


def draw_count(generator: torch.Generator) -> tuple[int, bool]:
    """How many hints a picture gets, and whether they lie anywhere."""
    kind, chance, anywhere = torch.rand(3, generator=generator, dtype=torch.float64).tolist()
    if kind < _NONE_SHARE:
        return 0, True
    if kind < _NONE_SHARE + _MANY_SHARE:
        low, high = _MANY
        return round(low * (high / low) ** chance), True
    return 1 + int(math.log(1 - chance) / math.log(1 - _GEOMETRIC)), anywhere < _ANYWHERE_SHARE


def _centres(count: int, size: tuple[int, int], anywhere: bool, generator: torch.Generator) -> Tensor:
    """(count, 2): rows and columns."""
    sides = torch.tensor(size)
    if anywhere:
        return (torch.rand(count, 2, generator=generator) * sides).long()
    around = (0.5 + _SPREAD * torch.randn(count, 2, generator=generator)) * sides
    return around.long().clamp(torch.zeros(2, dtype=torch.long), sides - 1)


def sample_hints(ab: Tensor, generator: torch.Generator) -> Tensor:
    """Hint planes for each picture, as `models.HintedBins` takes them.

    Args:
        ab: the true colours, (N, 2, H, W) in Lab units.
        generator: a CPU generator.

    Returns:
        (N, 3, H, W): ab / 110 and 1 on the patches that are hints, 0 elsewhere.
    """
    count, _, height, width = ab.shape
    planes = ab.new_zeros(count, 3, height, width)
    for picture in range(count):
        points, anywhere = draw_count(generator)
        centres = _centres(points, (height, width), anywhere, generator)
        sides = torch.randint(_PATCH_SIDES[0], _PATCH_SIDES[1] + 1, (points,), generator=generator)
        for (row, column), side in zip(centres.tolist(), sides.tolist(), strict=True):
            top, left = max(0, row - side // 2), max(0, column - side // 2)
            patch = (picture, slice(None), slice(top, top + side), slice(left, left + side))
            planes[patch][:2] = ab[patch].mean((1, 2), keepdim=True) / AB_SCALE
            planes[patch][2] = 1
    return planes
