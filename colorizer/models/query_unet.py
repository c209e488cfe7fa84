"""The network of `photo`: an ImageNet encoder, a light decoder, and colour queries that decide for the whole picture.

Colour is coarse: true ab on a grid of 20 x 20, smoothly enlarged, is 36 dB from the photo. So the network learns at 1/8
of the size, which costs half of what 1/4 does; a finer stage is added when that is learned, and corrects its contours.

Sources: Tan and Le 2019 (encoder); Kang et al. 2023 (queries); Zhang et al. 2016 (bins).
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from colorizer.models.color_queries import ColorQueries
from colorizer.models.efficientnet_lite import LITE0, LITE2, LiteEncoder, LiteVariant
from colorizer.models.hint_unet import (
    DECODER_MAPS,
    HintedBins,
    Lite0Bins,
    normalized_convolution,
    upsampled,
)
from colorizer.models.registry import register

_DECODER_MAPS = (96, 160, 160)  # at 1/8, 1/16 and 1/32
_FINE_MAPS = 48
_QUERIES = 32
_QUERY_WIDTH = 96


class _FineStage(nn.Module):
    """Features at 1/8 and the encoder's at 1/4 -> maps at 1/4 that correct the colours along contours."""

    def __init__(self, bins: int) -> None:
        super().__init__()
        coarse, shallow = _DECODER_MAPS[0], LITE0.feature_maps[0]
        self.mix = normalized_convolution(coarse + shallow, _FINE_MAPS)
        self.last = normalized_convolution(_FINE_MAPS, _FINE_MAPS)
        self.classify = nn.Conv2d(_FINE_MAPS, bins, 1)
        nn.init.zeros_(self.classify.weight)  # at first, the answer is that of 1/8
        nn.init.zeros_(self.classify.bias)  # type: ignore[arg-type]

    def forward(self, coarse: Tensor, shallow: Tensor) -> Tensor:
        """(N, 96, H / 4, W / 4) enlarged, and (N, 24, H / 4, W / 4) -> (N, 48, H / 4, W / 4)."""
        maps: Tensor = self.last(self.mix(torch.cat([coarse, shallow], 1)))
        return maps


