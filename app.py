"""The laboratory in the browser: `streamlit run app.py`.

Streamlit imports this file once, for the server `app`, and runs it as `__main__` whenever a page is shown. Where a host
knows only the latter, all is there but what messengers show of a link.
"""

import os
from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parent / "pages"


def main() -> None:
    """Show the page that was asked for, within the navigation.

    Imports stand in here: a component that the server had imported before it ran would be unknown to it.
    """
    from colorizer.utils.openmp import let_idle_threads_sleep
    from pages.common import queue_notice, site_map
    from pages.common.error_boundary import error_boundary
    from pages.common.memory_budget import keep_few_arenas
    from pages.common.navigation import show_navigation
    from pages.common.session_queue import keep_answers
    from pages.common.style import FAVICON_URL, apply_style

    let_idle_threads_sleep()  # no page has imported torch yet
    keep_few_arenas()  # this and the next once more, for a host that has not imported this file
    keep_answers()

    def page_of(info: site_map.PageInfo) -> st.Page:
        is_moved = info is site_map.MOVED
        return st.Page(
            PAGES / f"{info.name}.py",
            title=info.title,
            url_path=info.name,
            default=info is site_map.FRONT,
            visibility="hidden" if is_moved else "visible",
        )

    sections = {word: [page_of(info) for info in pages] for word, pages in site_map.SECTIONS.items()}
    lessons = [page_of(info) for info in site_map.LESSON_PAGES]
    page = st.navigation({**sections, "": [*lessons, page_of(site_map.MOVED)]}, position="hidden")
    st.set_page_config(f"{page.title} · {site_map.SITE_NAME}", FAVICON_URL)  # how wide it is says the style
    apply_style()
    show_navigation(sections, page, {"Learn": lessons})
    queue_notice.reserve()
    if os.environ.get("COLORIZER_PUBLISHED"):  # on a host whose operator wants the published networks
        from pages.features.published.jobs import fetch_what_the_operator_allows

        fetch_what_the_operator_allows()
    with error_boundary():
        # Imported now, as torch takes seconds: the navigation is there meanwhile.
        from pages.common.memory_budget import freeze_program, have_arrow_share_allocator, start_janitor
        from pages.common.photo_library import library_in_use

        have_arrow_share_allocator()  # no page has imported it yet
        start_janitor()
        freeze_program()
        with library_in_use():
            page.run()


if __name__ == "__main__":
    main()
else:
    from pages.common.bootstrap import browser_opened
    from pages.common.memory_budget import keep_few_arenas
    from pages.common.served_page import page_routes
    from pages.common.session_queue import keep_answers

    keep_few_arenas()
    keep_answers()
    app = st.App(__file__, routes=page_routes(), lifespan=browser_opened)
