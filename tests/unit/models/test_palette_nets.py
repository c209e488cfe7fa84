"""The networks that choose among palette colours: sizes, limits, and their way from classes to colour."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from colorizer import color, models
from colorizer.models import PaletteNetwork
from colorizer.recipes.recipe import read_recipe
from colorizer.training.network_setup import build_network
from tests.support import ROOT

NAMES = models.architectures_with_head("palette")
RECIPES = sorted(path for path in (ROOT / "recipes").glob("*.toml") if read_recipe(path).model.palette)


def make(name: str, colors: int = 6, width: int = 4) -> PaletteNetwork:
    """Make a network in evaluation mode with random weights and random colours."""
    torch.manual_seed(1)
    network = models.build(name, colors=colors, width=width)
    assert isinstance(network, PaletteNetwork)
    network.set_palette(torch.rand(colors, 3))
    return network.eval()


@pytest.fixture
def network() -> PaletteNetwork:
    return make("palette-unet")


def test_there_is_a_plain_network_and_one_with_skips() -> None:
    assert NAMES == ["palette-cnn", "palette-unet"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("height", "width"), [(32, 32), (4, 4), (8, 20), (60, 4)])
def test_there_is_a_logit_for_each_colour_and_pixel(name: str, height: int, width: int) -> None:
    with torch.inference_mode():
        logits = make(name, colors=5)(torch.rand(2, 1, height, width) * 100)
    assert tuple(logits.shape) == (2, 5, height, width)
    assert bool(logits.isfinite().all())


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipes_network_is_small(path: Path) -> None:
    network = build_network(read_recipe(path))
    assert network.stride == 4
    assert 50_000 < models.count_parameters(network) <= 400_000


@pytest.mark.parametrize("name", NAMES)
def test_the_width_scales_every_layer(name: str) -> None:
    narrow, wide, default = (models.build(name, colors=16, **options) for options in ({"width": 16}, {"width": 32}, {}))
    assert 3 < models.count_parameters(wide) / models.count_parameters(narrow) < 4
    assert models.count_parameters(default) == models.count_parameters(wide)


@pytest.mark.parametrize("name", NAMES)
def test_the_palette_is_part_of_the_state_and_is_not_trained(name: str) -> None:
    network = make(name)
    assert network.state_dict()["palette"].dtype == torch.float32
    assert "palette" not in dict(network.named_parameters())
    other = make(name)
    other.set_palette(torch.zeros(6, 3))
    other.load_state_dict(network.state_dict())
    assert torch.equal(other.palette, network.palette)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("colors", "width", "message"),
    [
        (1, 4, "colors is 1; a palette has 2 to 256 colours"),
        (257, 4, "colors is 257"),
        (-5, 4, "colors is -5"),
        (10**30, 4, "colors is 1000"),
        (4, 0, "width is 0; it must be 1 to 512"),
        (4, 513, "width is 513"),
        (4, 10**30, "width is 1000"),
    ],
)
def test_impossible_sizes_are_refused_before_any_memory_is_taken(
    name: str, colors: int, width: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        models.build(name, colors=colors, width=width)


def test_a_number_of_colours_must_be_said() -> None:
    with pytest.raises(ValueError, match="palette-cnn cannot be built with the options"):
        models.build("palette-cnn")


def test_the_target_is_the_nearest_colour(network: PaletteNetwork) -> None:
    srgb = torch.rand(2, 3, 9, 7, generator=torch.Generator().manual_seed(2))
    classes = network.target(srgb, color.srgb_to_lab(srgb))
    assert (classes.dtype, tuple(classes.shape)) == (torch.int64, (2, 9, 7))
    pixels, palette = srgb.permute(0, 2, 3, 1).double().numpy(), network.palette.double().numpy()
    assert np.array_equal(classes.numpy(), ((pixels[..., None, :] - palette) ** 2).sum(-1).argmin(-1))


def test_the_chroma_is_that_of_the_likeliest_colour(network: PaletteNetwork) -> None:
    logits = torch.randn(2, 6, 5, 8)
    class_ab = rgb2lab(network.palette.double().numpy()[None])[0, :, 1:]
    expected = class_ab[logits.numpy().argmax(1)].transpose(0, 3, 1, 2)
    assert network.to_ab(logits).numpy() == pytest.approx(expected, abs=0.02)
    assert torch.equal(network.to_ab(logits), network.class_ab(logits.argmax(1)))


def test_the_expected_chroma_is_the_mean_over_the_distribution(network: PaletteNetwork) -> None:
    logits = torch.randn(2, 6, 5, 8) * 3
    weights = np.exp(logits.double().numpy())
    weights /= weights.sum(1, keepdims=True)
    class_ab = rgb2lab(network.palette.double().numpy()[None])[0, :, 1:]
    expected = np.einsum("nkhw,kc->nchw", weights, class_ab)
    assert network.expected_ab(logits).numpy() == pytest.approx(expected, abs=0.02)


def test_a_certain_network_expects_what_it_chooses(network: PaletteNetwork) -> None:
    logits = torch.nn.functional.one_hot(torch.randint(0, 6, (1, 4, 4)), 6).permute(0, 3, 1, 2) * 100.0
    assert torch.allclose(network.expected_ab(logits), network.to_ab(logits), atol=1e-3)


def test_who_does_not_look_answers_with_the_frequencies(network: PaletteNetwork) -> None:
    targets = torch.tensor([[[0, 0, 1], [1, 1, 5]], [[1, 1, 1], [0, 1, 1]]])  # 3, 8, 0, 0, 0 and 1 of 12
    counts = np.array([3, 8, 1, 1, 1, 1])
    assert network.constant_prediction(targets).numpy() == pytest.approx(np.log(counts / counts.sum()), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_picture_and_a_mirrored_one_are_coloured_alike(name: str) -> None:
    """Nothing in the networks knows left from right but their kernels: mirrored kernels see a mirrored picture."""
    network, mirrored = make(name), make(name)
    for layer in mirrored.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.weight.data = layer.weight.data.flip(3)
    lightness = torch.rand(1, 1, 16, 24) * 100
    with torch.inference_mode():
        assert torch.allclose(mirrored(lightness.flip(3)).flip(3), network(lightness), atol=1e-4)