@register("query-unet")
class QueryUNet(HintedBins):
    """L (N, 1, H, W) in 0..100 -> (N, Q + 2, H / r, W / r): a logit for each bin, and ab in Lab units.

    It sees no hints: they are propagated over its answer by its embedding, so that a hint stays with its thing. The ab
    are the mean of the distribution, with a part of the rebalancing taken back: what a photo is coloured with is
    what is trained. About 4.8 M parameters.

    Args:
        output_stride: r, 8 or 4; with 4 there is a stage more, whose first answer is that of 8.
    """

    source: ClassVar[str] = (
        "EfficientNet-Lite0 (Tan and Le 2019), colour queries after DDColor (Kang et al. 2023), bins after Zhang et "
        "al. 2016"
    )
    later_tensors: ClassVar[tuple[str, ...]] = ("fine.", "projection", "hint_")
    sees_hints: ClassVar[bool] = False
    chroma_gain: ClassVar[float] = 1.0

    def __init__(self, output_stride: int = 4) -> None:
        super().__init__()
        if output_stride not in (4, 8):
            raise TypeError(f"output_stride is {output_stride}; it must be 4 or 8")
        self.reduction = output_stride  # type: ignore[misc]
        eighth, sixteenth, deepest = _DECODER_MAPS
        _, f8, f16, f32 = self.variant.feature_maps
        self.encoder = LiteEncoder(self.variant)
        self.deep = normalized_convolution(f32, deepest, 1)
        self.up16 = normalized_convolution(deepest + f16, sixteenth)
        self.up8 = normalized_convolution(sixteenth + f8, eighth)
        self.queries = ColorQueries((deepest, sixteenth, eighth), _QUERIES, _QUERY_WIDTH)
        self.join = normalized_convolution(eighth + _QUERIES, eighth, 1)
        self.classify = nn.Conv2d(eighth, len(self.bins), 1)
        self.fine = _FineStage(len(self.bins)) if output_stride == 4 else None
        self._add_projection(eighth + (_FINE_MAPS if self.fine else 0))

    def features(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        """L -> the last features, (N, 96, H / 8, W / 8) or (N, 144, H / 4, W / 4); hints change nothing."""
        f4, f8, f16, f32 = self.encoder(lightness / 50 - 1)
        deepest = self.deep(f32)
        sixteenth = self.up16(torch.cat([upsampled(deepest), f16], 1))
        eighth = self.up8(torch.cat([upsampled(sixteenth), f8], 1))
        maps = self.queries((deepest, sixteenth, eighth))
        coarse: Tensor = self.join(torch.cat([eighth, maps], 1))
        if self.fine is None:
            return coarse
        coarse = upsampled(coarse)
        return torch.cat([coarse, self.fine(coarse, f4)], 1)

    def heads(self, features: Tensor) -> Tensor:
        logits = self.classify(features[:, : _DECODER_MAPS[0]])
        if self.fine is not None:
            logits = logits + self.fine.classify(features[:, _DECODER_MAPS[0] :])
        chances = (logits.float() - self.prior_correction * self.class_weights.log()[:, None, None]).softmax(1)
        return torch.cat([logits, torch.einsum("nqhw,qc->nchw", chances, self.bins).to(logits.dtype)], 1)


@register("lite0-queries")
class Lite0Queries(Lite0Bins):
    """`Lite0Bins` with colour queries: a decision for the whole picture joins the decoder at 1/8 of the size.

    Until it is trained the queries add nothing, so that it goes on from where a `lite0-bins` stands. About 4.1 M
    parameters.
    """

    source: ClassVar[str] = (
        "EfficientNet-Lite0 (Tan and Le 2019), colour queries after DDColor (Kang et al. 2023), bins after Zhang et "
        "al. 2016, hints after Zhang et al. 2017"
    )
    later_tensors: ClassVar[tuple[str, ...]] = ("projection", "queries.", "join.")
    earlier_architectures: ClassVar[tuple[str, ...]] = ("lite0-bins",)
    chroma_gain: ClassVar[float] = 1.1  # surer than `lite0-bins`, so its mean is less pale

    def __init__(self) -> None:
        super().__init__()
        _, eighth, sixteenth, deepest = DECODER_MAPS
        self.queries = ColorQueries((deepest, sixteenth, eighth), _QUERIES, _QUERY_WIDTH)
        self.join = nn.Conv2d(_QUERIES, eighth, 1, bias=False)
        nn.init.zeros_(self.join.weight)

    def with_whole(self, deepest: Tensor, sixteenth: Tensor, eighth: Tensor) -> Tensor:
        """Add what the queries found in the whole picture."""
        joined: Tensor = eighth + self.join(self.queries((deepest, sixteenth, eighth)))
        return joined


@register("lite2-queries")
class Lite2Queries(Lite0Queries):
    """`Lite0Queries` with a deeper and wider encoder, and without layers that see hints: they are propagated over its
    answer by its embedding alone, so that they stay more with their thing. About 5.6 M parameters."""

    source: ClassVar[str] = (
        "EfficientNet-Lite2 (Tan and Le 2019), colour queries after DDColor (Kang et al. 2023), bins after Zhang et "
        "al. 2016, hints after Zhang et al. 2017"
    )
    later_tensors: ClassVar[tuple[str, ...]] = ("projection", "hint_")
    earlier_architectures: ClassVar[tuple[str, ...]] = ()
    sees_hints: ClassVar[bool] = False
    variant: ClassVar[LiteVariant] = LITE2
    chroma_gain: ClassVar[float] = 1.15  # trained for the PSNR at equal colourfulness it is paler than `lite0-queries`
