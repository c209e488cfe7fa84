"""Bins of ab, distributions over them, and rebalancing: held to plain loops in float64."""

import math

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from colorizer.color.ab_bins import BIN_SIDE, ab_bins, annealed_mean, nearest_bin, rebalancing_weights, soft_encode

BINS = ab_bins().double().numpy()
RANDOM = np.random.default_rng(11)


def ab_of(srgb: np.ndarray) -> np.ndarray:
    """(M, 3) in 0..1 -> (M, 2)."""
    return rgb2lab(srgb[None])[0, :, 1:]


def dense_sample() -> np.ndarray:
    """Colours of sRGB inside the cube, and on its faces and edges, where they are strongest: (M, 3)."""
    inside = RANDOM.random((80_000, 3))
    surface = RANDOM.random((80_000, 3))
    surface[np.arange(len(surface)), RANDOM.integers(0, 3, len(surface))] = RANDOM.integers(0, 2, len(surface))
    edges = RANDOM.integers(0, 2, (40_000, 3)).astype(float)
    edges[np.arange(len(edges)), RANDOM.integers(0, 3, len(edges))] = RANDOM.random(len(edges))
    return np.concatenate([inside, surface, edges])


def nearest_by_search(ab: np.ndarray) -> np.ndarray:
    """(M, 2) -> (M,): the index of the nearest bin, by looking at every one."""
    found = []
    for a, b in ab:
        distances = [(a - centre_a) ** 2 + (b - centre_b) ** 2 for centre_a, centre_b in BINS]
        found.append(distances.index(min(distances)))
    return np.array(found)


def as_planes(ab: np.ndarray, width: int) -> torch.Tensor:
    """(M, 2) -> (1, 2, M / width, width)."""
    return torch.from_numpy(ab.reshape(-1, width, 2)).permute(2, 0, 1)[None].float()


@pytest.fixture(scope="module")
def colours() -> np.ndarray:
    return ab_of(dense_sample())


@pytest.fixture(scope="module")
def few() -> np.ndarray:
    """ab of 240 colours of sRGB, and of 60 places far beyond."""
    return np.concatenate([ab_of(RANDOM.random((240, 3))), RANDOM.uniform(-128, 127, (60, 2))])


def test_bins_lie_on_a_grid_in_order_and_once_each() -> None:
    assert BIN_SIDE == 10
    assert BINS.shape == (261, 2)
    assert (BINS % 10 == 0).all()
    assert [tuple(row) for row in BINS] == sorted({tuple(row) for row in BINS})
    assert ab_bins().dtype == torch.float32


def distance_per_axis(ab: np.ndarray) -> np.ndarray:
    """(M, 2) -> (M,): from the nearest bin, along a or b, whichever is more."""
    index = nearest_bin(as_planes(ab, 100), ab_bins()).flatten().numpy()
    return np.abs(ab - BINS[index]).max(1)


def test_every_colour_of_8_bits_lies_in_a_bin() -> None:
    assert distance_per_axis(ab_of(np.round(dense_sample() * 255) / 255)).max() <= 5.001


def test_hardly_a_colour_between_those_of_8_bits_lies_beside_all_bins(colours: np.ndarray) -> None:
    """There is one: a sliver of the square at (20, -80), which no colour of 8 bits is in."""
    off = distance_per_axis(colours)
    assert (off > 5.001).mean() < 1e-4
    assert off.max() < 5.2


def test_every_bin_has_a_colour_of_srgb(colours: np.ndarray) -> None:
    levels = np.stack(np.meshgrid(*[np.arange(0, 256, 3) / 255] * 3), -1).reshape(-1, 3)
    cells = np.round(np.concatenate([colours, ab_of(levels)]) / 10)
    assert {tuple(row) for row in np.unique(cells, axis=0) * 10} >= {tuple(row) for row in BINS}


def test_the_nearest_bin_is_that_of_a_search_through_all(few: np.ndarray) -> None:
    found = nearest_bin(as_planes(few, 20), ab_bins())
    assert (tuple(found.shape), found.dtype) == ((1, 15, 20), torch.int64)
    assert np.array_equal(found.flatten().numpy(), nearest_by_search(few))


def test_many_pixels_of_several_pictures_keep_their_places() -> None:
    ab = torch.rand(3, 2, 200, 150, generator=torch.Generator().manual_seed(0)) * 160 - 80
    assert ab[:, 0].numel() > 1 << 16
    found = nearest_bin(ab, ab_bins())
    for picture, row, column in RANDOM.integers(0, (3, 200, 150), (200, 3)):
        expected = nearest_by_search(ab[picture, :, row, column].double().numpy()[None])
        assert found[picture, row, column] == expected[0]


def test_every_bin_is_nearest_to_itself() -> None:
    assert nearest_bin(ab_bins().T[None, :, :, None], ab_bins()).flatten().tolist() == list(range(261))


def encode_by_hand(a: float, b: float) -> np.ndarray:
    """Zhang et al. 2016, section 2.2, for one pixel."""
    distances = np.array([math.hypot(a - centre_a, b - centre_b) for centre_a, centre_b in BINS])
    encoded = np.zeros(len(BINS))
    for index in np.argsort(distances, kind="stable")[:5]:
        encoded[index] = math.exp(-(distances[index] ** 2) / (2 * 5**2))
    return encoded / encoded.sum()


