"""Colour spaces: a photo taken apart into L, a and b, put together again, and in few colours."""

import streamlit as st
from PIL import Image

from colorizer.analysis.lab_planes import LabPhoto, split_lab
from pages.common.bootstrap import run_through_app
from pages.common.job_runner import set_status, status_line
from pages.common.model_cache import shared_results
from pages.common.photo_library import LibraryPhoto, library
from pages.common.photo_picker import choose_view
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


def _planes_of(photo: LibraryPhoto) -> LabPhoto:
    """Split the small copy that the page works on; one is kept."""
    kept: tuple[str, LabPhoto] | None = st.session_state.get(_KEPT)
    if kept is None or kept[0] != photo.key:
        image = photo.preview
        if photo.preview_alpha is not None:
            image = Image.composite(image, Image.new("RGB", image.size, _BACKDROP), photo.preview_alpha)
        kept = photo.key, shared_results().make("lab planes", (photo.preview,), (), lambda: split_lab(image))
        st.session_state[_KEPT] = kept
    return kept[1]


def main() -> None:
    kept = library()
    st.title("Colour spaces")
    st.markdown(_INTRODUCTION)
    photo = choose_view(kept, "spaces")
    view = View(photo.name, _planes_of(photo))
    apply_spaces_style(view)
    width, height = view.size
    grey = "" if view.photo.has_color else _NO_COLORS
    set_status(status_line(), f"{photo.name}, here at {width} × {height} px.{grey} {' '.join(photo.notices)}")
    show_parts(view)
    show_together(view)
    show_plane(view)
    show_few(view)


run_through_app()
main()
