"""The adversary's network: does a picture look like a photo or like a generator's work?"""

import itertools

import torch
from torch import Tensor, nn

from colorizer.recipes.schema import DiscriminatorOutput, Normalisation

_LEAK = 0.2


class Discriminator(nn.Module):
    """Three colour channels (N, 3, S, S) -> the logit that a picture is true: (N, 1), or (N, S / 8, S / 8) of patches.

    Four stages of 3 x 3 convolution, leaky ReLU and dropout with `width` to 8 x `width` maps, 2 x 2 average pooling
    between them. "global" flattens the last maps into one answer, as the flower project did; "patch" answers at each
    place (Isola et al. 2017). Stages are normalised by BatchNorm, or all weights spectrally (Miyato et al. 2018).
    """

    def __init__(
        self, side: int, width: int, output: DiscriminatorOutput, normalisation: Normalisation, dropout: float
    ) -> None:
        """`side` is S in pixels, a multiple of 8; `dropout` the share of values left out, 0..1.

        Raises:
            ValueError: for a side that is no multiple of 8.
        """
        if side % 8:
            raise ValueError(f"the discriminator takes pictures whose side is a multiple of 8, not {side}")
        super().__init__()
        stages: list[nn.Module] = []
        channels = [3, width, 2 * width, 4 * width, 8 * width]
        for stage, (channels_in, channels_out) in enumerate(itertools.pairwise(channels)):
            stages += [nn.AvgPool2d(2)] if stage else []
            stages += [
                maybe_spectral_norm(nn.Conv2d(channels_in, channels_out, 3, padding=1), normalisation),
                nn.LeakyReLU(_LEAK),
            ]
            stages += [nn.BatchNorm2d(channels_out)] if normalisation == "batch" else []
            stages += [nn.Dropout(dropout)] if dropout else []
        last: list[nn.Module] = [
            nn.Flatten(),
            maybe_spectral_norm(nn.Linear(channels[-1] * (side // 8) ** 2, 1), normalisation),
        ]
        if output == "patch":
            last = [maybe_spectral_norm(nn.Conv2d(channels[-1], 1, 1), normalisation), nn.Flatten(1, 2)]
        self.layers = nn.Sequential(*stages, *last)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers(pictures)


def maybe_spectral_norm(layer: nn.Module, normalisation: Normalisation) -> nn.Module:
    return torch.nn.utils.parametrizations.spectral_norm(layer) if normalisation == "spectral" else layer
