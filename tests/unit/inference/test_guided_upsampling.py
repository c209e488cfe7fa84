"""Colour is carried to the photo's size along the edges of L."""

import pytest
import torch

from colorizer.inference import downsampling, guided_upsampling


def enlarge(guide: guided_upsampling.GuidedColor, lightness: torch.Tensor) -> torch.Tensor:
    height, width = lightness.shape[2:]
    slope, offset = (
        enlarged_rows(guided_upsampling.Rows(planes[0], (width, height)), 2, (height, width), height)[None]
        for planes in (guide.slope, guide.offset)
    )
    return slope * lightness + offset


def enlarged_rows(rows: guided_upsampling.Rows, count: int, size: tuple[int, int], at_once: int) -> torch.Tensor:
    parts = []
    for top, bottom in downsampling.strips(size[0], at_once):
        rows.write(top, out := torch.empty(count, bottom - top, size[1]), torch.empty_like(out))
        parts.append(out)
    return torch.cat(parts, 1)


def test_flat_colour_stays_flat() -> None:
    lightness = torch.rand(1, 1, 16, 24, generator=torch.Generator().manual_seed(1)) * 100
    ab = torch.tensor([12.0, -30.0]).view(1, 2, 1, 1).expand(1, 2, 16, 24)
    large = torch.rand(1, 1, 160, 240, generator=torch.Generator().manual_seed(2)) * 100
    expected = ab[:, :, :1, :1].expand(1, 2, 160, 240)
    assert torch.allclose(enlarge(guided_upsampling.fit(lightness, ab), large), expected, atol=1e-2)


def test_colour_follows_the_photos_edge_and_does_not_bleed() -> None:
    # A dark red half beside a bright blue one; the small edge lies in the middle of a small pixel.
    large = torch.full((1, 1, 80, 80), 20.0)
    large[..., 35:] = 80.0
    small = torch.nn.functional.avg_pool2d(large, 10)
    share = (small - 20) / 60
    ab = torch.cat([50 - 80 * share, 40 - 90 * share], 1)
    result = enlarge(guided_upsampling.fit(small, ab), large)
    nearly = 8.0  # Lab units; plain bilinear enlargement is wrong by 40 and more at the edge
    assert (result[0, 0, :, :35] - 50).abs().max() < nearly
    assert (result[0, 0, :, 35:] + 30).abs().max() < nearly
    bilinear = torch.nn.functional.interpolate(ab, (80, 80), mode="bilinear", align_corners=False)
    assert (bilinear[0, 0, :, :35] - 50).abs().max() > 3 * nearly


@pytest.mark.parametrize(
    ("source", "size"),
    [
        ((7, 5), (31, 17)),
        ((12, 9), (101, 67)),
        ((40, 30), (13, 9)),
        ((1, 1), (5, 8)),
        ((6, 6), (6, 6)),
        ((4, 3), (40, 4000)),
    ],
)
def test_enlarged_rows_agree_with_bilinear_interpolation_in_strips_of_any_height(
    source: tuple[int, int], size: tuple[int, int]
) -> None:
    planes = torch.rand(4, *source, generator=torch.Generator().manual_seed(4))
    expected = torch.nn.functional.interpolate(planes[None], size, mode="bilinear", align_corners=False)[0]
    rows = guided_upsampling.Rows(planes, (size[1], size[0]))
    for at_once in (1, 3, size[0]):
        assert torch.allclose(enlarged_rows(rows, 4, size, at_once), expected, atol=1e-5)
