"""Old prints for training: what a photograph of 1860 to 1950 shows of a scene, as grey and as worn as it is today.

Film (`color.film`), tone curve, light, blur, grain, damage, border and paper are drawn anew for each picture, from a
CPU generator; all happens on the pictures' own device.

Source of the grain: Newson et al. 2017, "A Stochastic Film Grain Model for Resolution-Independent Rendering": it is
strongest in the middle tones.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from colorizer.color.film import BLUE_ONLY, ORTHOCHROMATIC, PANCHROMATIC, characteristic_curve, film_grey
from colorizer.training.augmentation import blur, chosen, uniform

_LINES = 3  # scratches and creases, at most
_DUST = 0.0008  # of the pixels


def old_film(srgb: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture as another old print: film, tone curve, light, blur, grain, damage, border and paper.

    Args:
        srgb: (N, 3, H, W) in 0..1.
        generator: a CPU generator, so that the choice is the same on every device.

    Returns:
        (N, 1, H, W), L in 0..100.
    """
    print_ = film_grey(srgb, _draw_sensitivity(srgb, generator)) / 100
    print_ = _develop(print_, generator)
    print_ = _light(print_, generator)
    print_ = blur(print_, generator)
    print_ = _grain(print_, generator)
    print_ = _fade(print_, generator)
    print_ = _damage(print_, generator)
    print_ = _border(print_, generator)
    return (_paper(print_, generator) * 100).clamp(0, 100)


def _draw_sensitivity(srgb: Tensor, generator: torch.Generator) -> Tensor:
    """(N, 3): a random mixture of the three kinds of film, each weight off by up to a third."""
    share = torch.rand(len(srgb), 3, generator=generator).clamp_min(1e-6).log().neg()  # Dirichlet(1, 1, 1)
    kinds = torch.tensor([PANCHROMATIC, ORTHOCHROMATIC, BLUE_ONLY])
    weights = (share**2 / (share**2).sum(1, keepdim=True)) @ kinds  # squared: one kind usually leads
    weights = weights * (1 + (torch.rand(len(srgb), 3, generator=generator) - 0.5) / 1.5)
    return (weights / weights.sum(1, keepdim=True)).to(srgb.device)


def _develop(print_: Tensor, generator: torch.Generator) -> Tensor:
    """Another exposure and another contrast, along the characteristic curve."""
    contrast = uniform(print_, -0.35, 0.55, generator).exp()
    middle = uniform(print_, -0.5, 0.5, generator).exp()
    return torch.where(chosen(print_, 0.8, generator), characteristic_curve(print_, contrast, middle), print_)


def _smooth_field(print_: Tensor, cells: int, generator: torch.Generator) -> Tensor:
    """(N, 1, H, W), normal, changing over about 1 / cells of the side."""
    coarse = torch.randn(len(print_), 1, cells, cells, generator=generator).to(print_.device)
    return F.interpolate(coarse, print_.shape[2:], mode="bicubic", align_corners=False)


def _places(print_: Tensor) -> tuple[Tensor, Tensor]:
    """Rows (H, 1) and columns (1, W) in -1..1."""
    height, width = print_.shape[2:]
    rows = torch.linspace(-1, 1, height, device=print_.device)[:, None]
    return rows, torch.linspace(-1, 1, width, device=print_.device)[None]


def _light(print_: Tensor, generator: torch.Generator) -> Tensor:
    """Light that falls unevenly, and a lens that darkens towards the corners."""
    rows, columns = _places(print_)
    uneven = uniform(print_, 0, 0.06, generator) * _smooth_field(print_, 3, generator)
    vignette = uniform(print_, 0, 0.22, generator) * (rows**2 + columns**2)
    lit = torch.where(chosen(print_, 0.4, generator), print_ + uneven, print_)
    return torch.where(chosen(print_, 0.4, generator), lit * (1 - vignette), lit).clamp(0, 1)


def _grain(print_: Tensor, generator: torch.Generator) -> Tensor:
    """Noise that is strongest in the middle tones, fine or coarse."""
    count, _, height, width = print_.shape
    fine = torch.randn(count, 1, height, width, generator=generator).to(print_.device)
    coarse = F.interpolate(fine[:, :, ::2, ::2], (height, width), mode="bilinear", align_corners=False) * 1.5
    noise = torch.where(chosen(print_, 0.5, generator), fine, coarse)
    strength = uniform(print_, 0.0, 0.05, generator) * (0.3 + 2.8 * print_ * (1 - print_))
    return torch.where(chosen(print_, 0.7, generator), print_ + strength * noise, print_).clamp(0, 1)


def _fade(print_: Tensor, generator: torch.Generator) -> Tensor:
    """Blacks that are no longer black, whites that have darkened."""
    black, white = uniform(print_, 0, 0.28, generator), uniform(print_, 0.72, 1, generator)
    return torch.where(chosen(print_, 0.6, generator), black + (white - black) * print_, print_)


def _damage(print_: Tensor, generator: torch.Generator) -> Tensor:
    """Scratches and creases, as straight lines, and dust, as specks; each lighter or darker than what it covers."""
    rows, columns = _places(print_)
    marks = torch.zeros_like(print_)
    for _ in range(_LINES):
        angle = uniform(print_, 0, torch.pi, generator)
        offset = uniform(print_, -0.9, 0.9, generator)
        width = uniform(print_, 0.006, 0.03, generator)
        strength = uniform(print_, -0.35, 0.5, generator)
        distance = (rows * angle.sin() + columns * angle.cos() - offset).abs()
        line = (1 - distance / width).clamp_min(0) * strength
        marks = marks + torch.where(chosen(print_, 0.15, generator), line, torch.zeros_like(line))
    count, _, height, width_px = print_.shape
    specks = torch.rand(count, 1, height, width_px, generator=generator).to(print_.device) < _DUST
    specks = F.max_pool2d(specks.float(), 3, 1, 1) * uniform(print_, -0.4, 0.5, generator)
    marks = marks + torch.where(chosen(print_, 0.3, generator), specks, torch.zeros_like(specks))
    return (print_ + marks).clamp(0, 1)


def _border(print_: Tensor, generator: torch.Generator) -> Tensor:
    """Return a margin of paper, white or black."""
    rows, columns = _places(print_)
    edge = 1 - uniform(print_, 0.03, 0.14, generator)
    shade = torch.where(chosen(print_, 0.7, generator), 0.93, 0.06)
    outside = (rows.abs() > edge) | (columns.abs() > edge)
    return torch.where(outside & chosen(print_, 0.12, generator), shade, print_)


def _paper(print_: Tensor, generator: torch.Generator) -> Tensor:
    """Return the surface of the paper: a fine relief, the same in light and shade."""
    height, width = print_.shape[2:]
    relief = torch.randn(len(print_), 1, height // 2, width // 2, generator=generator).to(print_.device)
    relief = F.interpolate(relief, (height, width), mode="bilinear", align_corners=False)
    textured = print_ + uniform(print_, 0.0, 0.025, generator) * relief
    return torch.where(chosen(print_, 0.3, generator), textured, print_).clamp(0, 1)
