"""A photo taken apart into L, a and b, and put together again: weaker, coarser, or without one of them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from colorizer import color

Bytes = NDArray[np.uint8]
Plane = Literal["L", "a", "b"]
FLAT_LIGHTNESS = 60.0
"""The L on which a and b are shown alone: most hues have room to be strong there."""
NEIGHBOURHOOD = 5.0
"""Pixels whose L is at most so far from a lightness count as having it."""
MAX_SIDE = 512
_GREY = 0.5  # Lab units: below it a and b are rounding


@dataclass(frozen=True)
class LabPhoto:
    """A small copy of a photo and its planes."""

    srgb: Bytes
    """(H, W, 3)."""
    lab: NDArray[np.float32]
    """(3, H, W), Lab units."""

    @property
    def has_color(self) -> bool:
        """Whether any pixel is not grey."""
        return bool(np.abs(self.lab[1:]).max() > _GREY)


@dataclass(frozen=True)
class LabMix:
    """How a photo is put together again; by itself as it was."""

    lightness: float = 1.0
    """How far L departs from `FLAT_LIGHTNESS`: 1 as in the photo, 0 not at all."""
    a: float = 1.0
    b: float = 1.0
    """Factors on a and b."""
    lightness_step: int = 1
    ab_step: int = 1
    """L, and a and b, are kept at 1/step of the photo's width and height only."""


def to_bytes(lab: Tensor) -> Bytes:
    """Lab (1, 3, H, W) -> sRGB (H, W, 3); what sRGB does not have loses chroma until it does."""
    return (color.lab_to_display(lab)[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()


def split_lab(image: Image.Image, max_side: int = MAX_SIDE) -> LabPhoto:
    """Return the planes of an RGB image, shrunk to `max_side` where it is larger."""
    scale = min(1.0, max_side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    srgb = np.array(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0) if scale < 1 else image)
    planes = color.srgb_planes(srgb)
    return LabPhoto(srgb, color.srgb_to_lab(planes)[0].numpy())


def draw_plane(photo: LabPhoto, plane: Plane) -> Bytes:
    """One plane alone, (H, W, 3): L as grey; a and b as colours on `FLAT_LIGHTNESS`."""
    lab = torch.zeros(1, *photo.lab.shape)
    lab[:, 0] = FLAT_LIGHTNESS
    channel = "Lab".index(plane)
    lab[:, channel] = torch.from_numpy(photo.lab[channel])
    return to_bytes(lab)


def _coarsen(planes: Tensor, step: int) -> Tensor:
    """Planes (1, C, H, W) as what is left of them at 1/step of their size, brought back to it smoothly."""
    if step == 1:
        return planes
    height, width = planes.shape[2:]
    small = F.interpolate(planes, (-(-height // step), -(-width // step)), mode="area")
    return F.interpolate(small, (height, width), mode="bilinear", align_corners=False)


def merge_lab(photo: LabPhoto, mix: LabMix) -> Bytes:
    """Return the photo from its planes, (H, W, 3)."""
    if mix == LabMix():
        return photo.srgb
    lab = torch.from_numpy(photo.lab)[None]
    lightness = FLAT_LIGHTNESS + mix.lightness * (_coarsen(lab[:, :1], mix.lightness_step) - FLAT_LIGHTNESS)
    ab = _coarsen(lab[:, 1:], mix.ab_step) * torch.tensor([mix.a, mix.b])[:, None, None]
    return to_bytes(torch.cat([lightness, ab], 1))


def has_lightness(photo: LabPhoto, lightness: float) -> NDArray[np.bool_]:
    """(H, W): which pixels have about this L."""
    near: NDArray[np.bool_] = np.abs(photo.lab[0] - lightness) <= NEIGHBOURHOOD
    return near


def point_out(photo: LabPhoto, lightness: float) -> Bytes:
    """Return the photo in which only the pixels of about this L have their colours, (H, W, 3); the others are faint
    grey."""
    grey = draw_plane(photo, "L").astype(np.float32)
    faint = (128 + (grey - 128) * 0.35).round().astype(np.uint8)
    return np.where(has_lightness(photo, lightness)[..., None], photo.srgb, faint)


@dataclass(frozen=True)
class Ambiguity:
    """Which colours one lightness has in a photo."""

    share: float
    """Of the photo's pixels, 0..1."""
    spread: float
    """Root mean square distance of their ab from its mean, Lab units."""
    colors: Bytes
    """(M, 3), a sample of them, by hue; all at exactly this lightness."""
    mean: Bytes
    """(3,): the mean of their ab at this lightness."""
    grey: Bytes
    """(3,): this lightness without colour."""


def _at(lightness: float, ab: Tensor) -> Bytes:
    """ab (M, 2) at a lightness -> sRGB (M, 3)."""
    lab = torch.cat([torch.full_like(ab[:, :1], lightness), ab], 1)
    return to_bytes(lab.T[None, :, None])[0]


def ambiguity(photo: LabPhoto, lightness: float, colors: int) -> Ambiguity | None:
    """Return what the pixels of about one L have for colours, at most `colors` of them; None where no pixel has this
    L."""
    near = has_lightness(photo, lightness)
    if not near.any():
        return None
    ab = torch.from_numpy(photo.lab[1:, near]).T
    mean = ab.mean(0, keepdim=True)
    by_hue = ab[torch.atan2(ab[:, 1], ab[:, 0]).argsort()]
    places = ((torch.arange(colors) + 0.5) / colors * len(by_hue)).long()
    return Ambiguity(
        share=float(near.mean()),
        spread=float((ab - mean).square().sum(1).mean().sqrt()),
        colors=_at(lightness, by_hue[places]),
        mean=_at(lightness, mean)[0],
        grey=_at(lightness, torch.zeros(1, 2))[0],
    )


def draw_ambiguity(found: Ambiguity, size: tuple[int, int]) -> Bytes:
    """Three bands, (H, W, 3) for a size (width, height): the grey, the colours that it stands for, and their mean."""
    width, height = size
    columns = found.colors[np.arange(width) * len(found.colors) // width]  # (W, 3)
    bands = np.empty((height, width, 3), np.uint8)
    bands[:] = found.grey
    bands[round(height * 0.3) :] = columns
    bands[round(height * 0.7) :] = found.mean
    return bands


def sample_pixels(photo: LabPhoto, count: int, seed: int = 0) -> tuple[NDArray[np.float32], Bytes]:
    """At most `count` pixels by chance, the same for the same photo: Lab (M, 3) and sRGB (M, 3)."""
    pixels = photo.srgb.reshape(-1, 3)
    chosen = np.random.default_rng(seed).permutation(len(pixels))[:count]
    return photo.lab.reshape(3, -1).T[chosen], pixels[chosen]
