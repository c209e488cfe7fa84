"""Another encoder under a trained decoder: linear maps of its features stand in for those that the decoder knows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data

from colorizer import models
from colorizer.checkpoints.store import load_network
from colorizer.data.dataset import Pictures
from colorizer.errors import RecipeError, TrainingError
from colorizer.models.efficientnet_lite import LITE0, LITE2, imagenet_state
from colorizer.recipes.recipe import parse_recipe
from colorizer.training.network_setup import build_network, stitch_start
from colorizer.training.stitching import stitch
from tests.support.toy_photo import hinted_model
from tests.support.training import RECIPE

_SIDE = 70  # cut to 64
_STITCHED = ("model.architecture=lite2-queries", "loss.name=cross_entropy_huber", "model.encoder_weights=imagenet")


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    """Six hundred pieces of scikit-image's photos."""
    random = np.random.default_rng(0)
    held = []
    for photo in (data.astronaut(), data.coffee(), data.chelsea()):
        for _ in range(200):
            top, left = random.integers(0, photo.shape[0] - _SIDE), random.integers(0, photo.shape[1] - _SIDE)
            held.append(torch.from_numpy(photo[top : top + _SIDE, left : left + _SIDE].transpose(2, 0, 1).copy()))
    return Pictures([], _SIDE, held)


def test_features_that_are_linear_in_the_others_give_the_same_colours(pictures: Pictures) -> None:
    torch.manual_seed(1)
    trained, network, copied = (models.Lite0Queries().eval() for _ in range(3))
    trained.encoder.load_imagenet(imagenet_state(LITE0))
    network.encoder.load_imagenet(imagenet_state(LITE0))
    norm = list(network.encoder.modules())[-1]  # that of 1/32, which no other layer of the encoder reads
    assert isinstance(norm, torch.nn.BatchNorm2d)
    with torch.no_grad():
        norm.weight.mul_(-0.5)
        norm.bias.mul_(-0.5).add_(0.3)
    explained = stitch(network, trained, pictures)
    assert len(explained) == 4 and min(explained) > 0.98
    assert not network.training and not trained.training

    copied.load_state_dict(trained.state_dict())
    copied.encoder.load_state_dict(network.encoder.state_dict())
    grey = torch.from_numpy(data.coffee()[:256, :256].mean(2, dtype=np.float32))[None, None] / 2.55
    with torch.inference_mode():
        wanted, found, naive = (each.deep(each.encoder(grey / 50 - 1)[-1]) for each in (trained, network, copied))
    assert (found - wanted).abs().mean() < 0.1 * (naive - wanted).abs().mean()


def test_a_recipe_lays_a_deeper_encoder_under_the_decoder_of_a_checkpoint(tmp_path: Path, pictures: Pictures) -> None:
    hinted_model(tmp_path)
    recipe = parse_recipe(RECIPE, [*_STITCHED, f"model.stitch_from={tmp_path / 'toy'}"])
    network = build_network(recipe)
    encoder = {name: tensor.clone() for name, tensor in network.encoder.state_dict().items()}
    explained = stitch_start(recipe, network, pictures)
    assert len(explained) == 4 and all(share <= 1 for share in explained)
    assert network.training
    assert all(torch.equal(tensor, encoder[name]) for name, tensor in network.encoder.state_dict().items())
    own, theirs = network.state_dict(), load_network(tmp_path / "toy")[0].state_dict()
    for name in ("classify.weight", "regress.bias", "last.0.weight", "up8.1.weight"):
        assert torch.equal(own[name], theirs[name]), name
    decoded = theirs["up8.0.weight"].shape[1] - LITE0.feature_maps[1]
    assert torch.equal(own["up8.0.weight"][:, :decoded], theirs["up8.0.weight"][:, :decoded])
    assert own["up8.0.weight"].shape[1] == decoded + LITE2.feature_maps[1]


def test_without_the_setting_nothing_is_stitched(pictures: Pictures) -> None:
    recipe = parse_recipe(RECIPE, _STITCHED)
    assert stitch_start(recipe, build_network(recipe), pictures) == []


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("no-such-checkpoint", r"model\.stitch_from: no-such-checkpoint/card\.toml is missing"),
        ("photo-film", r"photo-film is a query-unet, the recipe's network a lite2-queries; both must have the decoder"),
    ],
)
def test_a_start_without_that_decoder_is_refused(start: str, message: str, pictures: Pictures) -> None:
    recipe = parse_recipe(RECIPE, [*_STITCHED, f"model.stitch_from={start}"])
    with pytest.raises(TrainingError, match=message):
        stitch_start(recipe, build_network(recipe), pictures)


def test_features_must_be_worth_something_before_they_are_laid_onto_others() -> None:
    with pytest.raises(RecipeError, match=r"model\.stitch_from needs model\.encoder_weights"):
        parse_recipe(RECIPE, [*_STITCHED[:2], "model.stitch_from=photo"])
