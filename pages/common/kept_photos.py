"""What the visitor's own browser keeps of photos, and gives back to a new session; the server's disk has none of it.

A photo that comes back takes the way of every upload (`photo_strip.js` hands it to the uploader). With it comes a text
on what was done to it, which the page that wrote it checks before it is used: a browser may send anything.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st

_KEY = "kept-photos"
_KEY_LENGTH: Final = 16  # of a photo's key
_MAX_RECEIVED: Final = 64  # photos that come back to one session: the browser keeps eight
_MAX_TEXT: Final = 64_000  # characters: 200 points have 15,000


@dataclass
class KeptPhotos:
    """What this session and the browser have to tell each other."""

    session: str = field(default_factory=lambda: secrets.token_hex(8))
    """Tells the browser that a session is a new one, which has no photo yet."""
    resumes: bool = True
    """Whether the last photo is to come back by itself."""
    wanted: str = ""
    """The key of the photo whose file the browser does not have: it came by a link."""
    _forgotten: list[str] = field(default_factory=list)
    _edits: dict[str, str] = field(default_factory=dict)
    """By photo, until the page that wrote them takes them."""
    _received: set[str] = field(default_factory=set)

    def forget(self, key: str) -> None:
        """Have the browser delete a photo, and all that belongs to it."""
        self._forgotten.append(key)
        self._edits.pop(key, None)

    def forgotten(self, photos: Collection[str]) -> list[str]:
        """List the keys of what the browser is to delete, but for what the visitor has given once more."""
        return [key for key in self._forgotten if key not in photos]

    def receive(self, told: Any) -> None:
        """Accept what the browser tells of a photo that it gives back.

        It repeats that in every run, and after a lost connection to the session that comes next: only the first counts.
        """
        if not isinstance(told, dict) or told.get("session") != self.session:
            return
        key, text = told.get("key"), told.get("text")
        if not isinstance(key, str) or not isinstance(text, str) or len(key) != _KEY_LENGTH or len(text) > _MAX_TEXT:
            return
        if key not in self._received and len(self._received) < _MAX_RECEIVED:
            self._received.add(key)
            self._edits[key] = text

    def take_edits(self, key: str) -> str:
        """Return what was done to a photo before it came back, once; empty if that is not known."""
        return self._edits.pop(key, "")


def kept_photos() -> KeptPhotos:
    """Return the session's. A link to a sample shows that sample, whatever the browser has."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = KeptPhotos(resumes="sample" not in st.query_params)
    kept: KeptPhotos = st.session_state[_KEY]
    return kept
