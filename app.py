"""The laboratory in the browser: `streamlit run app.py`."""

import os
from pathlib import Path

import streamlit as st

from colorizer.utils.openmp import let_idle_threads_sleep
from pages.common import queue_notice
from pages.common.error_boundary import error_boundary
from pages.common.navigation import show_navigation
from pages.common.style import FAVICON, apply_style
from pages.features.lessons.lessons import LESSONS

let_idle_threads_sleep()  # no page has imported torch yet
PAGES = Path(__file__).resolve().parent / "pages"


def _page(name: str, title: str) -> st.Page:
    """Make a page of a file in `pages`; its address is its name."""
    return st.Page(PAGES / f"{name}.py", title=title, url_path=name, default=name == "colorize")


sections = {
    "Colour": [_page("colorize", "Colour a photo"), _page("alternatives", "What else could it be?")],
    "Learn": [
        _page("learn", "Lessons"),
        _page("learning", "Watch it learn"),
        _page("curves", "Loss curves"),
        _page("palette", "Colours from a palette"),
        _page("spaces", "Colour spaces"),
    ],
    "Compare": [
        _page("compare", "Compare checkpoints"),
        _page("triptych", "Grey, generated, original"),
        _page("best_and_worst", "Best and worst"),
    ],
    "Models": [_page("models", "Models")],
}
lessons = [_page(lesson.address, lesson.title) for lesson in LESSONS]
# An address that links out in the world still have.
moved = st.Page(PAGES / "checkpoints.py", title="Models", url_path="checkpoints", visibility="hidden")
page = st.navigation({**sections, "": [*lessons, moved]}, position="hidden")
st.set_page_config(f"{page.title} · Colorizer", FAVICON)  # how wide it is says the style
apply_style()
show_navigation(sections, page, {"Learn": lessons})
queue_notice.reserve()
if os.environ.get("COLORIZER_PUBLISHED"):  # on a host whose operator wants the published networks
    from pages.features.published.jobs import fetch_what_the_operator_allows

    fetch_what_the_operator_allows()
with error_boundary():
    # Imported now, as torch takes seconds: the navigation is there meanwhile.
    from pages.common.memory_budget import freeze_program, start_janitor
    from pages.common.photo_library import library_in_use

    start_janitor()
    freeze_program()
    with library_in_use():
        page.run()
