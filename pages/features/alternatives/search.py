"""Finding the versions of a photo: one after the other, each kept, so that a click on the page costs none again."""

import threading
from dataclasses import dataclass, field
from typing import ClassVar

import streamlit as st

from colorizer.analysis.alternatives import Alternatives, AmbiguousRegion, Version
from colorizer.analysis.uncertainty import Uncertainty, uncertainty_of
from colorizer.checkpoints.card import Card
from colorizer.inference.prediction import Prediction
from pages.common.error_boundary import sentence
from pages.common.model_cache import (
    RenderOptions,
    colour,
    compose_preview,
    compute_lock,
    full_size,
    load,
    shared_results,
    weights_hash,
)
from pages.common.photo_library import LibraryPhoto

MAX_VERSIONS = 4
_MAX_KEPT = 6  # searches of a visitor; each holds some 5 MB


@dataclass
class Search:
    """The versions of one photo by one checkpoint, as far as they are found."""

    weight_bytes: ClassVar[int] = 5_000_000
    """When it is done; it is counted before."""
    name: str
    """Of its pictures among those that a photo keeps."""
    found: Alternatives | None = None
    uncertainty: Uncertainty | None = None
    is_done: bool = False
    failure: str = ""
    """One sentence, where something went wrong; what was found before stays."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """On a sample all visitors search together."""

    @property
    def versions(self) -> list[Version]:
        return self.found.versions if self.found else []

    @property
    def ambiguous_regions(self) -> list[AmbiguousRegion]:
        return self.found.ambiguous_regions if self.found else []

    def advance(self, photo: LibraryPhoto, card: Card, number: int) -> None:
        """Find the version of a number, counted from 0, or that there is none."""
        with self._lock:
            if self.is_done or number < len(self.versions):
                return  # another visitor has found it meanwhile
            try:
                self._advance(photo, card)
            except Exception as error:  # whatever it is, the rest of the page stands
                self.failure = sentence(error, card.title)
            self.is_done = self.is_done or bool(self.failure) or len(self.versions) >= MAX_VERSIONS

    def _advance(self, photo: LibraryPhoto, card: Card) -> None:
        model = load(card)
        if self.found is None:
            base = self._base(photo, card)
            with compute_lock():
                self.found = Alternatives(model, base, photo.size)
                self.uncertainty = uncertainty_of(self.found.distribution)
        with compute_lock():
            self.is_done = self.found.next_version() is None

    def _base(self, photo: LibraryPhoto, card: Card) -> Prediction:
        """Return what the model says of the photo; another page may have asked it."""
        known = photo.answer(card)
        if known is not None:
            return known.prediction
        with full_size(photo.content, photo.name) as opened:
            return colour(card, opened.image, has_truth=False).prediction

    def picture(self, photo: LibraryPhoto, number: int) -> bytes:
        """Encode a version as a preview, kept with the photo's others."""
        options = RenderOptions()

        def encode() -> bytes:
            return photo.encode(compose_preview(photo.preview, self.versions[number].prediction, options))

        return photo.picture(f"{self.name} {number}", options, encode)


def _search(photo: LibraryPhoto, card: Card) -> Search:
    """Begin a search; on a sample, return the one that all visitors share, unless it failed."""

    def begin() -> Search:
        return Search(f"alternative of {card.id} {weights_hash(card)}")

    found = shared_results().make("search", (photo.preview,), (card.id, weights_hash(card)), begin)
    return begin() if found.failure else found


@dataclass
class Searches:
    """The searches of one visitor, the latest last."""

    kept: dict[tuple[str, str, str], Search] = field(default_factory=dict)

    def of(self, photo: LibraryPhoto, card: Card) -> Search:
        key = photo.key, card.id, weights_hash(card)
        search = self.kept.pop(key, None) or _search(photo, card)
        self.kept[key] = search
        while len(self.kept) > _MAX_KEPT:
            self.kept.pop(next(iter(self.kept)))
        return search


def searches() -> Searches:
    """Return the visitor's searches; they outlive page changes."""
    if "alternatives" not in st.session_state:
        st.session_state["alternatives"] = Searches()
    kept: Searches = st.session_state["alternatives"]
    return kept
