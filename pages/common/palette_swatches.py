"""A palette on the page: its colours, the share that each one has, and the three ways to show a choice among them."""

from typing import Final

import streamlit as st

from colorizer.color.lab import LUMA
from colorizer.inference.palette_prediction import PalettePrediction, Rendering, color_bytes
from pages.common import glossary

_TITLES: Final[dict[Rendering, str]] = {
    "chroma": "Their chroma",
    "expected": "Expected",
    "palette": "Palette",
}


def choose_rendering() -> Rendering:
    """Choose how checkpoints with a palette are rendered."""
    chosen: Rendering = st.segmented_control(
        "Colours from a palette are shown as",
        list(_TITLES),
        format_func=_TITLES.__getitem__,
        default="chroma",
        required=True,
        key="rendering",
        help=glossary.RENDERING,
        bind="query-params",
    )
    return chosen


def _percent(share: float) -> str:
    return f"{share:.0%}" if share == 0 or share >= 0.005 else "<1%"


def swatches(choice: PalettePrediction) -> str:
    """Format the colours as HTML, dark to bright, each with its share of the network's pixels."""
    shares = choice.shares
    entries = []
    for number in (choice.colors @ LUMA).argsort():
        color = "#" + color_bytes(choice.colors)[number].tobytes().hex()
        name = f"{color}: {_percent(shares[number])} of the picture"
        entries.append(f'<li title="{name}"><i style="background:{color}"></i>{_percent(shares[number])}</li>')
    return f'<ul class="swatches" aria-label="Palette: share of each colour">{"".join(entries)}</ul>'
