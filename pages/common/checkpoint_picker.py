"""The choice of one checkpoint, on the pages that show one at a time; and a sentence on what it has learned from."""

from collections.abc import Sequence

import streamlit as st

from colorizer.checkpoints.card import Card
from pages.common import glossary
from pages.common.markdown import plain

PHOTO = "photo"
"""The id of the checkpoint that simply colours well."""
_OF_MANY_KINDS = ("objects", "photos")  # sets of pictures; every other one has one kind


def photo_first(cards: Sequence[Card]) -> list[Card]:
    """Move `photo` to the front, and keep the order of the others."""
    return sorted(cards, key=lambda card: card.id != PHOTO)


def choose_card(cards: Sequence[Card], key: str) -> Card:
    """Choose one checkpoint; the choice stands in the link.

    Args:
        cards: in the order in which they are offered; the first is chosen at first.
        key: of the widget.
    """
    by_id = {card.id: card for card in cards}
    chosen = st.selectbox(
        "Checkpoint",
        list(by_id),
        format_func=lambda name: by_id[name].title,
        key=key,
        help=glossary.CHECKPOINT,
        on_change=_keep_choice,
        args=(key,),
        bind="query-params",
    )
    return by_id[chosen]


def _key_of_choice(key: str) -> str:
    return f"{key}-is-chosen"


def _keep_choice(key: str) -> None:
    st.session_state[_key_of_choice(key)] = True


def choose_suitable_card(cards: Sequence[Card], key: str, preferred: str) -> Card:
    """Choose one checkpoint, as `choose_card` does; until the visitor or the link has chosen one, it is `preferred`.

    Args:
        cards: in the order in which they are offered, after the preferred one.
        key: of the widget.
        preferred: the id of the one that suits what is looked at now; where that is not there, it is the first.
    """
    ordered = sorted(cards, key=lambda card: card.id != preferred)
    if key not in st.session_state:  # the page is opened: no choice is left but that of the link
        st.session_state[_key_of_choice(key)] = st.query_params.get(key) in {card.title for card in cards}
    elif not st.session_state[_key_of_choice(key)]:
        st.session_state[key] = ordered[0].id
    return choose_card(ordered, key)


def learned_from(card: Card) -> str:
    """Say in one sentence, as Markdown, what a checkpoint has learned from: a specialist is wrong on all else."""
    pictures = card.trained_on
    if card.published is not None:  # its authors count in their own ways
        return f"It has learned from {plain(pictures.name)}."
    if pictures.name in _OF_MANY_KINDS:
        return f"It has learned from {pictures.images:,} pictures of many kinds."
    return f"It has learned from {pictures.images:,} pictures of one kind alone: {plain(pictures.name)}."
