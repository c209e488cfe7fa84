"""What else could it be? Other versions of a photo that the model itself holds likely, and where it is unsure."""

from collections.abc import Sequence

import streamlit as st

from colorizer.analysis.alternatives import typical_places
from colorizer.analysis.uncertainty import draw_doubt, draw_regions
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import scan
from pages.common import downloads, glossary
from pages.common.bootstrap import enter
from pages.common.checkpoint_picker import choose_card, photo_first
from pages.common.comparison_jobs import say
from pages.common.model_cache import Look, compose_grey, turn
from pages.common.photo_library import Shot, album
from pages.common.photo_picker import choose_view
from pages.common.slot import Place
from pages.features.alternatives.downloads import Sheet, offer_sheet, offer_version, wishes_of
from pages.features.alternatives.search import MAX_VERSIONS, Search, searches
from pages.features.alternatives.tiles import (
    NOTHING_LEFT,
    Tile,
    apply_alternatives_style,
    doubt_legend,
    lay_out,
    lay_out_versions,
    question_lines,
    show_nothing,
    show_version,
    show_waiting,
)

_INTRODUCTION = (
    "A grey photo does not tell its colours. These are versions that the model itself holds likely, and a map of where "
    "it is unsure."
)
_NO_CHECKPOINT = (
    "This page needs a checkpoint that takes colour hints, and there is none in weights/ yet; "
    "the other pages work without one."
)


def find_versions(shot: Shot, card: Card, search: Search, tiles: Sequence[Tile], status: Place) -> None:
    """Show what is found, and find the rest, each version in its place as soon as it is there."""
    for number, tile in enumerate(tiles):
        if number >= len(search.versions) and not search.is_done:
            show_waiting(tile, shot, number)
    for number, tile in enumerate(tiles):
        if len(search.versions) <= number and not search.is_done:
            say(status, f"Looking for version {number + 1} of {MAX_VERSIONS} of {shot.name} ...")
            search.advance(shot, card)
        if number < len(search.versions):
            show_version(tile, shot, search, number)
        else:
            show_nothing(tile, search, is_first=number == len(search.versions))


def conclude(shot: Shot, card: Card, search: Search, status: Place) -> None:
    """What is on the page now; read out by screen readers."""
    (width, height), count = shot.size, len(search.versions)
    found = f"{count} version{'s' if count != 1 else ''} by “{card.title}”."
    fewer = "" if count == MAX_VERSIONS or search.failure else f" {NOTHING_LEFT}"
    say(status, " ".join([f"{shot.name}, {width} × {height} px: {found}{fewer}", *shot.notices]))


def show_unsure(shot: Shot, search: Search) -> None:
    """The open questions, the doubt and, where there is one, the original."""
    if search.found is None or search.doubt is None:
        return
    st.subheader("Where the model is unsure")
    names = ["questions", "doubt"] if shot.is_grey else ["questions", "doubt", "original"]
    questions, doubt, *original = lay_out("unsure", names)
    with turn():
        regions, map_ = _draw(shot, search)
    count = len(search.questions)
    title = f"{count or 'No'} open question{'s' if count != 1 else ''}"
    none = '<p class="remark">The model has one colour for every large part of this photo.</p>'
    body = question_lines(search.questions) if count else none
    questions.show(regions, f"{shot.name} in grey, the open questions tinted", title, "colours and chances", body)
    doubt.show(map_, f"Map of doubt over {shot.name}", "Doubt", "dark: sure", doubt_legend(search.doubt))
    for tile in original:
        remark = '<p class="remark">One of all that was possible.</p>'
        tile.show(shot.original(), f"{shot.name}, the original", "Original", "what it was", remark)


def _draw(shot: Shot, search: Search) -> tuple[bytes, bytes]:
    """The open questions and the doubt as encoded pictures, kept with the photo's others."""
    names = f"{search.name} questions", f"{search.name} doubt"
    if names[1] not in shot.pictures and search.found is not None and search.doubt is not None:
        regions = [question.region for question in search.questions]
        lightness = search.found.cell_lightness
        places = [typical_places(region, lightness)[0] for region in regions]
        drawn = draw_regions(compose_grey(shot.preview), regions, places), draw_doubt(search.doubt, shot.preview.size)
        for name, picture in zip(names, drawn, strict=True):
            shot.pictures[name] = Look(), shot.encode(picture)
    return shot.pictures[names[0]][1], shot.pictures[names[1]][1]


def show_downloads(shot: Shot, card: Card, search: Search, tiles: Sequence[Tile]) -> None:
    """A button under each version, and for all of them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        format_ = downloads.choose_format(shot)
        wishes = wishes_of(shot, card, search.versions, format_)
        downloads.offer_all(f"{shot.name}-versions", wishes, format_)
        offer_sheet(Sheet(shot, card, tuple(search.versions)))
    for tile, wish in zip(tiles, wishes, strict=False):
        offer_version(tile.cell, wish)


def main() -> None:
    kept, listing = album(), scan()
    cards = [card for card in listing.cards if card.takes_hints and card.takes_temperature]
    st.title("What else could it be?")
    st.markdown(_INTRODUCTION)
    shot = choose_view(kept, "alternatives")
    for problem in listing.problems:
        st.warning(problem)
    if not cards:
        st.info(_NO_CHECKPOINT)
        return
    card = cards[0] if len(cards) == 1 else choose_card(photo_first(cards), "alternatives-checkpoint")
    apply_alternatives_style(shot)
    search = searches().of(shot, card)
    status = Place()
    if not search.is_done:
        say(status, shot.name)
    tiles = lay_out_versions()
    find_versions(shot, card, search, tiles, status)
    conclude(shot, card, search, status)
    with st.container(horizontal=True, gap="medium"):
        for term, help in glossary.ALTERNATIVES.items():
            st.caption(term, help=help, width="content")
    show_downloads(shot, card, search, tiles)
    show_unsure(shot, search)


enter()
main()
