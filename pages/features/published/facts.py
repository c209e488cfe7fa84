"""What the card of a published network says, beside what all cards say."""

from collections.abc import Sequence

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.checkpoints.memory_budget import refusal
from pages.common import markdown


def facts_of(card: Card) -> dict[str, str]:
    """Return whose the network is, and what differs here; empty for a checkpoint that was trained here."""
    work = card.published
    if work is None:
        return {}
    return {
        "Whose it is": f"{work.authors}. Trained and published by them, not here.",
        "Paper": f"{work.paper}, {work.link}",
        "Code": work.code,
        "What differs here": work.differences,
        "Trained on": card.trained_on.name,
        "Memory": f"about {work.memory_mb:,} MB to colour a photo",
        "Not offered": refusal(card) or "",
    }


def show_published_figures(cards: Sequence[Card]) -> None:
    """Show what authors published, with their protocol: apart from the table of what was measured here."""
    rows = [
        {"checkpoint": card.title, "figure": row.what, "value": f"{row.value:g}", "source": row.source}
        for card in cards
        for row in card.published_figures
    ]
    if not rows:
        return
    st.subheader("Published figures", help="Measured by the authors on their own pictures; do not compare with ours.")
    st.markdown(markdown.table(rows))
    protocols = dict.fromkeys(f"{row.dataset}; {row.protocol}" for card in cards for row in card.published_figures)
    st.caption(". ".join(protocols) + ".")
