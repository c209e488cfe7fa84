"""Experiments: checkpoints, or moments of one, that differ in one thing; and the free choice beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from colorizer.checkpoints.card import Card
from pages.common import glossary
from pages.common.snapshots import snapshots

OWN_CHOICE = "Your choice"
_KEY = "experiment"


@dataclass(frozen=True)
class Experiment:
    title: str
    """Also its name in a link."""
    note: str
    checkpoints: tuple[str, ...] = ()
    remarks: Mapping[str, str] = field(default_factory=dict)
    """What to look at in a result, in one sentence, by checkpoint."""
    moments_of: str = ""
    """The checkpoint whose own states are compared, in place of several `checkpoints`."""

    sample: str | None = None
    """The sample that shows it, for whoever has chosen no photo; None where any does."""
    is_open: bool = False
    """Whether those that are there are compared, where some are not; at least two."""

    def line_up(self, cards: Sequence[Card]) -> list[Card]:
        """Return the cards to compare, in order; empty if any of them is missing."""
        by_id = {card.id: card for card in cards}
        if self.is_open:
            there = [by_id[name] for name in self.checkpoints if name in by_id]
            return there if len(there) > 1 else []
        if self.moments_of:
            states = snapshots(by_id[self.moments_of]) if self.moments_of in by_id else []
            return states if len(states) > 1 else []
        return [by_id[name] for name in self.checkpoints] if by_id.keys() >= set(self.checkpoints) else []


@dataclass(frozen=True)
class Lineup:
    """What is compared."""

    cards: Sequence[Card]
    remarks: Mapping[str, str] = field(default_factory=dict)
    """As an experiment has them."""


# What each step of the flowers gets wrong, and the next one is there to mend. Under its result on the page.
_FLOWER_REMARKS = {
    "flowers-cnn": "Sees 9 × 9 pixels around each point: too little to know what it looks at.",
    "flowers-autoencoder-5": "Sees up to 15 × 15 pixels, still less than a flower, and colours blur over edges.",
    "flowers-autoencoder-7": "Sees up to 31 × 31 pixels, squeezed to an eighth: outlines are lost on the way.",
    "flowers-autoencoder-7-leaky": "No unit falls silent any more, but the way through is as narrow as before.",
    "flowers-autoencoder-9-skip": "Skips bring the outlines back; where it is in doubt it stays pale.",
    "flowers-gan": "The adversary rewards colours that could be true: livelier, and at times wrong.",
}
_LANDSCAPE_REMARKS = {
    "landscapes-regression": "Skies are right. Where green and brown are both likely it says their mean: grey.",
    "landscapes-classification": "The same skies, livelier grass; and now and then a sunset where there was none.",
}
_FIELD_REMARKS = {
    "photo": "Trained here, on two cores; the others are many times its size.",
    "eccv16": "2016: the first to choose among colours, as Photo does.",
    "siggraph17": "2017: made to be guided by points; here without any.",
    "ddcolor-tiny": "2023: a hundred colour queries look at the whole photo.",
    "ddcolor-large": "2023: the same, four times as large, trained on cleaned photos.",
    "ddcolor-artistic": "2023: the same size, on more pictures, without a reward for strong colours.",
}
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
        sample="Rocket",
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
    Experiment(
        "From CNN to GAN",
        "The same photos of flowers, loss, seed and order; from one result to the next one step of the design is new. "
        "The first five took equally many steps, the GAN goes on from the fifth. They know flowers only.",
        tuple(_FLOWER_REMARKS),
        _FLOWER_REMARKS,
        sample="Flower",
    ),
    Experiment(
        "GAN iterations",
        "One GAN after more and more rounds through its training photos of flowers; nothing else differs. The last is "
        "the checkpoint as it is shipped. It knows flowers only.",
        moments_of="flowers-gan",
        sample="Flower",
    ),
    Experiment(
        "Regression or classification",
        "The same layers, landscapes, seed, order and number of steps; one answers with the mean of all likely "
        "colours, the other weighs 261 colours and leans to the likeliest. Look at grass and sky.",
        tuple(_LANDSCAPE_REMARKS),
        _LANDSCAPE_REMARKS,
    ),
    Experiment(
        "Where a specialist fails",
        "One has seen landscapes only, one flowers only, one a bit of everything. Give them a face, the sample "
        "Astronaut or a photo of your own; then the sample Flower.",
        ("landscapes-regression", "flowers-autoencoder-9-skip", "objects-12conv"),
    ),
    Experiment(
        "Students and the all-rounder",
        "Not one difference but many: from 500 scenes to photos of everything, from random weights to an "
        "encoder that knows ImageNet, from a mean to a choice among colours.",
        ("scenes-500-huber", "objects-12conv", "landscapes-classification", "photo"),
        {
            "scenes-500-huber": "Has seen 500 landscapes and streets.",
            "objects-12conv": "Has seen everything, and knows nothing: sepia is its safest guess.",
            "landscapes-classification": "Bold, and at home in landscapes alone.",
            "photo": "Knew what things are before it learned their colours.",
        },
    ),
    Experiment(
        "The field's best",
        "Photo beside networks that others trained on over a million photos and published. They differ in everything; "
        "what each of them is, its card says.",
        tuple(_FIELD_REMARKS),
        _FIELD_REMARKS,
        is_open=True,
    ),
)
FIRST_EXPERIMENT = _EXPERIMENTS[0]
"""What a newcomer sees."""


def available(cards: Sequence[Card]) -> dict[str, Experiment]:
    """Return the experiments whose checkpoints are all there, by title."""
    return {experiment.title: experiment for experiment in _EXPERIMENTS if experiment.line_up(cards)}


def sample_of_choice(cards: Sequence[Card]) -> str | None:
    """Return the sample of the experiment that `choose_checkpoints` is going to show."""
    wanted = st.session_state.get(_KEY, st.query_params.get(_KEY))
    experiment = available(cards).get(wanted)
    return experiment.sample if experiment is not None else None


def choose_checkpoints(cards: Sequence[Card]) -> Lineup:
    """Choose an experiment or any checkpoints. The choice stands in the link."""
    experiments = available(cards)
    titles = [*experiments, OWN_CHOICE]
    chosen = st.pills(
        "Compare",
        titles,
        default=titles[0],
        required=True,
        key=_KEY,
        help=glossary.EXPERIMENT,
        bind="query-params",
    )
    if chosen in experiments:
        st.caption(experiments[chosen].note)
        return Lineup(experiments[chosen].line_up(cards), experiments[chosen].remarks)
    by_id = {card.id: card for card in cards}
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
    return Lineup([card for card in cards if card.id in ids])
