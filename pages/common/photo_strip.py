"""The strip of photos: thumbnails of the visitor's and of the samples, of which one is looked at.

It is also where the visitor's browser keeps photos (`photo_store.js`) and gives them back: it shows those too.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from pages.common.kept_photos import KeptPhotos
from pages.common.photo_library import LibraryPhoto
from pages.common.previews import encode_thumbnail
from pages.common.sample_photos import read_sample

_HERE = Path(__file__)
_KEY = "photo-strip"
_SIDE = 112  # px: sharp at half of it on a phone
_MOST = 2 * _SIDE, _SIDE  # px of a thumbnail
_MAX_SENT_BYTES = 8_000_000  # of a photo that came by a link, to the browser that is to keep it
_component = st.components.v2.component(
    "photo_strip",
    html='<div role="radiogroup" aria-label="Photo"></div>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js="".join((_HERE.parent / name).read_text(encoding="utf-8") for name in ("photo_store.js", "photo_strip.js")),
)


@dataclass(frozen=True)
class Thumbnail:
    key: str
    name: str
    picture: bytes
    """A small JPEG."""


@dataclass(frozen=True)
class Keeping:
    """What the strip tells the browser to keep, and to give back."""

    kept: KeptPhotos
    photo: LibraryPhoto | None
    """The visitor's own that is looked at."""
    edits: str | None
    """What was done to it; None on a page that does not know."""
    forgotten: Sequence[str]
    returns: bool
    """Whether this page takes in what the browser has."""


@st.cache_data(show_spinner=False)
def _sample(name: str) -> bytes:
    """Encode a sample without its colours, as those are what the visitor is going to see."""
    with Image.open(io.BytesIO(read_sample(name))) as image:
        image.draft("RGB", (2 * _SIDE, _SIDE))
        return encode_thumbnail(image.convert("L"), _MOST)


def thumbnail_of(photo: LibraryPhoto) -> Thumbnail:
    """Make the thumbnail of one of the visitor's photos."""
    picture = photo.kept("thumbnail", lambda: encode_thumbnail(photo.preview, _MOST))
    return Thumbnail(photo.key, photo.name, picture)


def thumbnail_of_sample(name: str) -> Thumbnail:
    return Thumbnail(name, name, _sample(name))


def returned() -> Any:
    """Return what the browser says of a photo that it gives back, unchecked."""
    return st.session_state[_KEY].get("edits") if _KEY in st.session_state else None


def _told(keeping: Keeping) -> dict[str, Any]:
    kept, photo = keeping.kept, keeping.photo
    note = None if photo is None else {"key": photo.key, "name": photo.name, "bytes": len(photo.content)}
    if note is not None and keeping.edits is not None:
        note["edits"] = keeping.edits
    told = {
        "note": note,
        "forget": list(keeping.forgotten),
        "session": kept.session,
        "returns": keeping.returns,
        "resumes": keeping.returns and kept.resumes,
    }
    if photo is not None and kept.wanted == photo.key and len(photo.content) <= _MAX_SENT_BYTES:
        told["content"] = base64.b64encode(photo.content).decode()
    return told


def show_strip(
    own: Sequence[Thumbnail],
    samples: Sequence[Thumbnail],
    chosen: str,
    on_pick: Callable[[str], None],
    keeping: Keeping,
) -> None:
    """Show the strip; `on_pick` is called with the key of the clicked photo, before the page runs anew."""

    def told() -> None:
        wanted = st.session_state[_KEY].get("pick")
        if isinstance(wanted, str):
            on_pick(wanted)

    def needed() -> None:
        keeping.kept.wanted = str(st.session_state[_KEY].get("need") or "")

    items = [
        {"key": item.key, "name": item.name, "url": f"data:image/jpeg;base64,{base64.b64encode(item.picture).decode()}"}
        for item in (*own, *samples)
    ]
    data = {"items": items, "own": len(own), "chosen": chosen, **_told(keeping)}
    _component(key=_KEY, data=(data,), on_pick_change=told, on_need_change=needed, on_edits_change=lambda: None)
    keeping.kept.wanted = ""
