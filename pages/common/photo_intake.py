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
from pages.common.photo_library import Part

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


def part() -> Part:
    """Tell what the browser sends now."""
    parts: dict[str, Part] = {"first": "first", "next": "next"}
    return parts.get(str(st.session_state[_KEY].get("part")), "whole") if _KEY in st.session_state else "whole"


def show_intake(
    on_link: Callable[[str], None],
    on_refused: Callable[[], None],
    on_all_sent: Callable[[], None],
    room: Room,
    taken: int,
) -> None:
    """Show the control, in a container whose only uploader is the one to hand files to.

    Args:
        on_link: called with the text of a pasted address before the page runs anew.
        on_refused: called when a file was refused in the browser, so that sentences on earlier ones can go.
        on_all_sent: called when the last part of an album has come.
        room: what the visitor may add.
        taken: how many files have come from this control so far; it sends once more what has not.
    """

    def told() -> None:
        link = st.session_state[_KEY].get("link")
        if isinstance(link, str) and link.strip():
            on_link(link.strip())

    def told_of_part() -> None:
        if st.session_state[_KEY].get("part") == "":
            on_all_sent()

    data = {"maxBytes": LIMITS.max_bytes, "taken": taken, **dataclasses.asdict(room)}
    _component(key=_KEY, data=data, on_link_change=told, on_refused_change=on_refused, on_part_change=told_of_part)
