"""Colour conversion agrees with scikit-image, and gamut handling keeps lightness and hue."""

import numpy as np
import pytest
import torch
from skimage import color as skcolor

from colorizer import color
from colorizer.color.palettes import read_palette


def as_planes(pixels: np.ndarray) -> torch.Tensor:
    """(M, 3) -> (1, 3, 1, M)"""
    return torch.from_numpy(pixels.astype(np.float32)).T[None, :, None, :]


def as_pixels(planes: torch.Tensor) -> np.ndarray:
    return planes[0, :, 0].T.double().numpy()


@pytest.fixture(scope="module")
def random_colours() -> np.ndarray:
    colours = np.random.default_rng(0).random((20_000, 3))
    corners = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)], float)
    dark = np.random.default_rng(1).random((2_000, 3)) * 0.02
    return np.concatenate([colours, corners, dark])


def test_srgb_to_lab_agrees_with_skimage(random_colours: np.ndarray) -> None:
    ours = as_pixels(color.srgb_to_lab(as_planes(random_colours)))
    difference = np.abs(ours - skcolor.rgb2lab(random_colours))
    assert difference[:, 0].max() < 1e-3
    assert difference[:, 1:].max() < 0.02


@pytest.mark.filterwarnings("ignore:Conversion from CIE-LAB")
def test_lab_to_srgb_agrees_with_skimage_inside_and_outside_the_gamut() -> None:
    rng = np.random.default_rng(2)
    lab = np.stack([rng.uniform(0, 100, 20_000), *rng.uniform(-128, 127, (2, 20_000))], 1)
    assert np.abs(as_pixels(color.lab_to_srgb(as_planes(lab))) - skcolor.lab2rgb(lab)).max() < 1e-4


def test_round_trip_of_every_8_bit_level_is_exact(random_colours: np.ndarray) -> None:
    levels = np.round(random_colours * 255)
    back = as_pixels(color.lab_to_srgb(color.srgb_to_lab(as_planes(levels / 255)))) * 255
    assert np.array_equal(np.round(back), levels)


@pytest.mark.parametrize(("srgb", "lightness"), [((0, 0, 0), 0.0), ((1, 1, 1), 100.0)])
def test_black_and_white_have_no_colour(srgb: tuple[int, int, int], lightness: float) -> None:
    lab = as_pixels(color.srgb_to_lab(as_planes(np.array([srgb]))))[0]
    assert lab == pytest.approx([lightness, 0, 0], abs=0.01)


def test_batches_and_sizes_do_not_change_a_colour() -> None:
    srgb = torch.rand(3, 3, 5, 7, generator=torch.Generator().manual_seed(3))
    whole = color.srgb_to_lab(srgb)
    assert whole.shape == srgb.shape
    assert torch.allclose(whole[1:2, :, 2:4, 1:6], color.srgb_to_lab(srgb[1:2, :, 2:4, 1:6]), atol=1e-4)


def test_fit_gamut_keeps_lightness_and_hue_and_lands_inside() -> None:
    generator = torch.Generator().manual_seed(4)
    lab = torch.rand(2, 3, 40, 40, generator=generator) * torch.tensor([100.0, 250, 250])[None, :, None, None]
    lab[:, 1:] -= 125
    fitted = color.fit_gamut(lab)
    assert torch.equal(fitted[:, 0], lab[:, 0])
    cross = lab[:, 1] * fitted[:, 2] - lab[:, 2] * fitted[:, 1]
    assert cross.abs().max() < 0.05
    linear = color.lab_to_linear_rgb(fitted)
    assert linear.min() >= -2e-4 and linear.max() <= 1 + 2e-4
    back = color.srgb_to_lab(color.lab_to_srgb(fitted))
    assert (back[:, 0] - lab[:, 0]).abs().max() < 0.5


def test_fit_gamut_reaches_the_edge_and_leaves_what_is_inside() -> None:
    inside = color.srgb_to_lab(torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(5)))
    assert torch.equal(color.fit_gamut(inside), inside)
    red = color.srgb_to_lab(torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1))
    beyond = torch.cat([red[:, :1], red[:, 1:] * 1.5], 1)
    assert torch.allclose(color.fit_gamut(beyond), red, atol=0.2)


def test_display_colours_are_the_fitted_ones() -> None:
    lab = torch.randn(1, 3, 20, 20, generator=torch.Generator().manual_seed(7)) * 60 + 40
    assert torch.allclose(color.lab_to_display(lab), color.lab_to_srgb(color.fit_gamut(lab)), atol=1e-5)


def test_fit_gamut_finds_bright_yellow_behind_the_gap_of_the_gamut() -> None:
    """From grey to yellow at L 94 to 98 the gamut ends and begins anew: the strongest colour inside is wanted."""
    yellows = torch.tensor([(1.0, 1.0, 0.0), (0.98, 0.96, 0.02), (1.0, 0.98, 0.1), (0.97, 1.0, 0.0)]).T[None, :, None]
    lab = color.srgb_to_lab(yellows)
    for factor in (1.02, 1.3):
        stronger = torch.cat([lab[:, :1], lab[:, 1:] * factor], 1)
        fitted = color.fit_gamut(stronger)
        assert torch.equal(fitted[:, 0], lab[:, 0])
        chroma, true_chroma = fitted[:, 1:].norm(dim=1), lab[:, 1:].norm(dim=1)
        assert bool((chroma >= true_chroma - 0.1).all()), chroma
        assert bool((color.lab_to_linear_rgb(fitted) - 0.5).abs().le(0.5 + 2e-4).all())


