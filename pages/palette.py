"""Colours from a palette: the four-row strips of any two palette checkpoints, and one picture at its full size."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from colorizer.analysis.palette_sheet import NOTE, Strip, draw_sheet
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import scan
from colorizer.images import encode_image
from colorizer.inference.palette_prediction import Rendering
from pages.common import glossary
from pages.common.bootstrap import run_through_app
from pages.common.delivery import download_button
from pages.common.job_runner import set_status, status_line
from pages.common.palette_swatches import choose_rendering
from pages.common.photo_library import LibraryPhoto, PhotoLibrary, library
from pages.common.photo_picker import forget_photos, open_arrivals, shot_of, show_sources
from pages.common.sample_photos import SAMPLES
from pages.common.slot import Slot, reserve
from pages.features.palette import full_size
from pages.features.palette.jobs import strip_cache, work_off
from pages.features.palette.pair_picker import Pair, choose_pair
from pages.features.palette.strip_table import StripCache, strip
from pages.features.palette.summary import finding

_FIRST_SAMPLE = "Cat"
_INTRODUCTION = (
    "These networks do not mix colours: for every pixel they pick one of 16 or 32 paints, at 32 × 32 pixels. "
    "“Palette truth” is the original in these paints, the best that any choice could be."
)
_TERMS = {
    "palette truth": glossary.PALETTE_TRUTH,
    "accuracy": glossary.ACCURACY,
    "cross-entropy": glossary.CROSS_ENTROPY,
    "CIEDE2000": f"{glossary.CIEDE2000} In the strips it is always that of their chroma, whatever is shown.",
}


@dataclass(frozen=True)
class Selection:
    """What the visitor chose."""

    photos: Sequence[LibraryPhoto]
    pair: Pair
    rendering: Rendering
    strip_cache: StripCache

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to compute."""
        return all(self.strip_cache.is_done(photo, card) for photo in self.photos for card in self.pair.cards)

    def strip(self, card: Card) -> str:
        """Format the strip of one of the two checkpoints, as HTML."""
        beside = next((other for other in self.pair.cards if other is not card), None)
        return strip(self.strip_cache, self.photos, card, beside, self.rendering)

    def failures(self, card: Card) -> list[str]:
        """List one sentence for each thing that went wrong with a checkpoint, however many pictures it met."""
        return list(dict.fromkeys(text for photo in self.photos if (text := photo.failure(card)) is not None))

    def sheet(self) -> bytes:
        """Draw the strips as one PNG, of the pictures that both could colour."""
        strips = []
        for card in self.pair.cards:
            columns = [
                (photo.name, column) for photo in self.photos if (column := self.strip_cache.column(photo, card))
            ]
            strips += [Strip(card.title, columns)] if columns else []
        ids = ", ".join(card.id for card in self.pair.cards)
        note = f"{NOTE} Checkpoints: {ids}; rendering: {self.rendering}."
        return encode_image(draw_sheet(strips, self.rendering), "PNG", note)


def shots_of(kept: PhotoLibrary) -> list[LibraryPhoto]:
    """Return the visitor's photos, or the samples that have colours."""
    if kept.photos:
        return kept.compared()
    names = sorted(SAMPLES, key=lambda name: name != _FIRST_SAMPLE)
    return [photo for name in names if not (photo := shot_of(kept, name)).is_grey]


def choose_shot(kept: PhotoLibrary, photos: Sequence[LibraryPhoto]) -> LibraryPhoto:
    """Choose the picture to see at its full size; a sample's name then stands in the link."""
    by_key = {photo.key: photo for photo in photos}
    if st.session_state.get("picture") not in by_key:
        wanted = st.query_params.get("sample", "")
        st.session_state["picture"] = wanted if wanted in by_key else photos[0].key
    key = st.pills(
        "Picture",
        list(by_key),
        format_func=lambda key: by_key[key].name,
        required=True,
        key="picture",
        persist_state="session",
    )
    chosen = by_key[key or photos[0].key]
    if chosen.key in kept.photos:
        st.query_params.pop("sample", None)
        label = f"Remove {chosen.name}"
        st.button(label, icon=":material/close:", type="tertiary", on_click=remove, args=(kept, chosen.key))
    else:
        st.query_params["sample"] = chosen.key
    return chosen


