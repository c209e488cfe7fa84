"""Pinned colours hold where they are pinned, spread over what looks alike, and stop at edges."""

import pytest
import torch

from colorizer.binding import bind
from colorizer.hints import Pin


def flat(value: float = 50.0) -> torch.Tensor:
    return torch.full((64, 64), value)


def test_without_pins_nothing_changes() -> None:
    ab = torch.randn(2, 64, 64)
    assert bind(ab, flat(), ()) is ab


def test_a_pin_is_met_and_fades_with_the_distance() -> None:
    moved = bind(torch.zeros(2, 64, 64), flat(), [Pin(32, 32, 40.0, -20.0)])
    assert moved[:, 32, 32].tolist() == pytest.approx([40, -20], rel=0.03)
    along = moved[0, 32, 32:]
    assert bool((along.diff() < 0).all())
    assert float(along[-1]) < 0.25 * 40


def test_a_pin_that_agrees_changes_nothing() -> None:
    ab = torch.full((2, 64, 64), 12.0)
    assert torch.allclose(bind(ab, flat(), [Pin(3, 60, 12.0, 12.0)]), ab)


def test_several_pins_are_all_met() -> None:
    ab, random = torch.randn(2, 64, 64) * 10, torch.Generator().manual_seed(0)
    places = torch.randint(0, 64, (40, 2), generator=random).unique(dim=0).tolist()
    pins = [Pin(row, column, 30.0 - row, column - 30.0) for row, column in places]
    moved = bind(ab, torch.rand(64, 64) * 100, pins)
    errors = [(moved[:, pin.row, pin.column] - torch.tensor([pin.a, pin.b])).norm() for pin in pins]
    assert float(torch.stack(errors).mean()) < 3


def test_colour_stops_at_a_strong_edge() -> None:
    lightness = flat(15.0)
    lightness[:, 34:] = 90.0
    moved = bind(torch.zeros(2, 64, 64), lightness, [Pin(32, 30, 40.0, 0.0)])
    assert float(moved[0, 32, 33]) > 25
    assert float(moved[0, 32, 35]) < 5


def test_two_pins_in_one_place_meet_in_the_middle() -> None:
    moved = bind(torch.zeros(2, 64, 64), flat(), [Pin(5, 5, 40.0, 0.0), Pin(5, 5, 0.0, 40.0)])
    assert moved[:, 5, 5].tolist() == pytest.approx([20, 20], abs=1)
