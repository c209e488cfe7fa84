"""Colouring a visitor's pictures for the strips: one picture and one checkpoint after the other, failures apart."""

import itertools
from collections.abc import Callable, Sequence

import streamlit as st
from PIL import Image

from colorizer.checkpoints.card import Card
from pages.common.comparison_jobs import say
from pages.common.error_boundary import sentence
from pages.common.model_cache import colour, open_photo, read_column, version, yardstick
from pages.common.photo_library import Shot
from pages.common.slot import Place
from pages.features.palette.strip_table import Shelf


def shelf() -> Shelf:
    """The visitor's shelf; it outlives page changes."""
    if "strips" not in st.session_state:
        st.session_state["strips"] = Shelf()
    kept: Shelf = st.session_state["strips"]
    return kept


def work_off(
    kept: Shelf, shots: Sequence[Shot], cards: Sequence[Card], status: Place, show: Callable[[Card], None]
) -> None:
    """Compute what is missing, each photo decoded once, and show the strip of a card after each of its pictures."""
    missing = {shot.key: [card for card in cards if not kept.is_done(shot, card)] for shot in shots}
    total, numbers = sum(map(len, missing.values())), itertools.count(1)
    for shot in shots:
        image = _open(shot, missing[shot.key])
        if image is None:
            continue
        for card in missing[shot.key]:
            say(status, f"Colouring {shot.name}: {card.title} ({next(numbers)} of {total}) ...")
            _try(kept, shot, card, image)
            show(card)


def _open(shot: Shot, cards: Sequence[Card]) -> Image.Image | None:
    """The photo at its full size, and its own figures, where there is something to compute for it."""
    if not cards:
        return None
    try:
        image = open_photo(shot.content, shot.name).image
        if not shot.is_grey and shot.yardstick is None:
            shot.yardstick = yardstick(image)
        return image
    except Exception as error:  # one photo's failure, of whatever kind, must not touch the others
        shot.failures |= {(card.id, version(card)): sentence(error, shot.name) for card in cards}
        return None


def _try(kept: Shelf, shot: Shot, card: Card, image: Image.Image) -> None:
    try:
        kept.put(shot, card, read_column(card, image, has_truth=not shot.is_grey))
        if shot.answer(card) is None:
            shot.answers[card.id, version(card)] = colour(card, image, has_truth=not shot.is_grey)
    except Exception as error:  # one checkpoint's failure, of whatever kind, must not touch the others
        shot.failures[card.id, version(card)] = sentence(error, card.title)
