"""Colour as a choice: what a network with a palette answers for each pixel, and the three ways to show it.

- "chroma": the chroma of the likeliest colour on the photo's own lightness, at the photo's full size;
- "expected": the mean chroma over the whole distribution, on the photo's own lightness;
- "palette": the likeliest palette colours themselves, lightness included, as large pixels of the network's size.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from colorizer import color
from colorizer.models import PaletteNetwork

Rendering = Literal["chroma", "expected", "palette"]
RENDERINGS: tuple[Rendering, ...] = get_args(Rendering)


@dataclass(frozen=True)
class PalettePrediction:
    """A network's choice for one photo, at the network's size (h, w)."""

    colors: NDArray[np.float32]
    """(K, 3), sRGB in 0..1."""
    classes: NDArray[np.uint8]
    """(h, w): the likeliest colour, 0..K-1."""
    expected_ab: NDArray[np.float32]
    """(2, h, w) in Lab units: the mean over the distribution."""

    @property
    def shares(self) -> NDArray[np.float64]:
        """(K,): the share of pixels that each colour has, together 1."""
        return np.bincount(self.classes.ravel(), minlength=len(self.colors)) / self.classes.size


def read_palette_prediction(network: PaletteNetwork, logits: Tensor) -> PalettePrediction:
    """Return what a network's logits (1, K, h, w) say."""
    return PalettePrediction(
        network.palette.cpu().numpy(),
        logits.argmax(1)[0].to(torch.uint8).cpu().numpy(),
        network.expected_ab(logits)[0].float().cpu().numpy(),
    )


def color_bytes(colors: NDArray[np.float32], saturation: float = 1.0) -> NDArray[np.uint8]:
    """Palette colours (K, 3), sRGB in 0..1, as bytes, their chroma multiplied by `saturation`."""
    srgb = torch.from_numpy(colors).T[None, :, :, None]
    if saturation != 1:
        lab = color.srgb_to_lab(srgb)
        srgb = color.lab_to_display(torch.cat([lab[:, :1], lab[:, 1:] * saturation], 1))
    return (srgb[0, :, :, 0].T.clamp(0, 1) * 255).round().to(torch.uint8).numpy()


def paint(palette_prediction: PalettePrediction, size: tuple[int, int], saturation: float = 1.0) -> Image.Image:
    """Return the likeliest palette colours themselves, each as a large pixel, in a picture of `size` (width,
    height)."""
    small = Image.fromarray(color_bytes(palette_prediction.colors, saturation)[palette_prediction.classes])
    return small.resize(size, Image.Resampling.NEAREST)


def palette_truth(image: Image.Image, colors: NDArray[np.float32]) -> Image.Image:
    """Return the best that a choice among `colors` can be: each pixel of an RGB image in its nearest colour."""
    pixels = color.srgb_planes(image)
    classes = color.nearest_color(pixels, torch.from_numpy(colors))[0].numpy()
    return Image.fromarray(color_bytes(colors)[classes])
