"""The laboratory in the browser: `streamlit run app.py`."""

import os
from pathlib import Path

import streamlit as st

from pages.common import queue_notice
from pages.common.error_boundary import error_boundary
from pages.common.style import FAVICON, apply_style

PAGES = Path(__file__).resolve().parent / "pages"

st.set_page_config("Colorizer", FAVICON, layout="wide")
apply_style()
pages = [
    st.Page(PAGES / "colorize.py", title="Colour a photo", url_path="colorize", default=True),
    st.Page(PAGES / "alternatives.py", title="What else could it be?", url_path="alternatives"),
    st.Page(PAGES / "compare.py", title="Compare checkpoints", url_path="compare"),
    st.Page(PAGES / "triptych.py", title="Grey, generated, original", url_path="triptych"),
    st.Page(PAGES / "learning.py", title="Watch it learn", url_path="learning"),
    st.Page(PAGES / "palette.py", title="Colours from a palette", url_path="palette"),
    st.Page(PAGES / "curves.py", title="Loss curves", url_path="curves"),
    st.Page(PAGES / "best_and_worst.py", title="Best and worst", url_path="best_and_worst"),
    st.Page(PAGES / "spaces.py", title="Colour spaces", url_path="spaces"),
    st.Page(PAGES / "checkpoints.py", title="Checkpoints", url_path="checkpoints"),
]
page = st.navigation(pages, position="hidden")
with st.container(horizontal=True, key="nav"):  # Streamlit's own covers a phone's screen, and stays there
    for entry in pages:
        st.page_link(entry)
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
