"""Colours for a point: likely ones at its own lightness, and the plane of all of them."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from colorizer import color
from colorizer.analysis.color_suggestions import colors_at, lightness_at, plane_at
from colorizer.inference.prediction import Prediction
from tests.support.distributions import bin_at, peaked


def lab_of(rgb: tuple[int, int, int]) -> torch.Tensor:
    return color.srgb_to_lab(torch.tensor(rgb).reshape(1, 3, 1, 1) / 255).flatten()


def prediction() -> Prediction:
    """Left: reddish or greenish; the right half is certainly blue."""
    left = peaked((bin_at(50, 30), 0.6), (bin_at(-40, 40), 0.4))
    right = peaked((bin_at(10, -50), 1.0))
    logits = left.logits.copy()
    logits[:, :, 5:] = right.logits[:, :, 5:]
    whole = dataclasses.replace(left, logits=logits, size=(32, 32))
    return Prediction(np.zeros((2, 32, 32), np.float32), np.full((32, 32), 50, np.float32), distribution=whole)


def test_likely_colours_have_the_lightness_of_the_point_and_its_hues() -> None:
    image = Image.new("RGB", (200, 100), (120, 120, 120))
    found = colors_at(prediction(), image, 0.2, 0.5)
    assert found.lightness == pytest.approx(lightness_at(image, 0, 0))
    assert [round(suggestion.chance, 1) for suggestion in found.likely] == [0.6, 0.4]
    red, green = (lab_of(suggestion.rgb) for suggestion in found.likely)
    for lab in (red, green):
        assert float(lab[0]) == pytest.approx(found.lightness, abs=1)
    assert red[1] > 30 and green[1] < -25
    assert [suggestion.chance > 0.9 for suggestion in colors_at(prediction(), image, 0.95, 0.5).likely] == [True]


def test_the_corners_of_the_photo_are_points_too() -> None:
    image = Image.new("RGB", (7, 3), (9, 9, 9))
    for x, y in ((0.0, 0.0), (1.0, 1.0), (0.0, 1.0)):
        assert colors_at(prediction(), image, x, y).likely


def test_without_a_distribution_nothing_is_likely() -> None:
    plain = Prediction(np.zeros((2, 8, 8), np.float32), np.zeros((8, 8), np.float32))
    assert colors_at(plain, Image.new("RGB", (8, 8)), 0.5, 0.5).likely == ()


@pytest.mark.parametrize("lightness", [0.0, 3.0, 30.0, 55.0, 80.0, 97.0, 100.0])
def test_the_plane_shows_each_colour_in_its_place(lightness: float) -> None:
    plane = plane_at(lightness)
    side = len(plane.picture)
    assert plane.picture.shape == (side, side, 4) and side >= 8
    rows, columns = np.nonzero(plane.picture[:, :, 3])
    for number in range(0, len(rows), max(1, len(rows) // 40)):
        row, column = rows[number], columns[number]
        _, a, b = lab_of(tuple(int(value) for value in plane.picture[row, column, :3])).tolist()  # type: ignore[arg-type]
        x, y = plane.place(a, b)
        assert (x * side, y * side) == pytest.approx((column + 0.5, row + 0.5), abs=side * 2.5 / plane.limit)
    edges = [plane.picture[0], plane.picture[-1], plane.picture[:, 0], plane.picture[:, -1]]
    assert any(edge[..., 3].any() for edge in edges)  # as large as it can be
    assert plane.place(500, -500) == (1.0, 1.0)
