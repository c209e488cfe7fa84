"""Colour as a distribution over bins of ab (Zhang, Isola, Efros 2016, "Colorful Image Colorization")."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from colorizer import color
from colorizer.color.ab_bins import rebalancing_weights, soft_encode_weighted
from colorizer.color.calibration import ColorCalibration
from colorizer.models.base import ColorNetwork, Head

_PICTURES_AT_ONCE = 16  # soft-encoded at 1/4 of 256 pixels: some 70 MB


class BinsNetwork(ColorNetwork):
    """L (N, 1, H, W) in 0..100 -> logits (N, Q, H / reduction, W / reduction), one for each of `color.ab_bins`.

    The bins, and how much each counts in training, are part of the state and of the checkpoint.
    """

    head: ClassVar[Head] = "bins"
    reduction: ClassVar[int] = 4
    """Colours are smooth: they are classified at this fraction of the input's size."""
    temperature: ClassVar[float] = 0.38
    """Of the annealed mean where nobody asks for another: that of the paper, section 2.3."""
    chroma_gain: ClassVar[float] = 1.0
    """Factor on the chroma of the answer: a mean over colours that could be is paler than each of them."""
    calibration: ColorCalibration | None = None
    """Of the answer, by the checkpoint's card; it is fitted after the training, which does without."""
    bins: Tensor
    class_weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        bins = color.ab_bins()
        self.register_buffer("bins", bins.clone())
        self.register_buffer("class_weights", torch.ones(len(bins)))

    def rebalance(self, frequency: Tensor, uniform_share: float) -> None:
        """Let rare colours count more: `losses.rebalancing_weights` of how often each bin occurs, (Q,) with sum 1."""
        self.class_weights.copy_(rebalancing_weights(frequency, uniform_share))

    def target(self, srgb: Tensor, lab: Tensor) -> Tensor:
        """Return what cross-entropy learns: soft-encoded ab, (N, Q, h, w), times the weight of each pixel's nearest
        bin."""
        ab = F.avg_pool2d(lab[:, 1:], self.reduction)
        return soft_encode_weighted(ab, self.bins, self.class_weights)

    def parts(self, output: Tensor) -> tuple[Tensor, Tensor | None]:
        """Output -> logits of the bins (N, Q, h, w), and ab (N, 2, h, w) in Lab units where a network regresses it."""
        return output, None

    def to_ab(self, output: Tensor, temperature: float | None = None) -> Tensor:
        """Return `coarse_ab`, bilinear to the input's size: ab (N, 2, H, W) in Lab units."""
        ab = self.coarse_ab(output, temperature)
        return F.interpolate(ab, scale_factor=self.reduction, mode="bilinear", align_corners=False)

    def coarse_ab(self, output: Tensor, temperature: float | None = None) -> Tensor:
        """Return the annealed mean of each pixel times `chroma_gain`, at the output's size: ab (N, 2, h, w) in Lab
        units."""
        logits, _ = self.parts(output)
        ab = color.annealed_mean(logits, self.bins, self.temperature if temperature is None else temperature)
        return self.chroma_gain * ab

    def calibrated_ab(self, output: Tensor, lightness: Tensor) -> Tensor:
        """Return `to_ab`, calibrated: ab (N, 2, H, W) in Lab units, for the L (N, 1, H, W) that was seen."""
        ab = self.to_ab(output)
        return ab if self.calibration is None else self.calibration(ab, lightness)

    def constant_prediction(self, targets: Tensor) -> Tensor:
        """Return the logarithm of the weighted frequency of each bin, which has the least cross-entropy of all
        constants."""
        total = torch.stack([part.sum((0, 2, 3)) for part in targets.split(_PICTURES_AT_ONCE)]).sum(0)
        return (total / total.sum()).clamp_min(1e-8).log()

    def grey_prediction(self, lightness: Tensor, blind: Tensor) -> Tensor:
        return super().grey_prediction(lightness[:, :, :: self.reduction, :: self.reduction], blind)
