"""How often each bin of ab occurs in training pictures: what rebalances the classes of a network with bins."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from colorizer import color
from colorizer.color.lab import LUMA
from colorizer.data.dataset import Pictures
from colorizer.errors import DataError

_REDUCTION = 4  # colours are counted as the networks classify them, at a quarter of the size
_MAX_PICTURES = 5_000  # equally spaced; more of them do not change what is rare
_PICTURES_AT_ONCE = 8


def bin_frequency(pictures: Pictures) -> Tensor:
    """Return the share of each bin among the pixels of the pictures' centres, each pixel spread over its 5 nearest
    bins.

    That smooths the distribution as Zhang et al. 2016, section 2.2, do with a Gaussian of 5 Lab units.

    Returns:
        float32 (Q,) for the bins of `color.ab_bins`; its sum is 1.
    """
    bins = color.ab_bins()
    total = torch.zeros(len(bins), dtype=torch.float64)
    chosen = torch.linspace(0, len(pictures) - 1, min(len(pictures), _MAX_PICTURES)).round().int()
    for part in chosen.unique().split(_PICTURES_AT_ONCE):
        squares = torch.stack([pictures[int(index), 0.5] for index in part])
        ab = F.avg_pool2d(color.srgb_to_lab(squares.float() / 255)[:, 1:], _REDUCTION)
        total += color.soft_encode(ab, bins).sum((0, 2, 3)).double()
    return (total / total.sum()).float()


_MAX_PICTURES = 2_000
_MAX_PIXELS = 100_000  # of all pictures together: more do not move the centres by what one sees
_RUNS = 3  # k-means++ starts, of which the best is taken


def _sample_pixels(pictures: Pictures, seed: int) -> NDArray[np.float32]:
    """Equally many pixels of equally spaced pictures: (M, 3), sRGB in 0..1."""
    count = min(len(pictures), _MAX_PICTURES)
    random = np.random.default_rng(seed)
    parts = []
    for index in np.linspace(0, len(pictures) - 1, count).round().astype(int):
        pixels = pictures[int(index), 0.5].reshape(3, -1).T.numpy()
        parts.append(random.choice(pixels, min(len(pixels), -(-_MAX_PIXELS // count)), replace=False))
    return (np.concatenate(parts) / 255).astype(np.float32)


def kmeans_palette(pictures: Pictures, colors: int, seed: int) -> Tensor:
    """Return the centres of k-means over the pictures' pixels in sRGB (Lloyd 1982, "Least squares quantization in
    PCM").

    Args:
        pictures: any training set.
        colors: K, from 2 to 256.
        seed: of the sample and of the first centres (k-means++, Arthur and Vassilvitskii 2007).

    Returns:
        float32 (K, 3), sRGB in 0..1, from dark to bright.

    Raises:
        DataError: where the pictures have fewer than K colours, or scikit-learn is missing.
    """
    try:
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits  # scikit-learn's own dependency
    except ImportError as error:
        raise DataError("A palette by k-means needs scikit-learn; install what requirements.txt names.") from error
    pixels = _sample_pixels(pictures, seed)
    if len(np.unique((pixels * 255).round().astype(np.uint8), axis=0)) < colors:
        raise DataError(f"The pictures have fewer than {colors} colours; choose a smaller K for model.palette.")
    with threadpool_limits(1):  # several threads sum in any order, and equal seeds are to give equal colours
        centres = KMeans(colors, n_init=_RUNS, random_state=seed).fit(pixels).cluster_centers_
    order = np.argsort(centres @ np.array(LUMA))
    return torch.from_numpy(np.clip(centres[order], 0, 1).astype(np.float32))
