"""Colour is carried to the photo's size along the edges of L, and area averages are exact."""

import pytest
import torch

from colorizer import upsample


@pytest.mark.parametrize(("source", "target"), [(10, 5), (7, 3), (100, 33), (5, 5), (4000, 128), (9, 1)])
def test_area_weights_average_everything_once(source: int, target: int) -> None:
    weights = upsample.area_weights(source, target)
    assert torch.allclose(weights.sum(1), torch.ones(target), atol=1e-5)
    assert torch.allclose(weights.sum(0), torch.full((source,), target / source), atol=1e-5)


def test_area_weights_of_a_whole_factor_are_block_means() -> None:
    line = torch.rand(12, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(upsample.area_weights(12, 4) @ line, line.view(4, 3).mean(1))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (4000, 3000), (65_535, 16), (16, 65_535)])
def test_strips_cover_every_row_once(width: int, height: int) -> None:
    rows = [row for top, bottom in upsample.strips(width, height) for row in range(top, bottom)]
    assert rows == list(range(height))


def enlarge(guide: upsample.GuidedColor, lightness: torch.Tensor) -> torch.Tensor:
    height, width = lightness.shape[2:]
    return upsample.apply(guide.at_width(width), lightness, 0, height)


def test_flat_colour_stays_flat() -> None:
    lightness = torch.rand(1, 1, 16, 24, generator=torch.Generator().manual_seed(1)) * 100
    ab = torch.tensor([12.0, -30.0]).view(1, 2, 1, 1).expand(1, 2, 16, 24)
    large = torch.rand(1, 1, 160, 240, generator=torch.Generator().manual_seed(2)) * 100
    expected = ab[:, :, :1, :1].expand(1, 2, 160, 240)
    assert torch.allclose(enlarge(upsample.fit(lightness, ab), large), expected, atol=1e-2)


def test_colour_follows_the_photos_edge_and_does_not_bleed() -> None:
    # A dark red half beside a bright blue one; the small edge lies in the middle of a small pixel.
    large = torch.full((1, 1, 80, 80), 20.0)
    large[..., 35:] = 80.0
    small = torch.nn.functional.avg_pool2d(large, 10)
    share = (small - 20) / 60
    ab = torch.cat([50 - 80 * share, 40 - 90 * share], 1)
    result = enlarge(upsample.fit(small, ab), large)
    nearly = 8.0  # Lab units; plain bilinear enlargement is wrong by 40 and more at the edge
    assert (result[0, 0, :, :35] - 50).abs().max() < nearly
    assert (result[0, 0, :, 35:] + 30).abs().max() < nearly
    bilinear = torch.nn.functional.interpolate(ab, (80, 80), mode="bilinear", align_corners=False)
    assert (bilinear[0, 0, :, :35] - 50).abs().max() > 3 * nearly


def test_strips_give_what_the_whole_gives() -> None:
    generator = torch.Generator().manual_seed(3)
    guide = upsample.fit(
        torch.rand(1, 1, 12, 9, generator=generator) * 100, torch.randn(1, 2, 12, 9, generator=generator)
    )
    large = torch.rand(1, 1, 101, 67, generator=generator) * 100
    coefficients = guide.at_width(67)
    parts = [upsample.apply(coefficients, large[:, :, top : top + 13], top, 101) for top in range(0, 101, 13)]
    assert torch.allclose(torch.cat(parts, 2), upsample.apply(coefficients, large, 0, 101))


def test_enlarged_rows_agree_with_bilinear_interpolation() -> None:
    planes = torch.rand(4, 7, 5, generator=torch.Generator().manual_seed(4))
    expected = torch.nn.functional.interpolate(planes[None], (31, 5), mode="bilinear", align_corners=False)[0]
    assert torch.allclose(upsample.rows_of(planes, 0, 31, 31), expected, atol=1e-6)
