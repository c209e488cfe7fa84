"""The one control that takes photos in: choose, drop anywhere on the page, paste, take a picture.

Its script hands everything to Streamlit's own uploader, which lies hidden beside it, so that one way leads to the
server and its limits hold; a file that is too large is refused here, since the hidden uploader would do so unseen. A
pasted address comes back as text.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from colorizer.images import LIMITS
from pages.common.library_limits import MAX_PHOTOS, Room

_HERE = Path(__file__)
_HTML = """
<section>
  <button class="choose" type="button"><strong>Choose a photo</strong>
    <span>or up to {most}; drop or paste them anywhere here</span></button>
  <button class="camera" type="button">Camera</button>
  <p role="status"></p>
  <dialog aria-label="Take a photo">
    <video autoplay playsinline muted></video>
    <div><button class="shoot" type="button">Take the photo</button>
      <button class="cancel" type="button">Cancel</button></div>
  </dialog>
</section>
"""
_component = st.components.v2.component(
    "photo_intake",
    html=_HTML.replace("{most}", str(MAX_PHOTOS)),
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)
_KEY = "photo-intake"


def goes_on() -> bool:
    """Tell whether what the browser sends now belongs to what it sent before: it sends an album in parts."""
    return _KEY in st.session_state and st.session_state[_KEY].get("more") is True


def show_intake(on_link: Callable[[str], None], on_refused: Callable[[], None], room: Room) -> None:
    """Show the control, in a container whose only uploader is the one to hand files to.

    Args:
        on_link: called with the text of a pasted address before the page runs anew.
        on_refused: called when a file was refused in the browser, so that sentences on earlier ones can go.
        room: what the visitor may add.
    """

    def told() -> None:
        link = st.session_state[_KEY].get("link")
        if isinstance(link, str) and link.strip():
            on_link(link.strip())

    data = {"maxBytes": LIMITS.max_bytes, **dataclasses.asdict(room)}
    _component(key=_KEY, data=data, on_link_change=told, on_refused_change=on_refused, on_more_change=lambda: None)
