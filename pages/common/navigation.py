"""The navigation: four words, and the pages under the one that is looked at; in one line, in view wherever one scrolls.

Streamlit's own covers a phone's screen and stays there. Its script and style lie beside this file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

Sections = Mapping[str, Sequence[StreamlitPage]]

_HERE = Path(__file__)
_PAGES = _HERE.parent.parent
_HTML = """
<nav aria-label="Main">
  <ul class="words"></ul>
  <div class="part">
    <button type="button" aria-current="page" aria-expanded="false" aria-controls="pages"></button>
    <ul class="pages" id="pages"></ul>
  </div>
</nav>
"""
_component = st.components.v2.component(
    "navigation",
    html=_HTML,
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def page_at(address: str) -> StreamlitPage:
    """Find the page of an address to link to it, wherever the app was started from; the front page has none."""
    return st.Page(_PAGES / f"{address}.py", url_path=address)


def _entry(title: str, page: StreamlitPage, current: str) -> dict[str, Any]:
    """Describe a link; `current` is its aria-current: "page", "true" where the page lies under it, or empty."""
    # Every page lies at the root of the app, so a relative address holds below whatever path it is served.
    return {"title": title, "href": page.url_path or "./", "current": current}


def _words(sections: Sections, current: str) -> list[dict[str, Any]]:
    """Return the four words, each with the address of its first page."""
    return [
        _entry(word, pages[0], "" if word != current else "true" if len(pages) > 1 else "page")
        for word, pages in sections.items()
    ]


def _pages(pages: Sequence[StreamlitPage], page: StreamlitPage) -> list[dict[str, Any]]:
    """Return the pages of a word; the first is that from which the inner ones are reached, such as a lesson."""
    if len(pages) < 2:
        return []
    here, current = (page, "page") if page in pages else (pages[0], "true")
    return [_entry(item.title, item, current if item is here else "") for item in pages]


def show_navigation(sections: Sections, page: StreamlitPage, inner: Sections) -> None:
    """Show the navigation, and go where a click leads.

    Args:
        sections: pages by the word that they stand under, the first of each being that word's own.
        page: the one that is shown.
        inner: pages that belong to a word and are reached from its pages alone.
    """
    word = next((word for word, pages in sections.items() if page in (*pages, *inner.get(word, ()))), "")
    data = {"words": _words(sections, word), "pages": _pages(sections.get(word, ()), page), "here": page.title}
    with st.container(key="nav"):
        told = _component(key="navigation", data=(data,), on_go_change=lambda: None)
    by_address = {item.url_path or "./": item for pages in sections.values() for item in pages}
    if (wanted := by_address.get(told.go)) is not None:
        st.switch_page(wanted, query_params={})  # without this it refuses while a widget is bound to the address
