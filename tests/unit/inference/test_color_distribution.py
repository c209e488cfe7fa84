"""What a network with bins holds possible: colours at any temperature, likely ones at a point, and doubt."""

import dataclasses

import numpy as np
import pytest
import torch

from colorizer import color, models
from colorizer.color.calibration import ColorCalibration
from colorizer.inference.color_distribution import distinct_colors, distribution_of
from tests.support.distributions import bin_at, peaked


def test_colours_are_those_of_the_network_at_its_size() -> None:
    torch.manual_seed(0)
    network = models.Lite0Bins().eval()
    with torch.inference_mode():
        output = network(torch.rand(1, 1, 32, 64) * 100)
        output[:, :-2] *= 30  # as sure as a trained one
        wanted = network.to_ab(output, 0.7)[0, :, :30, :61]
        found = distribution_of(network, output, (30, 61))
    lightness = np.full((30, 61), 50, np.float32)
    assert tuple(found.ab(0.7, lightness).shape) == (2, 30, 61)
    assert torch.allclose(found.ab(0.7, lightness), wanted, atol=0.2)  # half precision
    assert not torch.allclose(found.ab(0.2, lightness), wanted, atol=0.5)


def test_the_gain_scales_the_chroma() -> None:
    plain = peaked((bin_at(40, 0), 1.0))
    lightness = np.full(plain.size, 50, np.float32)
    doubled = dataclasses.replace(plain, chroma_gain=2.0)
    assert torch.allclose(doubled.ab(1.0, lightness), 2 * plain.ab(1.0, lightness))


def test_colours_are_calibrated_with_the_lightness_that_the_network_saw() -> None:
    plain = peaked((bin_at(40, 0), 1.0))
    halved_in_shadow = ColorCalibration(1.0, 1.0, by_lightness=(0.5, 1.0), by_hue=(1.0,))
    lightness = np.full(plain.size, 100, np.float32)
    lightness[0] = 0
    before, after = (
        plain.ab(1.0, lightness),
        dataclasses.replace(plain, calibration=halved_in_shadow).ab(1.0, lightness),
    )
    assert torch.allclose(after[:, 0], before[:, 0] / 2)
    assert torch.allclose(after[:, 1:], before[:, 1:])


def test_doubt_is_the_distance_between_possible_colours() -> None:
    assert peaked((bin_at(40, 0), 1.0)).uncertainty().max() < 0.5
    both = peaked((bin_at(40, 0), 0.5), (bin_at(-40, 0), 0.5))
    assert tuple(both.uncertainty().shape) == both.size
    assert torch.allclose(both.uncertainty(), torch.full(both.size, 40.0), atol=0.2)


def test_likely_colours_are_distinct_and_the_likeliest_comes_first() -> None:
    distribution = peaked((bin_at(0, 0), 0.2), (bin_at(10, 0), 0.2), (bin_at(60, 40), 0.35), (bin_at(-40, 40), 0.25))
    found = distribution.likely_colors(3, 3)
    assert [round(item.chance, 2) for item in found] == [0.4, 0.35, 0.25]
    assert (found[0].a, found[0].b) == pytest.approx((5, 0), abs=0.5)
    assert distribution.likely_colors(3, 3, count=1) == found[:1]
    assert distribution.likely_colors(29, 28) == found  # the last row and column


def test_peaks_take_each_bin_once_and_keep_apart() -> None:
    flat = torch.full((len(color.ab_bins()),), 1 / len(color.ab_bins()))
    found = distinct_colors(flat, 40)
    assert sum(item.chance for item in found) <= 1 + 1e-5
    assert len(found) > 10
    assert distinct_colors(flat, 4) and len(distinct_colors(flat, 4)) == 4
