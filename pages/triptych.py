"""Grey, generated, original: a link to a picture, one click, and the three of it side by side."""

from collections.abc import Sequence

import streamlit as st

from colorizer.checkpoints.card import Card
from pages.common import comparison_grid, downloads
from pages.common.bootstrap import run_through_app
from pages.common.checkpoint_picker import PHOTO, choose_suitable_card, learned_from
from pages.common.comparison_jobs import is_done, work_off
from pages.common.delivery import download_button
from pages.common.job_runner import set_status
from pages.common.model_cache import RenderOptions
from pages.common.offered import offered
from pages.common.photo_library import LibraryPhoto, PhotoLibrary, library
from pages.common.photo_picker import choose_photo, link_field, open_arrivals, shot_of, show_files, take_link
from pages.common.slot import Slot
from pages.common.style import apply_ratio
from pages.features.triptych.row_image import ThreeInOne

_FIRST_CHECKPOINT, _ITS_SAMPLE = "flowers-gan", "Flower"  # a network that goes far, on what it knows
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


def choose_checkpoint(kept: PhotoLibrary, offered: Sequence[Card]) -> Card:
    """Choose the network. Until the visitor does, a photo of theirs gets the one that colours anything."""
    is_own = st.session_state.get("photo") in kept.photos
    card = choose_suitable_card(offered, "triptych-checkpoint", PHOTO if is_own else _FIRST_CHECKPOINT)
    st.caption(learned_from(card))
    return card


def main() -> None:
    kept, listing = library(), offered()
    st.title("Grey, generated, original")
    st.markdown(_INTRODUCTION)
    with st.container(key="triptych-sources"):
        files, link, network = st.columns(3)
    with link:
        ask_for_link(kept)
    problems = st.container()
    photos = st.container(key="photos", horizontal=True)
    row = st.container(key="triptych")
    with row, st.container(key="triptych-status"):
        status = Slot()
        if kept.pending_photos:
            status.clear()  # there is going to be a spinner
        open_arrivals(kept)
    with files, st.container(key="intake"):
        show_files(kept)  # now that it is known how much room is left
    with network:
        cards = [choose_checkpoint(kept, listing.cards)] if listing.cards else []
    with problems:
        show_problems(kept, listing.problems, bool(cards))
    with photos:
        knows_flowers = any(card.id == _FIRST_CHECKPOINT for card in cards)
        photo = shot_of(kept, choose_photo(kept, _ITS_SAMPLE if knows_flowers else None))
    with row:
        show_row(photo, cards, status)


run_through_app()
main()
