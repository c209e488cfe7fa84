"""The fit finds what answers get wrong in the same way on all photos, and leaves how colourful they are."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import train
from colorizer import color
from colorizer.checkpoints.store import load_network
from colorizer.color.calibration import ColorCalibration
from colorizer.evaluation.metrics import colorfulness
from colorizer.models import BinsNetwork
from colorizer.training.calibration_fit import fit_calibration
from tests.support.photos import make_pictures
from tests.support.training import refused, write_recipe

SIDE = 32


class Oracle(BinsNetwork):
    """Knows the true colours of its pictures by their L, and answers them with a mistake that is always the same."""

    stride = 8

    def __init__(self, squares: list[Tensor], cast: float, in_shadow: float) -> None:
        super().__init__()
        self.lab = [color.srgb_to_lab(square[None].float() / 255) for square in squares]
        self.cast, self.in_shadow = cast, in_shadow

    def forward(self, lightness: Tensor) -> Tensor:
        return lightness

    def to_ab(self, output: Tensor, temperature: float | None = None) -> Tensor:
        lab = torch.cat([next(lab for lab in self.lab if torch.equal(lab[:, :1], one[None])) for one in output])
        ab = lab[:, 1:]
        mean = ab.mean((2, 3), keepdim=True)
        wrong = ab - mean + self.cast * mean
        return wrong * torch.where(lab[:, :1] < 40, self.in_shadow, 1.0)


def some_squares(count: int) -> list[Tensor]:
    """uint8 (3, 32, 32) each: patches of many colours over a cast, light ones and dark ones."""
    torch.manual_seed(0)
    patches = torch.rand(count, 3, 4, 4) * 0.5 + torch.rand(count, 3, 1, 1) * 0.5
    patches = patches * torch.where(torch.rand(count, 1, 4, 4) < 0.5, 0.35, 1.0)
    return list((F.interpolate(patches, (SIDE, SIDE)) * 255).to(torch.uint8))


def test_a_mistake_that_is_always_the_same_is_taken_back() -> None:
    squares = some_squares(96)
    found = fit_calibration(Oracle(squares, cast=1.6, in_shadow=1.5), squares, SIDE, 0)
    assert found.cast == pytest.approx(1 / 1.6, abs=0.12)
    dark, light = sum(found.by_lightness[:2]) / 2, sum(found.by_lightness[2:4]) / 2
    assert dark / light == pytest.approx(1 / 1.5, abs=0.15)


def test_what_is_right_stays_as_it_is_whatever_its_size() -> None:
    squares = some_squares(96)
    found = fit_calibration(Oracle(squares, 1.0, 1.0), squares, SIDE, 0)
    factors = (found.cast, found.detail, *found.by_lightness, *found.by_hue)
    assert all(0.8 < factor < 1.25 for factor in factors), found


def test_results_stay_as_colorful_as_they_were() -> None:
    squares = some_squares(48)
    network = Oracle(squares, 1.6, 1.5)
    found = fit_calibration(network, squares, SIDE, 0)
    before, after = [], []
    for square in squares:
        lightness = color.srgb_to_lab(square[None].float() / 255)[:, :1]
        ab = network.to_ab(lightness)
        for kept, shown in ((before, ab), (after, found(ab, lightness))):
            kept.append(colorfulness(color.lab_to_srgb(torch.cat([lightness, shown], 1)).clamp(0, 1)))
    assert float(torch.stack(after).mean()) == pytest.approx(float(torch.stack(before).mean()), rel=0.03)


def test_it_ends_when_it_is_told_to() -> None:
    def look() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_calibration(Oracle(some_squares(4), 1.0, 1.0), some_squares(4), SIDE, 0, look)


BINS = (
    "model.architecture=lite0-bins",
    "loss.name=cross_entropy_huber",
    "data.side=36",
    "data.crop=32",
    "training.epochs=1",
    "training.calibration_images=6",
)


@pytest.mark.slow
def test_training_ends_with_it_and_the_checkpoint_colours_by_it(tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "photos", 20)
    recipe = write_recipe(tmp_path / "toy.toml")
    settings = [part for setting in BINS for part in ("--set", setting)]
    assert train.main([str(recipe), "--data", str(folder), "--out", str(tmp_path / "run"), *settings]) == 0
    network, card = load_network(tmp_path / "run")
    assert isinstance(network, BinsNetwork)
    assert card.calibration is not None
    assert network.calibration == ColorCalibration(**vars(card.calibration))
    assert len(card.calibration.by_lightness) == 5 and len(card.calibration.by_hue) == 8


def test_a_network_without_bins_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, folder = write_recipe(tmp_path / "toy.toml"), make_pictures(tmp_path / "photos", 20)
    arguments = ("--data", folder, "--out", tmp_path / "run", "--set", "training.calibration_images=6")
    assert "does not choose among bins of ab" in refused(capsys, recipe, *arguments)
