"""The network of `photo`: an ImageNet encoder, a light decoder to 1/4 of the size, colour as a distribution over bins
of ab with a regression beside it, the user's hints at every scale, and an embedding that says what belongs together.

Sources: Tan and Le 2019 (encoder, see `lite0`); Zhang et al. 2016 (bins); Zhang et al. 2017, "Real-Time User-Guided
Image Colorization with Learned Deep Priors" (hints).
"""

from collections.abc import Iterator
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorizer.models.bins_head import BinsNetwork
from colorizer.models.efficientnet_lite import LITE0, STEM_MAPS, LiteEncoder, LiteVariant
from colorizer.models.layers import normalized_convolution
from colorizer.models.registry import register

AB_SCALE = 110.0
"""Lab units: hints are divided by it, and the last layer's ab multiplied."""
DECODER_MAPS = (64, 96, 160, 160)  # at 1/4, 1/8, 1/16 and 1/32
_REGRESSED = 2
_EMBEDDED = 8
LIGHTNESS_SIGMA = 30.0
"""L units: so far apart, two pixels have little to do with each other before anything else is known of them."""


def zero_init_conv(channels: int, stride: int = 1) -> nn.Conv2d:
    """Return a convolution of hint planes that adds nothing until it is trained, and nothing where there is no hint."""
    convolution = nn.Conv2d(3, channels, 3, stride, 1, bias=False)
    nn.init.zeros_(convolution.weight)
    return convolution


def pool_hints(hints: Tensor, factor: int) -> Tensor:
    """Hint planes (N, 3, H, W) -> (N, 3, H / factor, W / factor): the mean of the hints in each square, and 1 where
    there is one."""
    pooled = F.avg_pool2d(torch.cat([hints[:, :2] * hints[:, 2:], hints[:, 2:]], 1), factor)
    share = pooled[:, 2:]
    return torch.cat([pooled[:, :2] / share.clamp_min(1e-6), (share > 0).to(share.dtype)], 1)


def upsampled(features: Tensor) -> Tensor:
    return F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


