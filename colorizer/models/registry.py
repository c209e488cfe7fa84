"""Architectures by name: what a recipe and a card call "architecture", found here and nowhere else."""

from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from colorizer.models.base import ColorNetwork, Head

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
    """Return the registered names, sorted."""
    return sorted(_REGISTRY)


def architectures_with_head(head: Head) -> list[str]:
    """Return the registered names whose networks have this head, sorted."""
    return sorted(name for name, network in _REGISTRY.items() if network.head == head)


def build(architecture: str, /, **options: Any) -> ColorNetwork:
    """Build a new network with random weights.

    Raises:
        ValueError: for a name that is not registered, or an option that the network does not have.
    """
    if architecture not in _REGISTRY:
        raise ValueError(f"there is no architecture {architecture!r}; the known ones are {', '.join(architectures())}")
    try:
        network = _REGISTRY[architecture](**options)
    except TypeError as error:
        raise ValueError(f"{architecture} cannot be built with the options {options}: {error}") from error
    network.options = options
    return network


def count_parameters(network: nn.Module) -> int:
    """Return the number of values that training can change."""
    return sum(parameter.numel() for parameter in network.parameters())