def test_soft_encoding_is_a_gaussian_over_the_five_nearest_bins(few: np.ndarray) -> None:
    inside = few[:240]
    encoded = soft_encode(as_planes(inside, 20), ab_bins())
    assert tuple(encoded.shape) == (1, 261, 12, 20)
    pixels = encoded[0].permute(1, 2, 0).reshape(-1, 261).double().numpy()
    assert ((pixels > 0).sum(1) == 5).all()
    assert pixels.sum(1) == pytest.approx(np.ones(240), abs=1e-5)
    for (a, b), weights in zip(inside, pixels, strict=True):
        assert weights == pytest.approx(encode_by_hand(a, b), abs=1e-4)


def test_soft_encoding_far_from_all_bins_is_still_a_distribution(few: np.ndarray) -> None:
    encoded = soft_encode(as_planes(few[240:], 20), ab_bins())[0]
    assert encoded.isfinite().all()
    assert encoded.sum(0).numpy() == pytest.approx(np.ones((3, 20)), abs=1e-5)
    pixels = encoded.permute(1, 2, 0).reshape(-1, 261)
    assert np.array_equal(pixels.argmax(1).numpy(), nearest_by_search(few[240:]))


def test_soft_encoding_follows_the_type_of_what_it_encodes() -> None:
    ab = torch.rand(2, 2, 4, 3, dtype=torch.float64) * 40
    encoded = soft_encode(ab, ab_bins().double())
    assert encoded.dtype == torch.float64
    assert torch.allclose(encoded.sum(1), torch.ones(2, 4, 3, dtype=torch.float64), atol=1e-12)


def mean_by_hand(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Zhang et al. 2016, equation 5, for one pixel's (Q,): from its probabilities z."""
    z = np.exp(logits - logits.max())
    z /= z.sum()
    sharpened = np.exp(np.log(z) / temperature)
    return sum(weight * centre for weight, centre in zip(sharpened / sharpened.sum(), BINS, strict=True))


@pytest.mark.parametrize("temperature", [1.0, 0.38, 0.1])
def test_the_annealed_mean_is_the_formula_of_the_paper(temperature: float) -> None:
    logits = RANDOM.normal(0, 3, (2, 261, 3, 4))
    found = annealed_mean(torch.from_numpy(logits).float(), ab_bins(), temperature)
    assert tuple(found.shape) == (2, 2, 3, 4)
    for picture, row, column in np.ndindex(2, 3, 4):
        expected = mean_by_hand(logits[picture, :, row, column], temperature)
        assert found[picture, :, row, column].numpy() == pytest.approx(expected, abs=1e-2)


def test_towards_temperature_zero_the_annealed_mean_is_the_likeliest_bin() -> None:
    logits = torch.from_numpy(RANDOM.normal(0, 1, (1, 261, 5, 5))).float()
    likeliest = torch.from_numpy(RANDOM.integers(0, 261, (1, 5, 5)))
    logits.scatter_(1, likeliest[:, None], 8.0)
    expected = ab_bins()[likeliest].permute(0, 3, 1, 2)
    assert torch.allclose(annealed_mean(logits, ab_bins(), 0.05), expected, atol=1e-2)


def test_a_colour_comes_back_from_its_own_encoding() -> None:
    """Up to what 10 units of grid smear; bins have to lie all around it."""
    ab = np.stack(np.meshgrid(np.linspace(-20, 20, 9), np.linspace(-20, 20, 9)), -1).reshape(-1, 2)
    planes = as_planes(ab, 9)
    back = annealed_mean(soft_encode(planes, ab_bins()).log(), ab_bins(), 1.0)
    assert (back - planes).abs().max() < 3


def weights_by_hand(frequency: np.ndarray, uniform_share: float) -> np.ndarray:
    """Zhang et al. 2016, equation 4: w in proportion to 1 / ((1 - lambda) p + lambda / Q), with E[w] = 1."""
    weights = np.array([1 / ((1 - uniform_share) * p + uniform_share / len(frequency)) for p in frequency])
    return weights / sum(p * w for p, w in zip(frequency, weights, strict=True))


@pytest.mark.parametrize("uniform_share", [0.5, 0.1, 0.9])
def test_rebalancing_is_the_formula_of_the_paper(uniform_share: float) -> None:
    frequency = RANDOM.dirichlet(np.full(261, 0.05))
    found = rebalancing_weights(torch.from_numpy(frequency), uniform_share)
    assert found.numpy() == pytest.approx(weights_by_hand(frequency, uniform_share), rel=1e-9)
    assert (found.numpy() * frequency).sum() == pytest.approx(1)


def test_rebalancing_gives_mean_weight_one_over_the_pixels_counted() -> None:
    pixels = RANDOM.choice(261, 5_000, p=RANDOM.dirichlet(np.full(261, 0.1)))
    frequency = torch.bincount(torch.from_numpy(pixels), minlength=261).double() / len(pixels)
    weights = rebalancing_weights(frequency).numpy()
    assert np.mean([weights[index] for index in pixels]) == pytest.approx(1)
    order = np.argsort(frequency.numpy())
    assert (np.diff(weights[order]) <= 1e-12).all()  # the rarer, the more it counts
    assert np.isfinite(weights).all()  # of a colour that never occurs too


def test_rebalancing_with_the_uniform_distribution_alone_changes_nothing() -> None:
    frequency = torch.from_numpy(RANDOM.dirichlet(np.full(261, 0.1)))
    assert rebalancing_weights(frequency, 1.0).numpy() == pytest.approx(np.ones(261))
