"""What chance does to a training picture: which part is cut out, and how time and copying wear its lightness.

Wear makes a network robust for old photos. Each effect comes to a picture by chance, in its strength too; six in ten
pictures stay as they are. Another tone curve and sharpness, where they are wanted, come to all of them. All happens on
L, on its own device; true colours stay what they were.
"""

import functools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

_ROTATION, _ASPECT = 20.0, 1.5  # at full jitter: degrees; width to height
_ERASED_SIDES = (0.15, 0.5)  # of a rectangle, as a part of the picture's
_ERASED_RECTANGLES = 3
_DEGRADED_SHARE = 0.4
_EXPOSED_SHARE = 0.7  # this and the next: of the pictures that are degraded at all
_BLURRED_SHARE = 0.35
_GRAINY_SHARE = 0.5
_JPEG_SHARE = 0.4
_TONE_BEND, _TONE_SHIFT = 0.5, 12.0  # at full jitter: natural logarithm of gamma and of contrast; L units
_SHARPENED, _DETAIL_SIGMA = (-0.8, 1.6), 1.0  # at full jitter, how much finer detail is added; its size in pixels
_GAMMA = 0.35  # natural logarithm
_CONTRAST = (0.6, 1.3)
_SHIFT = 10.0  # L units
_BLUR_SIGMAS = (0.4, 1.6)  # pixels
_BLUR_RADIUS = 4
_GRAIN_SIGMAS = (1.0, 9.0)  # L units
_JPEG_QUALITIES = (15, 80)
_JPEG_BLOCK = 8
# ITU-T T.81 (1992), annex K.1: the quantisation table for luminance.
_JPEG_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def random_resized_crop(
    squares: Tensor, crop: int, zoom: float, flip: bool, generator: torch.Generator, affine: float = 0.0
) -> Tensor:
    """As `random_crop`, but each cut is of another size, and scaled to `crop` by bilinear interpolation.

    Args:
        squares: uint8 (N, 3, side, side).
        crop: side of the result.
        zoom: the smallest cut has the side crop / zoom, the largest that of the squares; logarithms are uniform.
        flip: mirror every second.
        generator: a CPU generator.
        affine: how far each cut is turned and stretched: at 1 by up to 20 degrees, and to ratios of width to height of
            up to 1.5 either way. What lies outside of the square is its mirror image.

    Returns:
        uint8 (N, 3, crop, crop).
    """
    count, _, side, _ = squares.shape
    chance, top, left, mirror = torch.rand(4, count, generator=generator)
    smallest = min(1.0, crop / zoom / side)
    scale = smallest**chance  # of the square's side
    turn = torch.where((mirror < 0.5) & flip, -1.0, 1.0)
    zero = torch.zeros(count)
    rows = [torch.stack([scale * turn, zero, (1 - scale) * (2 * left - 1)], 1)]
    rows += [torch.stack([zero, scale, (1 - scale) * (2 * top - 1)], 1)]
    places = torch.stack(rows, 1)  # (N, 2, 3)
    if affine:
        places = torch.cat([places[..., :2] @ _turns(count, affine, generator), places[..., 2:]], 2)
    grid = F.affine_grid(places, [count, 3, crop, crop], align_corners=False).to(squares.device)
    padding = "reflection" if affine else "border"
    cut = F.grid_sample(squares.float(), grid, mode="bilinear", padding_mode=padding, align_corners=False)
    return cut.round().clamp(0, 255).to(torch.uint8)


def _turns(count: int, affine: float, generator: torch.Generator) -> Tensor:
    """(N, 2, 2): random rotations, after a stretch along one axis and its inverse along the other."""
    angle, ratio = 2 * torch.rand(2, count, generator=generator) - 1
    angle, stretch = angle * affine * math.radians(_ROTATION), (ratio * affine * math.log(_ASPECT) / 2).exp()
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).reshape(count, 2, 2)
    return turn * torch.stack([stretch, 1 / stretch], 1)[:, None]


