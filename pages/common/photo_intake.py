"""The one control that takes photos in: choose, drop anywhere on the page, paste, take a picture.

Its script hands everything to Streamlit's own uploader, which lies hidden beside it, so that one way leads to the
server and its limits hold. A pasted address comes back as text.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_HERE = Path(__file__)
_HTML = """
<section>
  <button class="choose" type="button"><strong>Choose a photo</strong>
    <span>or drop it anywhere on this page, or paste it</span></button>
  <button class="camera" type="button">Camera</button>
  <p role="status"></p>
  <dialog aria-label="Take a picture">
    <video autoplay playsinline muted></video>
    <div><button class="shoot" type="button">Take the picture</button>
      <button class="cancel" type="button">Cancel</button></div>
  </dialog>
</section>
"""
_component = st.components.v2.component(
    "photo_intake",
    html=_HTML,
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)
_KEY = "photo-intake"


def show_intake(on_link: Callable[[str], None]) -> None:
    """Show it, in a container whose only uploader is the one to hand files to.

    Args:
        on_link: called with the text of a pasted address before the page runs anew.
    """

    def told() -> None:
        link = st.session_state[_KEY].get("link")
        if isinstance(link, str) and link.strip():
            on_link(link.strip())

    _component(key=_KEY, on_link_change=told)
