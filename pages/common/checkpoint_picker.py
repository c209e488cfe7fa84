"""The choice of one checkpoint, on the pages that show one at a time."""

from collections.abc import Sequence

import streamlit as st

from colorizer.checkpoints.card import Card
from pages.common import glossary

_PHOTO = "photo"  # the one that simply colours well


def photo_first(cards: Sequence[Card]) -> list[Card]:
    """Move `photo` to the front, and keep the order of the others."""
    return sorted(cards, key=lambda card: card.id != _PHOTO)


def choose_card(cards: Sequence[Card], key: str, preferred: str = "") -> Card:
    """Choose one checkpoint; the choice stands in the link.

    Args:
        cards: in the order in which they are offered.
        key: of the widget.
        preferred: the id of the one that is chosen at first; without it, or where that is not there, it is the first.
    """
    by_id = {card.id: card for card in cards}
    ids = list(by_id)
    chosen = st.selectbox(
        "Checkpoint",
        ids,
        index=ids.index(preferred) if preferred in by_id else 0,
        format_func=lambda name: by_id[name].title,
        key=key,
        help=glossary.CHECKPOINT,
        bind="query-params",
    )
    return by_id[chosen]
