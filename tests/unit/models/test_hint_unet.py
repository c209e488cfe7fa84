"""The network of `photo`: hints enter at every scale, and change nothing before they are trained."""

import pytest
import torch

from colorizer import color, models
from colorizer.data.dataset import Pictures
from colorizer.errors import TrainingError
from colorizer.models.hint_unet import pool_hints
from colorizer.recipes.recipe import parse_recipe
from colorizer.training.losses import make_loss
from colorizer.training.network_setup import build_network, fit_color_statistics
from tests.support.training import RECIPE

_PHOTO = ["model.architecture=lite0-bins", "loss.name=cross_entropy_huber"]


@pytest.fixture(scope="module")
def network() -> models.Lite0Bins:
    torch.manual_seed(0)
    return models.Lite0Bins().eval()


def test_it_has_its_stated_size(network: models.Lite0Bins) -> None:
    assert 3.5e6 < models.count_parameters(network) < 4.5e6
    assert network.takes_hints and network.stride == 32


@torch.inference_mode()
def test_no_hints_are_the_same_as_empty_planes_and_new_ones_change_nothing(network: models.Lite0Bins) -> None:
    lightness = torch.rand(2, 1, 64, 64) * 100
    plain = network(lightness)
    hints = torch.zeros(2, 3, 64, 64)
    assert torch.equal(network(lightness, hints), plain)
    hints[:, :, 20:24, 20:24] = 0.5
    assert torch.allclose(network(lightness, hints), plain, atol=1e-6)


def test_trained_hints_reach_every_scale() -> None:
    network = models.Lite0Bins().eval()
    lightness, hints = torch.rand(1, 1, 64, 64) * 100, torch.zeros(1, 3, 64, 64)
    hints[:, :, 20:24, 20:24] = 0.5
    network(lightness, hints).square().sum().backward()
    for convolution in (network.hint_stem, *network.hint_in):
        assert convolution.weight.grad is not None and bool((convolution.weight.grad != 0).any())


def test_pooled_hints_are_the_mean_of_the_hints_alone() -> None:
    hints = torch.zeros(1, 3, 8, 8)
    hints[0, :, 1, 1], hints[0, :, 2, 3] = torch.tensor([0.2, -0.4, 1.0]), torch.tensor([0.4, 0.0, 1.0])
    pooled = pool_hints(hints, 4)
    assert torch.allclose(pooled[0, :, 0, 0], torch.tensor([0.3, -0.2, 1.0]))
    assert not pooled[0, :, 1:].any() and not pooled[0, :, :, 1].any()


def test_the_target_is_that_of_bins_and_the_mean_ab(network: models.Lite0Bins) -> None:
    srgb = torch.rand(2, 3, 32, 32)
    lab = color.srgb_to_lab(srgb)
    target = network.target(srgb, lab)
    assert tuple(target.shape) == (2, len(color.ab_bins()) + 2, 8, 8)
    assert torch.allclose(target[:, :-2].sum(1), torch.ones(2, 8, 8), atol=1e-5)  # unweighted as yet
    assert torch.allclose(target[0, -2:, 0, 0], lab[0, 1:, :4, :4].mean((1, 2)), atol=1e-4)


def test_its_loss_is_cross_entropy_and_huber_beside(network: models.Lite0Bins) -> None:
    srgb = torch.rand(1, 3, 32, 32)
    target = network.target(srgb, color.srgb_to_lab(srgb))
    output = torch.randn_like(target)
    cross_entropy = make_loss("cross_entropy", 1.0)(output[:, :-2], target[:, :-2])
    huber = make_loss("huber", 12.0)(output[:, -2:], target[:, -2:])
    together = make_loss("cross_entropy_huber", 12.0, 0.02)(output, target)
    assert torch.allclose(together, cross_entropy + 0.02 * huber)


def test_guessing_without_looking_is_the_frequency_and_the_mean(network: models.Lite0Bins) -> None:
    lab = color.srgb_to_lab(torch.rand(3, 3, 32, 32))
    target = network.target(torch.zeros(0), lab)
    blind = network.constant_prediction(target)
    assert torch.allclose(blind[-2:], target[:, -2:].mean((0, 2, 3)))
    assert torch.allclose(blind[:-2].exp().sum(), torch.tensor(1.0), atol=1e-4)


def test_another_loss_is_refused_and_bins_are_studied() -> None:
    with pytest.raises(TrainingError, match=r"lite0-bins learns by cross_entropy_huber\."):
        build_network(parse_recipe(RECIPE, ["model.architecture=lite0-bins", "loss.name=cross_entropy"]))
    recipe = parse_recipe(RECIPE, _PHOTO)
    network = build_network(recipe)
    fit_color_statistics(recipe, network, Pictures([], 40, [torch.randint(0, 256, (3, 40, 40), dtype=torch.uint8)]))
    assert isinstance(network, models.Lite0Bins) and network.class_weights.std() > 0
