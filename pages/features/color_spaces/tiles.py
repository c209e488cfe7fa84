"""Tiles of the page on colour spaces: a picture, its name, one sentence, and figures where it has any."""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from html import escape
from typing import TypeVar

import streamlit as st
from PIL import Image

from colorizer.analysis.lab_planes import Bytes, LabMix, LabPhoto, Plane, draw_plane, merge_lab
from colorizer.evaluation.metrics import measure
from colorizer.images import encode_image
from pages.common import glossary
from pages.common.model_cache import preview_lock, shared_results
from pages.common.style import apply_ratio

Made = TypeVar("Made")
_MEASURES = ("PSNR", "CIEDE2000", "ab RMSE")
_NOTE = "A picture to explain colour spaces, made from a photo by computing."
_STYLE = """
<style>
.stMain [class*="st-key-tile-s-"] .remark { font-size: 0.875rem; opacity: 1; }
.st-key-spaces-few-swatches ul.swatches { grid-template-columns: repeat(16, minmax(0, 1fr)); }
@media (max-width: 640px) {
  .st-key-spaces-few-swatches ul.swatches { grid-template-columns: repeat(8, minmax(0, 1fr)); }
}
</style>
"""


@dataclass(frozen=True)
class View:
    """The photo that the page explains by."""

    name: str
    photo: LabPhoto

    def made(self, what: str, settings: tuple[Hashable, ...], compute: Callable[[LabPhoto], Made]) -> Made:
        """Return what is made of the photo alone, in turn; of a sample, once for all visitors.

        Args:
            what: the name of the step.
            settings: all else that the result depends on.
            compute: is not called where the result is there.
        """

        def in_turn() -> Made:
            with preview_lock():
                return compute(self.photo)

        return shared_results().make(what, (self.photo,), settings, in_turn)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the small copy, in pixels."""
        height, width = self.photo.srgb.shape[:2]
        return width, height


def plane_of(view: View, plane: Plane) -> Bytes:
    """Draw one plane alone."""
    return view.made("plane", (plane,), lambda photo: draw_plane(photo, plane))


def mixture_of(view: View, mix: LabMix) -> Bytes:
    """Put the photo together again."""
    return view.made("mixture", (mix,), lambda photo: merge_lab(photo, mix))


def apply_spaces_style(view: View) -> None:
    """Dress the tiles. What gives them their height before anything comes is in the style of all pages: it is there."""
    apply_ratio(view.size)
    st.html(_STYLE)


def figures_of(picture: Bytes, view: View) -> str:
    """Format how far a picture is from the photo, as HTML."""

    def compute() -> str:
        with preview_lock():
            return _figures(picture, view.photo.srgb)

    return shared_results().make("figures", (picture, view.photo), (), compute)


def _figures(picture: Bytes, original: Bytes) -> str:
    found = measure(picture, original, with_ssim=False)
    psnr = "equal" if math.isinf(found.psnr) else f"{found.psnr:.1f} dB"
    return _list(psnr, f"{found.ciede2000:.1f}", f"{found.ab_rmse:.1f}")


def _list(*values: str) -> str:
    pairs = zip(_MEASURES, values, strict=True)
    return f"<dl>{''.join(f'<dt>{term}</dt><dd>{value}</dd>' for term, value in pairs)}</dl>"


NO_FIGURES = _list("–", "–", "–")
"""Of what has no distance from the photo that says anything."""


@dataclass(frozen=True)
class Tile:
    """One picture with what is said of it."""

    name: str
    """Of its place on the page, for its key."""
    picture: Bytes
    alt: str
    title: str
    remark: str = ""
    aside: str = ""
    figures: str = ""


def show(tile: Tile) -> None:
    """Show the picture and its text. Colours are the subject: JPEG at full colour resolution."""
    head = f'<h3>{escape(tile.title)}<span class="time">{escape(tile.aside)}</span></h3>'
    remark = f'<p class="remark">{escape(tile.remark)}</p>' if tile.remark else ""
    encoded = shared_results().make("tile", (tile.picture,), (), lambda: _encode(tile.picture))
    with st.container(key=f"tile-s-{tile.name}"):
        st.image(encoded, width="stretch", alt=tile.alt)
        st.html(f'<div class="tile">{head}{remark}{tile.figures}</div>')


def _encode(picture: Bytes) -> bytes:
    return encode_image(Image.fromarray(picture), "JPEG", _NOTE)


def show_terms(terms: dict[str, str]) -> None:
    """Show terms of art in one line, each with its help mark."""
    with st.container(horizontal=True, gap="small"):
        for term, help in terms.items():
            st.caption(term, help=help, width="content")


def show_figure_terms(view: View, more: dict[str, str]) -> None:
    """Explain the scores and how they were measured; and further terms."""
    width, height = view.size
    show_terms({term: glossary.MEASURES[term] for term in _MEASURES} | more)
    st.caption(f"Measured against the photo as it is here, {width} × {height} px, in 8-bit sRGB.")
