"""The registry, and the ResNet-18 colorizer with a trunk from torchvision's weights."""

from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from colorizer import models
from colorizer.data.torchvision_compat import import_torchvision
from colorizer.errors import TrainingError
from colorizer.models.base import Head
from colorizer.recipes.recipe import parse_recipe
from colorizer.training.network_setup import build_network
from tests.support.training import RECIPE


def test_an_unknown_architecture_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no architecture 'resnet19'; the known ones are .*resnet18-colorizer"):
        models.build("resnet19")


def test_an_option_that_a_network_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"resnet18-colorizer cannot be built with the options \{'depth': 3\}"):
        models.build("resnet18-colorizer", depth=3)
    for name in ("architecture", "self", "network"):  # words that the code itself uses, as a foreign card may have them
        with pytest.raises(ValueError, match="resnet18-colorizer cannot be built with the options"):
            models.build("resnet18-colorizer", **{name: 3})


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="two networks are registered as 'resnet18-colorizer'"):

        @models.register("resnet18-colorizer")
        class Another(models.ColorNetwork):
            head: ClassVar[Head] = "ab"


@pytest.mark.parametrize("name", models.architectures())
def test_every_network_keeps_its_promises(name: str) -> None:
    options = {"colors": 7} if name in models.architectures_with_head("palette") else {}
    network = models.build(name, **options).eval()
    assert network.options == options
    assert network.source
    for height, width in ((network.stride * 2, network.stride * 5), (network.stride * 4, network.stride)):
        with torch.inference_mode():
            output = network(torch.rand(3, 1, height, width) * 100)
            ab = network.to_ab(output)
        channels = {"ab": 2, "rgb": 3, "palette": 7, "bins": 261}[network.head]
        channels += 2 * isinstance(network, models.HintedBins)  # which says ab beside
        reduction = network.reduction if isinstance(network, models.BinsNetwork) else 1
        assert tuple(output.shape) == (3, channels, height // reduction, width // reduction)
        assert tuple(ab.shape) == (3, 2, height, width)
        assert bool(output.isfinite().all()) and bool(ab.isfinite().all())


def test_the_resnet_colorizer_has_its_stated_size() -> None:
    network = models.build("resnet18-colorizer")
    assert 0.945e6 < models.count_parameters(network) < 0.955e6
    assert (network.stride, network.head) == (8, "ab")


@pytest.fixture(scope="module")
def imagenet_like() -> dict[str, Tensor]:
    """Make a torchvision ResNet-18's state with random values: the download has the same names and shapes."""
    torch.manual_seed(3)
    network: nn.Module = import_torchvision().models.resnet18(weights=None)
    return {
        name: tensor.normal_() if tensor.is_floating_point() else tensor + 5
        for name, tensor in network.state_dict().items()
    }


def test_the_trunk_takes_torchvisions_tensors_by_name(imagenet_like: dict[str, Tensor]) -> None:
    network = models.ResNet18Colorizer()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_trunk(imagenet_like)
    for name, tensor in network.state_dict().items():
        if name == "conv1.weight":
            assert torch.equal(tensor, imagenet_like[name].sum(1, keepdim=True))
        else:
            assert torch.equal(tensor, before[name] if name.startswith("decoder.") else imagenet_like[name])


def test_the_summed_kernel_sees_a_grey_picture_as_the_three_did(imagenet_like: dict[str, Tensor]) -> None:
    network = models.ResNet18Colorizer()
    network.load_trunk(imagenet_like)
    grey = torch.randn(1, 1, 32, 32)
    three = nn.functional.conv2d(grey.expand(-1, 3, -1, -1), imagenet_like["conv1.weight"], stride=2, padding=3)
    assert torch.allclose(network.conv1(grey), three, atol=1e-3)


def test_an_incomplete_trunk_is_refused(imagenet_like: dict[str, Tensor]) -> None:
    with pytest.raises(KeyError, match=r"layer2\.0\.conv1\.weight"):
        models.ResNet18Colorizer().load_trunk(
            {name: tensor for name, tensor in imagenet_like.items() if name != "layer2.0.conv1.weight"}
        )


def test_the_first_weights_follow_from_the_seed() -> None:
    first, again, other = (
        build_network(parse_recipe(RECIPE, [f"training.seed={seed}"])).state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_a_recipe_with_an_unknown_architecture_or_an_unfit_crop_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"\[model\]: there is no architecture 'unet9'"):
        build_network(parse_recipe(RECIPE, ["model.architecture=unet9"]))
    with pytest.raises(TrainingError, match=r"data\.crop is 36; resnet18-colorizer needs a multiple of 8"):
        build_network(parse_recipe(RECIPE, ["data.crop=36"]))


def test_the_imagenet_trunk_comes_from_the_cache(
    imagenet_like: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    url = import_torchvision().models.ResNet18_Weights.IMAGENET1K_V1.url
    cached = tmp_path / "hub" / "checkpoints" / url.rpartition("/")[2]
    cached.parent.mkdir(parents=True)
    torch.save(imagenet_like, cached)
    network = build_network(parse_recipe(RECIPE, ["model.encoder_weights=imagenet"]))
    assert torch.equal(network.state_dict()["layer1.0.conv1.weight"], imagenet_like["layer1.0.conv1.weight"])


def test_networks_other_than_the_resnet_take_no_imagenet_trunk() -> None:
    @models.register("test-without-trunk")
    class WithoutTrunk(models.ColorNetwork):
        head: ClassVar[Head] = "ab"
        stride: ClassVar[int] = 1

    with pytest.raises(
        TrainingError, match=r'model.encoder_weights = "imagenet" is not available for test-without-trunk'
    ):
        build_network(parse_recipe(RECIPE, ["model.encoder_weights=imagenet", "model.architecture=test-without-trunk"]))
