"""What else could it be? Other versions of a photo that the model itself holds likely, and where it is unsure."""

from collections.abc import Sequence

import streamlit as st

from colorizer.analysis.alternatives import typical_places
from colorizer.analysis.uncertainty import draw_regions, draw_uncertainty
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import scan
from pages.common import downloads, glossary
from pages.common.bootstrap import run_through_app
from pages.common.checkpoint_picker import choose_card, photo_first
from pages.common.job_runner import set_status, status_line
from pages.common.model_cache import RenderOptions, compose_grey, preview_lock
from pages.common.photo_library import LibraryPhoto, library
from pages.common.photo_picker import choose_view
from pages.common.slot import Slot
from pages.features.alternatives.downloads import Sheet, downloads_for, offer_sheet, offer_version
from pages.features.alternatives.search import MAX_VERSIONS, Search, searches
from pages.features.alternatives.tiles import (
    NOTHING_LEFT,
    Tile,
    apply_alternatives_style,
    lay_out,
    lay_out_versions,
    question_lines,
    show_nothing,
    show_version,
    show_waiting,
    uncertainty_legend,
)

_INTRODUCTION = (
    "A grey photo does not say what colours it had. Here are other versions that the model thinks likely, and a map of "
    "where it is unsure."
)
_NO_CHECKPOINT = (
    "This page needs a checkpoint that takes colour points, and there is none in weights/ yet; "
    "the other pages work without one."
)


def find_versions(photo: LibraryPhoto, card: Card, search: Search, tiles: Sequence[Tile], status: Slot) -> None:
    """Show the versions found so far, and find the rest, each in its tile as soon as it is there."""
    for number, tile in enumerate(tiles):
        if number >= len(search.versions) and not search.is_done:
            show_waiting(tile, photo, number)
    for number, tile in enumerate(tiles):
        if len(search.versions) <= number and not search.is_done:
            set_status(status, f"Looking for version {number + 1} of {MAX_VERSIONS} of {photo.name} ...")
            search.advance(photo, card, number)
        if number < len(search.versions):
            show_version(tile, photo, search, number)
        else:
            show_nothing(tile, search, is_first=number == len(search.versions))


def conclude(photo: LibraryPhoto, card: Card, search: Search, status: Slot) -> None:
    """Say in the status line, which screen readers read out, how many versions there are."""
    (width, height), count = photo.size, len(search.versions)
    found = f"{count} version{'s' if count != 1 else ''} by “{card.title}”."
    fewer = "" if count == MAX_VERSIONS or search.failure else f" {NOTHING_LEFT}"
    set_status(status, " ".join([f"{photo.name}, {width} × {height} px: {found}{fewer}", *photo.notices]))


def show_unsure(photo: LibraryPhoto, search: Search) -> None:
    """Show the open questions, the uncertainty map and, for a colour photo, the original."""
    if search.found is None or search.uncertainty is None:
        return
    st.subheader("Where the model is unsure")
    names = ["questions", "doubt"] if photo.is_grey else ["questions", "doubt", "original"]
    ambiguous_regions, uncertainty, *original = lay_out("unsure", names)
    regions, map_ = _draw(photo, search)
    count = len(search.ambiguous_regions)
    title = f"{count or 'No'} open question{'s' if count != 1 else ''}"
    none = '<p class="remark">The model has one colour for every large part of this photo.</p>'
    body = question_lines(search.ambiguous_regions) if count else none
    ambiguous_regions.show(
        regions, f"{photo.name} in grey, the open questions tinted", title, "colours and chances", body
    )
    uncertainty.show(
        map_, f"Map of doubt over {photo.name}", "Doubt", "dark: sure", uncertainty_legend(search.uncertainty)
    )
    for tile in original:
        remark = '<p class="remark">One of many that were possible.</p>'
        tile.show(photo.original(), f"{photo.name}, the original", "Original", "what it was", remark)


def _draw(photo: LibraryPhoto, search: Search) -> tuple[bytes, bytes]:
    """Draw the open questions and the uncertainty map as encoded pictures; kept with the photo's others."""
    names = f"{search.name} questions", f"{search.name} doubt"
    found, uncertainty = search.found, search.uncertainty
    assert found is not None and uncertainty is not None

    def questions() -> bytes:
        regions = [ambiguous_region.region for ambiguous_region in search.ambiguous_regions]
        places = [typical_places(region, found.cell_lightness)[0] for region in regions]
        grey = compose_grey(photo.preview)
        with preview_lock():
            drawn = draw_regions(grey, regions, places)
        return photo.encode(drawn)

    def doubt() -> bytes:
        size = photo.preview.size
        with preview_lock():
            drawn = draw_uncertainty(uncertainty, size)
        return photo.encode(drawn)

    first, second = names
    options = RenderOptions()
    return photo.picture(first, options, questions), photo.picture(second, options, doubt)


def show_downloads(photo: LibraryPhoto, card: Card, search: Search, tiles: Sequence[Tile]) -> None:
    """Offer a download under each version, and one of all."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        format_ = downloads.choose_format(photo)
        offered = downloads_for(photo, card, search.versions, format_)
        downloads.offer_all(f"{photo.name}-versions", offered, format_)
        offer_sheet(Sheet(photo, card, tuple(search.versions)))
    for tile, download in zip(tiles, offered, strict=False):
        offer_version(tile.cell, download)


def main() -> None:
    kept, listing = library(), scan()
    cards = [card for card in listing.cards if card.takes_hints and card.takes_temperature]
    st.title("What else could it be?")
    st.markdown(_INTRODUCTION)
    photo = choose_view(kept, "alternatives")
    for problem in listing.problems:
        st.warning(problem)
    if not cards:
        st.info(_NO_CHECKPOINT)
        return
    card = cards[0] if len(cards) == 1 else choose_card(photo_first(cards), "alternatives-checkpoint")
    apply_alternatives_style(photo)
    search = searches().of(photo, card)
    status = status_line()
    if not search.is_done:
        set_status(status, photo.name)
    tiles = lay_out_versions()
    find_versions(photo, card, search, tiles, status)
    conclude(photo, card, search, status)
    with st.container(horizontal=True, gap="small"):
        for term, help in glossary.ALTERNATIVES.items():
            st.caption(term, help=help, width="content")
    show_downloads(photo, card, search, tiles)
    show_unsure(photo, search)


run_through_app()
main()
