"""The published networks give what the authors' own classes gave, for weights and inputs made by a formula."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks.formula_weights import formula_hints, formula_lightness, formula_state
from colorizer import models
from colorizer.models.ddcolor import SPECTRAL_NORM_LAYERS, fold_spectral_norm
from colorizer.models.zhang_blocks import AB_SCALE

REFERENCES = Path(__file__).parent / "published"
OPTIONS: dict[str, dict[str, int]] = {"ddcolor-tiny": {}, "ddcolor-large": {"width": 192, "deep_blocks": 27}}
PARAMETERS = {
    "eccv16": 32_236_011,
    "siggraph17": 34_187_027,
    "ddcolor-tiny": 55_006_640,
    "ddcolor-large": 227_869_328,
}


@dataclass(frozen=True)
class Reference:
    """What the authors' class has and gave."""

    shapes: dict[str, list[int]]
    outputs: dict[str, Any]


def reference(name: str) -> Reference:
    document = json.loads((REFERENCES / f"{name}.json").read_text())
    return Reference(document["tensors"], document["outputs"])


@functools.lru_cache(maxsize=1)  # the largest has 0.9 GB
def network_of(name: str) -> models.ColorNetwork:
    state = fold_spectral_norm(formula_state(reference(name).shapes))
    with torch.device("meta"):
        network = models.build(name.partition("-")[0], **OPTIONS.get(name, {}))
    network.load_state_dict(state, strict=True, assign=True)
    return network.eval()


def require_equal(ab: Tensor, expected: dict[str, Any]) -> None:
    tolerance = 1e-4 * (expected["max"] - expected["min"])
    assert list(ab.shape) == expected["shape"]
    found = ab.flatten()[expected["at"]]
    assert float((found - torch.tensor(expected["values"])).abs().max()) < tolerance
    statistics = {"mean": ab.mean(), "std": ab.std(), "min": ab.min(), "max": ab.max()}
    for name, value in statistics.items():
        assert float(value) == pytest.approx(expected[name], abs=tolerance), name


@pytest.mark.parametrize("name", ["eccv16", "siggraph17"])
@torch.inference_mode()
def test_zhangs_networks_equal_the_authors(name: str) -> None:
    require_equal(network_of(name)(formula_lightness()), reference(name).outputs["L"])


@torch.inference_mode()
def test_siggraph17_with_a_hint_equals_the_authors() -> None:
    ab = network_of("siggraph17")(formula_lightness(), formula_hints(AB_SCALE))
    require_equal(ab, reference("siggraph17").outputs["L, hint ab, mask"])


@pytest.mark.parametrize("name", ["ddcolor-tiny", "ddcolor-large"])
@torch.inference_mode()
def test_ddcolor_equals_the_authors(name: str) -> None:
    network = network_of(name)
    assert isinstance(network, models.DDColor)
    grey = (formula_lightness() / 100).expand(-1, 3, -1, -1)
    require_equal(network.color_grey(grey), reference(name).outputs["grey as RGB"])


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_networks_have_the_published_number_of_parameters(name: str) -> None:
    with torch.device("meta"):
        network = models.build(name.partition("-")[0], **OPTIONS.get(name, {}))
    assert models.count_parameters(network) == PARAMETERS[name]


@torch.inference_mode()
def test_siggraph17_swapped_a_and_b_are_another_hint() -> None:
    swapped = formula_hints(AB_SCALE)[:, [1, 0, 2]]
    ab = network_of("siggraph17")(formula_lightness(), swapped)
    with pytest.raises(AssertionError):
        require_equal(ab, reference("siggraph17").outputs["L, hint ab, mask"])


@torch.inference_mode()
def test_siggraph17_planes_of_zeros_are_no_hints() -> None:
    network, lightness = network_of("siggraph17"), formula_lightness()
    assert torch.equal(network(lightness, torch.zeros(1, 3, 64, 96)), network(lightness))


@torch.inference_mode()
def test_eccv16_answers_with_the_centre_of_a_certain_bin() -> None:
    network = models.build("eccv16").eval()
    assert isinstance(network, models.Eccv16)
    last = network.model8[-1]
    for place in (0, 100, 312):
        last.weight.zero_()
        last.bias.fill_(-30)
        last.bias[place] = 30
        ab = network(formula_lightness())
        centre = network.model_out.weight[:, place, 0, 0] * 110
        assert torch.allclose(ab, centre[None, :, None, None].expand_as(ab), atol=1e-3)


def test_ddcolor_sees_grey_as_three_equal_channels() -> None:
    with torch.inference_mode():
        network = models.build("ddcolor").eval()
        assert isinstance(network, models.DDColor)
        lightness = torch.full((1, 1, 32, 32), 53.585)  # of sRGB 128
        expected = network.color_grey(torch.full((1, 3, 32, 32), 128 / 255))
        assert torch.allclose(network(lightness), expected, atol=1e-4)


class TestSpectralNorm:
    """Folded as torch's own spectral norm evaluates it."""

    def test_the_folded_weight_is_that_of_torchs_own_layer(self) -> None:
        torch.manual_seed(1)
        layer = torch.nn.utils.spectral_norm(torch.nn.Conv2d(8, 4, 3))
        layer(torch.randn(1, 8, 5, 5))  # in training it finds u and v
        layer.eval()(torch.randn(1, 8, 5, 5))
        state = {f"refine_net.0.0.{name}": tensor for name, tensor in layer.state_dict().items()}
        folded = fold_spectral_norm(state)
        assert sorted(folded) == ["refine_net.0.0.bias", "refine_net.0.0.weight"]
        assert torch.allclose(folded["refine_net.0.0.weight"], layer.weight, atol=1e-6)

    def test_exactly_eight_layers_have_it(self) -> None:
        shapes = reference("ddcolor-tiny").shapes
        normed = {name.removesuffix(".weight_orig") for name in shapes if name.endswith(".weight_orig")}
        assert normed == set(SPECTRAL_NORM_LAYERS) and len(normed) == 8

    @pytest.mark.parametrize("layer", ["decoder.color_decoder.input_proj.0", "encoder.arch.downsample_layers.0.0"])
    def test_a_ninth_layer_is_left_for_the_strict_loader_to_refuse(self, layer: str) -> None:
        state = {f"{layer}.weight_{part}": torch.ones(2) for part in ("orig", "u", "v")}
        assert fold_spectral_norm(state) == state

    def test_a_layer_without_u_stays_for_the_strict_loader_to_refuse(self) -> None:
        state = {f"refine_net.0.0.weight_{part}": torch.ones(2, 2, 1, 1) for part in ("orig", "v")}
        assert sorted(fold_spectral_norm(state)) == sorted(state)
