"""The pair of palette checkpoints that is compared: those that differ in one thing, and any two."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from colorizer.checkpoints.card import Card
from pages.common import glossary
from pages.common.experiments import OWN_CHOICE


@dataclass(frozen=True)
class Pair:
    """The checkpoints that stand side by side: two, or one where there is no second."""

    cards: tuple[Card, ...]
    names: tuple[str, ...]
    """What to call each in a sentence."""


@dataclass(frozen=True)
class _Preset:
    title: str
    """Also its name in a link."""
    checkpoints: tuple[str, str]
    names: tuple[str, str]


_PRESETS = (
    _Preset("16 or 32 colours", ("horse-16-unet", "horse-32-unet"), ("the 16-colour network", "the 32-colour network")),
    _Preset("CNN or U-Net", ("horse-16-cnn", "horse-16-unet"), ("the CNN", "the U-Net")),
    _Preset("Horse or cat network", ("horse-16-unet", "cat-16-unet"), ("the horse network", "the cat network")),
)


def _titled(*cards: Card) -> Pair:
    return Pair(cards, tuple(f"“{card.title}”" for card in cards))


def choose_pair(cards: Sequence[Card]) -> Pair:
    """Choose the checkpoints to compare, of at least one with a palette. The choice stands in the link."""
    by_id = {card.id: card for card in cards}
    presets = {preset.title: preset for preset in _PRESETS if by_id.keys() >= set(preset.checkpoints)}
    titles = [*presets, OWN_CHOICE]
    chosen = st.pills(
        "Compare",
        titles,
        default=titles[0],
        required=True,
        key="pair",
        help=glossary.PAIR,
        bind="query-params",
    )
    if chosen in presets:
        preset = presets[chosen]
        return Pair(tuple(by_id[name] for name in preset.checkpoints), preset.names)
    return _choose_two(by_id)


def _choose_two(by_id: dict[str, Card]) -> Pair:
    def choose(label: str, key: str, options: list[str]) -> Card:
        chosen: str = st.selectbox(
            label, options, format_func=lambda name: by_id[name].title, key=key, bind="query-params"
        )
        return by_id[chosen]

    first = choose("First checkpoint", "first", list(by_id))
    others = [name for name in by_id if name != first.id]
    return _titled(first, choose("Second checkpoint", "second", others)) if others else _titled(first)
