"""Colouring a visitor's pictures for the strips: one picture and one checkpoint after the other, failures apart."""

from collections.abc import Callable, Iterator, Sequence

import streamlit as st

from colorizer.checkpoints.card import Card
from pages.common.comparison_jobs import measure_baseline
from pages.common.error_boundary import sentence
from pages.common.job_runner import Job, run_jobs
from pages.common.model_cache import colour, full_size, read_column, weights_hash
from pages.common.photo_library import LibraryPhoto
from pages.common.slot import Slot
from pages.features.palette.strip_table import StripCache


def strip_cache() -> StripCache:
    """Return the visitor's strips; they outlive page changes."""
    if "strips" not in st.session_state:
        st.session_state["strips"] = StripCache()
    kept: StripCache = st.session_state["strips"]
    return kept


def work_off(
    kept: StripCache, photos: Sequence[LibraryPhoto], cards: Sequence[Card], status: Slot, show: Callable[[Card], None]
) -> None:
    """Compute what is missing, and show the strip of a card after each of its pictures."""
    missing = {photo.key: [card for card in cards if not kept.is_done(photo, card)] for photo in photos}

    def jobs() -> Iterator[Job]:
        for photo in photos:
            if missing[photo.key] and _can_open(photo, missing[photo.key]):
                yield from (_job(kept, photo, card, show) for card in missing[photo.key])

    run_jobs(jobs(), sum(map(len, missing.values())), status)


def _can_open(photo: LibraryPhoto, cards: Sequence[Card]) -> bool:
    """Measure the photo's baseline; where that fails, so does the photo for all of these checkpoints."""
    try:
        measure_baseline(photo)
        return True
    except Exception as error:  # one photo's failure, of whatever kind, must not touch the others
        photo.failures |= {(card.id, weights_hash(card)): sentence(error, photo.name) for card in cards}
        return False


def _job(kept: StripCache, photo: LibraryPhoto, card: Card, show: Callable[[Card], None]) -> Job:
    key = card.id, weights_hash(card)

    def work() -> None:
        with full_size(photo.content, photo.name) as opened:
            kept.put(photo, card, read_column(card, opened.image, has_truth=not photo.is_grey))
            if photo.answer(card) is None:
                photo.answers[key] = colour(card, opened.image, has_truth=not photo.is_grey)

    def fail(reason: str) -> None:
        photo.failures[key] = reason

    return Job(f"Colouring {photo.name}: {card.title}", card.title, work, fail, lambda: show(card))
