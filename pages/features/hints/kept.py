"""What was done to a photo, as a text that the visitor's browser keeps and gives back: checkpoint, points, sliders."""

import contextlib
import json
import math
from collections.abc import Sequence
from typing import Any

from colorizer.checkpoints.card import Card
from colorizer.errors import HintError
from colorizer.inference.hints import hints_from_json, hints_to_json
from pages.common.photo_library import LibraryPhoto
from pages.features.hints.sliders import SLIDERS, Slider, values_of_sliders
from pages.features.hints.state import HintWork, Sliders, hint_work


def edits_to_json(work: HintWork, card: Card) -> str:
    """Write down the points and sliders of a photo in work, and the checkpoint that they are for."""
    sliders = work.sliders or values_of_sliders()
    points = hints_to_json(work.hints, work.size)
    return json.dumps({"checkpoint": card.id, "sliders": sliders, "points": points})


def restore(photo: LibraryPhoto, text: str, cards: Sequence[Card]) -> Card | None:
    """Do to a photo what `edits_to_json` wrote, as far as it makes sense; nothing where it was worked on already.

    Args:
        photo: whose work it is.
        text: from the browser, which may send anything.
        cards: that are on offer.

    Returns:
        The checkpoint that it was done with; None where that is not on offer or nothing is to be done.
    """
    edits = _parsed(text)
    card = next((card for card in cards if card.id == edits.get("checkpoint")), None)
    if card is None:
        return None
    work = hint_work(photo, card)
    if work.hints or work.past:
        return None
    if (sliders := _sliders(edits.get("sliders"))) is not None:
        work.sliders = sliders
    points = edits.get("points")
    if card.takes_hints and isinstance(points, str):
        with contextlib.suppress(HintError, UnicodeEncodeError):
            work.hints = tuple(hints_from_json(points.encode(), work.size))
    return card


def _parsed(text: str) -> dict[str, Any]:
    try:
        edits = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return edits if isinstance(edits, dict) else {}


def _sliders(values: Any) -> Sliders | None:
    """Return where the sliders are to stand; None where the browser sends something else."""
    if not isinstance(values, list) or len(values) != len(SLIDERS):
        return None
    if not all(_is_on(slider, value) for slider, value in zip(SLIDERS, values, strict=True)):
        return None
    return tuple(map(float, values))


def _is_on(slider: Slider, value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not slider.lowest <= value <= slider.highest:
        return False
    steps = (value - slider.lowest) / slider.step
    return math.isclose(steps, round(steps), abs_tol=1e-6)
