"""Pinned colours hold where they are pinned, spread over what looks alike, and stop at edges."""

import pytest
import torch

from colorizer.inference.hint_propagation import NUGGET, SLIGHT, USUAL, covariance, places_of, propagate_hints
from colorizer.inference.hints import NetworkHint


def flat(value: float = 0.0) -> torch.Tensor:
    """Make an embedding in which all is alike."""
    return torch.full((2, 64, 64), value)


def test_without_pins_nothing_changes() -> None:
    ab = torch.randn(2, 64, 64)
    assert propagate_hints(ab, flat(), ()) is ab


def test_a_pin_is_met_and_fades_with_the_distance() -> None:
    moved = propagate_hints(torch.zeros(2, 64, 64), flat(), [NetworkHint(32, 32, 40.0, -20.0)])
    assert moved[:, 32, 32].tolist() == pytest.approx([40, -20], rel=0.03)
    along = moved[0, 32, 32:]
    assert bool((along.diff() < 0).all())
    assert 0.3 * 40 < float(along[-1]) < 0.6 * 40


def test_nothing_moves_far_away() -> None:
    moved = propagate_hints(torch.zeros(2, 16, 256), torch.zeros(1, 16, 256), [NetworkHint(8, 0, 40.0, -20.0)])
    side = 64  # the mean of the picture's sides
    assert bool((moved[:, :, : int(1.4 * side)].norm(dim=0) > 0).all())
    assert not moved[:, :, int(1.5 * side) + 1 :].any()


def test_a_colour_follows_what_is_like_it() -> None:
    embedding = torch.zeros(3, 64, 64)
    embedding[1, :, 20:] = 3.0  # another thing begins here
    embedding[1, :, 50:] = 0.0
    moved = propagate_hints(torch.zeros(2, 64, 64), embedding, [NetworkHint(32, 10, 40.0, 0.0)])[0, 32]
    assert float(moved[25]) < 1
    assert float(moved[55]) > 5


def test_what_no_network_is_wrong_by_stays_with_its_own_thing() -> None:
    embedding = torch.zeros(1, 64, 64)
    embedding[:, :, 32:] = 1.0  # another thing, somewhat alike

    def moved(by: float) -> torch.Tensor:
        return propagate_hints(torch.zeros(2, 64, 64), embedding, [NetworkHint(32, 28, by, 0.0)])[0, 32]

    usual, wish = moved(USUAL), moved(3 * USUAL)
    assert float(wish[28]) == pytest.approx(3 * USUAL, rel=0.02)
    own_thing, other_thing = slice(20, 32), slice(32, 44)
    assert torch.allclose(wish[own_thing], 3 * usual[own_thing], rtol=0.02)
    assert float((wish[other_thing] / usual[other_thing]).max()) < 1.6


def test_what_a_single_pin_differs_by_is_carried_to_other_things_only_if_it_is_not_slight() -> None:
    embedding = torch.zeros(1, 64, 64)
    embedding[:, :, 32:] = 1.0  # another thing, somewhat alike

    def moved(*pins: tuple[int, float]) -> torch.Tensor:
        network_hints = [NetworkHint(32, column, by, 0.0) for column, by in pins]
        return propagate_hints(torch.zeros(2, 64, 64), embedding, network_hints)[0, 32]

    slight, more = moved((28, SLIGHT / 2)), moved((28, 1.5 * SLIGHT))
    assert float(slight[28]) == pytest.approx(SLIGHT / 2, rel=0.02) and float(slight[26]) > 0.9 * SLIGHT / 2
    assert float(slight[40] / slight[28]) < 0.3 < 0.5 < float(more[40] / more[28])
    agreed = moved((28, SLIGHT / 2), (24, SLIGHT / 2))
    assert float(agreed[40] / agreed[28]) > 0.5  # another pin says the same
    steps = torch.stack([moved((28, float(by))) for by in range(1, 30)])
    assert bool((steps.diff(dim=0) >= 0).all())  # never less for asking more


def test_a_usual_residual_is_carried_by_simple_kriging() -> None:
    embedding = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2
    places, likeness = places_of(16, 16), embedding.flatten(1).T
    at, wanted = torch.tensor([20, 200]), torch.tensor([[9.0, -4.0], [-6.0, 12.0]])
    hinted = places[at], likeness[at]
    own = covariance(hinted, hinted) + NUGGET * torch.eye(2)
    kriged = covariance((places, likeness), hinted) @ torch.linalg.solve(own, wanted)
    network_hints = [
        NetworkHint(int(n) // 16, int(n) % 16, a, b) for n, (a, b) in zip(at, wanted.tolist(), strict=True)
    ]
    moved = propagate_hints(torch.zeros(2, 16, 16), embedding, network_hints)
    assert torch.allclose(moved.flatten(1).T, kriged, atol=0.2)  # the strict part corrects what the nugget leaves


def test_a_pin_that_agrees_changes_nothing() -> None:
    ab = torch.full((2, 64, 64), 12.0)
    assert torch.allclose(propagate_hints(ab, flat(), [NetworkHint(3, 60, 12.0, 12.0)]), ab)


def test_several_pins_are_all_met() -> None:
    ab, random = torch.randn(2, 64, 64) * 10, torch.Generator().manual_seed(0)
    places = torch.randint(0, 64, (40, 2), generator=random).unique(dim=0).tolist()
    network_hints = [NetworkHint(row, column, 30.0 - row, column - 30.0) for row, column in places]
    moved = propagate_hints(ab, torch.rand(3, 64, 64) * 3, network_hints)
    errors = [(moved[:, pin.row, pin.column] - torch.tensor([pin.a, pin.b])).norm() for pin in network_hints]
    assert float(torch.stack(errors).mean()) < 3


def test_a_picture_is_worked_off_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    ab, embedding, network_hints = (
        torch.randn(2, 40, 64),
        torch.randn(8, 40, 64),
        [NetworkHint(n, n, 9.0, n) for n in range(30)],
    )
    whole = propagate_hints(ab, embedding, network_hints)
    monkeypatch.setattr("colorizer.inference.hint_propagation.PIXELS_AT_ONCE", 100)
    assert torch.allclose(propagate_hints(ab, embedding, network_hints), whole, atol=1e-4)


def test_the_covariance_is_one_at_the_same_place_and_symmetric() -> None:
    places, embedding = places_of(8, 12), torch.randn(96, 4, generator=torch.Generator().manual_seed(0))
    own = covariance((places, embedding), (places, embedding))
    assert torch.allclose(own.diagonal(), torch.ones(96), atol=1e-4)
    assert torch.allclose(own, own.T, atol=1e-6)
    assert float(torch.linalg.eigvalsh(own.double()).min()) > -1e-5


def test_two_pins_in_one_place_meet_in_the_middle() -> None:
    moved = propagate_hints(
        torch.zeros(2, 64, 64), flat(), [NetworkHint(5, 5, 40.0, 0.0), NetworkHint(5, 5, 0.0, 40.0)]
    )
    assert moved[:, 5, 5].tolist() == pytest.approx([20, 20], abs=1)
