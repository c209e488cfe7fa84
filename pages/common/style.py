"""The look that Streamlit's theme has no setting for: tabular figures, the grid of tiles, controls kept in view."""

import io
from functools import cache
from pathlib import Path

import streamlit as st
from PIL import Image, ImageDraw

from pages.common.data_url import data_url

STYLE = f"<style>\n{Path(__file__).with_suffix('.css').read_text(encoding='utf-8')}</style>"


def apply_style() -> None:
    """Put the style on the page; once in each run of the app. Where our server sends it, too, this changes nothing."""
    st.html(STYLE)


def apply_ratio(size: tuple[int, int]) -> None:
    """Tell the style the (width, height) of the photo in view: pictures of it have their height before they come."""
    width, height = size
    st.html(f"<style>.stMain {{ --ratio: {width / height:.4f} }}</style>")


@cache
def _favicon() -> bytes:
    """Draw a disc, half grey and half coloured, as Streamlit fetches its own icons for the tab from elsewhere."""
    icon = Image.new("RGBA", (128, 128))
    draw = ImageDraw.Draw(icon)
    draw.pieslice((4, 4, 124, 124), 90, 270, "#808080")
    for start, color in ((270, "#d55e00"), (330, "#009e73"), (30, "#0072b2")):
        draw.pieslice((4, 4, 124, 124), start, start + 60, color)
    stream = io.BytesIO()
    icon.save(stream, "PNG")
    return stream.getvalue()


FAVICON = _favicon()
FAVICON_URL = data_url(FAVICON, "png")
"""For pages: of bytes Streamlit makes a file of each session, which may be gone when a slow browser asks for it."""
