"""How decoded colours are calibrated, fitted at the end of a training: factors on chroma, see `color.calibration`.

What is made best is what photos are measured by: the PSNR in sRGB where the results are so much less colourful than the
truth as is usual. The network stays as it is, and so does how colourful its results are.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorizer import color
from colorizer.color.calibration import ColorCalibration, calibrated
from colorizer.evaluation.metrics import colorfulness
from colorizer.models import BinsNetwork
from colorizer.utils.seeding import seeded

_STEPS, _RATE, _LAST_RATE = 160, 0.03, 0.0005
_PICTURES = 128  # in a step
_AT_ONCE = 16  # are answered by the network
_RATIO = 0.75  # of the true colourfulness, at which results are compared
_RATIO_WEIGHT = 60.0  # dB for a whole colourfulness more or less, squared
_EVEN_WEIGHT = 0.1  # dB for each factor that is e times another, squared
_LIGHTNESSES, _HUES = 5, 8
_LEAST_ERROR = 1e-5  # squared, in 0..1: 50 dB
_REDUCTION = 2  # of the pictures that colours are compared on
_DIGITS = 2
_BISECTIONS = 20
_MOST, _MOST_OVERALL = 0.7, 0.6  # logarithms: what asks for more is a network that has not learned yet


class _Factors(nn.Module):
    """What is fitted, as logarithms; `overall` is what makes results colourful enough, and is not kept."""

    def __init__(self) -> None:
        super().__init__()
        self.cast, self.detail, self.overall = (nn.Parameter(torch.zeros(())) for _ in range(3))
        self.by_lightness = nn.Parameter(torch.zeros(_LIGHTNESSES))
        self.by_hue = nn.Parameter(torch.zeros(_HUES))

    def factors(self) -> list[Tensor]:
        """Return those of `calibrated`."""
        cast, detail, by_lightness, by_hue = (
            logarithm.clamp(-_MOST, _MOST) for logarithm in (self.cast, self.detail, self.by_lightness, self.by_hue)
        )
        return [cast.exp(), detail.exp(), (self.overall + by_lightness).exp(), by_hue.exp()]

    def forward(self, ab: Tensor, lightness: Tensor) -> Tensor:
        return calibrated(ab, lightness, *self.factors())


def fit_calibration(
    network: BinsNetwork, squares: Sequence[Tensor], side: int, seed: int, look: Callable[[], None] = lambda: None
) -> ColorCalibration:
    """Return the factors by which a network's answers come nearest to the truth.

    Args:
        network: trained, in evaluation mode.
        squares: uint8 (3, s, s), of one size: photos with colours, some hundreds of them.
        side: that the network sees them at, in pixels, a multiple of its stride.
        seed: of the order in which they are shown.
        look: called between steps; it raises where the result is not wanted any more.
    """
    answers, lightness, true = _answered(network, squares, side, look)
    factors, generator = _Factors().to(true.device), seeded(seed, "calibration")
    optimizer = torch.optim.Adam(factors.parameters(), _RATE)
    for step in range(_STEPS):
        look()
        optimizer.param_groups[0]["lr"] = _RATE * (1 - step / _STEPS) + _LAST_RATE
        chosen = torch.randperm(len(true), generator=generator)[:_PICTURES].to(true.device)
        result = _srgb(factors(answers[chosen], lightness[chosen]), lightness[chosen])
        error = (result - true[chosen]).square().mean((1, 2, 3)).clamp_min(_LEAST_ERROR)
        ratio = colorfulness(result).mean() / colorfulness(true[chosen]).mean()
        uneven = factors.by_lightness.square().sum() + factors.by_hue.square().sum()
        loss = 10 * error.log10().mean() + _RATIO_WEIGHT * (ratio - _RATIO) ** 2 + _EVEN_WEIGHT * uneven
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return _as_colorful(factors, answers, lightness)


@torch.no_grad()
def _answered(
    network: BinsNetwork, squares: Sequence[Tensor], side: int, look: Callable[[], None]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return ab as the network has them, L and the true sRGB, each at half of the side that the network sees."""
    device, found = network.bins.device, []
    for first in range(0, len(squares), _AT_ONCE):
        look()
        srgb = torch.stack(list(squares[first : first + _AT_ONCE])).to(device).float() / 255
        if srgb.shape[-1] != side:
            srgb = F.interpolate(srgb, (side, side), mode="bilinear", antialias=True)
        ab = network.to_ab(network(color.srgb_to_lab(srgb)[:, :1]))
        true = F.avg_pool2d(srgb, _REDUCTION)
        found.append((F.avg_pool2d(ab, _REDUCTION), color.srgb_to_lab(true)[:, :1], true))
    answers, lightness, true = (torch.cat(parts) for parts in zip(*found, strict=True))
    return answers, lightness, true


def _srgb(ab: Tensor, lightness: Tensor) -> Tensor:
    return color.lab_to_srgb(torch.cat([lightness, ab], 1)).clamp(0, 1)


@torch.no_grad()
def _as_colorful(factors: _Factors, answers: Tensor, lightness: Tensor) -> ColorCalibration:
    """Return the factors, with an overall one that leaves the results as colourful as without them."""
    before = colorfulness(_srgb(answers, lightness)).mean()
    low, high = -_MOST_OVERALL, _MOST_OVERALL
    for _ in range(_BISECTIONS):
        factors.overall.fill_((low + high) / 2)
        is_more = bool(colorfulness(_srgb(factors(answers, lightness), lightness)).mean() > before)
        low, high = (low, (low + high) / 2) if is_more else ((low + high) / 2, high)
    found = [[round(value, _DIGITS) for value in factor.flatten().tolist()] for factor in factors.factors()]
    (cast,), (detail,), by_lightness, by_hue = found
    return ColorCalibration(cast, detail, tuple(by_lightness), tuple(by_hue))
