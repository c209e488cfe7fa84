"""How the app begins: whoever comes in by a link to a page comes in through `app.py` all the same.

Streamlit runs the files of a folder named "pages" on their own, without `app.py`, until `st.navigation` has been called
once in the life of the server (streamlit/runtime/pages_manager.py). A shared link opened first after a start would show
a page without its style and navigation, and would go on doing so.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit import cli_util, config
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.server import server_util


def run_through_app() -> None:
    """Start again from `app.py` if Streamlit began with a page."""
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


@asynccontextmanager
async def browser_opened(app: st.App) -> AsyncIterator[None]:
    """Open the browser of whoever starts the app at home, as `streamlit run` does for a script but not for a server."""
    if not config.get_option("server.headless"):
        own = config.get_option("server.address")
        is_named = config.is_manually_set("browser.serverAddress") or not own
        host = config.get_option("browser.serverAddress") if is_named else server_util.get_display_address(own)
        cli_util.open_browser(server_util.get_url(host))
    yield
