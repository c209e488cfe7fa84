"""Photos are worn for training: each effect does what it says, to some of them, and follows from the seed."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorizer import color
from colorizer.training import augmentation
from colorizer.training.augmentation import random_crop, random_resized_crop
from colorizer.utils.seeding import seeded


@pytest.fixture(scope="module")
def lightness() -> torch.Tensor:
    """L of one photo, 64 times: (64, 1, 64, 64)."""
    photo = torch.from_numpy(data.astronaut()[:256:4, 100:356:4].copy()).permute(2, 0, 1)[None]
    return color.srgb_to_lab(photo.float() / 255)[:, :1].expand(64, -1, -1, -1).contiguous()


def test_some_pictures_stay_as_they_are(lightness: torch.Tensor) -> None:
    aged = augmentation.degrade(lightness, seeded(1))
    same = (aged == lightness).flatten(1).all(1)
    assert 24 <= int(same.sum()) <= 54
    assert aged.shape == lightness.shape and float(aged.min()) >= 0 and float(aged.max()) <= 100
    errors = (aged - lightness)[~same].abs().mean((1, 2, 3))
    assert float(errors.std()) > 1  # more and less


def test_it_follows_from_the_generator(lightness: torch.Tensor) -> None:
    assert torch.equal(augmentation.degrade(lightness, seeded(7)), augmentation.degrade(lightness, seeded(7)))
    assert not torch.equal(augmentation.degrade(lightness, seeded(7)), augmentation.degrade(lightness, seeded(8)))


def changed(result: torch.Tensor, lightness: torch.Tensor) -> torch.Tensor:
    """List the pictures that an effect came to."""
    return result[(result != lightness).flatten(1).any(1)]


def test_each_effect_has_its_own_mark(lightness: torch.Tensor) -> None:
    detail = (lightness[0].diff(dim=2)).abs().mean()
    blurred = changed(augmentation.blur(lightness, seeded(2)), lightness)
    assert len(blurred) and bool((blurred.diff(dim=3).abs().mean((1, 2, 3)) < detail).all())
    assert torch.allclose(blurred.mean((1, 2, 3)), lightness[0].mean(), atol=1.0)
    grainy = changed(augmentation.grain(lightness, seeded(3)), lightness)
    assert len(grainy) and bool((grainy.diff(dim=3).abs().mean((1, 2, 3)) > detail).all())
    exposed = changed(augmentation.expose(lightness, seeded(4)), lightness)
    order = lightness[0].flatten().argsort()
    assert len(exposed) and bool((exposed.flatten(1)[:, order].diff(dim=1) >= -1e-3).all())  # light stays lighter


def test_a_tone_curve_is_bent_for_each_picture_and_keeps_the_order_of_light(lightness: torch.Tensor) -> None:
    bent = augmentation.jitter_tone(lightness, 1.0, seeded(6))
    assert len(changed(bent, lightness)) == len(lightness)
    assert float(bent.min()) >= 0 and float(bent.max()) <= 100
    order = lightness[0].flatten().argsort()
    assert bool((bent.flatten(1)[:, order].diff(dim=1) >= -1e-3).all())
    middles, spreads = bent.mean((1, 2, 3)), bent.std((1, 2, 3))
    assert float(middles.std()) > 5 and float(spreads.max()) > 1.5 * float(spreads.min())
    assert torch.equal(augmentation.jitter_tone(lightness, 1.0, seeded(6)), bent)
    assert torch.allclose(augmentation.jitter_tone(lightness, 0.0, seeded(6)), lightness, atol=1e-3)


def test_sharpness_goes_both_ways_and_keeps_what_is_smooth(lightness: torch.Tensor) -> None:
    other = augmentation.jitter_sharpness(lightness, 1.0, seeded(9))
    detail, own = other.diff(dim=3).abs().mean((1, 2, 3)), lightness[0].diff(dim=2).abs().mean()
    assert 0.25 < float((detail > own).float().mean()) < 0.9 and float(detail.max()) > 1.5 * float(detail.min())
    assert float(other.min()) >= 0 and float(other.max()) <= 100
    ramp = torch.linspace(20, 80, 64).expand_as(lightness)
    inner = augmentation.jitter_sharpness(ramp, 1.0, seeded(9))[..., 8:-8]
    assert torch.allclose(inner, ramp[..., 8:-8], atol=1e-3)
    assert torch.equal(augmentation.jitter_sharpness(lightness, 1.0, seeded(9)), other)
    assert torch.equal(augmentation.jitter_sharpness(lightness, 0.0, seeded(9)), lightness)


def test_compression_is_that_of_jpeg(lightness: torch.Tensor) -> None:
    """At one quality, against Pillow's own JPEG: alike to each other, and further from the picture."""
    levels = (lightness[0, 0] * 2.55).round().to(torch.uint8).numpy()
    whole = (torch.from_numpy(levels) / 2.55).expand_as(lightness)
    compressed = changed(augmentation.compress(whole, seeded(5), (30, 30)), whole)[0, 0]
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=30)
    pillow = torch.from_numpy(np.array(Image.open(buffer))).float() / 2.55
    lost, truly_lost = (float((item - whole[0, 0]).abs().mean()) for item in (compressed, pillow))
    assert 0.9 < lost / truly_lost < 1.1
    assert float((compressed - pillow).abs().mean()) < 0.35 * truly_lost  # libjpeg rounds its table and its transform


