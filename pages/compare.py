"""Compare checkpoints: one photo, coloured by several checkpoints side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.images.saving import OutputFormat
from pages.common import comparison_grid, downloads, glossary, photo_picker
from pages.common.before_after import Side, before_after
from pages.common.bootstrap import run_through_app
from pages.common.comparison_jobs import is_done, work_off
from pages.common.experiments import choose_checkpoints, sample_of_choice
from pages.common.job_runner import set_status, status_line
from pages.common.mean_card import choose_mean
from pages.common.model_cache import Answer, RenderOptions
from pages.common.offered import offered
from pages.common.palette_swatches import choose_rendering
from pages.common.photo_library import LibraryPhoto, PhotoLibrary, library
from pages.common.photo_picker import choose_photo, open_arrivals, shot_of, show_sources
from pages.common.slot import reserve
from pages.common.snapshots import full_title
from pages.features.compare.chance import describe_chance

_MAX_SATURATION = 2.0  # beyond, nearly every colour is at the edge of the gamut
_INTRODUCTION = "One photo, coloured by several networks. Each is a **checkpoint**, measured against the original."


@dataclass(frozen=True)
class Selection:
    """What the visitor chose."""

    photo: LibraryPhoto
    cards: Sequence[Card]
    remarks: Mapping[str, str]
    """What to look at in a result, by checkpoint id."""
    options: RenderOptions
    format: OutputFormat

    def answers(self) -> dict[str, Answer]:
        """Return what the checkpoints answered, by id."""
        return {card.id: answer for card in self.cards if (answer := self.photo.answer(card)) is not None}

    def downloads(self) -> list[downloads.Download]:
        """Return the results that can be saved."""
        answers = self.answers()
        return [
            downloads.Download(self.photo, card, answers[card.id], self.options, self.format)
            for card in self.cards
            if card.id in answers
        ]


def show_comparison(selection: Selection) -> None:
    """Show the grid of results, filled as they come."""
    photo, cards = selection.photo, selection.cards
    status = status_line()
    if not is_done(photo, cards):
        set_status(status, photo.name)
    grid = comparison_grid.lay_out(cards, photo, selection.remarks)
    work_off(photo, cards, status, grid, selection.options)
    for download in selection.downloads():
        downloads.offer(grid.tiles[download.card.id].foot.at, download)
    width, height = photo.size
    set_status(status, f"{photo.name}, {width} × {height} px. {' '.join(photo.notices)}")
    comparison_grid.show_legend(photo, selection.answers())
    if (remark := describe_chance(photo, cards, selection.answers())) is not None:
        st.markdown(remark)


def show_slider(selection: Selection) -> None:
    """Show any two of grey, original and results over one another."""
    photo, answers = selection.photo, selection.answers()
    sides = {comparison_grid.GREY_TITLE: Side(comparison_grid.GREY_TITLE, f"{photo.name} without colour", photo.grey())}
    if not photo.is_grey:
        sides[comparison_grid.ORIGINAL_TITLE] = Side(
            comparison_grid.ORIGINAL_TITLE, f"{photo.name}, the original", photo.original()
        )
    for card in selection.cards:
        if card.id in answers:
            picture = photo.result(card, answers[card.id], selection.options)
            sides[card.title] = Side(card.title, f"{photo.name}, coloured by {full_title(card)}", picture)
    titles = list(sides)
    st.subheader("Before and after")
    one, two = st.columns(2)
    left = one.selectbox("Left", titles, key="left", persist_state="session")
    right = two.selectbox("Right", titles, index=len(titles) - 1, key="right", persist_state="session")
    before_after(sides[left], sides[right], photo.preview.size)


def show_problems(kept: PhotoLibrary, damaged: Sequence[str]) -> None:
    """Show a sentence for each picture that could not be opened, and for each checkpoint that cannot be read."""
    photo_picker.show_problems(kept)
    for problem in damaged:
        st.warning(problem)


def finish_others(kept: PhotoLibrary, selection: Selection) -> None:
    """Colour the visitor's other photos while the current one is looked at."""
    status = status_line("status-of-others")
    for photo in kept.compared():
        if photo is not selection.photo and not is_done(photo, selection.cards):
            work_off(photo, selection.cards, status, None, RenderOptions())
            status.clear()


def select(kept: PhotoLibrary, cards: Sequence[Card]) -> Selection:
    """Choose what to colour, by which checkpoints, how strongly; and how to save it."""
    st.html('<span id="controls"></span>')
    show_sources(kept)
    photo = shot_of(kept, choose_photo(kept, sample_of_choice(cards)))
    chosen = choose_checkpoints(cards)
    mean = choose_mean({card.id: card for card in cards})
    compared = [*chosen.cards, *([] if mean is None else [mean])]
    saturation = st.slider(
        "Saturation",
        0.0,
        _MAX_SATURATION,
        1.0,
        0.1,
        key="saturation",
        help=glossary.SATURATION,
        bind="query-params",
    )
    rendering = choose_rendering() if any(card.has_palette for card in compared) else "chroma"
    return Selection(
        photo, compared, chosen.remarks, RenderOptions(saturation, rendering), downloads.choose_format(photo)
    )


def main() -> None:
    kept, listing = library(), offered()
    results, beside = st.columns([3.2, 1], gap="large")
    with results:
        st.title("Compare checkpoints")
        st.markdown(_INTRODUCTION)
        st.container(key="to-controls").html(
            '<a class="to-controls" href="#controls">Choose photo, checkpoints and saturation</a>'
        )
        open_arrivals(kept)
        show_problems(kept, listing.problems)
    with beside, st.container(key="controls"):
        selection = select(kept, listing.cards)
        zip_place = reserve(keeps=is_done(selection.photo, selection.cards))
    with results:
        if not selection.cards:
            st.info("Choose at least one checkpoint." if listing.cards else "There is no checkpoint in weights/ yet.")
        show_comparison(selection)
        show_slider(selection)
    with zip_place:
        downloads.offer_all(selection.photo.name, selection.downloads(), selection.format)
    finish_others(kept, selection)


run_through_app()
main()
