"""The sliders of the first page: how strong the colours are, how bold, and how far a point spreads."""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.inference.render_options import RenderOptions
from pages.common import glossary
from pages.features.hints.state import HintWork


@dataclass(frozen=True)
class Slider:
    """A slider, in whole steps from `lowest` to `highest`."""

    key: str
    title: str
    lowest: float
    highest: float
    middle: float
    step: float
    help: str
    format: str = "%.2f"


_SATURATION: Final = Slider("colorize-saturation", "Saturation", 0.0, 2.0, 1.0, 0.05, glossary.SATURATION)
_VIVIDNESS: Final = Slider("colorize-vividness", "Vividness", 0.0, 100.0, 50.0, 1.0, glossary.VIVIDNESS, "%d")
_REACH: Final = Slider("colorize-reach", "Reach of your points", 0.25, 4.0, 1.0, 0.25, glossary.REACH)
SLIDERS: Final = (_SATURATION, _VIVIDNESS, _REACH)
_MIDDLES: Final = tuple(slider.middle for slider in SLIDERS)


def values_of_sliders() -> tuple[float, ...]:
    """Return where the sliders stand; one that is not on the page stands in the middle."""
    return tuple(float(st.session_state.get(slider.key, slider.middle)) for slider in SLIDERS)


def _put(values: tuple[float, ...]) -> None:
    for slider, value in zip(SLIDERS, values, strict=True):
        st.session_state[slider.key] = value


def follow(work: HintWork) -> None:
    """Set the sliders to where an undo or redo has them; call it before they are shown."""
    if work.sliders and work.sliders != values_of_sliders():
        _put(work.sliders)


def _moved(work: HintWork) -> None:
    work.slide(values_of_sliders())


def _reset(work: HintWork) -> None:
    _put(_MIDDLES)
    _moved(work)


def _show(slider: Slider, work: HintWork) -> float:
    value: float = st.slider(
        slider.title,
        slider.lowest,
        slider.highest,
        slider.middle,
        slider.step,
        key=slider.key,
        format=slider.format,
        help=slider.help,
        bind="query-params",
        on_change=_moved,
        args=(work,),
    )
    return value


def _has_vividness(card: Card) -> bool:
    return card.takes_temperature or card.published is not None  # the students' networks show as they are


def options_at(card: Card, work: HintWork) -> RenderOptions:
    """Return the options of where the sliders of a photo stand, which need not be the one on the page.

    Those of a photo that was not on the page yet stand in the middle.
    """
    work.sliders = work.sliders or _MIDDLES
    saturation, vividness, reach = work.sliders
    return RenderOptions(
        saturation,
        vividness=(vividness if _has_vividness(card) else _VIVIDNESS.middle) / 100,
        reach=reach if card.takes_hints and work.hints else _REACH.middle,
    )


def choose_options(card: Card, work: HintWork) -> RenderOptions:
    """Choose how strong and how bold the colours are; no choice needs the network again."""
    saturation = _show(_SATURATION, work)
    vividness = _show(_VIVIDNESS, work) if _has_vividness(card) else _VIVIDNESS.middle
    reach = _show(_REACH, work) if card.takes_hints and work.hints else _REACH.middle
    work.sliders = work.sliders or values_of_sliders()
    is_moved = (saturation, vividness, reach) != _MIDDLES
    st.button(
        "Reset the sliders",
        key="colorize-reset",
        type="tertiary",
        icon=":material/restart_alt:",
        disabled=not is_moved,
        on_click=_reset,
        args=(work,),
    )
    return RenderOptions(saturation, vividness=vividness / 100, reach=reach)
