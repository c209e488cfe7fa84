"""Colour spaces: a photo taken apart into L, a and b, put together again, and in few colours."""

import streamlit as st
from PIL import Image

from colorizer.analysis.lab_planes import LabPhoto, take_apart
from pages.common.bootstrap import enter
from pages.common.comparison_jobs import say
from pages.common.photo_library import Shot, album
from pages.common.photo_picker import choose_view
from pages.common.slot import Place
from pages.features.color_spaces.ab_plane import show_plane
from pages.features.color_spaces.few_colors import show_few
from pages.features.color_spaces.planes import show_parts, show_together
from pages.features.color_spaces.tiles import View, apply_spaces_style

_INTRODUCTION = (
    "A colorizer sees how light each pixel of a photo is, and makes up the rest. "
    "Take a photo apart, move the sliders, and see what it has to make up."
)
_NO_COLORS = " It has no colours: a and b are 0 everywhere, so most of this page needs another photo."
_KEPT = "spaces-photo"  # in the session: the photo in work, since every click on the page needs its planes
_BACKDROP = (128, 128, 128)  # behind what is transparent


def _planes_of(shot: Shot) -> LabPhoto:
    """The small copy that the page works on; one is kept."""
    kept: tuple[str, LabPhoto] | None = st.session_state.get(_KEPT)
    if kept is None or kept[0] != shot.key:
        image = shot.preview
        if shot.preview_alpha is not None:
            image = Image.composite(image, Image.new("RGB", image.size, _BACKDROP), shot.preview_alpha)
        kept = shot.key, take_apart(image)
        st.session_state[_KEPT] = kept
    return kept[1]


def main() -> None:
    kept = album()
    st.title("Colour spaces")
    st.markdown(_INTRODUCTION)
    shot = choose_view(kept, "spaces")
    view = View(shot.name, _planes_of(shot))
    apply_spaces_style(view)
    width, height = view.size
    grey = "" if view.photo.has_color else _NO_COLORS
    say(Place(), f"{shot.name}, here at {width} × {height} px.{grey} {' '.join(shot.notices)}")
    show_parts(view)
    show_together(view)
    show_plane(view)
    show_few(view)


enter()
main()
