"""The hints of one photo in work: what the visitor did, step by step, and the colours that came of it.

The browser sends what was done; here it is checked and kept. Whatever else a browser may send changes nothing.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from colorizer.checkpoints.card import Card
from colorizer.inference.hints import MAX_HINTS, Hint
from colorizer.inference.prediction import Prediction
from pages.common.model_cache import weights_hash
from pages.common.photo_library import LibraryPhoto

_MAX_STEPS = 100  # that can be taken back
Sliders = tuple[float, ...]
_MAX_NUMBER = 1 << 53  # of a message: what a browser can count to


@dataclass(frozen=True)
class Step:
    """What undo goes back to."""

    hints: tuple[Hint, ...]
    sliders: Sliders


@dataclass
class HintWork:
    """Hints in pixels of a photo of `size` (width, height)."""

    size: tuple[int, int]
    base: Prediction | None = None
    """The model's answer without hints."""
    prediction: Prediction | None = None
    """Its answer with those of `colored`."""
    colored: tuple[Hint, ...] = ()
    is_propagated: bool = False
    """Whether those were carried over to their surroundings, where a network leaves that open."""
    hints: tuple[Hint, ...] = ()
    sliders: Sliders = ()
    """Where the sliders of the page stand; empty before the page has shown them."""
    past: list["Step"] = field(default_factory=list)
    future: list["Step"] = field(default_factory=list)
    point: tuple[float, float] | None = None
    """Where colours are asked for: along the width and the height, 0..1."""
    selected: int | None = None
    """Which hint that is, if it is one."""
    answered: int = 0
    """The last message of the browser that was done, by its number."""
    picture: tuple[object, bytes] | None = None
    """The last encoded result, with what it was made for."""

    def begin(self, base: Prediction) -> None:
        """Take in the model's answer without hints.

        Streamlit may start the page anew before its last run has ended: the other run finds all of this or nothing.
        """
        self.prediction, self.colored = base, ()
        self.base = base

    def let_go(self) -> None:
        """Free what can be computed again; the hints stay."""
        self.base = self.prediction = self.picture = None
        self.colored = ()

    def place(self, hint: Hint) -> tuple[float, float]:
        """Return where a hint lies, along the width and the height, 0..1."""
        return (hint.x + 0.5) / self.size[0], (hint.y + 0.5) / self.size[1]

    def change(self, hints: tuple[Hint, ...]) -> None:
        """Replace the hints; undo brings back those before."""
        if hints != self.hints:
            self._remember()
            self.hints = hints

    def slide(self, sliders: Sliders) -> None:
        """Move the sliders; undo puts them back."""
        if sliders != self.sliders:
            if self.sliders:
                self._remember()
            self.sliders = sliders

    def _remember(self) -> None:
        self.past = [*self.past, Step(self.hints, self.sliders)][-_MAX_STEPS:]
        self.future.clear()

    def undo(self) -> None:
        self._step(self.past, self.future)

    def redo(self) -> None:
        self._step(self.future, self.past)

    def _step(self, source: list["Step"], target: list["Step"]) -> None:
        if source:
            target.append(Step(self.hints, self.sliders))
            step = source.pop()
            self.hints, self.sliders = step.hints, step.sliders
            self.close()

    def close(self) -> None:
        """Close the colour panel."""
        self.point = self.selected = None

    def clear(self) -> None:
        self.change(())
        self.close()

    def ask(self, x: float, y: float) -> None:
        """Open the colour panel at a new point."""
        self.point, self.selected = (x, y), None

    def select(self, index: int) -> None:
        """Open the colour panel at a hint."""
        if 0 <= index < len(self.hints):
            self.point, self.selected = self.place(self.hints[index]), index

    def pin(self, rgb: tuple[int, int, int]) -> None:
        """Give the selected point a colour, and close the panel."""
        if self.point is None:
            return
        hint = self._hint(*self.point, rgb)
        if self.selected is not None:
            old = self.hints[self.selected]
            self._replace(self.selected, Hint(old.x, old.y, rgb))
        elif len(self.hints) < MAX_HINTS:
            self.change((*self.hints, hint))
        self.close()

    def move(self, index: int, x: float, y: float) -> None:
        """Move a hint."""
        if 0 <= index < len(self.hints):
            self._replace(index, self._hint(x, y, self.hints[index].rgb))
            self.close()

    def remove(self, index: int) -> None:
        if 0 <= index < len(self.hints):
            self.change(self.hints[:index] + self.hints[index + 1 :])
            self.close()

    def _replace(self, index: int, hint: Hint) -> None:
        self.change((*self.hints[:index], hint, *self.hints[index + 1 :]))

    def _hint(self, x: float, y: float, rgb: tuple[int, int, int]) -> Hint:
        width, height = self.size
        return Hint(min(width - 1, int(x * width)), min(height - 1, int(y * height)), rgb)


def receive(work: HintWork, canvas: str, messages: Any) -> None:
    """Handle the messages from a canvas, each once: the browser repeats those that were not answered yet."""
    for message in messages if isinstance(messages, list | tuple) else ():
        number = message.get("id") if isinstance(message, dict) and message.get("of") == canvas else None
        if isinstance(number, int) and not isinstance(number, bool) and work.answered < number < _MAX_NUMBER:
            work.answered = number
            act(work, message)


def act(work: HintWork, message: Any) -> None:
    """Do what a message of the browser says; ignore what makes no sense."""
    if not isinstance(message, dict):
        return
    place = _place(message)
    index = message.get("index")
    number = index if isinstance(index, int) and not isinstance(index, bool) else -1
    rgb = _rgb(message.get("rgb"))
    match message.get("act"):
        case "ask" if place:
            work.ask(*place)
        case "pin" if rgb:
            work.pin(rgb)
        case "move" if place:
            work.move(number, *place)
        case "select":
            work.select(number)
        case "remove":
            work.remove(number)
        case "undo":
            work.undo()
        case "redo":
            work.redo()
        case "clear":
            work.clear()
        case "close":
            work.close()


def _place(message: dict[Any, Any]) -> tuple[float, float] | None:
    x, y = message.get("x"), message.get("y")
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in (x, y)):
        return None
    assert isinstance(x, int | float) and isinstance(y, int | float)
    return (float(x), float(y)) if math.isfinite(x) and math.isfinite(y) and 0 <= x <= 1 and 0 <= y <= 1 else None


def _rgb(text: Any) -> tuple[int, int, int] | None:
    if not isinstance(text, str) or len(text) != 7 or not text.startswith("#"):
        return None
    try:
        red, green, blue = bytes.fromhex(text[1:])
    except ValueError:
        return None
    return red, green, blue


def hint_work(photo: LibraryPhoto, card: Card) -> HintWork:
    """Return the visitor's hints on a photo for a checkpoint; its sliders begin where another left them."""
    others = [work.sliders for work in photo.all_kept(HintWork) if work.sliders]
    return photo.kept(
        (HintWork, card.id, weights_hash(card)), lambda: HintWork(photo.size, sliders=others[-1] if others else ())
    )