def remove(kept: PhotoLibrary, key: str) -> None:
    """Forget a photo."""
    forget_photos(kept, [key])


def take_in(kept: PhotoLibrary, damaged: Sequence[str]) -> None:
    """Open what was added; show a sentence for each thing that fails."""
    if kept.pending_photos:
        open_arrivals(kept)
        st.session_state["picture"] = st.session_state.get("photo")
    for problem in kept.problems:
        st.error(problem)
    for problem in damaged:
        st.warning(problem)


def lay_out_strips(selection: Selection) -> dict[str, Slot]:
    """Reserve a place for the strip of each checkpoint, side by side, with as much of it as is known."""
    places = {}
    for column, card in zip(st.columns(len(selection.pair.cards), gap="small"), selection.pair.cards, strict=True):
        places[card.id] = Slot(column.container(key=f"tiny-{card.id}"))
        places[card.id].html(selection.strip(card))
    with st.container(horizontal=True, gap="small"):
        for term, help in _TERMS.items():
            st.caption(term, help=help, width="content")
        if len(selection.pair.cards) > 1:
            st.caption("★ better of the two", width="content")
    st.markdown(finding(selection.pair, has_uploads=any(photo.key not in SAMPLES for photo in selection.photos)))
    return places


def show(selection: Selection, kept: PhotoLibrary) -> None:
    """Show both comparisons: everything has its place first, and is filled as it comes."""
    cards = selection.pair.cards
    status = status_line("status-palette")
    if not selection.is_done:
        set_status(status, "")
    places = lay_out_strips(selection)
    problems = st.container()
    with st.container(key="strip-foot"):
        foot = reserve(keeps=selection.is_done)
    st.subheader("At full size")
    photo = choose_shot(kept, selection.photos)
    grid = full_size.lay_out(photo, cards)
    full_size.show_photo(grid, photo)
    for card in cards:
        full_size.show_card(grid, photo, card, selection.rendering)
    remark = Slot()
    if not selection.is_done:
        remark.clear()

    def show_strip(card: Card) -> None:
        places[card.id].html(selection.strip(card))

    work_off(selection.strip_cache, selection.photos, cards, status, show_strip)
    for card in cards:  # once more: which of the two is better is known only now
        show_strip(card)
        full_size.show_card(grid, photo, card, selection.rendering)
    remark.markdown(full_size.sentence_on(photo, selection.pair, selection.rendering))
    for card in cards:
        for problem in selection.failures(card):
            problems.error(problem)
    offer_sheet(foot, selection)
    set_status(status, f"{describe(selection)} {' '.join(photo.notices)}")


def describe(selection: Selection) -> str:
    """Say what the strips show."""
    count = len(selection.photos)
    sides = sorted({card.input_size for card in selection.pair.cards})
    what = "The centre square of one picture" if count == 1 else f"The centre squares of {count} pictures"
    return f"{what} at the networks' own size, {' and '.join(f'{side} × {side}' for side in sides)} px."


def offer_sheet(slot: DeltaGenerator, selection: Selection) -> None:
    """Offer the strips as a download; they are drawn when it is clicked."""
    download_button(
        "Download the strips (PNG)",
        at=slot,
        make=selection.sheet,
        file_name=f"strips-{'-'.join(card.id for card in selection.pair.cards)}.png",
        mime="image/png",
        icon=":material/download:",
        key="download-strips",
        disabled=all(selection.failures(card) for card in selection.pair.cards),
    )


def main() -> None:
    kept, listing = library(), scan()
    cards = [card for card in listing.cards if card.has_palette]
    results, beside = st.columns([3.2, 1], gap="large")
    with results:
        st.title("Colours from a palette")
        st.markdown(_INTRODUCTION, help=glossary.PALETTE)
        st.container(key="to-controls").html(
            '<a class="to-controls" href="#controls">Choose pictures and checkpoints</a>'
        )
        take_in(kept, listing.problems)
        if not cards:
            st.info("There is no checkpoint with a palette in weights/ yet: train one with `train.py`.")
            return
    with beside, st.container(key="controls"):
        st.html('<span id="controls"></span>')
        show_sources(kept)
        pair, rendering = choose_pair(cards), choose_rendering()
    with results:
        show(Selection(shots_of(kept), pair, rendering, strip_cache()), kept)


run_through_app()
main()