def test_fit_gamut_is_that_of_a_search_from_outside() -> None:
    """Every hue at every lightness, against trying all chromas; the edge may be met from just inside."""
    chroma = torch.arange(0, 135, 0.05)
    for lightness in (3.0, 30.0, 60.0, 85.0, 92.0, 94.5, 95.5, 96.5, 97.1, 97.5, 99.0):
        hue = torch.deg2rad(torch.arange(0, 360, 1.5))[:, None]
        rays = torch.stack([torch.full((len(hue), len(chroma)), lightness), hue.cos() * chroma, hue.sin() * chroma])[
            None
        ]
        linear = color.lab_to_linear_rgb(rays)[0]
        strongest = (((linear - 0.5).abs() <= 0.5 + 1e-6).all(0) * chroma).amax(1)
        fitted = color.fit_gamut(rays[:, :, :, -1:])[0, 1:, :, 0].norm(dim=0)
        assert bool(((fitted - strongest).abs() < 0.12).all()), (lightness, (fitted - strongest).abs().max())


def test_fit_gamut_makes_black_and_white_grey() -> None:
    extremes = torch.tensor([[-5.0, 60, 60], [0, 60, 60], [100, -60, 60], [105, 10, 10]]).T[None, :, None, :]
    srgb = color.lab_to_srgb(color.fit_gamut(extremes))[0, :, 0]
    assert torch.allclose(srgb[:, :2], torch.zeros(3, 2), atol=0.01)
    assert torch.allclose(srgb[:, 2:], torch.ones(3, 2), atol=0.01)


@pytest.mark.parametrize("channels", [1, 3])
def test_lightness_from_bytes_is_the_lightness_of_the_conversion(channels: int) -> None:
    levels = torch.randint(0, 256, (2, channels, 30, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(6))
    expected = color.srgb_to_lab((levels / 255).expand(2, 3, 30, 20))[:, :1]
    assert (color.lightness_from_bytes(levels) - expected).abs().max() < 1e-3


@pytest.mark.parametrize(
    "planes", [torch.zeros(3, 4, 4), torch.zeros(1, 4, 2, 2), torch.zeros(1, 3, 2, 2, dtype=torch.uint8)]
)
def test_wrong_shapes_are_named(planes: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="must be a float tensor"):
        color.srgb_to_lab(planes)
    with pytest.raises(ValueError, match="expected uint8"):
        color.lightness_from_bytes(planes.float())


def brute_force(pixels: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Squared distances of (M, 3) to (K, 3), in float64."""
    return ((pixels[:, None].astype(float) - palette[None].astype(float)) ** 2).sum(2)


@pytest.mark.parametrize("name", ["horse-16", "horse-32", "random"])
def test_the_nearest_colour_is_that_of_a_search_through_all(name: str, random_colours: np.ndarray) -> None:
    random = np.random.default_rng(5)
    palette = random.random((200, 3), np.float32) if name == "random" else read_palette(name).numpy()
    levels = random.integers(0, 256, (20_000, 3)) / 255
    for pixels in (random_colours.astype(np.float32), levels.astype(np.float32), palette):
        found = color.nearest_color(as_planes(pixels), torch.from_numpy(palette))[0, 0].numpy()
        distances = brute_force(pixels, palette)
        # where two are equally near but for the rounding of float32, either is right
        assert (distances[np.arange(len(pixels)), found] <= distances.min(1) + 1e-6).all()
        assert (found == distances.argmin(1)).mean() > 0.999


def test_more_pixels_than_are_compared_at_once_keep_their_places() -> None:
    generator = torch.Generator().manual_seed(8)
    srgb, palette = torch.rand(3, 3, 250, 301, generator=generator), torch.rand(5, 3, generator=generator)
    assert srgb[:, 0].numel() > 3 * (1 << 16)
    found = color.nearest_color(srgb, palette)
    assert (tuple(found.shape), found.dtype) == ((3, 250, 301), torch.int64)
    distances = brute_force(srgb.permute(0, 2, 3, 1).reshape(-1, 3).numpy(), palette.numpy())
    assert (found.flatten().numpy() == distances.argmin(1)).mean() > 0.9999


def test_of_equally_near_colours_the_first_is_taken() -> None:
    palette = torch.tensor([[0.0, 0, 0], [0.5, 0.5, 0.5], [1, 1, 1], [0.5, 0.5, 0.5], [0, 0, 0]])
    pixels = as_planes(np.array([[0.1, 0, 0], [0.5, 0.5, 0.4], [0.25, 0.25, 0.25], [0.9, 1, 1]]))
    assert color.nearest_color(pixels, palette)[0, 0].tolist() == [0, 1, 0, 2]


def test_no_pixels_have_no_nearest_colour_but_a_shape() -> None:
    assert tuple(color.nearest_color(torch.zeros(0, 3, 4, 4), torch.rand(5, 3)).shape) == (0, 4, 4)


@pytest.mark.parametrize("name", ["horse-16", "horse-32"])
def test_the_chroma_of_a_palette_agrees_with_skimage(name: str) -> None:
    palette = read_palette(name)
    expected = skcolor.rgb2lab(palette.double().numpy()[None])[0, :, 1:]
    assert color.palette_ab(palette).numpy() == pytest.approx(expected, abs=0.02)
