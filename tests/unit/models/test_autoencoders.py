"""The networks that paint a whole picture: their layers as described, and their way from the picture to colour."""

import dataclasses

import numpy as np
import pytest
import torch
from skimage.color import lab2rgb, rgb2lab
from torch import Tensor, nn

from colorizer import color, models
from colorizer.errors import TrainingError
from colorizer.models import ColorNetwork
from colorizer.recipes.recipe import parse_recipe, read_recipe
from colorizer.training.network_setup import build_network
from tests.support import ROOT
from tests.support.training import RECIPE

NAMES = models.architectures_with_head("rgb")


def make(name: str, width: int = 4) -> ColorNetwork:
    """Make a network in evaluation mode with random weights."""
    torch.manual_seed(1)
    return models.build(name, width=width).eval()


def layers(network: ColorNetwork) -> list[nn.Module]:
    """Those with weights to learn by, without BatchNorm's."""
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]


def test_there_are_the_five_steps() -> None:
    assert NAMES == ["autoencoder-5", "autoencoder-7", "autoencoder-7-leaky", "autoencoder-9-skip", "rgb-cnn"]


@pytest.mark.parametrize(("name", "count"), list(zip(NAMES, (5, 7, 7, 9, 4), strict=True)))
def test_a_network_has_as_many_layers_as_its_name_says(name: str, count: int) -> None:
    assert len(layers(make(name))) == count


@pytest.mark.parametrize("name", NAMES)
def test_the_output_is_a_picture_in_0_to_1(name: str) -> None:
    with torch.inference_mode():
        output = make(name)(torch.rand(2, 1, 24, 40) * 100)
    assert tuple(output.shape) == (2, 3, 24, 40)
    assert 0 <= float(output.min()) < float(output.max()) <= 1


def shapes_inside(network: ColorNetwork) -> list[tuple[int, ...]]:
    """List the shapes of each layer's maps, for a picture of 128 x 128."""
    seen: list[tuple[int, ...]] = []
    for layer in layers(network):
        layer.register_forward_hook(lambda module, given, made: seen.append((*made.shape[2:], made.shape[1])))
    with torch.inference_mode():
        network(torch.rand(1, 1, 128, 128) * 100)
    return seen


def test_the_generator_has_the_maps_that_were_described() -> None:
    assert shapes_inside(make("autoencoder-9-skip", 64)) == [
        (64, 64, 64), (64, 64, 128), (32, 32, 128), (32, 32, 256), (16, 16, 512),
        (32, 32, 256), (64, 64, 128), (128, 128, 64), (128, 128, 3),
    ]  # fmt: skip


def test_the_embedding_of_five_layers_is_32_by_32_by_64() -> None:
    assert (32, 32, 64) in shapes_inside(make("autoencoder-5", 32))


@pytest.mark.parametrize(("name", "reach"), [("rgb-cnn", 4)])
def test_a_pixel_of_the_plain_cnn_depends_on_nine_pixels_across(name: str, reach: int) -> None:
    network = make(name)
    grey = torch.full((1, 1, 41, 41), 50.0)
    changed = grey.clone()
    changed[0, 0, 20, 20] = 90
    with torch.inference_mode():
        rows = (network(grey) - network(changed)).abs().sum((0, 1, 3)).nonzero().flatten()
    assert (int(rows.min()), int(rows.max())) == (20 - reach, 20 + reach)


def test_skips_carry_maps_past_the_middle() -> None:
    network = make("autoencoder-9-skip")
    assert isinstance(network, models.Autoencoder9Skip)
    lightness = torch.rand(1, 1, 32, 32) * 100
    with torch.inference_mode():
        network.up1[1].weight.zero_(), network.up1[1].bias.zero_()  # type: ignore[union-attr, operator]
        blocked = network(lightness)  # nothing comes through the middle any more
        other = network(lightness.flip(3))
    assert not torch.allclose(blocked, other)


def test_the_leaky_variant_differs_in_its_slope_alone() -> None:
    plain, leaky = make("autoencoder-7"), make("autoencoder-7-leaky")
    assert plain.state_dict().keys() == leaky.state_dict().keys()
    slopes = [layer.negative_slope for layer in leaky.modules() if isinstance(layer, nn.LeakyReLU)]
    assert slopes == [0.2] * 6
    assert not any(isinstance(layer, nn.ReLU) for layer in leaky.modules())
    assert sum(isinstance(layer, nn.ReLU) for layer in plain.modules()) == 6


@pytest.fixture
def srgb() -> Tensor:
    return torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(2))


def test_the_target_is_the_picture_and_its_chroma_is_taken(srgb: Tensor) -> None:
    network = make("autoencoder-5")
    assert network.target(srgb, color.srgb_to_lab(srgb)) is srgb
    expected = rgb2lab(srgb.permute(0, 2, 3, 1).double().numpy())[..., 1:].transpose(0, 3, 1, 2)
    assert network.to_ab(srgb).numpy() == pytest.approx(expected, abs=0.02)
    assert network.to_ab(srgb.bfloat16()).dtype == torch.float32


def test_grey_is_the_picture_of_lightness_alone(srgb: Tensor) -> None:
    network, lab = make("autoencoder-5"), color.srgb_to_lab(srgb)
    grey = lab.permute(0, 2, 3, 1).double().numpy()
    grey[..., 1:] = 0
    made = network.grey_prediction(lab[:, :1], torch.zeros(3)).permute(0, 2, 3, 1)
    assert made.numpy() == pytest.approx(lab2rgb(grey), abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [0, 513, 10**30])
def test_impossible_widths_are_refused(name: str, width: int) -> None:
    with pytest.raises(ValueError, match="width is"):
        models.build(name, width=width)


@pytest.mark.parametrize("loss", ["huber", "cross_entropy"])
def test_a_loss_in_other_units_is_refused(loss: str) -> None:
    with pytest.raises(TrainingError, match=f"loss.name is '{loss}'; autoencoder-5 learns by mse or l1"):
        build_network(parse_recipe(RECIPE, ["model.architecture=autoencoder-5", f"loss.name={loss}"]))


def test_the_recipes_of_the_ladder_differ_in_the_network_alone_and_the_last_in_the_adversary() -> None:
    names = (
        "cnn",
        "autoencoder-5",
        "autoencoder-7",
        "autoencoder-7-leaky",
        "autoencoder-9-skip",
        "gan",
        "gan-faithful",
    )
    recipes = [read_recipe(ROOT / "recipes" / f"flowers-{name}.toml") for name in names]
    assert {recipe.data for recipe in recipes} == {recipes[0].data}
    assert {recipe.loss for recipe in recipes} == {recipes[0].loss}
    assert len({recipe.training for recipe in [*recipes[:5], recipes[6]]}) == 1
    assert recipes[5].model == dataclasses.replace(recipes[4].model, init_from="flowers-autoencoder-9-skip")
    assert [recipe.adversary is not None for recipe in recipes] == [False] * 5 + [True] * 2
    assert recipes[4].model == recipes[6].model
    faithful = recipes[6].adversary
    assert faithful is not None
    assert (
        faithful.loss_weight,
        faithful.noise_interval,
        faithful.discriminator_input,
        faithful.discriminator_output,
    ) == (
        75,
        5,
        "rgb",
        "global",
    )
    assert np.unique([recipe.model.architecture for recipe in recipes[:5]]).size == 5
