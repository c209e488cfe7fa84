"""The embedding learns what belongs together: where mistakes are alike, so are the embeddings."""

import itertools
from collections.abc import Iterator

import pytest
import torch

from colorizer import color, models
from colorizer.color.calibration import ColorCalibration
from colorizer.inference.hint_propagation import covariance, places_of
from colorizer.models.hint_unet import AB_SCALE
from colorizer.training.hint_embedding import EmbeddingFit, draw_cells, true_hint_planes
from colorizer.utils.seeding import seeded


def halves(seed: int = 0) -> Iterator[torch.Tensor]:
    """Pictures with a dark and a light half, left or right; each half has one colour, another in each picture."""
    generator = seeded(seed)
    while True:
        lab = torch.zeros(4, 3, 64, 64)
        for picture in lab:
            first, second = (torch.rand(2, 2, generator=generator) - 0.5) * 60
            picture[1:, :, :32], picture[1:, :, 32:] = first[:, None, None], second[:, None, None]
            dark_left = bool(torch.rand((), generator=generator) < 0.5)
            picture[0, :, :32], picture[0, :, 32:] = (35.0, 70.0) if dark_left else (70.0, 35.0)
        yield (color.lab_to_display(lab) * 255).round().to(torch.uint8)


def learn(network: models.Lite0Bins, steps: int, seed: int) -> None:
    batches = halves()
    fit = EmbeddingFit(network, next(batches), steps, seed)
    for squares in itertools.islice(batches, steps):
        fit.learn(squares)


@pytest.fixture(scope="module")
def studied() -> models.Lite0Bins:
    torch.manual_seed(0)
    network = models.Lite0Bins().eval()
    learn(network, 60, 0)
    return network


def test_halves_that_have_nothing_to_do_with_each_other_are_told_apart(studied: models.Lite0Bins) -> None:
    lab = color.srgb_to_lab(next(halves(1)).float() / 255)[:1]
    with torch.no_grad():
        embedding = studied.embed(studied.features(lab[:, :1]), lab[:, :1])[0].flatten(1).T
    places = places_of(64, 64)
    left, other_left, right = 10 * 64 + 20, 50 * 64 + 20, 10 * 64 + 44
    at = [left, other_left, right]
    among = covariance((places[at], embedding[at]), (places[at], embedding[at]))
    near = covariance((places[at], torch.zeros(3, 1)), (places[at], torch.zeros(3, 1)))
    alike = among / near  # without the distance
    assert float(alike[0, 1]) > 2 * float(alike[0, 2])


def test_the_same_seed_learns_the_same() -> None:
    torch.manual_seed(0)
    network, other = (models.Lite0Bins().eval() for _ in range(2))
    other.load_state_dict(network.state_dict())
    for one in (network, other):
        learn(one, 2, 5)
    assert torch.equal(network.projection, other.projection)
    assert not network.projection.requires_grad


def test_hinted_and_judged_cells_are_others_and_hints_show_the_truth() -> None:
    hinted, evaluated = draw_cells(6, 256, seeded(0))
    ab = torch.randn(6, 2, 16, 16)
    planes = true_hint_planes(ab, hinted)
    for number, (at, others) in enumerate(zip(hinted, evaluated, strict=True)):
        assert not set(at.tolist()) & set(others.tolist()) and len(others) >= 200
        assert int(planes[number, 2].sum()) == len(at)
        shown = planes[number, :2].flatten(1)[:, at] * AB_SCALE
        assert torch.allclose(shown, ab[number].flatten(1)[:, at], atol=1e-4)


def test_points_are_held_against_the_colours_that_a_photo_gets() -> None:
    """A calibration that leaves no colour makes another error than none."""
    torch.manual_seed(0)
    network = models.Lite0Bins().eval()
    squares = next(halves())
    plain = EmbeddingFit(network, squares, 5, 0).learn(squares)
    network.calibration = ColorCalibration(0.0, 0.0, (0.0, 0.0), (0.0,))
    assert EmbeddingFit(network, squares, 5, 0).learn(squares) != pytest.approx(plain, rel=1e-3)
