"""The mean of two checkpoints as a card of its own: it is compared, shown and saved as any card is."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.checkpoints.memory_budget import refusal
from colorizer.inference.mean_of_two import blend_card
from pages.common import glossary


@dataclass(frozen=True, kw_only=True)
class MeanCard(Card):
    """Two checkpoints, and the weight of the second, 0..1."""

    first: Card
    second: Card
    share: float


def mean_card(first: Card, second: Card, share: float) -> MeanCard:
    """Make the card of a mean of two."""
    blend = blend_card(first, second, share)
    own = {item.name: getattr(blend, item.name) for item in dataclasses.fields(Card)}
    own["id"] = f"{first.id}-and-{second.id}-{share * 100:.0f}"  # part of file names
    return MeanCard(**own, first=first, second=second, share=share)


def choose_mean(by_id: Mapping[str, Card]) -> MeanCard | None:
    """Offer a mean of any two checkpoints with a weight; None where it is not wanted, or exceeds the memory."""
    ids = list(by_id)
    if len(ids) < 2 or not st.toggle("Mean of two", key="mean", help=glossary.MEAN_OF_TWO, bind="query-params"):
        return None

    def title_of(name: str) -> str:
        return by_id[name].title

    first = st.selectbox("First", ids, format_func=title_of, key="mean-first", bind="query-params")
    second = st.selectbox("Second", ids, 1, format_func=title_of, key="mean-second", bind="query-params")
    share = st.slider("Weight of the second", 0.0, 1.0, 0.5, 0.05, key="mean-share", bind="query-params")
    card = mean_card(by_id[first], by_id[second], share)
    if (reason := refusal(card)) is not None:
        st.caption(reason)
        return None
    return card
