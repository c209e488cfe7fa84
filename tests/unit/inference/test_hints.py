"""Hints: at the network's size, as planes, and as a JSON that anything else is refused for."""

import json

import pytest
import torch

from colorizer import color
from colorizer.errors import HintError
from colorizer.inference.hints import (
    MAX_HINTS,
    Hint,
    NetworkHint,
    hint_ab,
    hint_planes,
    hints_from_json,
    hints_to_json,
    network_hints_of,
)

HINTS = [Hint(0, 0, (255, 0, 0)), Hint(299, 199, (0, 128, 255)), Hint(150, 100, (90, 90, 90))]


def test_pins_lie_where_the_hints_lie_and_have_their_chroma() -> None:
    network_hints = network_hints_of(HINTS, (300, 200), (64, 96))
    assert [(pin.row, pin.column) for pin in network_hints] == [(0, 0), (63, 95), (32, 48)]
    red = color.srgb_to_lab(torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)).flatten()
    assert (network_hints[0].a, network_hints[0].b) == pytest.approx((red[1].item(), red[2].item()), abs=1e-4)
    assert hint_ab(HINTS[2]) == pytest.approx((0, 0), abs=0.02)


def test_hints_outside_the_photo_and_too_many_are_refused() -> None:
    for outside in (Hint(300, 0, (0, 0, 0)), Hint(0, 200, (0, 0, 0)), Hint(-1, 5, (0, 0, 0))):
        with pytest.raises(ValueError, match="lies outside the photo of 300 x 200 pixels"):
            network_hints_of([outside], (300, 200), (64, 96))
    with pytest.raises(ValueError, match=f"at most {MAX_HINTS} are taken"):
        network_hints_of(HINTS * MAX_HINTS, (300, 200), (64, 96))


def test_planes_show_a_patch_around_each_pin_cut_at_the_edges() -> None:
    planes = hint_planes([NetworkHint(0, 0, 55.0, -11.0), NetworkHint(10, 20, 0.0, 22.0)], (32, 32), 110.0)
    assert tuple(planes.shape) == (1, 3, 32, 32)
    assert int(planes[0, 2].sum()) == 9 + 25
    assert planes[0, :, 2, 2].tolist() == pytest.approx([0.5, -0.1, 1])
    assert planes[0, :, 12, 18].tolist() == pytest.approx([0, 0.2, 1])
    assert not planes[0, :, 13, 20].any()


def test_json_gives_the_hints_back_and_follows_the_photo_to_another_size() -> None:
    text = hints_to_json(HINTS, (300, 200)).encode()
    assert hints_from_json(text, (300, 200)) == HINTS
    assert [(hint.x, hint.y) for hint in hints_from_json(text, (600, 400))] == [(1, 1), (599, 399), (301, 201)]
    assert [(hint.x, hint.y) for hint in hints_from_json(text, (150, 100))] == [(0, 0), (149, 99), (75, 50)]
    with pytest.raises(HintError, match=r"another shape \(300 x 200; this one has 200 x 300\)"):
        hints_from_json(text, (200, 300))


def changed(**values: object) -> bytes:
    return json.dumps(json.loads(hints_to_json(HINTS, (300, 200))) | values).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"[1, 2]",
        b"null",
        b"{}",
        b"[" * 50_000,
        changed(format="other"),
        changed(version=2),
        changed(width=True),
        changed(width=0),
        changed(hints={"x": 1}),
        changed(hints=[{"x": 1.5, "y": 2, "color": "#ffffff"}]),
        changed(hints=[{"x": 1, "y": 2, "color": "red"}]),
        changed(hints=[{"x": 1, "y": 2, "color": "#ff ff "}]),
        changed(hints=[{"x": 1, "y": 2}]),
    ],
)
def test_anything_else_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(HintError, match="This is not a file of points; choose the JSON"):
        hints_from_json(content, (300, 200))


def test_too_much_and_places_outside_are_refused() -> None:
    with pytest.raises(HintError, match="at most 64 kB"):
        hints_from_json(b" " * 64_001, (300, 200))
    many = [{"x": 1, "y": 2, "color": "#ffffff"}] * (MAX_HINTS + 1)
    with pytest.raises(HintError, match=f"The file has {MAX_HINTS + 1} points"):
        hints_from_json(changed(hints=many), (300, 200))
    with pytest.raises(HintError, match="lies outside its photo"):
        hints_from_json(changed(hints=[{"x": 10**30, "y": 2, "color": "#ffffff"}]), (300, 200))
