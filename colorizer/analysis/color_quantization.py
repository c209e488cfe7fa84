"""A photo in few colours: in the bins of ab, in a palette, or in the best K of its own by k-means; and what that costs.

few = to_palette(photo, palette_colors("horse-16"))
metrics.measure(few.on_lightness, photo.srgb).ciede2000
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer import color
from colorizer.analysis.lab_planes import FLAT_LIGHTNESS, Bytes, LabPhoto, to_bytes

_ROWS_AT_ONCE = 8  # against 261 bins: what fits the cache is three times as fast
_SAMPLE = 10_000  # pixels for k-means: more do not move the centres by what one sees


@dataclass(frozen=True)
class QuantizedPhoto:
    """A photo in few colours."""

    colors: Bytes
    """(K, 3), sRGB; a bin, which has no lightness, at `FLAT_LIGHTNESS`."""
    shares: NDArray[np.float64]
    """(K,): of the pixels that each has, together 1."""
    alone: Bytes
    """(H, W, 3): each pixel in its colour."""
    on_lightness: Bytes
    """(H, W, 3): the ab of its colour on the photo's own L."""


def _quantise(photo: LabPhoto, classes: Tensor, colors: Bytes, ab: Tensor) -> QuantizedPhoto:
    """From the class of each pixel, (H, W), and the sRGB (K, 3) and ab (K, 2) of the classes."""
    lab = torch.cat([torch.from_numpy(photo.lab[:1]), ab[classes].permute(2, 0, 1)])
    shares = np.bincount(classes.flatten().numpy(), minlength=len(colors)) / classes.numel()
    return QuantizedPhoto(colors, shares, colors[classes.numpy()], to_bytes(lab[None]))


def to_bins(photo: LabPhoto) -> QuantizedPhoto:
    """Each pixel's ab in the nearest of `color.ab_bins`."""
    bins = color.ab_bins()
    ab = torch.from_numpy(photo.lab[1:])[None]
    classes = torch.cat([color.nearest_bin(rows, bins) for rows in ab.split(_ROWS_AT_ONCE, 2)], 1)[0]
    lab = torch.cat([torch.full((len(bins), 1), FLAT_LIGHTNESS), bins], 1)
    return _quantise(photo, classes, to_bytes(lab.T[None, :, None])[0], bins)


def to_palette(photo: LabPhoto, palette: NDArray[np.float32]) -> QuantizedPhoto:
    """Each pixel in the nearest palette colour, (K, 3) in sRGB 0..1, as the checkpoints with a palette choose."""
    colors = torch.from_numpy(palette)
    classes = color.nearest_color(color.srgb_planes(photo.srgb), colors)[0]
    levels = (colors * 255).round().to(torch.uint8).numpy()
    return _quantise(photo, classes, levels, color.palette_ab(colors))


def palette_colors(name: str) -> NDArray[np.float32]:
    """Return a palette of the recipes, (K, 3) in sRGB 0..1."""
    from colorizer.color.palettes import (
        read_palette,  # it stands on the data of training, which the app does not open with
    )

    return read_palette(name).numpy()


def own_colors(photo: LabPhoto, count: int) -> NDArray[np.float32]:
    """Return the photo's own K colours by k-means in sRGB (Lloyd 1982), (K, 3) in 0..1, from dark to bright.

    They are the same for the same photo. One that has fewer colours than `count` is given all that it has.
    """
    from sklearn.cluster import KMeans  # takes a second, which few visitors need
    from threadpoolctl import threadpool_limits

    pixels = photo.srgb.reshape(-1, 3)
    sample = pixels[np.random.default_rng(0).permutation(len(pixels))[:_SAMPLE]]
    centres = np.unique(sample, axis=0) / 255
    if len(centres) > count:
        with threadpool_limits(1):  # several threads sum in any order
            centres = KMeans(count, n_init=1, random_state=0).fit(sample / 255).cluster_centers_
    order = np.argsort(centres @ np.array(color.LUMA))
    return np.clip(centres[order], 0, 1).astype(np.float32)
