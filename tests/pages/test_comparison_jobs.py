"""Colouring for the grid of a comparison, with another run of the same page still at work."""

import pytest
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.card import Card
from pages.common import comparison_grid
from pages.common.comparison_grid import Grid, Tile
from pages.common.model_cache import Answer
from pages.common.photo_library import LibraryPhoto
from tests.support.app import texts

pytestmark = pytest.mark.ui


def _page() -> None:
    import streamlit as st

    from colorizer.checkpoints.store import scan
    from pages.common import comparison_grid
    from pages.common.comparison_jobs import work_off
    from pages.common.model_cache import RenderOptions
    from pages.common.photo_library import library
    from pages.common.photo_picker import shot_of
    from pages.common.slot import Slot

    photo = shot_of(library(), "Flower")
    cards = [next(card for card in scan().cards if card.id == "flowers-gan")]
    status = Slot()
    work_off(photo, cards, status, comparison_grid.lay_out_row(cards, not photo.is_grey, "Generated"), RenderOptions())
    st.session_state["coloured"] = photo


def test_a_tile_shown_as_waiting_is_filled_though_another_run_has_the_answer_by_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = AppTest.from_function(_page, default_timeout=120).run()
    photo: LibraryPhoto = page.session_state["coloured"]
    ((key, answer),) = photo.answers.items()
    before = texts(page)
    assert "colouring ..." not in before and f"{answer.seconds:.2f} s" in before
    photo.answers.clear()
    show_reference = comparison_grid.show_reference

    def answered_meanwhile(grid: Grid, photo: LibraryPhoto, name: str) -> None:
        show_reference(grid, photo, name)
        if name == "original":  # the last tile: that of the result waits by then
            photo.answers[key] = Answer(answer.prediction, 77.0, answer.measures)

    monkeypatch.setattr(comparison_grid, "show_reference", answered_meanwhile)
    page.run()
    assert "colouring ..." not in texts(page)
    assert "77.00 s" in texts(page)  # taken over, not computed once more


def test_tiles_are_filled_from_left_to_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is filled later, further left, would move the others: what is empty takes no room."""
    filled: list[str] = []
    show_reference, show_waiting = comparison_grid.show_reference, comparison_grid.show_waiting

    def reference(grid: Grid, photo: LibraryPhoto, name: str) -> None:
        filled.append(name)
        show_reference(grid, photo, name)

    def waiting(tile: Tile, photo: LibraryPhoto, card: Card) -> None:
        filled.append(card.id)
        show_waiting(tile, photo, card)

    monkeypatch.setattr(comparison_grid, "show_reference", reference)
    monkeypatch.setattr(comparison_grid, "show_waiting", waiting)
    AppTest.from_function(_page, default_timeout=120).run()
    assert filled[:3] == ["grey", "flowers-gan", "original"]
