"""A network whose BatchNorm is folded away answers as before."""

import copy

import pytest
import torch
from torch import nn

from colorizer.checkpoints.store import WEIGHTS, list_checkpoints, load_network
from colorizer.inference.loading import fold_batch_norm


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize("checkpoint", [card.id for card in list_checkpoints()])
@torch.inference_mode()
def test_every_shipped_network_answers_as_before(checkpoint: str) -> None:
    network, _ = load_network(WEIGHTS / checkpoint)
    fused = copy.deepcopy(network)
    fold_batch_norm(fused)
    lightness = torch.rand(1, 1, 64, 96, generator=torch.Generator().manual_seed(0)) * 100
    plain, folded = network(lightness), fused(lightness)
    assert (folded - plain).abs().max() <= 1e-4 * plain.abs().max()


def test_of_photo_only_those_remain_that_hints_or_queries_come_before() -> None:
    network, _ = load_network(WEIGHTS / "photo")
    fold_batch_norm(network)
    assert norms(network) == 2


def test_what_follows_no_convolution_stays() -> None:
    network = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 3, 1), nn.ReLU(), nn.BatchNorm2d(3)).eval()
    fold_batch_norm(network)
    assert norms(network) == 2


def test_a_convolution_after_padding_is_found() -> None:
    inner = nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(2, 3, 3))
    network = nn.Sequential(inner, nn.BatchNorm2d(3)).eval()
    planes = torch.rand(1, 2, 5, 5)
    before = network(planes)
    fold_batch_norm(network)
    assert norms(network) == 0
    assert torch.allclose(network(planes), before, atol=1e-5)
