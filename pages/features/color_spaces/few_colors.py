"""Colour spaces, few colours: what bins, a palette or the photo's own best colours keep of it."""

from html import escape
from typing import Final

import numpy as np
import streamlit as st

from colorizer.analysis.color_quantization import QuantizedPhoto, own_colors, palette_colors, to_bins, to_palette
from colorizer.analysis.lab_planes import FLAT_LIGHTNESS, LabPhoto
from pages.common import glossary
from pages.common.error_boundary import error_boundary
from pages.features.color_spaces.tiles import NO_FIGURES, Tile, View, figures_of, show, show_figure_terms

_BINS, _OWN = "bins", "own"
_TITLES: Final = {_BINS: "261 bins", "horse-16": "16 paints", "horse-32": "32 paints", _OWN: "This photo's own"}
_MAX_SWATCHES = 32


@st.fragment
def show_few(view: View) -> None:
    """Show the photo, the same in few colours, and the colours."""
    with error_boundary():
        st.subheader("What few colours keep")
        left, right = st.columns([3, 2], gap="large")
        with left:
            kind: str = st.segmented_control(
                "Colours to choose from",
                list(_TITLES),
                format_func=_TITLES.__getitem__,
                default=_BINS,
                required=True,
                key="spaces-few",
                help=glossary.FEW_COLORS,
                bind="query-params",
            )
        with right:
            count = st.slider(
                "Number of this photo's own colours (K)",
                2,
                64,
                8,
                key="spaces-k",
                help=glossary.KMEANS,
                disabled=kind != _OWN,
                bind="query-params",
            )
        few = _quantised(view, kind, count)
        _show_pictures(view, kind, few)
        _show_swatches(few)
        show_figure_terms(view, {"bins": glossary.BINS, "k-means": glossary.KMEANS})


def _quantised(view: View, kind: str, count: int) -> QuantizedPhoto:
    return view.made("few colours", (kind, count if kind == _OWN else 0), lambda photo: _quantise(photo, kind, count))


def _quantise(photo: LabPhoto, kind: str, count: int) -> QuantizedPhoto:
    if kind == _BINS:
        return to_bins(photo)
    return to_palette(photo, own_colors(photo, count) if kind == _OWN else palette_colors(kind))


def _show_pictures(view: View, kind: str, few: QuantizedPhoto) -> None:
    alone = (
        f"A bin has a and b but no lightness: the bins alone, at L {FLAT_LIGHTNESS:.0f}."
        if kind == _BINS
        else "Every pixel in the nearest of these colours, lightness and all."
    )
    own = "The a and b of these colours on the photo's own L: what a network can reach that chooses among them."
    with st.container(key="tiles-few"):
        remark = "What there is to keep."
        show(Tile("few-photo", view.photo.srgb, f"{view.name} in all its colours", "The photo", remark, "", NO_FIGURES))
        title, figures = "Their a and b on the photo's L", figures_of(few.on_lightness, view)
        show(Tile("few-ab", few.on_lightness, f"{view.name}, {_TITLES[kind]}: {title}", title, own, "", figures))
        title, figures = "The colours alone", NO_FIGURES if kind == _BINS else figures_of(few.alone, view)
        show(Tile("few-alone", few.alone, f"{view.name}, {_TITLES[kind]}: {title}", title, alone, "", figures))


def _percent(share: float) -> str:
    return f"{share:.0%}" if share == 0 or share >= 0.005 else "<1%"


def _show_swatches(few: QuantizedPhoto) -> None:
    """Show the colours that cover most of the photo, each with its share."""
    order = np.argsort(-few.shares, kind="stable")
    entries = []
    for number in order[:_MAX_SWATCHES]:
        color, share = f"#{few.colors[number].tobytes().hex()}", _percent(few.shares[number])
        entries.append(f'<li title="{color}: {share} of the photo"><i style="background:{color}"></i>{share}</li>')
    used, rest = int((few.shares > 0).sum()), float(few.shares[order[_MAX_SWATCHES:]].sum())
    text = f"{used} of {len(few.colors)} colours occur in this photo"
    if used > _MAX_SWATCHES:
        text += f"; the {_MAX_SWATCHES} most frequent are shown, the others have {_percent(rest)} together"
    colors = f'<ul class="swatches" aria-label="Colours and their shares">{"".join(entries)}</ul>'
    with st.container(key="spaces-few-swatches"):
        st.html(f'<p class="paints">{escape(text)}.</p>{colors}')