def random_crop(squares: Tensor, crop: int, flip: bool, generator: torch.Generator) -> Tensor:
    """Cut a random crop out of each square, and mirror every second at random; on the squares' own device.

    Args:
        squares: uint8 (N, 3, side, side).
        crop: side of the result, at most the squares'.
        generator: a CPU generator, so that the choice is the same on every device.

    Returns:
        uint8 (N, 3, crop, crop).
    """
    count, _, side, _ = squares.shape
    tops, lefts = torch.randint(0, side - crop + 1, (2, count, 1), generator=generator)
    mirrored = (torch.rand(count, 1, generator=generator) < 0.5) & flip
    span = torch.arange(crop)
    columns = torch.where(mirrored, lefts + crop - 1 - span, lefts + span).to(squares.device)  # (N, crop)
    rows = (tops + span).to(squares.device)
    pick = torch.arange(count, device=squares.device)
    return squares.permute(0, 2, 3, 1)[pick[:, None, None], rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def degrade(lightness: Tensor, generator: torch.Generator) -> Tensor:
    """Wear four in ten pictures: exposure and contrast, blur, grain, JPEG's blocks, in this order.

    Args:
        lightness: (N, 1, H, W) in 0..100, H and W multiples of 8.
        generator: a CPU generator, so that the choice is the same on every device.

    Returns:
        (N, 1, H, W) in 0..100.
    """
    degraded = expose(lightness, generator)
    degraded = blur(degraded, generator)
    degraded = grain(degraded, generator)
    degraded = compress(degraded, generator).clamp(0, 100)
    return torch.where(chosen(lightness, _DEGRADED_SHARE, generator), degraded, lightness)


def chosen(lightness: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """bool (N, 1, 1, 1): which pictures."""
    return (torch.rand(len(lightness), 1, 1, 1, generator=generator) < share).to(lightness.device)


def uniform(lightness: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """(N, 1, 1, 1), uniform."""
    return (low + (high - low) * torch.rand(len(lightness), 1, 1, 1, generator=generator)).to(lightness.device)


def expose(lightness: Tensor, generator: torch.Generator) -> Tensor:
    """Gamma, then contrast around the middle, then a shift."""
    gamma = uniform(lightness, -_GAMMA, _GAMMA, generator).exp()
    contrast = uniform(lightness, *_CONTRAST, generator)
    shift = uniform(lightness, -_SHIFT, _SHIFT, generator)
    exposed = (((lightness / 100).clamp(0, 1) ** gamma * 100 - 50) * contrast + 50 + shift).clamp(0, 100)
    return torch.where(chosen(lightness, _EXPOSED_SHARE, generator), exposed, lightness)


def jitter_tone(lightness: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Bend each picture's tone curve: gamma, then contrast around its own mean, then a shift.

    Args:
        lightness: (N, 1, H, W) in 0..100.
        strength: 0 changes nothing; at 1 gamma and contrast are changed by up to a factor of 1.65 either way, and L is
            shifted by up to 12 units.
        generator: a CPU generator.

    Returns:
        (N, 1, H, W) in 0..100.
    """
    bend, far = _TONE_BEND * strength, _TONE_SHIFT * strength
    gamma, contrast = (uniform(lightness, -bend, bend, generator).exp() for _ in range(2))
    bent = (lightness / 100).clamp(0, 1) ** gamma * 100
    middle = bent.mean((2, 3), keepdim=True)
    return ((bent - middle) * contrast + middle + uniform(lightness, -far, far, generator)).clamp(0, 100)


def jitter_sharpness(lightness: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Take from each picture's fine detail, or add to it, as cameras, scanners and reduction do (an unsharp mask).

    Args:
        lightness: (N, 1, H, W) in 0..100.
        strength: 0 changes nothing; at 1 what a Gaussian of 1 px takes away counts 0.2 to 2.6 times.
        generator: a CPU generator.

    Returns:
        (N, 1, H, W) in 0..100.
    """
    amount = strength * uniform(lightness, *_SHARPENED, generator)
    smooth = _gaussian(lightness, torch.full((len(lightness),), _DETAIL_SIGMA, device=lightness.device))
    return (lightness + amount * (lightness - smooth)).clamp(0, 100)


def erase(lightness: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Paint rectangles over some pictures, each in a grey of its own (Zhong et al. 2020, "Random erasing").

    What is there must then be told by what is around it: nothing is known again by one detail.

    Args:
        lightness: (N, 1, H, W) in 0..100.
        share: of the pictures, 0..1. Each of these gets three rectangles, whose sides are 0.15 to 0.5 of its own.
        generator: a CPU generator.

    Returns:
        (N, 1, H, W) in 0..100.
    """
    height, width = lightness.shape[2:]
    erased = lightness
    rows = torch.linspace(0, 1, height).view(1, 1, -1, 1).to(lightness.device)
    columns = torch.linspace(0, 1, width).view(1, 1, 1, -1).to(lightness.device)
    for _ in range(_ERASED_RECTANGLES):
        tall, wide = (uniform(lightness, *_ERASED_SIDES, generator) for _ in range(2))
        top, left = (uniform(lightness, 0, 1, generator) * (1 - side) for side in (tall, wide))
        is_inside = (rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide)
        erased = torch.where(is_inside, uniform(lightness, 0, 100, generator), erased)
    return torch.where(chosen(lightness, share, generator), erased, lightness)


def blur(lightness: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian, of another width for each picture."""
    blurred = _gaussian(lightness, uniform(lightness, *_BLUR_SIGMAS, generator).flatten())
    return torch.where(chosen(lightness, _BLURRED_SHARE, generator), blurred, lightness)


def _gaussian(lightness: Tensor, sigma: Tensor) -> Tensor:
    """(N, 1, H, W), each with its own sigma (N) in pixels."""
    reach = torch.arange(-_BLUR_RADIUS, _BLUR_RADIUS + 1, device=lightness.device)
    kernel = torch.exp(-(reach**2) / (2 * sigma[:, None] ** 2))
    kernel = kernel / kernel.sum(1, keepdim=True)
    planes = F.pad(lightness.transpose(0, 1), (_BLUR_RADIUS,) * 4, mode="reflect")
    planes = F.conv2d(planes, kernel[:, None, :, None], groups=len(lightness))
    return F.conv2d(planes, kernel[:, None, None, :], groups=len(lightness)).transpose(0, 1)


def grain(lightness: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise, fine or of twice the size."""
    count, _, height, width = lightness.shape
    fine = torch.randn(count, 1, height, width, generator=generator).to(lightness.device)
    coarse = F.interpolate(fine[:, :, ::2, ::2], (height, width), mode="bilinear", align_corners=False) * 1.5
    noise = torch.where(chosen(lightness, 0.5, generator), fine, coarse)
    grainy = (lightness + noise * uniform(lightness, *_GRAIN_SIGMAS, generator)).clamp(0, 100)
    return torch.where(chosen(lightness, _GRAINY_SHARE, generator), grainy, lightness)


@functools.lru_cache(maxsize=1)
def _cosines() -> Tensor:
    """(8, 8), orthonormal: the discrete cosine transform (type II) of 8 values."""
    place, wave = torch.arange(_JPEG_BLOCK) + 0.5, torch.arange(_JPEG_BLOCK)[:, None]
    with torch.inference_mode(False):
        matrix = torch.cos(math.pi / _JPEG_BLOCK * place * wave) * math.sqrt(2 / _JPEG_BLOCK)
        matrix[0] /= math.sqrt(2)
        return matrix


def compress(lightness: Tensor, generator: torch.Generator, qualities: tuple[float, float] = _JPEG_QUALITIES) -> Tensor:
    """Keep what quantising 8 x 8 blocks as JPEG does leaves of the picture; L stands for luma, 100 for 255."""
    quality = uniform(lightness, *qualities, generator)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)[..., None, None]  # that of the IJG's library
    table = (torch.tensor(_JPEG_TABLE, device=lightness.device) * scale).clamp_min(1)
    blocks = lightness.unfold(2, _JPEG_BLOCK, _JPEG_BLOCK).unfold(3, _JPEG_BLOCK, _JPEG_BLOCK) * 2.55 - 128
    transform = _cosines().to(lightness.device)
    waves = (transform @ blocks @ transform.T / table).round() * table
    blocks = (transform.T @ waves @ transform + 128) / 2.55
    compressed = blocks.permute(0, 1, 2, 4, 3, 5).reshape(lightness.shape)
    return torch.where(chosen(lightness, _JPEG_SHARE, generator), compressed, lightness)
