"""Jobs one after the other: named, shown, and failures apart."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app import texts

pytestmark = pytest.mark.ui


def _page() -> None:
    import streamlit as st

    from colorizer.errors import ColorizerError
    from pages.common.job_runner import Job, run_jobs
    from pages.common.slot import Slot

    log: list[str] = st.session_state.setdefault("log", [])

    def job(name: str) -> Job:
        def work() -> None:
            if name == "two":
                raise ColorizerError("there are no colours")
            log.append(f"made {name}")

        return Job(f"Colouring {name}", name, work, log.append, lambda: log.append(f"shown {name}"))

    run_jobs((job(name) for name in ("one", "two", "three")), 3, Slot())


def test_what_goes_wrong_with_one_job_touches_no_other() -> None:
    page = AppTest.from_function(_page).run()
    made_one, shown_one, failed, shown_two, *rest = page.session_state["log"]
    assert (made_one, shown_one, shown_two) == ("made one", "shown one", "shown two")
    assert failed == "two: there are no colours."
    assert rest == ["made three", "shown three"]


def test_the_status_says_which_job_it_is() -> None:
    page = AppTest.from_function(_page).run()
    assert "Colouring three (3 of 3) ..." in texts(page)
