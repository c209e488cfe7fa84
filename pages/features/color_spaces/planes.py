"""Colour spaces, taken apart and put together: the planes of a photo, and sliders that weaken or coarsen them."""

import dataclasses
from typing import Final

import streamlit as st

from colorizer.analysis.lab_planes import FLAT_LIGHTNESS, LabMix
from pages.common import glossary
from pages.common.error_boundary import error_boundary
from pages.features.color_spaces.tiles import (
    NO_FIGURES,
    Tile,
    View,
    figures_of,
    mixture_of,
    plane_of,
    show,
    show_figure_terms,
    show_terms,
)

_FLAT = f"{FLAT_LIGHTNESS:.0f}"
_STEPS = (1, 2, 4, 8, 16, 32)
_KEYS: Final = {
    "lightness": "spaces-l",
    "a": "spaces-a",
    "b": "spaces-b",
    "lightness_step": "spaces-l-size",
    "ab_step": "spaces-ab-size",
}
"""Of the widgets, by the parts of a mix."""
_WAS_SET = "spaces-was-set"  # in the session, from a click on a recipe to the run that follows it
RECIPES: Final = {
    "Everything": LabMix(),
    "Only L": LabMix(a=0.0, b=0.0),
    "Only a and b": LabMix(lightness=0.0),
    "Coarse colour": LabMix(ab_step=8),
    "Coarse lightness": LabMix(lightness_step=8),
    "Red and green swapped": LabMix(a=-1.0),
}
_LOOK_AT = {
    "Everything": "L, a and b together are the photo again; nothing is lost by taking it apart.",
    "Only L": "Without a and b every colour is gone, and every line is still there.",
    "Only a and b": f"With one flat L ({_FLAT}) all colours are there, and you can hardly tell what is in the photo.",
    "Coarse colour": "a and b have one pixel in 64 left, and it is hard to see: colour may be computed small.",
    "Coarse lightness": "L has one pixel in 64 left, and the photo is out of focus: the drawing is in L.",
    "Red and green swapped": "One sign turned round: the same things, in other colours.",
}
_FREE = "Your own mixture. The buttons above set the sliders to something worth seeing."


def show_parts(view: View) -> None:
    """Show the photo and its three planes."""
    photo, name = view.photo, view.name
    texts = {
        "L": ("black to white", "How light each pixel is: all that a black-and-white photo has."),
        "a": ("green to red", f"How red or green each pixel is, shown on one flat lightness (L {_FLAT})."),
        "b": ("blue to yellow", f"How yellow or blue each pixel is, shown on one flat lightness (L {_FLAT})."),
    }
    st.subheader("Taken apart")
    with st.container(key="tiles-parts"):
        remark = "Three numbers for every pixel: L, a and b."
        show(Tile("photo", photo.srgb, f"{name}, the photo", "The photo", remark))
        for plane, (aside, text) in texts.items():
            picture = plane_of(view, plane)  # type: ignore[arg-type]
            show(Tile(f"plane-{plane}", picture, f"{plane} of {name}, {aside}", plane, text, aside))
    show_terms(glossary.SPACES)


def _set(mix: LabMix) -> None:
    for part, value in dataclasses.asdict(mix).items():
        st.session_state[_KEYS[part]] = value
    st.session_state[_WAS_SET] = True


def _size(step: int) -> str:
    return "full size" if step == 1 else f"1/{step}"


def _strength(label: str, part: str, range_: tuple[float, float], help: str) -> float:
    start = None if st.session_state.get(_WAS_SET) else 1.0  # Streamlit complains of two values at once
    return st.slider(label, *range_, start, 0.05, key=_KEYS[part], help=help, bind="query-params")


def _step(label: str, part: str) -> int:
    return st.select_slider(
        label, _STEPS, key=_KEYS[part], format_func=_size, help=glossary.AB_SIZE, bind="query-params"
    )


def _ask() -> LabMix:
    """Show the sliders, and return what they say."""
    st.markdown("**How much of each**")
    lightness = _strength(
        "Strength of L", "lightness", (0.0, 1.0), f"{glossary.LIGHTNESS} At 0 it is {_FLAT} everywhere."
    )
    a = _strength("Strength of a: green, red", "a", (-1.0, 2.0), glossary.AB)
    b = _strength("Strength of b: blue, yellow", "b", (-1.0, 2.0), glossary.AB)
    st.session_state.pop(_WAS_SET, None)
    st.markdown("**How finely**")
    ab_step = _step("a and b computed at", "ab_step")
    return LabMix(lightness, a, b, _step("L computed at", "lightness_step"), ab_step)


def _title(mix: LabMix) -> str | None:
    return next((title for title, recipe in RECIPES.items() if recipe == mix), None)


def _offer_recipes(current: LabMix) -> None:
    """Offer buttons that set all sliders; the one whose values they have is marked."""
    for title, mix in RECIPES.items():
        key = f"spaces-try-{title}"
        st.button(title, on_click=_set, args=(mix,), key=key, type="primary" if mix == current else "secondary")


@st.fragment
def show_together(view: View) -> None:
    """Show the photo beside its mixture."""
    with error_boundary():
        st.subheader("Put together again")
        recipes = st.container(horizontal=True, gap="small")
        pictures, sliders = st.columns([3, 1], gap="large")
        with sliders:
            mix = _ask()
        with recipes:
            _offer_recipes(mix)
        with pictures:
            _show_mixture(view, mix)


def _show_mixture(view: View, mix: LabMix) -> None:
    picture = mixture_of(view, mix)
    title = _title(mix)
    with st.container(key="tiles-together"):
        show(Tile("whole", view.photo.srgb, f"{view.name}, as it came", "The photo", figures=NO_FIGURES))
        alt = f"{view.name}, put together again"
        show(Tile("mixture", picture, alt, title or "Your mixture", figures=figures_of(picture, view)))
    st.markdown(_LOOK_AT[title] if title else _FREE)
    show_figure_terms(view, {})