class HintedBins(BinsNetwork):
    """What the networks of `photo` share: a distribution over bins with ab beside it, hints, and an embedding.

    L (N, 1, H, W) in 0..100, and hints -> (N, Q + 2, H / r, W / r) with r = `reduction`: a logit for each bin, and ab
    in Lab units. Hints are planes (N, 3, H, W): ab / `AB_SCALE` where the third, the mask, is 1, and 0 elsewhere;
    without any, the result is that of planes of zeros.
    """

    stride: ClassVar[int] = 32
    takes_hints: ClassVar[bool] = True
    temperature: ClassVar[float] = 1.0
    chroma_gain: ClassVar[float] = 1.2
    prior_correction: ClassVar[float] = 0.5
    """How much of the rebalancing of rare colours is taken back, 0..1: 1 gives the photos' own distribution."""
    sees_hints: ClassVar[bool] = True
    """Whether hints change the network's own answer; they are propagated over it in any case."""
    later_tensors: ClassVar[tuple[str, ...]] = ("projection",)
    """How the names of tensors begin that an earlier state of the network's training may lack, or have otherwise."""
    earlier_architectures: ClassVar[tuple[str, ...]] = ()
    """Whose weights training can go on from, besides its own."""
    variant: ClassVar[LiteVariant] = LITE0
    """Which EfficientNet-Lite is the encoder."""
    encoder: LiteEncoder
    projection: Tensor
    """(8, F + 1): what becomes of the last features and of L / 100 in the embedding; until that is fitted L alone
    counts, as in a joint bilateral filter (Petschnigg et al. 2004)."""

    def _add_projection(self, features: int) -> None:
        self.register_buffer("projection", torch.zeros(_EMBEDDED, features + 1))
        self.projection[0, -1] = 100 / LIGHTNESS_SIGMA

    def forward(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        return self.heads(self.features(lightness, hints))

    def features(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        """L and hints as in `forward` -> the last features, (N, F, H / r, W / r)."""
        raise NotImplementedError

    def heads(self, features: Tensor) -> Tensor:
        """Turn the last features into the output of `forward`."""
        raise NotImplementedError

    def embed(self, features: Tensor, lightness: Tensor) -> Tensor:
        """Features (N, F, h, w) and L (N, 1, H, W), H a multiple of h -> the embedding (N, 8, H, W) in which
        `hint_propagation` measures what belongs together."""
        coarse = torch.einsum("ec,nchw->nehw", self.projection[:, :-1], features)
        if coarse.shape[2:] != lightness.shape[2:]:
            coarse = F.interpolate(coarse, lightness.shape[2:], mode="bilinear", align_corners=False)
        return coarse + self.projection[:, -1][:, None, None] * lightness / 100

    def answer(self, lightness: Tensor, hints: Tensor) -> tuple[Tensor, Tensor]:
        """Return the output of `forward`, and the embedding (N, 8, H, W)."""
        features = self.features(lightness, hints)
        return self.heads(features), self.embed(features, lightness)

    def trunk_parameters(self) -> Iterator[nn.Parameter]:
        return self.encoder.parameters()

    def target(self, srgb: Tensor, lab: Tensor) -> Tensor:
        """Return what is learned: as `BinsNetwork`, and the mean ab of each 4 x 4 pixels."""
        ab = F.avg_pool2d(lab[:, 1:], self.reduction)
        return torch.cat([super().target(srgb, lab), ab], 1)

    def parts(self, output: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the logits, with a part of the rebalancing taken back, and ab in Lab units."""
        logits, regressed = output[:, : len(self.bins)], output[:, len(self.bins) :]
        return logits - self.prior_correction * self.class_weights.log()[:, None, None], regressed

    def constant_prediction(self, targets: Tensor) -> Tensor:
        """As `BinsNetwork`, and the mean ab."""
        ab = targets[:, len(self.bins) :].mean((0, 2, 3))
        return torch.cat([super().constant_prediction(targets[:, : len(self.bins)]), ab])


@register("lite0-bins")
class Lite0Bins(HintedBins):
    """L (N, 1, H, W) in 0..100, and hints -> (N, Q + 2, H / 4, W / 4): a logit for each bin, and ab in Lab units.

    Hints are planes (N, 3, H, W): ab / `AB_SCALE` where the third, the mask, is 1, and 0 elsewhere; without any, the
    result is that of planes of zeros. About 4.2 M parameters.
    """

    source: ClassVar[str] = (
        "EfficientNet-Lite0 (Tan and Le 2019), bins after Zhang et al. 2016, hints after Zhang et al. 2017"
    )

    def __init__(self) -> None:
        super().__init__()
        quarter, eighth, sixteenth, deepest = DECODER_MAPS
        f4, f8, f16, f32 = self.variant.feature_maps
        self.encoder = LiteEncoder(self.variant)
        self.deep = normalized_convolution(f32, deepest, 1)
        self.up16 = normalized_convolution(deepest + f16, sixteenth)
        self.up8 = normalized_convolution(sixteenth + f8, eighth)
        self.up4 = normalized_convolution(eighth + f4, quarter)
        self.last = normalized_convolution(quarter, quarter)
        self.classify = nn.Conv2d(quarter, len(self.bins), 1)
        self.regress = nn.Conv2d(quarter, _REGRESSED, 1)
        if self.sees_hints:
            self.hint_stem = zero_init_conv(STEM_MAPS, 2)
            self.hint_in = nn.ModuleList(zero_init_conv(maps) for maps in DECODER_MAPS)
        self._add_projection(quarter)

    def features(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        """L and hints as in `forward` -> the last features, (N, 64, H / 4, W / 4)."""
        hints = hints if self.sees_hints else None
        side = None if hints is None else self.hint_stem(hints)
        f4, f8, f16, f32 = self.encoder(lightness / 50 - 1, side)
        deepest = self._with_hints(self.deep(f32), hints, 3)
        sixteenth = self._with_hints(self.up16(torch.cat([upsampled(deepest), f16], 1)), hints, 2)
        eighth = self._with_hints(self.up8(torch.cat([upsampled(sixteenth), f8], 1)), hints, 1)
        eighth = self.with_whole(deepest, sixteenth, eighth)
        x = self._with_hints(self.up4(torch.cat([upsampled(eighth), f4], 1)), hints, 0)
        features: Tensor = self.last(x)
        return features

    def with_whole(self, deepest: Tensor, sixteenth: Tensor, eighth: Tensor) -> Tensor:
        """Turn the decoder's maps at 1/32, 1/16 and 1/8 into those at 1/8 that go on; here, leave them as they are."""
        return eighth

    def feature_readers(self) -> dict[str, nn.Sequential]:
        """Return by their names what reads the encoder's features at 1/4, 1/8, 1/16 and 1/32, always as the last of
        what it reads."""
        return {"up4": self.up4, "up8": self.up8, "up16": self.up16, "deep": self.deep}

    def heads(self, features: Tensor) -> Tensor:
        """Turn the last features into the output of `forward`."""
        return torch.cat([self.classify(features), self.regress(features) * AB_SCALE], 1)

    def _with_hints(self, features: Tensor, hints: Tensor | None, level: int) -> Tensor:
        return features if hints is None else features + self.hint_in[level](pool_hints(hints, 4 << level))
