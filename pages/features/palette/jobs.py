"""Colouring a visitor's pictures for the strips: one picture and one checkpoint after the other, failures apart."""

from collections.abc import Callable, Iterator, Sequence

import streamlit as st
from PIL import Image

from colorizer.checkpoints.card import Card
from pages.common.error_boundary import sentence
from pages.common.job_runner import Job, run_jobs
from pages.common.model_cache import baseline, colour, open_photo, read_column, weights_hash
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
    """Compute what is missing, each photo decoded once, and show the strip of a card after each of its pictures."""
    missing = {photo.key: [card for card in cards if not kept.is_done(photo, card)] for photo in photos}

    def jobs() -> Iterator[Job]:
        for photo in photos:
            image = _open(photo, missing[photo.key])
            if image is not None:
                yield from (_job(kept, photo, card, image, show) for card in missing[photo.key])

    run_jobs(jobs(), sum(map(len, missing.values())), status)


def _open(photo: LibraryPhoto, cards: Sequence[Card]) -> Image.Image | None:
    """Decode the photo at full size and measure its baseline, if there is something to compute for it."""
    if not cards:
        return None
    try:
        image = open_photo(photo.content, photo.name).image
        if not photo.is_grey and photo.baseline is None:
            photo.baseline = baseline(image)
        return image
    except Exception as error:  # one photo's failure, of whatever kind, must not touch the others
        photo.failures |= {(card.id, weights_hash(card)): sentence(error, photo.name) for card in cards}
        return None


def _job(kept: StripCache, photo: LibraryPhoto, card: Card, image: Image.Image, show: Callable[[Card], None]) -> Job:
    key = card.id, weights_hash(card)

    def work() -> None:
        kept.put(photo, card, read_column(card, image, has_truth=not photo.is_grey))
        if photo.answer(card) is None:
            photo.answers[key] = colour(card, image, has_truth=not photo.is_grey)

    def fail(reason: str) -> None:
        photo.failures[key] = reason

    return Job(f"Colouring {photo.name}: {card.title}", card.title, work, fail, lambda: show(card))
