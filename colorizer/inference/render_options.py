"""How colours are put onto a photo: every choice that needs no new answer of the network, checked in one place."""

from dataclasses import dataclass

from colorizer.checkpoints.card import Card
from colorizer.inference.palette_prediction import RENDERINGS, Rendering

MAX_SATURATION = 3.0
DEFAULT_VIVIDNESS = 0.5
MIN_REACH, MAX_REACH = 0.25, 4.0


@dataclass(frozen=True)
class RenderOptions:
    """The settings of one rendering.

    Raises:
        ValueError: for a value out of range; the message names it and the range.
    """

    saturation: float = 1.0
    """Factor on the chroma of everything, hints included, 0..3."""
    rendering: Rendering = "chroma"
    """How a choice among palette colours is shown; other networks have "chroma" alone."""
    temperature: float | None = None
    """Of a distribution over colours, above 0; None is the checkpoint's own. Below 1 the likeliest colours lead, which
    is usually paler and never more certain."""
    vividness: float = DEFAULT_VIVIDNESS
    """How colourful the network's own colours become, 0..1; 0.5 leaves them as they are, and hints never change."""
    reach: float = 1.0
    """How far a hint spreads, as a factor on its own reach, 0.25..4."""

    def of(self, card: Card) -> "RenderOptions":
        """Return the same options as far as a checkpoint can have them: several renderings need a palette, a
        temperature and vividness a distribution, reach hints."""
        return RenderOptions(
            self.saturation,
            self.rendering if card.has_palette else "chroma",
            self.temperature if card.takes_temperature else None,
            self.vividness if card.takes_temperature else DEFAULT_VIVIDNESS,
            self.reach if card.takes_hints else 1.0,
        )

    def __post_init__(self) -> None:
        if not 0 <= self.saturation <= MAX_SATURATION:
            raise ValueError(f"saturation is {self.saturation}; it must be between 0 and {MAX_SATURATION:g}")
        if self.rendering not in RENDERINGS:
            raise ValueError(f"rendering is {self.rendering!r}; it must be one of {', '.join(RENDERINGS)}")
        if self.temperature is not None and not 0 < self.temperature < float("inf"):
            raise ValueError(f"temperature is {self.temperature}; it must be above 0")
        if not 0 <= self.vividness <= 1:
            raise ValueError(f"vividness is {self.vividness}; it must be between 0 and 1")
        if not MIN_REACH <= self.reach <= MAX_REACH:
            raise ValueError(f"reach is {self.reach}; it must be between {MIN_REACH:g} and {MAX_REACH:g}")
