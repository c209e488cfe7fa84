"""Networks that choose among bins of ab: what they are taught, how they answer, and the two ends of one trunk."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

import colorizer
import train
from colorizer import color, models
from colorizer.data.dataset import Pictures
from colorizer.errors import TrainingError
from colorizer.models import BinsNetwork, ZhangBins
from colorizer.recipes.recipe import parse_recipe
from colorizer.training.color_statistics import bin_frequency
from colorizer.training.network_setup import build_network, fit_color_statistics
from tests.support.photos import make_pictures
from tests.support.training import RECIPE, write_recipe

BINS = ('model.architecture="zhang-bins"', "model.width=2", 'loss.name="cross_entropy"')


def small_network() -> ZhangBins:
    network = models.build("zhang-bins", width=2)
    assert isinstance(network, ZhangBins)
    return network.eval()


def flat(rgb: tuple[int, int, int], side: int = 32) -> torch.Tensor:
    return torch.tensor(rgb, dtype=torch.uint8)[:, None, None].expand(3, side, side).contiguous()


@pytest.mark.parametrize(("architecture", "channels", "side"), [("zhang-regression", 2, 48), ("zhang-bins", 261, 12)])
def test_the_two_ends_of_the_trunk(architecture: str, channels: int, side: int) -> None:
    network = models.build(architecture, width=2)
    output = network(torch.rand(2, 1, 48, 64) * 100)
    assert output.shape == (2, channels, side, side * 64 // 48)
    assert network.to_ab(output).shape == (2, 2, 48, 64)


def test_regression_cannot_leave_the_range_of_its_tanh() -> None:
    network = models.build("zhang-regression", width=2)
    assert network(torch.randn(2, 1, 32, 32) * 1e4).abs().max() <= 128


def test_the_two_networks_differ_in_their_last_layer_alone() -> None:
    shapes = [
        {name: values.shape for name, values in models.build(name, width=3).state_dict().items() if "trunk" in name}
        for name in ("zhang-regression", "zhang-bins")
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("width", [0, 129])
def test_a_width_outside_of_reason_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="width is"):
        models.build("zhang-bins", width=width)


def test_the_target_is_the_soft_encoded_chroma_of_each_4_by_4_pixels_times_its_weight() -> None:
    network = small_network()
    network.class_weights.copy_(torch.rand(261) + 0.5)
    lab = color.srgb_to_lab(torch.rand(2, 3, 16, 16))
    target = network.target(torch.empty(0), lab)
    assert target.shape == (2, 261, 4, 4)
    ab = lab[1, 1:, 4:8, 8:12].mean((1, 2))
    nearest = (network.bins - ab).square().sum(1).argmin()
    assert target[1, :, 1, 2].sum() == pytest.approx(network.class_weights[nearest].item(), rel=1e-5)
    assert target[1, :, 1, 2].argmax() == nearest


def test_the_annealed_mean_is_the_default_of_the_paper_and_can_be_asked_for() -> None:
    network = small_network()
    logits = torch.randn(1, 261, 4, 4) * 4
    expected = color.annealed_mean(logits, network.bins, 0.38)
    expected = F.interpolate(expected, scale_factor=4, mode="bilinear", align_corners=False)
    assert torch.equal(network.to_ab(logits), expected)
    cold, warm = (network.to_ab(logits, temperature).abs().mean() for temperature in (0.05, 1.0))
    assert cold > warm


def test_no_constant_answer_has_a_lower_loss_than_the_blind_one() -> None:
    network = small_network()
    network.class_weights.copy_(torch.rand(261) + 0.5)
    targets = network.target(torch.empty(0), color.srgb_to_lab(torch.rand(3, 3, 32, 32)))
    blind = network.constant_prediction(targets)
    lightness = torch.zeros(3, 1, 32, 32)
    best = F.cross_entropy(network.grey_prediction(lightness, blind), targets)
    for seed in range(5):
        other = blind + 0.1 * torch.randn(261, generator=torch.Generator().manual_seed(seed))
        assert F.cross_entropy(network.grey_prediction(lightness, other), targets) > best


def test_the_frequency_of_bins_is_that_of_the_pictures() -> None:
    pictures = Pictures([], 32, [flat((255, 0, 0)), flat((255, 0, 0)), flat((0, 0, 255)), flat((128, 128, 128))])
    frequency = bin_frequency(pictures)
    assert frequency.sum() == pytest.approx(1, abs=1e-5)
    for rgb, share in (((255, 0, 0), 0.5), ((0, 0, 255), 0.25), ((128, 128, 128), 0.25)):
        ab = color.srgb_to_lab(flat(rgb)[None].float() / 255)[0, 1:, 0, 0]
        near = (color.ab_bins() - ab).square().sum(1).topk(5, largest=False).indices
        assert frequency[near].sum() == pytest.approx(share, abs=1e-5)


def test_rare_colours_count_more_once_the_pictures_were_studied() -> None:
    recipe = parse_recipe(RECIPE, BINS)
    network = build_network(recipe)
    assert isinstance(network, BinsNetwork)
    assert (network.class_weights == 1).all()
    fit_color_statistics(recipe, network, Pictures([], 32, [flat((128, 128, 128))] * 9 + [flat((255, 0, 0))]))
    grey, red = (
        int(color.nearest_bin(color.srgb_to_lab(flat(rgb)[None].float() / 255)[:, 1:], network.bins)[0, 0, 0])
        for rgb in ((128, 128, 128), (255, 0, 0))
    )
    assert network.class_weights[red] > 3 * network.class_weights[grey]


@pytest.mark.parametrize("loss", ["mse", "huber", "l1"])
def test_a_loss_of_regression_is_refused_for_bins(loss: str) -> None:
    with pytest.raises(TrainingError, match="learns by cross_entropy"):
        build_network(parse_recipe(RECIPE, [*BINS[:2], f'loss.name="{loss}"']))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a checkpoint on a few pictures by train.py."""
    folder = tmp_path_factory.mktemp("bins")
    pictures, out = make_pictures(folder / "photos", 16), folder / "weights" / "toy"
    recipe = write_recipe(folder / "recipe.toml")
    settings = [word for setting in (*BINS, "training.epochs=2") for word in ("--set", setting)]
    assert train.main([str(recipe), "--data", str(pictures), "--out", str(out), *settings]) == 0
    return out


def test_a_trained_one_colours_at_any_temperature_and_says_what_it_is(checkpoint: Path) -> None:
    model = colorizer.load("toy", weights=checkpoint.parent, device="cpu")
    assert model.card.head == "bins" and "bins of ab" in model.card.loss
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (45, 70, 3), dtype=np.uint8))
    plain, sharp, flat_ab = (model.colorize(photo, temperature=value) for value in (None, 0.05, 5.0))
    assert plain.image.size == (70, 45)
    assert np.abs(sharp.ab).mean() > np.abs(plain.ab).mean() > np.abs(flat_ab.ab).mean()
    assert np.array_equal(plain.ab, model.colorize(photo, temperature=0.38).ab)


def test_the_bins_travel_unharmed_in_half_precision(checkpoint: Path) -> None:
    network = colorizer.load("toy", weights=checkpoint.parent, device="cpu").network
    assert isinstance(network, BinsNetwork)
    assert torch.equal(network.bins, color.ab_bins())
