"""The mean of two checkpoints: where they err in different directions, it is nearer to the truth than either.

HAVC (the colorization filters for VapourSynth) does the same with DDColor and DeOldify.
"""

import dataclasses
import math
from dataclasses import dataclass

from colorizer.checkpoints.card import Card
from colorizer.errors import CheckpointError


@dataclass(frozen=True)
class Blend:
    """Two checkpoints, and the weight of the second, 0..1."""

    first: str
    second: str
    share: float = 0.5

    @property
    def id(self) -> str:
        """As `parse_blend` reads it."""
        weight = "" if self.share == 0.5 else f":{self.share:g}"
        return f"{self.first}+{self.second}{weight}"


def parse_blend(text: str) -> Blend:
    """Read "photo+objects-12conv" or, with the weight of the second, "photo+objects-12conv:0.3".

    Raises:
        CheckpointError: for anything else.
    """
    names, _, weight = text.partition(":")
    ids = names.split("+")
    try:
        share = float(weight) if weight else 0.5
    except ValueError:
        share = math.nan
    if len(ids) != 2 or not all(ids) or not 0 <= share <= 1:
        raise CheckpointError(
            f"{text!r} is no mean of two checkpoints; write it as photo+objects-12conv, or with the weight of the "
            "second, from 0 to 1, as photo+objects-12conv:0.3."
        )
    return Blend(ids[0], ids[1], share)


def blend_card(first: Card, second: Card, share: float) -> Card:
    """Make the card of a mean of two: a network with the head "ab", without figures of its own."""
    blend = Blend(first.id, second.id, share)
    needs = [card.published.memory_mb for card in (first, second) if card.published]
    published = first.published or second.published
    return dataclasses.replace(
        first,
        id=blend.id,
        title=f"{first.title} + {second.title}",
        summary=f"The mean of the colours of {first.title} ({1 - share:.0%}) and {second.title} ({share:.0%}).",
        architecture="mean of two",
        head="ab",
        parameters=first.parameters + second.parameters,
        input_size=max(first.input_size, second.input_size),
        sha256={name: f"{digest} {second.sha256.get(name, '')} {share:g}" for name, digest in first.sha256.items()},
        options={},
        metrics=(),
        measurements=(),
        takes_hints=False,
        published=dataclasses.replace(published, memory_mb=sum(needs)) if published else None,
        published_figures=(),
    )
