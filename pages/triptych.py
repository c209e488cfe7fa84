"""Grey, generated, original: a link to a picture, one click, and the three of it side by side."""

from collections.abc import Sequence

import streamlit as st

from colorizer.checkpoints.card import Card
from pages.common import comparison_grid, downloads
from pages.common.bootstrap import run_through_app
from pages.common.checkpoint_picker import choose_card
from pages.common.comparison_jobs import is_done, work_off
from pages.common.delivery import download_button
from pages.common.job_runner import set_status
from pages.common.model_cache import RenderOptions
from pages.common.offered import offered
from pages.common.photo_library import LibraryPhoto, PhotoLibrary, library
from pages.common.photo_picker import choose_photo, link_field, open_arrivals, shot_of, show_uploader, take_link
from pages.common.slot import Slot
from pages.common.style import apply_ratio
from pages.features.triptych.row_image import ThreeInOne

_FIRST_CHECKPOINT = "flowers-gan"
_TITLE = "Generated"
_INTRODUCTION = "A photo as a network sees it, in the colours that the network gives it, and in its own."
_WAS_EMPTY = "sent-without-link"  # in the session, from the click to the run that follows it
_NO_ORIGINAL = "This photo has no colours of its own, so there is no original to compare with."


def ask_for_link(kept: PhotoLibrary) -> None:
    """Ask for a link; the next run of the page fetches it."""
    with st.form("link-form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        link_field()
        st.form_submit_button("Colour it", type="primary", on_click=_take, args=(kept,))


def _take(kept: PhotoLibrary) -> None:
    take_link(kept)
    st.session_state[_WAS_EMPTY] = not kept.pending_photos


def show_problems(kept: PhotoLibrary, damaged: Sequence[str], has_cards: bool) -> None:
    """Show a sentence for each thing that cannot be opened."""
    for problem in kept.problems:
        st.error(problem)
    for problem in damaged:
        st.warning(problem)
    if st.session_state.pop(_WAS_EMPTY, False):
        st.info("Paste a link to a photo first, or choose a photo.")
    if not has_cards:
        st.info("There is no checkpoint in weights/ yet.")


def reserve_room(photo: LibraryPhoto) -> None:
    """Encode what needs no network before its places are laid out, and give these their height at once."""
    photo.grey()
    photo.original()
    apply_ratio(photo.preview.size)


def show_row(photo: LibraryPhoto, cards: Sequence[Card], status: Slot) -> None:
    """Show the pictures in their places, the generated one as soon as it is there; then scores and downloads."""
    if not is_done(photo, cards):
        set_status(status, photo.name)
    reserve_room(photo)
    grid = comparison_grid.lay_out_row(cards, not photo.is_grey, _TITLE)
    work_off(photo, cards, status, grid, RenderOptions())
    answers = {card.id: answer for card in cards if (answer := photo.answer(card)) is not None}
    for card in cards:
        if card.id in answers:
            downloads.offer(
                grid.tiles[card.id].foot.at, downloads.Download(photo, card, answers[card.id], RenderOptions(), "JPEG")
            )
            offer_row(ThreeInOne(photo, card, answers[card.id]))
    width, height = photo.size
    set_status(status, f"{photo.name}, {width} × {height} px. {' '.join(photo.notices)}")
    if photo.is_grey:
        st.caption(_NO_ORIGINAL)
    else:
        comparison_grid.show_legend(photo, answers)


def offer_row(row: ThreeInOne) -> None:
    """Offer the row as one picture."""
    download_button(
        "Download the row (PNG)",
        make=row.render,
        file_name=row.file_name,
        mime="image/png",
        type="tertiary",
        icon=":material/download:",
        key="download-row",
    )


def main() -> None:
    kept, listing = library(), offered()
    st.title("Grey, generated, original")
    st.markdown(_INTRODUCTION)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        ask_for_link(kept)
    with right:
        cards = [choose_card(listing.cards, "triptych-checkpoint", _FIRST_CHECKPOINT)] if listing.cards else []
    problems = st.container()
    photos = st.container(key="photos", horizontal=True)
    row = st.container(key="triptych")
    with row, st.container(key="triptych-status"):
        status = Slot()
        if kept.pending_photos:
            status.clear()  # there is going to be a spinner
        open_arrivals(kept)
    with problems:
        show_problems(kept, listing.problems, bool(cards))
    with photos:
        photo = shot_of(kept, choose_photo(kept))
    with row:
        show_row(photo, cards, status)
    show_uploader(kept)


run_through_app()
main()
