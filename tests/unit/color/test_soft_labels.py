"""Soft-encoded targets: the fast way to find the nearest bins is the plain one's, wherever a true colour lies."""

import torch
import torch.nn.functional as F

from colorizer import color
from colorizer.color.ab_bins import soft_encode_weighted


def plain(ab: torch.Tensor, bins: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return color.soft_encode(ab, bins) * weights[color.nearest_bin(ab, bins)][:, None]


def assert_equal_to_plain(ab: torch.Tensor, bins: torch.Tensor) -> None:
    weights = torch.linspace(0.5, 4, len(bins))
    found, expected = soft_encode_weighted(ab, bins, weights), plain(ab, bins, weights)
    assert found.shape == expected.shape
    # where two bins are equally far, either may be the fifth or the nearest
    same = (found - expected).abs().amax(1) < 2e-3
    assert float(same.float().mean()) > 0.999


def srgb_cube(levels: int) -> torch.Tensor:
    """Colours of the whole cube: (1, 3, levels, levels^2)."""
    values = torch.linspace(0, 1, levels)
    return torch.cartesian_prod(values, values, values).T.reshape(1, 3, levels, -1)


def test_all_colours_of_srgb_are_encoded_as_by_looking_at_every_bin() -> None:
    assert_equal_to_plain(color.srgb_to_lab(srgb_cube(40))[:, 1:], color.ab_bins())


def test_so_are_means_of_unlike_colours() -> None:
    generator = torch.Generator().manual_seed(0)
    extremes = (torch.rand(8, 3, 64, 64, generator=generator) > 0.5).float()
    assert_equal_to_plain(F.avg_pool2d(color.srgb_to_lab(extremes)[:, 1:], 2), color.ab_bins())


def test_other_bins_have_neighbours_of_their_own() -> None:
    ab = color.srgb_to_lab(srgb_cube(20))[:, 1:]
    soft_encode_weighted(ab, color.ab_bins(), torch.ones(len(color.ab_bins())))
    assert_equal_to_plain(ab, color.ab_bins()[::2].clone())


def test_a_pixel_on_a_bin_has_most_there_and_its_weight_in_all() -> None:
    bins = color.ab_bins()
    weights = torch.linspace(1, 2, len(bins))
    targets = soft_encode_weighted(bins.T.reshape(1, 2, 1, -1), bins, weights)[0, :, 0]  # (Q, pixels)
    assert torch.equal(targets.argmax(0), torch.arange(len(bins)))
    assert torch.allclose(targets.sum(0), weights)
    assert bool(((targets > 0).sum(0) == 5).all())
