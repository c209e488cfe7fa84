"""The coloured photo as a canvas for hints: click or tap, choose a colour, drag, remove; and a handle to the grey one.

The browser shows and tells; what is true is kept on the server (`hint_work`). Everything works by mouse, finger and
keyboard: the picture takes the arrow keys and Enter, and each hint is a button.
Its style and script lie beside this file.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from colorizer.analysis.color_suggestions import SuggestedColor
from colorizer.inference.hints import Hint
from pages.features.hints.named_colors import Choice, name_of, presets_at

_HTML = """
<section>
  <div class="desk">
    <div class="stage" tabindex="0" role="application">
      <div class="layer">
        <img class="after" draggable="false"><img class="before" draggable="false" alt="">
        <div class="line"></div><div class="cursor"></div><div class="marks"></div>
        <div class="handle" role="slider" tabindex="0" aria-valuemin="0" aria-valuemax="100"><i></i></div>
      </div>
      <span class="side left"></span><span class="side right"></span>
    </div>
    <aside class="beside">
      <p class="idle"></p>
      <div class="panel" role="dialog" aria-label="Colours for this point">
        <div class="head"><strong></strong>
          <button class="close" type="button" aria-label="Close">&#10005;</button></div>
        <p class="why"></p>
        <div class="likely swatches"></div>
        <div class="presets"></div>
        <p class="any"></p>
        <canvas class="plane" tabindex="0" role="application" width="200" height="200"></canvas>
        <button class="drop" type="button">Take a colour from the photo</button>
        <button class="remove" type="button">Remove this point</button>
        <p class="refused"></p>
      </div>
    </aside>
  </div>
  <div class="tools">
    <button class="undo" type="button">&#8630;&#xFE0E; Undo</button>
    <button class="redo" type="button">&#8631;&#xFE0E; Redo</button>
    <button class="clear" type="button">Clear points</button>
    <span class="zoom">
      <button class="closer" type="button" aria-label="Zoom in">+</button>
      <button class="farther" type="button" aria-label="Zoom out">&#8722;</button>
    </span>
    <button class="full" type="button">Full screen</button>
    <span class="note" role="status"></span>
  </div>
</section>
"""

_KEY = "hint-canvas"
_HERE = Path(__file__)
_component = st.components.v2.component(
    "hint_canvas",
    html=_HTML,
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Point:
    """A point that colours are offered for."""

    x: float
    y: float
    """0..1."""
    lightness: float
    """L there, 0..100."""
    likely: Sequence[SuggestedColor]
    plane: NDArray[np.uint8]
    """(side, side, 4): all colours of its lightness."""
    own: tuple[float, float] | None
    """Where in the plane its present colour lies, 0..1."""


@dataclass(frozen=True)
class Canvas:
    """What is shown."""

    id: str
    """With another one the handle goes back to the middle, and the colours come in."""
    alt: str
    after: bytes
    before: bytes
    """Encoded previews of one size."""
    titles: tuple[str, str]
    """Of before and after."""
    size: tuple[int, int]
    """Width and height, for the aspect ratio."""
    takes_hints: bool
    hints: Sequence[Hint]
    places: Sequence[tuple[float, float]]
    """Of the hints, 0..1."""
    selected: int | None
    point: Point | None
    answered: int
    """Up to which message of the browser all are done."""
    can_undo: bool
    can_redo: bool
    note: str
    hint: str
    """What stands beside the photo while no colour is chosen."""


def _url(content: bytes) -> str:
    kind = "jpeg" if content.startswith(b"\xff\xd8") else "webp"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _plane_url(plane: NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(plane, "RGBA").save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def hex_of(rgb: tuple[int, int, int]) -> str:
    """Format a colour as hex: (255, 0, 0) -> "#ff0000"."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _percent(chance: float) -> str:
    return f"{chance:.0%}" if chance >= 0.01 else "< 1%"


def _point_data(point: Point) -> dict[str, Any]:
    likely = [
        {"rgb": hex_of(item.rgb), "name": name_of(item.rgb), "chance": _percent(item.chance)} for item in point.likely
    ]
    choice = presets_at(point.lightness)
    groups = [
        {"title": title, "colors": [{"rgb": hex_of(item.rgb), "name": item.name} for item in colors]}
        for title, colors in choice.groups.items()
    ]
    return {
        "x": point.x,
        "y": point.y,
        "likely": likely,
        "groups": groups,
        "refused": _refusals(choice),
        "plane": _plane_url(point.plane),
        "own": point.own,
    }


def _refusals(choice: Choice) -> str:
    """Say which colours cannot be had at this lightness, and why."""
    parts = []
    if choice.too_light_here:
        parts.append(f"This place is too light for {', '.join(choice.too_light_here)}.")
    if choice.too_dark_here:
        parts.append(f"This place is too dark for {', '.join(choice.too_dark_here)}.")
    return " ".join([*parts, "A photo keeps its light and dark; only the colour changes."] if parts else parts)


def show_canvas(canvas: Canvas, on_act: Callable[[Any], None]) -> None:
    """Show the canvas; `on_act` is called with the browser's messages before the page runs anew."""

    def told() -> None:
        message = st.session_state[_KEY].get("act")
        if message is not None:
            on_act(message)

    hints = [
        {"x": x, "y": y, "rgb": hex_of(hint.rgb)} for hint, (x, y) in zip(canvas.hints, canvas.places, strict=True)
    ]
    left, right = canvas.titles
    data = {
        "id": canvas.id,
        "alt": canvas.alt,
        "after": _url(canvas.after),
        "before": _url(canvas.before),
        "left": left,
        "right": right,
        "width": canvas.size[0],
        "height": canvas.size[1],
        "takes_hints": canvas.takes_hints,
        "hints": hints,
        "selected": canvas.selected,
        "point": _point_data(canvas.point) if canvas.point else None,
        "answered": canvas.answered,
        "can_undo": canvas.can_undo,
        "can_redo": canvas.can_redo,
        "note": canvas.note,
        "hint": canvas.hint,
    }
    # A tuple, since Streamlit searches a dictionary for tables, and imports pandas to know them: half a second.
    _component(key=_KEY, data=(data,), on_act_change=told)
