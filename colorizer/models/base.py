"""What training and inference expect of every network."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from torch import Tensor, nn

Head = Literal["ab", "rgb", "palette", "bins"]
"""How a network's output becomes colour: "ab" is regression of a and b, "rgb" of a whole picture of which only a
and b are used, "palette" a choice among given RGB colours, "bins" a distribution over squares of ab."""


class ColorNetwork(nn.Module):
    """A network that colours L.

    `forward` takes L, float (N, 1, H, W) in 0..100, with H and W multiples of `stride`; normalising it is the network's
    own business. What it returns is the head's: with "ab" it is ab, float (N, 2, H, W), in Lab units; with "rgb" sRGB,
    float (N, 3, H, W), in 0..1; with "palette" one logit for each colour, float (N, K, H, W); with "bins" one for each
    bin, float (N, Q, H / r, W / r). The methods below carry the output over to colour; as they stand here they are
    those of "ab".
    """

    head: ClassVar[Head]
    stride: ClassVar[int]
    source: ClassVar[str]
    """The work that the architecture follows."""
    takes_hints: ClassVar[bool] = False
    """Whether `forward` takes a second tensor, the user's hints."""
    options: Mapping[str, int] = MappingProxyType({})
    """What it was built with, beyond its own defaults."""

    def forward(self, lightness: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say how it colours")

    def trunk_parameters(self) -> Iterator[nn.Parameter]:
        """Those of the layers that may start from weights trained elsewhere, and may then learn more slowly."""
        return iter(())

    def target(self, srgb: Tensor, lab: Tensor) -> Tensor:
        """Return what the output is trained towards, of true pictures (N, 3, H, W) in sRGB 0..1 and in Lab."""
        return lab[:, 1:]

    def to_ab(self, output: Tensor) -> Tensor:
        """Output -> ab (N, 2, H, W) in Lab units."""
        return output

    def constant_prediction(self, targets: Tensor) -> Tensor:
        """Return the output (C,) for every pixel of whoever does not look at the picture, but may know all the
        targets."""
        return targets.new_zeros(2)

    def grey_prediction(self, lightness: Tensor, blind: Tensor) -> Tensor:
        """Return what it would return of a photo that it leaves grey, for its loss: `blind` (C,) at every pixel."""
        count, _, height, width = lightness.shape
        return blind.to(lightness.device)[None, :, None, None].expand(count, -1, height, width)
