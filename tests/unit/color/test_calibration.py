"""A calibration changes the cast, what tells things apart, lightness and hue, each by its own factor alone."""

import dataclasses

import pytest
import torch
from torch import Tensor

from colorizer.checkpoints.store import list_checkpoints
from colorizer.color.calibration import ColorCalibration

SHIPPED = ColorCalibration(**next(vars(card.calibration) for card in list_checkpoints() if card.id == "photo"))
NONE = ColorCalibration(cast=1.0, detail=1.0, by_lightness=(1.0, 1.0), by_hue=(1.0,))
MIDDLE = torch.full((1, 1, 30, 45), 50.0)


def some_ab() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(1, 2, 30, 45) * 20 + torch.tensor([8.0, -5.0])[:, None, None]


def test_factors_of_one_change_nothing() -> None:
    assert torch.allclose(NONE(some_ab(), MIDDLE), some_ab(), atol=1e-4)


def test_the_cast_is_the_mean_colour_alone() -> None:
    ab = some_ab()
    found = dataclasses.replace(NONE, cast=0.5)(ab, MIDDLE)
    assert torch.allclose(found.mean((2, 3)), 0.5 * ab.mean((2, 3)), atol=1e-4)
    assert torch.allclose(found - found.mean((2, 3), keepdim=True), ab - ab.mean((2, 3), keepdim=True), atol=1e-4)


def test_detail_is_what_differs_from_the_surroundings() -> None:
    stronger = dataclasses.replace(NONE, detail=2.0)
    even = torch.tensor([8.0, -5.0])[:, None, None].expand(1, 2, 30, 45)
    assert torch.allclose(stronger(even, MIDDLE), even, atol=1e-4)
    spotted = even.clone()
    spotted[..., 15, 22] += 10
    change = stronger(spotted, MIDDLE) - spotted
    assert torch.allclose(change[..., 15, 22], torch.tensor([10.0, 10.0]), atol=0.2)  # but for the spot's own share
    change[..., 15, 22] = 0
    assert change.abs().max() < 0.2


@pytest.mark.parametrize(("lightness", "factor"), [(0, 0.6), (25, 0.8), (50, 1.0), (75, 1.2), (100, 1.4), (130, 1.4)])
def test_lightness_is_looked_up_between_its_steps(lightness: float, factor: float) -> None:
    by_lightness = dataclasses.replace(NONE, by_lightness=(0.6, 1.0, 1.4))
    found = by_lightness(some_ab(), torch.full((1, 1, 30, 45), float(lightness)))
    assert torch.allclose(found, factor * some_ab(), atol=1e-4)


@pytest.mark.parametrize(
    ("a", "b", "factor"), [(10, 0, 1.0), (0, 10, 1.2), (-10, 0, 0.8), (0, -10, 1.4), (10, 10, 1.1), (10, -10, 1.2)]
)
def test_a_hue_is_looked_up_around_the_circle(a: float, b: float, factor: float) -> None:
    by_hue = dataclasses.replace(NONE, by_hue=(1.0, 1.2, 0.8, 1.4))
    ab = torch.tensor([a, b], dtype=torch.float32)[:, None, None].expand(1, 2, 30, 45)
    assert torch.allclose(by_hue(ab, MIDDLE), factor * ab, atol=1e-4)


def test_grey_stays_grey_and_the_smallest_picture_has_a_colour() -> None:
    assert not SHIPPED(torch.zeros(1, 2, 30, 45), MIDDLE).any()
    for ab in (torch.ones(1, 2, 1, 1), torch.ones(1, 2, 2, 7)):
        found = SHIPPED(ab, torch.full_like(ab[:, :1], 50.0))
        assert found.shape == ab.shape and found.isfinite().all()


def test_a_mirror_image_is_calibrated_alike() -> None:
    lightness = torch.rand(1, 1, 30, 45) * 100
    mirrored = SHIPPED(some_ab().flip(3), lightness.flip(3)).flip(3)
    assert torch.allclose(mirrored, SHIPPED(some_ab(), lightness), atol=1e-3)


def test_pictures_of_a_batch_have_casts_of_their_own() -> None:
    pictures, lightness = torch.cat([some_ab(), -2 * some_ab()]), torch.rand(2, 1, 30, 45) * 100
    found = SHIPPED(pictures, lightness)
    for number in range(2):
        alone = SHIPPED(pictures[number : number + 1], lightness[number : number + 1])
        assert torch.allclose(found[number], alone[0], atol=1e-4)
