"""Area averages are exact, and strips cover a picture."""

import pytest
import torch

from colorizer.inference import downsampling


@pytest.mark.parametrize(("source", "target"), [(10, 5), (7, 3), (100, 33), (5, 5), (4000, 128), (9, 1)])
def test_area_weights_average_everything_once(source: int, target: int) -> None:
    weights = downsampling.area_weights(source, target)
    assert torch.allclose(weights.sum(1), torch.ones(target), atol=1e-5)
    assert torch.allclose(weights.sum(0), torch.full((source,), target / source), atol=1e-5)


def test_area_weights_of_a_whole_factor_are_block_means() -> None:
    line = torch.rand(12, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(downsampling.area_weights(12, 4) @ line, line.view(4, 3).mean(1))


@pytest.mark.parametrize(("source", "target"), [(1000, 3), (866, 160), (47, 46), (5, 5), (7, 1)])
def test_area_means_are_those_of_all_weights_at_once(source: int, target: int) -> None:
    plane = torch.rand(source, 6, generator=torch.Generator().manual_seed(5))
    expected = downsampling.area_weights(source, target) @ plane
    assert torch.allclose(downsampling.area_means(plane, target), expected, atol=1e-6)


@pytest.mark.parametrize(("height", "rows"), [(1, 1), (3000, 131), (16, 16), (65_535, 8)])
def test_strips_cover_every_row_once(height: int, rows: int) -> None:
    strips = list(downsampling.strips(height, rows))
    assert [row for top, bottom in strips for row in range(top, bottom)] == list(range(height))
    assert all(bottom - top == rows for top, bottom in strips[:-1])
