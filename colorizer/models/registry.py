"""Architectures by name: what a recipe and a card call "architecture", found here and nowhere else."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeVar

from torch import Tensor, nn

Head = Literal["ab"]
"""How a network's output becomes colour; "ab" is regression of the two chroma channels."""


class ColorNetwork(nn.Module):
    """What training and inference expect of every network.

    `forward` takes L, float (N, 1, H, W) in 0..100, with H and W multiples of `stride`; normalising it is the network's
    own business. A network with head "ab" returns ab, float (N, 2, H, W), in Lab units.
    """

    head: ClassVar[Head]
    stride: ClassVar[int]
    source: ClassVar[str]
    """The work that the architecture follows."""

    def forward(self, lightness: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say how it colours")


_REGISTRY: dict[str, type[ColorNetwork]] = {}
Network = TypeVar("Network", bound=ColorNetwork)


def register(name: str) -> Callable[[type[Network]], type[Network]]:
    """Class decorator: make a network known under `name`."""

    def add(network: type[Network]) -> type[Network]:
        if name in _REGISTRY:
            raise ValueError(f"two networks are registered as {name!r}")
        _REGISTRY[name] = network
        return network

    return add


def architectures() -> list[str]:
    """The registered names, sorted."""
    return sorted(_REGISTRY)


def build(architecture: str, **options: Any) -> ColorNetwork:
    """A new network with random weights.

    Raises:
        ValueError: for a name that is not registered, or an option that the network does not have.
    """
    if architecture not in _REGISTRY:
        raise ValueError(f"there is no architecture {architecture!r}; the known ones are {', '.join(architectures())}")
    try:
        return _REGISTRY[architecture](**options)
    except TypeError as error:
        raise ValueError(f"{architecture} cannot be built with the options {options}: {error}") from error


def count_parameters(network: nn.Module) -> int:
    """The number of trainable values."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
