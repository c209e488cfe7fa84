"""What a network answers for one photo: its colours, at the network's size; small enough to keep."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from colorizer.inference.color_distribution import Distribution
from colorizer.inference.hint_propagation import propagate_hints
from colorizer.inference.hints import NetworkHint
from colorizer.inference.palette_prediction import PalettePrediction


@dataclass(frozen=True)
class Prediction:
    """A network's answer for one photo, at the network's size (h, w)."""

    ab: NDArray[np.float32]
    """(2, h, w) in Lab units."""
    lightness: NDArray[np.float32]
    """(h, w), L in 0..100: what the network saw, and what guides the colour onto the photo."""
    palette_prediction: PalettePrediction | None = None
    """Of a network that chooses among colours."""
    distribution: Distribution | None = None
    """Of a network with bins."""
    network_hints: tuple[NetworkHint, ...] = ()
    """The hints that it was given."""
    embedding: NDArray[np.float32] | None = None
    """(E, h, w), where there are pins: what belongs together, see `binding`."""

    def at_temperature(self, temperature: float, saturation: float = 1.0) -> "Prediction":
        """The same answer at another temperature, without the network.

        Args:
            temperature: of the annealed mean, above 0.
            saturation: by which `compose` is going to multiply; pinned colours are met after that.

        Raises:
            ValueError: where there is no distribution, and for a temperature that is not above 0.
        """
        if self.distribution is None:
            raise ValueError("colours that come from no distribution have no temperature")
        require_temperature(temperature)
        ab = self.distribution.ab(temperature)
        if self.embedding is not None and saturation:
            network_hints = [
                dataclasses.replace(pin, a=pin.a / saturation, b=pin.b / saturation) for pin in self.network_hints
            ]
            ab = propagate_hints(ab, torch.from_numpy(self.embedding), network_hints)
        return dataclasses.replace(self, ab=ab.numpy())


def require_temperature(temperature: float) -> None:
    """Raises ValueError for a temperature that is not above 0."""
    if not (0 < temperature < float("inf")):
        raise ValueError(f"temperature is {temperature}; it must be above 0")
