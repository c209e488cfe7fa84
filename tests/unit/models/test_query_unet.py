"""The network of `photo`: queries that see the whole picture, colours at 1/8 and, later, at 1/4."""

import pytest
import torch

from colorizer import color, models
from colorizer.models.color_queries import ColorQueries, position_encoding

BINS = len(color.ab_bins())


@pytest.fixture(scope="module")
def coarse() -> models.QueryUNet:
    torch.manual_seed(0)
    return models.QueryUNet(output_stride=8).eval()


def test_it_has_its_stated_size_and_keeps_below_eight_million(coarse: models.QueryUNet) -> None:
    assert 3.9e6 < models.count_parameters(coarse) < models.count_parameters(models.QueryUNet()) < 8e6


@pytest.mark.parametrize("output_stride", [8, 4])
@torch.inference_mode()
def test_it_gives_a_logit_for_each_bin_and_the_mean_of_the_distribution(output_stride: int) -> None:
    network = models.QueryUNet(output_stride=output_stride).eval()
    network.rebalance(torch.rand(BINS).softmax(0), 0.5)
    output = network(torch.rand(2, 1, 64, 96) * 100)
    assert tuple(output.shape) == (2, BINS + 2, 64 // output_stride, 96 // output_stride)
    logits, ab = network.parts(output)
    assert ab is not None and torch.allclose(ab, color.annealed_mean(logits, network.bins, 1.0), atol=1e-3)


def test_another_stride_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="output_stride is 3; it must be 4 or 8"):
        models.build("query-unet", output_stride=3)


@torch.inference_mode()
def test_the_finer_stage_begins_with_the_coarse_answer(coarse: models.QueryUNet) -> None:
    fine = models.QueryUNet(output_stride=4).eval()
    missing, foreign = fine.load_state_dict(coarse.state_dict() | {"projection": fine.projection}, strict=False)
    assert not foreign and all(name.startswith("fine.") for name in missing)
    lightness = torch.rand(1, 1, 64, 64) * 100
    small, large = coarse(lightness)[:, :BINS], fine(lightness)[:, :BINS]
    enlarged = torch.nn.functional.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    assert torch.allclose(large, enlarged, atol=1e-3)


@torch.inference_mode()
def test_hints_change_nothing_of_its_own_answer(coarse: models.QueryUNet) -> None:
    lightness = torch.rand(1, 1, 64, 64) * 100
    assert torch.equal(coarse(lightness, torch.ones(1, 3, 64, 64)), coarse(lightness))
    assert not coarse.sees_hints and coarse.takes_hints


@torch.inference_mode()
def test_a_query_sees_the_whole_picture() -> None:
    """A change in one corner reaches the map in the opposite one, beyond any convolution's reach."""
    torch.manual_seed(1)
    queries = ColorQueries((8, 8), queries=4, width=16).eval()
    features = torch.randn(1, 8, 8, 8), torch.randn(1, 8, 16, 16)
    other = features[0].clone()
    other[:, :, 0, 0] += 5
    plain, changed = queries(features), queries((other, features[1]))
    assert tuple(plain.shape) == (1, 4, 16, 16)
    assert (plain - changed)[:, :, -1, -1].abs().max() > 1e-4


def test_places_are_the_same_for_another_size_of_the_same_picture() -> None:
    small = position_encoding(16, 8, 8, torch.device("cpu")).reshape(8, 8, 16)
    large = position_encoding(16, 16, 16, torch.device("cpu")).reshape(16, 16, 16)
    halves = torch.nn.functional.avg_pool2d(large.permute(2, 0, 1)[None], 2)[0].permute(1, 2, 0)
    assert torch.allclose(small[..., -1], halves[..., -1], atol=0.02)  # of the longest wave


def test_gradients_reach_everything_that_is_trained(coarse: models.QueryUNet) -> None:
    network = models.QueryUNet(output_stride=4).train()
    network(torch.rand(2, 1, 64, 64) * 100).square().mean().backward()
    idle = {name for name, value in network.named_parameters() if value.grad is None}
    assert not idle


def test_queries_add_nothing_to_the_network_that_they_join_until_they_are_trained() -> None:
    torch.manual_seed(0)
    plain, joined = models.Lite0Bins(), models.Lite0Queries()
    missing, foreign = joined.load_state_dict(plain.state_dict(), strict=False)
    assert not foreign and all(name.startswith(("queries.", "join.")) for name in missing)
    lightness = torch.rand(2, 1, 64, 64) * 100
    with torch.inference_mode():
        before = plain.eval()(lightness)
        assert torch.equal(joined.eval()(lightness), before)
        torch.nn.init.normal_(joined.join.weight)
        assert not torch.equal(joined(lightness), before)
    assert 4.0e6 < models.count_parameters(joined) < 4.5e6


def test_a_gradient_reaches_the_queries_once_they_are_joined() -> None:
    network = models.Lite0Queries().train()
    for _ in range(2):
        network(torch.rand(2, 1, 64, 64) * 100, torch.rand(2, 3, 64, 64)).square().mean().backward()
        with torch.no_grad():
            network.join.weight.sub_(network.join.weight.grad)
    assert network.queries.content.grad is not None and network.queries.content.grad.abs().max() > 0
    assert not {name for name, value in network.named_parameters() if value.grad is None}
