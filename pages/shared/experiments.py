"""Experiments: checkpoints that differ in one thing, and the free choice beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from colorizer.cards import Card
from pages.shared import glossary

OWN_CHOICE = "Your choice"


@dataclass(frozen=True)
class Experiment:
    title: str
    """Also its name in a link."""
    note: str
    checkpoints: tuple[str, ...]


_EXPERIMENTS = (
    Experiment(
        "Data and loss",
        "Two training sets by two losses; everything else is equal.",
        ("scenes-12-mse", "scenes-12-huber", "scenes-500-mse", "scenes-500-huber"),
    ),
    Experiment(
        "12 or 500 images",
        "The same loss (Huber), order, seed and number of steps; only the number of training pictures differs.",
        ("scenes-12-huber", "scenes-500-huber"),
    ),
    Experiment(
        "MSE or Huber",
        "The same 500 training pictures, order, seed and number of steps; only the loss differs.",
        ("scenes-500-mse", "scenes-500-huber"),
    ),
    Experiment(
        "16 or 32 colours",
        "The same U-Net, horses, seed and number of steps; only the number of colours to choose from differs. More "
        "colours are finer shades, and harder to choose right.",
        ("horse-16-unet", "horse-32-unet"),
    ),
    Experiment(
        "CNN or U-Net",
        "The same 16 colours, horses, seed and number of steps; only the U-Net's skips, which bring the contours of "
        "the photo past the narrow middle of the network, differ.",
        ("horse-16-cnn", "horse-16-unet"),
    ),
    Experiment(
        "Trained on horses or cats",
        "The same U-Net, 16 colours, seed and number of steps; one has seen horses only, the other cats only.",
        ("horse-16-unet", "cat-16-unet"),
    ),
)
FIRST_EXPERIMENT = _EXPERIMENTS[0]
"""What a newcomer sees."""


def available(cards: Sequence[Card]) -> list[Experiment]:
    """The experiments whose checkpoints are all there."""
    ids = {card.id for card in cards}
    return [experiment for experiment in _EXPERIMENTS if ids.issuperset(experiment.checkpoints)]


def choose_checkpoints(cards: Sequence[Card]) -> list[Card]:
    """The checkpoints to compare: those of an experiment, or any. The choice stands in the link."""
    by_id = {card.id: card for card in cards}
    experiments = {experiment.title: experiment for experiment in available(cards)}
    titles = [*experiments, OWN_CHOICE]
    chosen = st.pills(
        "Compare",
        titles,
        default=titles[0],
        required=True,
        key="experiment",
        help=glossary.EXPERIMENT,
        bind="query-params",
    )
    if chosen in experiments:
        st.caption(experiments[chosen].note)
        return [by_id[name] for name in experiments[chosen].checkpoints]
    ids = st.pills(
        "Checkpoints",
        list(by_id),
        format_func=lambda name: by_id[name].title,
        selection_mode="multi",
        default=[name for name in FIRST_EXPERIMENT.checkpoints if name in by_id] or list(by_id)[:4],
        key="checkpoints",
        help=glossary.CHECKPOINT,
        bind="query-params",
    )
    return [card for card in cards if card.id in ids]
