"""The strip of photos: thumbnails of the visitor's and of the samples, of which one is looked at."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from PIL import Image

from pages.common.photo_library import LibraryPhoto
from pages.common.sample_photos import read_sample

_HERE = Path(__file__)
_KEY = "photo-strip"
_SIDE = 112  # px: sharp at half of it on a phone
_component = st.components.v2.component(
    "photo_strip",
    html='<div role="radiogroup" aria-label="Photo"></div>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Thumbnail:
    key: str
    name: str
    picture: bytes
    """A small JPEG."""


def _encode(image: Image.Image) -> bytes:
    small = image.convert("RGB")
    small.thumbnail((2 * _SIDE, _SIDE))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=75)
    return stream.getvalue()


@st.cache_data(show_spinner=False)
def _sample(name: str) -> bytes:
    """Encode a sample without its colours, as those are what the visitor is going to see."""
    with Image.open(io.BytesIO(read_sample(name))) as image:
        image.draft("RGB", (2 * _SIDE, _SIDE))
        return _encode(image.convert("L"))


def thumbnail_of(photo: LibraryPhoto) -> Thumbnail:
    """Make the thumbnail of one of the visitor's photos."""
    picture = photo.kept("thumbnail", lambda: _encode(photo.preview))
    return Thumbnail(photo.key, photo.name, picture)


def thumbnail_of_sample(name: str) -> Thumbnail:
    return Thumbnail(name, name, _sample(name))


def show_strip(thumbnails: Sequence[Thumbnail], chosen: str, on_pick: Callable[[str], None]) -> None:
    """Show the strip; `on_pick` is called with the key of the clicked photo, before the page runs anew."""

    def told() -> None:
        wanted = st.session_state[_KEY].get("pick")
        if isinstance(wanted, str):
            on_pick(wanted)

    items = [
        {"key": item.key, "name": item.name, "url": f"data:image/jpeg;base64,{base64.b64encode(item.picture).decode()}"}
        for item in thumbnails
    ]
    _component(key=_KEY, data=({"items": items, "chosen": chosen},), on_pick_change=told)
