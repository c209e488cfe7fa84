"""An encoder under a decoder that was trained with another one: linear maps lay its features onto the other's.

So a network with a better encoder need not begin anew: what the decoder knows of colours is kept.

Source: Lenc and Vedaldi 2015, "Understanding Image Representations by Measuring Their Equivariance and Equivalence"
(stitching layers); here in closed form, by ridge regression.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from colorizer import color
from colorizer.data.dataset import Pictures
from colorizer.models.hint_unet import Lite0Bins
from colorizer.models.layers import normalize_lightness

_MAX_PICTURES = 4_000  # equally spaced; the maps have 353 x 320 numbers at most
_HELD_OUT = 20  # each so many-th picture is kept apart
_PICTURES_AT_ONCE = 20
_RIDGE = 1e-3  # of the features' mean square


class _Moments:
    """Sums of products of features, with a constant 1 beside them, and of what they are to become."""

    def __init__(self, features: int, targets: int) -> None:
        self.gram = torch.zeros(features + 1, features + 1, dtype=torch.float64)
        self.cross = torch.zeros(features + 1, targets, dtype=torch.float64)
        self.target_sum = torch.zeros(targets, dtype=torch.float64)
        self.target_square = 0.0

    def add(self, features: Tensor, targets: Tensor) -> None:
        """Count in maps (N, F, h, w) and (N, T, h, w)."""
        x, y = (maps.movedim(1, -1).flatten(0, -2).double() for maps in (features, targets))
        x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
        self.gram += x.T @ x
        self.cross += x.T @ y
        self.target_sum += y.sum(0)
        self.target_square += float(y.square().sum())

    def solve(self) -> Tensor:
        """Return the linear map (F + 1, T) of least squares, the last row what is added."""
        ridge = self.gram.diagonal()[:-1].mean() * _RIDGE * torch.eye(len(self.gram), dtype=torch.float64)
        ridge[-1, -1] = 0
        return torch.linalg.solve(self.gram + ridge, self.cross)

    def explained(self, linear: Tensor) -> float:
        """Return the coefficient of determination (R²) of a map, at most 1."""
        residual = self.target_square - 2 * (linear * self.cross).sum() + (linear * (self.gram @ linear)).sum()
        total = self.target_square - self.target_sum.square().sum() / self.gram[-1, -1]
        return float(1 - residual / total)


@torch.inference_mode()
def stitch(network: Lite0Bins, trained: Lite0Bins, pictures: Pictures) -> list[float]:
    """Give a network, whose encoder has weights already, the decoder of another one.

    Each convolution of the decoder that reads the encoder's features reads them through the linear map that lays them
    nearest to the other encoder's, so that no layer is added; what these maps add goes into the BatchNorm after it.

    Args:
        network: changed in place, all but its encoder.
        trained: of the same decoder; the encoder may be another.
        pictures: what the maps are fitted on, at least 20; squares of at least 32 pixels.

    Returns:
        How much of the other encoder's features the maps explain at 1/4, 1/8, 1/16 and 1/32 of the size, on pictures
        kept apart: the coefficient of determination (R²), at most 1.
    """
    widths = zip(network.variant.feature_maps, trained.variant.feature_maps, strict=True)
    fitted, apart = [], []
    for features, targets in widths:
        fitted.append(_Moments(features, targets))
        apart.append(_Moments(features, targets))
    were_training = network.training, trained.training
    network.eval(), trained.eval()
    for number, squares in enumerate(_batches(pictures)):
        grey = normalize_lightness(color.srgb_to_lab(squares.float() / 255)[:, :1])
        held_out = torch.arange(len(squares)) % _HELD_OUT == number % _HELD_OUT
        for scale, (own, other) in enumerate(zip(network.encoder(grey), trained.encoder(grey), strict=True)):
            fitted[scale].add(own[~held_out], other[~held_out])
            apart[scale].add(own[held_out], other[held_out])
    network.train(were_training[0]), trained.train(were_training[1])
    maps = [moments.solve() for moments in fitted]
    _take_decoder(network, trained, maps)
    return [moments.explained(linear) for moments, linear in zip(apart, maps, strict=True)]


def _batches(pictures: Pictures) -> Iterator[Tensor]:
    """Equally spaced pictures' centres, uint8 (N, 3, s, s), s the largest multiple of 32 that they hold."""
    chosen = torch.linspace(0, len(pictures) - 1, min(len(pictures), _MAX_PICTURES)).round().int().unique()
    for part in chosen.split(_PICTURES_AT_ONCE):
        squares = torch.stack([pictures[int(index), 0.5] for index in part])
        side = squares.shape[-1] // 32 * 32
        first = (squares.shape[-1] - side) // 2
        yield squares[..., first : first + side, first : first + side]


def _take_decoder(network: Lite0Bins, trained: Lite0Bins, maps: list[Tensor]) -> None:
    """Load all but the encoder, the features' maps (F + 1, T) multiplied into the convolutions that read them."""
    left = ("encoder.",) if network.sees_hints else ("encoder.", "hint_")
    theirs = {name: tensor for name, tensor in trained.state_dict().items() if not name.startswith(left)}
    for (name, layer), linear in zip(trained.feature_readers().items(), maps, strict=True):
        convolution, norm = layer[0], layer[1]
        assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        weight = convolution.weight.double()
        decoded = weight.shape[1] - linear.shape[1]
        read = torch.einsum("othw,ft->ofhw", weight[:, decoded:], linear[:-1])
        added = torch.einsum("othw,t->o", weight[:, decoded:], linear[-1])
        theirs[f"{name}.0.weight"] = torch.cat([weight[:, :decoded], read], 1).float()
        mean = theirs[f"{name}.1.running_mean"]
        theirs[f"{name}.1.running_mean"] = (mean.double() - added).to(mean.dtype)
    network.load_state_dict(network.state_dict() | theirs)
