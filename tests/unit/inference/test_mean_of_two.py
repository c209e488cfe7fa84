"""The mean of two checkpoints."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from skimage import data

import colorizer
from colorizer.errors import CheckpointError
from colorizer.inference.mean_of_two import Blend, parse_blend


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.fromarray(data.chelsea()).resize((192, 128))


def ab_of(checkpoint: str, photo: Image.Image) -> np.ndarray:
    return colorizer.load(checkpoint, device="cpu").colorize(photo).ab


@pytest.mark.parametrize(
    ("text", "blend"),
    [("a+b", Blend("a", "b", 0.5)), ("a+b:0.3", Blend("a", "b", 0.3)), ("a+b:1", Blend("a", "b", 1.0))],
)
def test_an_id_names_two_checkpoints_and_a_weight(text: str, blend: Blend) -> None:
    assert parse_blend(text) == blend
    assert parse_blend(blend.id) == blend


@pytest.mark.parametrize("text", ["a", "a+", "+b", "a+b+c", "a+b:2", "a+b:-1", "a+b:x", "a+b:nan"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CheckpointError, match=r"is no mean of two checkpoints; write it as photo\+objects-12conv"):
        parse_blend(text)


def test_two_of_one_size_are_averaged_exactly(photo: Image.Image) -> None:
    first, second = (ab_of(f"scenes-500-{loss}", photo) for loss in ("mse", "huber"))
    mean = ab_of("scenes-500-mse+scenes-500-huber:0.25", photo)
    assert np.abs(mean - (0.75 * first + 0.25 * second)).max() < 1e-3


def test_a_weight_of_0_or_1_is_one_of_the_two(photo: Image.Image) -> None:
    for share, name in ((0, "photo"), (1, "objects-12conv")):
        mean, own = ab_of(f"photo+objects-12conv:{share}", photo), ab_of(name, photo)
        enlarged = F.interpolate(torch.from_numpy(own)[None], mean.shape[1:], mode="bilinear")[0]
        assert float((torch.from_numpy(mean) - enlarged).abs().mean()) < 0.5


def test_what_comes_out_says_what_it_is_of(photo: Image.Image) -> None:
    model = colorizer.load("photo+objects-12conv:0.3", device="cpu")
    first, second = (colorizer.load(name, device="cpu").card for name in ("photo", "objects-12conv"))
    assert model.card.id == "photo+objects-12conv:0.3" and "(30%)" in model.card.summary
    assert model.card.parameters == first.parameters + second.parameters
    assert model.card.input_size == max(first.input_size, second.input_size)
    assert "photo+objects-12conv:0.3" in model.describe()
    assert model.colorize(photo).image.size == photo.size


def test_hints_and_temperatures_are_refused(photo: Image.Image) -> None:
    model = colorizer.load("photo+objects-12conv", device="cpu")
    with pytest.raises(ValueError, match="does not take hints"):
        model.colorize(photo, hints=[colorizer.Hint(1, 1, (255, 0, 0))])
    with pytest.raises(ValueError, match="does not take a temperature"):
        model.colorize(photo, temperature=0.5)


def test_an_unknown_half_and_a_snapshot_are_refused() -> None:
    with pytest.raises(CheckpointError, match="There is no checkpoint 'nothing'"):
        colorizer.load("photo+nothing")
    with pytest.raises(CheckpointError, match="A mean of two checkpoints has no snapshots"):
        colorizer.load("photo+objects-12conv", snapshot=1)
