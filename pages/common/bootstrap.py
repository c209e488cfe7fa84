"""Whoever comes in by a link to a page comes in through `app.py` all the same.

Streamlit runs the files of a folder named "pages" on their own, without `app.py`, until `st.navigation` has been called
once in the life of the server (streamlit/runtime/pages_manager.py). A shared link opened first after a start would show
a page without its style and navigation, and would go on doing so.
"""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def run_through_app() -> None:
    """Start again from `app.py` if Streamlit began with a page."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
