"""Finding the versions of a photo: one after the other, each kept, so that a click on the page costs none again."""

from dataclasses import dataclass, field

import streamlit as st

from colorizer.analysis.alternatives import Alternatives, Question, Version
from colorizer.analysis.uncertainty import Doubt, doubt_of
from colorizer.checkpoints.card import Card
from colorizer.inference.prediction import Chroma
from pages.common.error_boundary import sentence
from pages.common.model_cache import Look, compose_preview, load, open_photo, turn, version
from pages.common.photo_library import Shot

MAX_VERSIONS = 4
_MAX_KEPT = 6  # searches of a visitor; each holds some 5 MB


@dataclass
class Search:
    """The versions of one photo by one checkpoint, as far as they are found."""

    name: str
    """Of its pictures among those that a photo keeps."""
    found: Alternatives | None = None
    doubt: Doubt | None = None
    is_done: bool = False
    failure: str = ""
    """One sentence, where something went wrong; what was found before stays."""

    @property
    def versions(self) -> list[Version]:
        return self.found.versions if self.found else []

    @property
    def questions(self) -> list[Question]:
        return self.found.questions if self.found else []

    def advance(self, shot: Shot, card: Card) -> None:
        """Find one more version, or that there is none."""
        try:
            self._advance(shot, card)
        except Exception as error:  # whatever it is, the rest of the page stands
            self.failure = sentence(error, card.title)
        self.is_done = self.is_done or bool(self.failure) or len(self.versions) >= MAX_VERSIONS

    def _advance(self, shot: Shot, card: Card) -> None:
        model = load(card)
        if self.found is None:
            base = self._base(shot, card)
            with turn():
                self.found = Alternatives(model, base, shot.size)
                self.doubt = doubt_of(self.found.distribution)
        with turn():
            self.is_done = self.found.next_version() is None

    def _base(self, shot: Shot, card: Card) -> Chroma:
        """What the model says of the photo; another page may have asked it."""
        known = shot.answer(card)
        if known is not None:
            return known.chroma
        image = open_photo(shot.content, shot.name).image
        with turn():
            return load(card).predict(image)

    def picture(self, shot: Shot, number: int) -> bytes:
        """A version as an encoded preview, kept with the photo's others."""
        name = f"{self.name} {number}"
        if name not in shot.pictures:
            look = Look()
            image = compose_preview(shot.preview, self.versions[number].chroma, look)
            shot.pictures[name] = look, shot.encode(image)
        return shot.pictures[name][1]


@dataclass
class Searches:
    """Those of one visitor, the latest last."""

    kept: dict[tuple[str, str, str], Search] = field(default_factory=dict)

    def of(self, shot: Shot, card: Card) -> Search:
        key = shot.key, card.id, version(card)
        search = self.kept.pop(key, None) or Search(f"alternative of {card.id} {version(card)}")
        self.kept[key] = search
        while len(self.kept) > _MAX_KEPT:
            self.kept.pop(next(iter(self.kept)))
        return search


def searches() -> Searches:
    """The visitor's searches; they outlive page changes."""
    if "alternatives" not in st.session_state:
        st.session_state["alternatives"] = Searches()
    kept: Searches = st.session_state["alternatives"]
    return kept
