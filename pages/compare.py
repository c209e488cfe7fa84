"""Compare checkpoints: one photo, coloured by several checkpoints side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import scan
from colorizer.images.saving import OutputFormat
from pages.common import comparison_grid, downloads, glossary
from pages.common.bootstrap import enter
from pages.common.comparison_jobs import is_done, say, work_off
from pages.common.experiments import choose_checkpoints
from pages.common.model_cache import Answer, Look
from pages.common.palette_swatches import choose_rendering
from pages.common.photo_library import Album, Shot, album
from pages.common.photo_picker import choose_photo, open_arrivals, shot_of, show_sources
from pages.common.slot import Place, room
from pages.common.snapshots import full_title
from pages.features.compare.before_after import Side, before_after

_MAX_SATURATION = 2.0  # beyond, nearly every colour is at the edge of the gamut


@dataclass(frozen=True)
class Selection:
    """What the visitor chose."""

    shot: Shot
    cards: Sequence[Card]
    remarks: Mapping[str, str]
    """What to look at in a result, by checkpoint id."""
    look: Look
    format: OutputFormat

    def answers(self) -> dict[str, Answer]:
        """What the checkpoints answered, by id."""
        return {card.id: answer for card in self.cards if (answer := self.shot.answer(card)) is not None}

    def wishes(self) -> list[downloads.Wish]:
        """The results that can be saved."""
        answers = self.answers()
        return [
            downloads.Wish(self.shot, card, answers[card.id], self.look, self.format)
            for card in self.cards
            if card.id in answers
        ]


def show_comparison(selection: Selection) -> None:
    """The grid of results, filled as they come."""
    shot, cards = selection.shot, selection.cards
    status = Place()
    if not is_done(shot, cards):
        say(status, shot.name)
    grid = comparison_grid.lay_out(cards, not shot.is_grey, selection.remarks)
    work_off(shot, cards, status, grid, selection.look)
    for wish in selection.wishes():
        downloads.offer(grid.tiles[wish.card.id].foot.at, wish)
    width, height = shot.size
    say(status, f"{shot.name}, {width} × {height} px. {' '.join(shot.notices)}")
    comparison_grid.show_legend(shot, selection.answers())


def show_slider(selection: Selection) -> None:
    """Any two of grey, original and results over one another."""
    shot, answers = selection.shot, selection.answers()
    sides = {comparison_grid.GREY_TITLE: Side(comparison_grid.GREY_TITLE, f"{shot.name} without colour", shot.grey())}
    if not shot.is_grey:
        sides[comparison_grid.ORIGINAL_TITLE] = Side(
            comparison_grid.ORIGINAL_TITLE, f"{shot.name}, the original", shot.original()
        )
    for card in selection.cards:
        if card.id in answers:
            picture = shot.result(card, answers[card.id], selection.look)
            sides[card.title] = Side(card.title, f"{shot.name}, coloured by {full_title(card)}", picture)
    titles = list(sides)
    st.subheader("Before and after")
    one, two = st.columns(2)
    left = one.selectbox("Left", titles, key="left", persist_state="session")
    right = two.selectbox("Right", titles, index=len(titles) - 1, key="right", persist_state="session")
    before_after(sides[left], sides[right], shot.preview.size)


def show_problems(kept: Album, damaged: Sequence[str]) -> None:
    """One sentence for each picture that could not be had, and for each checkpoint that cannot be read."""
    for problem in kept.problems:
        st.error(problem)
    for problem in damaged:
        st.warning(problem)


def finish_others(kept: Album, selection: Selection) -> None:
    """Colour the visitor's other photos while the current one is looked at."""
    status = Place()
    for shot in kept.shots.values():
        if shot is not selection.shot and not is_done(shot, selection.cards):
            work_off(shot, selection.cards, status, None, Look())
            status.clear()


def select(kept: Album, cards: Sequence[Card]) -> Selection:
    """What to colour, by which checkpoints, how strongly; and how to save it."""
    st.html('<span id="controls"></span>')
    show_sources(kept)
    shot = shot_of(kept, choose_photo(kept))
    chosen = choose_checkpoints(cards)
    saturation = st.slider(
        "Saturation", 0.0, _MAX_SATURATION, 1.0, 0.1, key="saturation", help=glossary.SATURATION, bind="query-params"
    )
    rendering = choose_rendering() if any(card.has_palette for card in chosen.cards) else "chroma"
    return Selection(shot, chosen.cards, chosen.remarks, Look(saturation, rendering), downloads.choose_format(shot))


def main() -> None:
    kept, listing = album(), scan()
    results, beside = st.columns([3.2, 1], gap="large")
    with results:
        st.title("Compare checkpoints")
        st.html('<a class="to-controls" href="#controls">Choose photo, checkpoints and saturation</a>')
        open_arrivals(kept)
        show_problems(kept, listing.problems)
    with beside, st.container(key="controls"):
        selection = select(kept, listing.cards)
        zip_place = room(keeps=is_done(selection.shot, selection.cards))
    with results:
        if not selection.cards:
            st.info("Choose at least one checkpoint." if listing.cards else "There is no checkpoint in weights/ yet.")
        show_comparison(selection)
        show_slider(selection)
    with zip_place:
        downloads.offer_all(selection.shot.name, selection.wishes(), selection.format)
    finish_others(kept, selection)


enter()
main()
