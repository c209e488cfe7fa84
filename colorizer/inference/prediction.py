"""What a network answers for one photo: its colours, at the network's size; small enough to keep."""

import dataclasses
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from colorizer.inference.color_distribution import Distribution
from colorizer.inference.hint_propagation import propagate_hints
from colorizer.inference.hints import NetworkHint
from colorizer.inference.palette_prediction import PalettePrediction
from colorizer.inference.render_options import RenderOptions
from colorizer.inference.vividness import apply_vividness


@dataclass(frozen=True)
class Prediction:
    """A network's answer for one photo, at the network's size (h, w)."""

    ab: NDArray[np.float32]
    """(2, h, w) in Lab units, before saturation."""
    lightness: NDArray[np.float32]
    """(h, w), L in 0..100: what the network saw, and what guides the colour onto the photo."""
    palette_prediction: PalettePrediction | None = None
    """Of a network that chooses among colours."""
    distribution: Distribution | None = None
    """Of a network with bins."""
    network_hints: tuple[NetworkHint, ...] = ()
    """The hints that it was given."""
    embedding: NDArray[np.float32] | None = None
    """(E, h, w), where there are hints: what belongs together, see `hint_propagation`."""
    options: RenderOptions = field(default_factory=RenderOptions)
    """What `ab` was made with, and what it is put onto a photo with."""
    network_ab: NDArray[np.float32] | None = None
    """(2, h, w): the network's own colours, where they are not those of a distribution; None where `ab` is those."""
    temperature: float = 1.0
    """That of a distribution where nobody asks for another."""

    def rendered(self, options: RenderOptions) -> "Prediction":
        """Return the same answer with other options, without the network: the colours, then vividness, then the hints.

        Raises:
            ValueError: for a temperature where there is no distribution, and a rendering where there is no palette.
        """
        if self.palette_prediction is None and options.rendering != "chroma":
            raise ValueError(f"there is no rendering {options.rendering!r} of colours not chosen from a palette")
        ab = apply_vividness(self._own_ab(options.temperature), options.vividness)
        if self.embedding is not None and options.saturation:
            factor = options.saturation  # a hint's colour is met after saturation
            hints = [dataclasses.replace(hint, a=hint.a / factor, b=hint.b / factor) for hint in self.network_hints]
            ab = propagate_hints(ab, torch.from_numpy(self.embedding), hints, options.reach)
        own = None if self.distribution is not None else self._network_ab
        return dataclasses.replace(self, ab=ab.numpy(), options=options, network_ab=own)

    @property
    def _network_ab(self) -> NDArray[np.float32]:
        return self.ab if self.network_ab is None else self.network_ab

    def _own_ab(self, temperature: float | None) -> torch.Tensor:
        """Return what the network says, (2, h, w)."""
        if self.distribution is not None:
            return self.distribution.ab(self.temperature if temperature is None else temperature, self.lightness)
        if temperature is not None:
            raise ValueError("colours that come from no distribution have no temperature")
        return torch.from_numpy(self._network_ab)
