"""Colour spaces, the plane of a and b: where a photo's colours lie, and why L is given and ab is guessed."""

import streamlit as st

from colorizer.analysis.lab_planes import (
    NEIGHBOURHOOD,
    Ambiguity,
    Bytes,
    LabMix,
    ambiguity,
    draw_ambiguity,
    point_out,
)
from pages.common import glossary
from pages.common.chart_theme import show_chart
from pages.common.error_boundary import error_boundary
from pages.features.color_spaces.ab_chart import draw_plane_chart
from pages.features.color_spaces.tiles import Tile, View, mixture_of, plane_of, show, show_terms

_CHART_HEIGHT = 470
_COLORS = 48  # shown of one lightness
_AB_STEP = 8
_TERMS = {"gamut of sRGB": glossary.GAMUT, "a and b": glossary.AB, "bins": glossary.BINS, "spread": glossary.AMBIGUITY}


def _ask() -> tuple[float, bool]:
    """Ask for the lightness, and whether to show the bins."""
    left, right = st.columns([2, 1], gap="large", vertical_alignment="center")
    with left:
        at = st.slider("Lightness L", 5, 95, 50, 1, key="spaces-at", help=glossary.LIGHTNESS, bind="query-params")
    with right:
        has_bins = st.toggle("Show the 261 bins", key="spaces-bins", help=glossary.BINS, bind="query-params")
    return float(at), has_bins


@st.fragment
def show_plane(view: View) -> None:
    """Show the plane beside the photo, both at a chosen lightness; and what follows from them."""
    with error_boundary():
        st.subheader("In the plane of a and b")
        lightness, has_bins = _ask()
        found = view.made("ambiguity", (lightness,), lambda photo: ambiguity(photo, lightness, _COLORS))
        left, right = st.columns(2, gap="medium")
        with left:
            chart = draw_plane_chart(view.photo, lightness, has_bins, st.context.theme.type == "dark")
            show_chart(chart, "spaces-chart", _CHART_HEIGHT)
        with right:
            _show_pointed_out(view, lightness, found)
        show_terms(_TERMS)
        _show_why(view, lightness, found)


def _show_pointed_out(view: View, lightness: float, found: Ambiguity | None) -> None:
    low, high = lightness - NEIGHBOURHOOD, lightness + NEIGHBOURHOOD
    share = "0%" if found is None else f"{found.share:.0%}"
    remark = "The dots with a rim in the plane; its coloured area is all that a screen can show at this lightness."
    title, aside = f"Pixels with L from {low:.0f} to {high:.0f}", f"{share} of the photo"
    picture = _pointed_out(view, lightness)
    show(Tile("pointed-out", picture, f"{view.name}, pixels of L {lightness:.0f} in colour", title, remark, aside))


def _pointed_out(view: View, lightness: float) -> Bytes:
    return view.made("pointed out", (lightness,), lambda photo: point_out(photo, lightness))


def _guess(view: View, lightness: float, found: Ambiguity | None) -> Tile:
    """Show the third reason: one lightness, many colours."""
    alt = f"The colours that L {lightness:.0f} has in {view.name}"
    if found is None:
        remark = f"No pixel of this photo has L {lightness:.0f}: move the slider above."
        return Tile("guess", _pointed_out(view, lightness), alt, "One L, many colours", remark)
    remark = (
        f"Above, a grey of L {lightness:.0f}; in the middle, the colours that such pixels really have here; below, "
        "their mean: the guess of a network that plays safe."
    )
    picture = view.made("colours of one L", (lightness,), lambda _: draw_ambiguity(found, view.size))
    return Tile("guess", picture, alt, "One L, many colours", remark, f"spread {found.spread:.0f} Lab units")


def _show_why(view: View, lightness: float, found: Ambiguity | None) -> None:
    name = view.name
    given = "A black-and-white photo is L, and L holds every line: so it is the input, and is kept as it is."
    small = (
        f"a and b only tint it. Here they have 1/{_AB_STEP} of the photo's size, and you hardly see it: so they are "
        "all that a network puts out, and it may compute them small."
    )
    st.subheader("Why L is the input, and ab the output")
    with st.container(key="tiles-why"):
        show(Tile("given", plane_of(view, "L"), f"L of {name}: the input", "L is given", given))
        coarse = mixture_of(view, LabMix(ab_step=_AB_STEP))
        show(Tile("small", coarse, f"{name} with coarse a and b", "ab is small", small))
        show(_guess(view, lightness, found))
