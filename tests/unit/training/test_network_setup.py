"""From a recipe to its network: options, palette and first weights; what does not fit together is refused."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from colorizer import models
from colorizer.checkpoints.store import MODEL_FILE, WEIGHTS, load_network, to_float16, write_card, write_tensors
from colorizer.color.palettes import read_palette
from colorizer.data.dataset import Pictures
from colorizer.errors import ColorizerError, RecipeError
from colorizer.models.efficientnet_lite import LITE0, LiteEncoder, imagenet_state
from colorizer.recipes.recipe import parse_recipe
from colorizer.training.color_statistics import kmeans_palette
from colorizer.training.network_setup import build_network, fit_color_statistics, network_options
from tests.support.checkpoints import CARD
from tests.support.photos import crop_of_a_photo
from tests.support.toy_photo import hinted_model
from tests.support.training import RECIPE

CHOOSER = ("model.architecture=palette-cnn", "loss.name=cross_entropy")


def built(*overrides: str) -> models.ColorNetwork:
    return build_network(parse_recipe(RECIPE, overrides))


def test_a_regression_network_is_built_with_its_own_defaults() -> None:
    network = built()
    assert isinstance(network, models.ResNet18Colorizer)
    assert network.options == {}


@pytest.mark.parametrize("architecture", models.architectures_with_head("palette"))
@pytest.mark.parametrize(("name", "colors"), [("horse-16", 16), ("horse-32", 32)])
def test_a_network_has_the_palette_that_its_recipe_names(architecture: str, name: str, colors: int) -> None:
    network = built(f"model.architecture={architecture}", "loss.name=cross_entropy", f"model.palette={name}")
    assert isinstance(network, models.PaletteNetwork)
    assert torch.equal(network.palette, read_palette(name))
    assert network.options == {"colors": colors}


def test_a_palette_of_ones_own_and_a_width_are_options(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps([[0, 0, 0], [0.5, 0, 1], [1, 1, 1]]))
    network = built(*CHOOSER, f"model.palette={tmp_path / 'mine.json'}", "model.width=5")
    assert network.options == {"width": 5, "colors": 3}
    again = models.build("palette-cnn", **network.options)
    assert {name: tensor.shape for name, tensor in again.state_dict().items()} == {
        name: tensor.shape for name, tensor in network.state_dict().items()
    }


def test_the_first_weights_follow_from_the_seed_and_not_from_the_palette(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps([[number / 15] * 3 for number in range(16)]))
    one, other, kmeans = (
        built(*CHOOSER, f"model.palette={palette}").state_dict()
        for palette in ("horse-16", tmp_path / "mine.json", "kmeans:16")
    )
    assert all(torch.equal(one[name], other[name]) for name in one if name != "palette")
    assert all(torch.equal(one[name], kmeans[name]) for name in one if name != "palette")
    assert not torch.equal(one["palette"], other["palette"])


def some_pictures() -> Pictures:
    held = [torch.from_numpy(crop_of_a_photo(number).transpose(2, 0, 1).copy()) for number in range(4)]
    return Pictures([], 40, held)


def test_a_palette_by_k_means_is_black_until_it_is_computed() -> None:
    recipe = parse_recipe(RECIPE, [*CHOOSER, "model.palette=kmeans:9", "training.seed=3"])
    network = build_network(recipe)
    assert isinstance(network, models.PaletteNetwork)
    assert network.options == {"colors": 9}
    assert not network.palette.any()
    fit_color_statistics(recipe, network, some_pictures())
    assert torch.equal(network.palette, kmeans_palette(some_pictures(), 9, 3))


def test_a_palette_that_is_given_is_not_computed() -> None:
    for overrides in ((*CHOOSER, "model.palette=horse-16"), ()):
        recipe = parse_recipe(RECIPE, overrides)
        network = build_network(recipe)
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        fit_color_statistics(recipe, network, some_pictures())
        assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


REFUSED = {
    "loss of regression for a choice": (
        ["model.architecture=palette-cnn", "model.palette=horse-16"],
        "loss.name is 'mse'; palette-cnn learns by cross_entropy",
    ),
    "loss of a choice for regression": (
        ["loss.name=cross_entropy"],
        "loss.name is 'cross_entropy'; resnet18-colorizer learns by mse, huber or l1",
    ),
    "palette for regression": (
        ["model.palette=horse-16"],
        "model.palette: resnet18-colorizer does not choose among colours; leave it out",
    ),
    "k-means for regression": (
        ["model.palette=kmeans:4"],
        "model.palette: resnet18-colorizer does not choose among colours; leave it out",
    ),
    "no palette for a choice": ([*CHOOSER], "model.palette: palette-cnn needs a palette, e.g. kmeans:16"),
    "no such palette": ([*CHOOSER, "model.palette=zebra"], "model.palette is 'zebra'; it must be kmeans:K, "),
    "no such k-means": ([*CHOOSER, "model.palette=kmeans:1"], "it must be kmeans:K with K from 2 to 256"),
    "no such architecture": (["model.architecture=unet9"], "[model]: there is no architecture 'unet9'; the known ones"),
    "misspelt, with a palette": (
        ["model.architecture=palette-unett", "model.palette=horse-16", "loss.name=cross_entropy"],
        "[model]: there is no architecture 'palette-unett'; the known ones",
    ),
    "too wide": ([*CHOOSER, "model.palette=horse-16", "model.width=513"], "[model]: width is 513; it must be 1 to 512"),
    "width of a network that has none": (
        ["model.width=8"],
        "[model]: resnet18-colorizer cannot be built with the options {'width': 8}",
    ),
    "crop": (
        [*CHOOSER, "model.palette=horse-16", "data.crop=30"],
        "data.crop is 30; palette-cnn needs a multiple of 4",
    ),
    "stochastic depth of a network without such an encoder": (
        ["training.drop_path=0.2"],
        "training.drop_path is set, but resnet18-colorizer has no EfficientNet encoder",
    ),
    "trunk": (
        [*CHOOSER, "model.palette=horse-16", "model.encoder_weights=imagenet"],
        'model.encoder_weights = "imagenet" is not available for palette-cnn',
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_does_not_fit_together_is_refused_in_one_sentence(fault: str) -> None:
    overrides, message = REFUSED[fault]
    with pytest.raises(ColorizerError) as refused:
        built(*overrides)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value) and str(refused.value).endswith(".")


def test_a_broken_palette_file_is_a_fault_of_the_recipe(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / "picture.png")
    (tmp_path / "picture.png").rename(tmp_path / "picture.json")
    with pytest.raises(RecipeError, match=r"picture\.json is not a palette"):
        built(*CHOOSER, f"model.palette={tmp_path / 'picture.json'}")


def test_options_leave_out_what_the_recipe_leaves_to_the_architecture() -> None:
    assert network_options(parse_recipe(RECIPE), None) == {}
    recipe = parse_recipe(RECIPE, [*CHOOSER, "model.palette=kmeans:12"])
    assert network_options(recipe, None) == {"colors": 12}


def checkpoint(folder: Path, seed: int = 5, **options: int) -> models.ColorNetwork:
    """Write a checkpoint of a network with random weights; returns the network."""
    torch.manual_seed(seed)
    network = models.build("autoencoder-5", **options)
    sha256 = write_tensors(folder / MODEL_FILE, to_float16(network.state_dict()))
    made_of = {"architecture": "autoencoder-5", "head": "rgb", "options": options}
    write_card(folder, dataclasses.replace(CARD, **made_of, sha256={MODEL_FILE: sha256}))  # type: ignore[arg-type]
    return network


PAINTER = ("model.architecture=autoencoder-5", "loss.name=l1", "model.width=4")


def test_a_network_can_start_from_a_trained_checkpoint(tmp_path: Path) -> None:
    trained = checkpoint(tmp_path / "trained", width=4)
    network = built(*PAINTER, f"model.init_from={tmp_path / 'trained'}")
    for name, tensor in network.state_dict().items():
        assert torch.allclose(tensor, trained.state_dict()[name], atol=1e-3), name
    assert network.training


def test_several_starts_give_the_mean_of_their_weights(tmp_path: Path) -> None:
    first = checkpoint(tmp_path / "first", width=4).state_dict()
    second = checkpoint(tmp_path / "second", seed=6, width=4).state_dict()
    assert any(not torch.equal(first[name], second[name]) for name in first)
    network = built(*PAINTER, f"model.init_from={tmp_path / 'first'}, {tmp_path / 'second'}")
    for name, tensor in network.state_dict().items():
        assert torch.allclose(tensor, ((first[name] + second[name]) / 2).to(tensor.dtype), atol=1e-3), name


def test_one_of_several_starts_that_does_not_fit_is_named(tmp_path: Path) -> None:
    checkpoint(tmp_path / "first", width=4)
    with pytest.raises(ColorizerError, match=r"model\.init_from: no-such-checkpoint/card\.toml is missing"):
        built(*PAINTER, f"model.init_from={tmp_path / 'first'}, no-such-checkpoint")


def test_a_start_by_its_id_lies_in_weights() -> None:
    shipped, _ = load_network(WEIGHTS / "scenes-500-mse")
    network = built("model.init_from=scenes-500-mse")
    assert all(torch.equal(tensor, shipped.state_dict()[name]) for name, tensor in network.state_dict().items())


def test_colour_queries_go_on_from_a_network_without_them(tmp_path: Path) -> None:
    hinted_model(tmp_path)
    start = tmp_path / "toy"
    settings = ("model.architecture=lite0-queries", "loss.name=cross_entropy_huber", f"model.init_from={start}")
    network, before = built(*settings), load_network(start)[0].state_dict()
    assert all(torch.equal(network.state_dict()[name], before[name]) for name in before)
    with pytest.raises(ColorizerError, match="is a lite0-bins, the recipe's network a query-unet"):
        built("model.architecture=query-unet", *settings[1:])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("model.init_from=no-such-checkpoint",), "model.init_from: no-such-checkpoint/card.toml is missing"),
        (
            ("model.init_from=scenes-500-mse",),
            "model.init_from: scenes-500-mse is a resnet18-colorizer, the recipe's network",
        ),
    ],
)
def test_a_start_that_does_not_fit_is_refused(settings: tuple[str, ...], message: str) -> None:
    with pytest.raises(ColorizerError, match=message):
        built(*PAINTER, *settings)


def test_a_start_of_another_width_is_refused(tmp_path: Path) -> None:
    checkpoint(tmp_path / "trained", width=8)
    with pytest.raises(ColorizerError, match=r"model\.init_from: .* has another shape"):
        built(*PAINTER, f"model.init_from={tmp_path / 'trained'}")


def test_a_start_and_an_imagenet_trunk_exclude_each_other() -> None:
    with pytest.raises(RecipeError, match=r"model\.init_from and model\.encoder_weights exclude each other"):
        built("model.init_from=scenes-500-mse", "model.encoder_weights=imagenet")


def test_a_part_of_what_imagenet_taught_the_encoder_comes_back(tmp_path: Path) -> None:
    hinted_model(tmp_path)
    start = tmp_path / "toy"
    settings = ("model.architecture=lite0-bins", "loss.name=cross_entropy_huber", f"model.init_from={start}")
    network, learned = built(*settings, "model.imagenet_share=0.25"), load_network(start)[0].state_dict()
    imagenet = LiteEncoder(LITE0)
    imagenet.load_imagenet(imagenet_state(LITE0))
    for name, tensor in imagenet.state_dict().items():
        found, before = network.state_dict()[f"encoder.{name}"], learned[f"encoder.{name}"]
        mixed = 0.75 * before + 0.25 * tensor if tensor.is_floating_point() else tensor
        assert torch.allclose(found, mixed, atol=1e-4), name
    for name, tensor in network.state_dict().items():
        assert name.startswith("encoder.") or torch.equal(tensor, learned[name]), name


def test_imagenet_comes_back_only_to_what_was_trained() -> None:
    with pytest.raises(RecipeError, match=r"model\.imagenet_share needs model\.init_from"):
        built("model.imagenet_share=0.2")