def coded(count: int, side: int) -> torch.Tensor:
    """Squares whose every pixel says which picture, row and column it is: uint8 (count, 3, side, side)."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([torch.stack([torch.full_like(rows, n), rows, columns]) for n in range(count)]).byte()


@pytest.mark.parametrize("flip", [True, False])
def test_augmentation_gives_exact_windows_mirrored_or_not(flip: bool) -> None:
    squares = coded(64, 20)
    result = random_crop(squares, 12, flip, torch.Generator().manual_seed(0))
    assert tuple(result.shape) == (64, 3, 12, 12)
    mirrored = 0
    corners = set()
    for number, crop in enumerate(result.int()):
        columns = crop[2, 0]
        is_mirrored = bool(columns[0] > columns[-1])
        mirrored += is_mirrored
        top, left = int(crop[1, 0, 0]), int(columns.min())
        window = squares[number, :, top : top + 12, left : left + 12].int()
        assert torch.equal(crop, window.flip(2) if is_mirrored else window)
        corners.add((top, left))
    assert 16 < mirrored < 48 if flip else mirrored == 0
    assert {top for top, _ in corners} == {left for _, left in corners} == set(range(9))


def test_augmentation_without_room_leaves_the_squares_whole() -> None:
    assert torch.equal(random_crop(coded(3, 16), 16, False, torch.Generator()), coded(3, 16))


def test_zooming_cuts_windows_of_many_sizes() -> None:
    """Of a picture whose levels tell where a pixel lies: cuts are straight, of the stated sizes, some mirrored."""
    side, crop = 80, 32
    levels = torch.arange(side, dtype=torch.float32) * 3
    picture = torch.stack([levels.expand(side, side), levels[:, None].expand(side, side), torch.zeros(side, side)])
    squares = picture.to(torch.uint8).expand(64, -1, -1, -1)
    result = random_resized_crop(squares, crop, 1.6, True, torch.Generator().manual_seed(1)).float() / 3
    across, down = result[:, 0].mean(1), result[:, 1].mean(2)  # (64, crop): the place of each column and row
    width, height = (across[:, -1] - across[:, 0]).abs(), down[:, -1] - down[:, 0]
    assert torch.allclose(width, height, atol=2)
    sizes = width * crop / (crop - 1)
    assert 19 <= float(sizes.min()) < 26 and 60 < float(sizes.max()) <= 81
    mirrored = across[:, -1] < across[:, 0]
    assert 16 < int(mirrored.sum()) < 48
    assert float(down[:, 0].std()) > 5


def test_zooming_without_room_leaves_the_squares_whole() -> None:
    squares = coded(3, 16)
    assert torch.equal(random_resized_crop(squares, 16, 1.0, False, torch.Generator().manual_seed(0)), squares)


def striped(side: int) -> torch.Tensor:
    """uint8 (64, 3, side, side): a level for each column, another for each row."""
    levels = torch.arange(side, dtype=torch.float32) * (250 / side)
    picture = torch.stack([levels.expand(side, side), levels[:, None].expand(side, side), torch.zeros(side, side)])
    return picture.to(torch.uint8).expand(64, -1, -1, -1)


def test_a_cut_can_be_turned_and_stretched() -> None:
    """In the middle of the cut, where nothing is mirrored, the levels' slopes tell how it lies."""
    found = random_resized_crop(striped(96), 48, 2.0, False, torch.Generator().manual_seed(3), affine=1.0)
    middle = found[:, :2, 16:32, 16:32].float()
    across, down = middle.diff(dim=3).mean((2, 3)), middle.diff(dim=2).mean((2, 3))  # (64, 2): of both levels
    angles = torch.atan2(across[:, 1], across[:, 0]).rad2deg()
    assert float(angles.abs().max()) < 23 and float(angles.std()) > 6
    ratios = torch.linalg.norm(across, dim=1) / torch.linalg.norm(down, dim=1)
    assert float(ratios.min()) < 0.8 and float(ratios.max()) > 1.25
    assert float(ratios.min()) > 1 / 1.7 and float(ratios.max()) < 1.7


def test_without_a_turn_nothing_else_is_drawn() -> None:
    plain, still = (torch.Generator().manual_seed(5) for _ in range(2))
    cut = random_resized_crop(striped(96), 48, 2.0, True, plain)
    assert torch.equal(cut, random_resized_crop(striped(96), 48, 2.0, True, still, affine=0.0))
    assert torch.equal(plain.get_state(), still.get_state())


def test_rectangles_are_painted_over_some_pictures_and_the_rest_stays(lightness: torch.Tensor) -> None:
    erased = augmentation.erase(lightness, 0.5, seeded(9))
    same = (erased == lightness).flatten(1).all(1)
    assert 20 <= int(same.sum()) <= 44
    hidden = (erased != lightness)[~same].float().mean((1, 2, 3))
    assert float(hidden.min()) > 0.02 and float(hidden.max()) < 0.75
    assert float(erased.min()) >= 0 and float(erased.max()) <= 100
    for one, photo in zip(erased[~same], lightness[~same], strict=True):
        assert len(one[one != photo].unique()) <= 3  # greys
