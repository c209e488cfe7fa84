"""One picture at its full size: grey, original, and for each of two palette checkpoints its colours and its truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.evaluation.metrics import PROTOCOL_SIDE
from colorizer.images import encode_image
from colorizer.inference.full_resolution import with_alpha
from colorizer.inference.palette_prediction import PalettePrediction, Rendering, palette_truth
from pages.common import glossary
from pages.common.model_cache import RenderOptions, preview_lock
from pages.common.palette_swatches import swatches
from pages.common.photo_library import LibraryPhoto
from pages.common.slot import Slot
from pages.features.palette.pair_picker import Pair

_TRUTH_NOTE = "A preview, in the colours of a palette."
_LOOK_AT = {
    "chroma": "Look at outlines: they are the photo's own, and the network only tints what is between them.",
    "expected": "Look for what turns grey: there the network is torn between colours, and their mean has little left.",
    "palette": "Look at the size of the pixels: each is one choice, and there are no others.",
}


@dataclass(frozen=True)
class _Tile:
    """A cell of the grid: a picture and a text under it."""

    picture: Slot
    text: Slot

    @classmethod
    def here(cls, name: str) -> "_Tile":
        cell = st.container(key=f"tile-{name}")
        return cls(Slot(cell), Slot(cell))


@dataclass(frozen=True)
class FullSize:
    """The grid by name: "grey", "original", "result-ID", "truth-ID" and "swatches-ID"."""

    tiles: dict[str, _Tile]

    def show(self, name: str, picture: bytes, alt: str, title: str, aside: str, is_waiting: bool = False) -> None:
        kind = "wait" if is_waiting else "time"
        self.tiles[name].picture.image(picture, alt)
        self.tiles[name].text.html(
            f'<div class="tile"><h3>{title}<span class="{kind}">{escape(aside)}</span></h3></div>'
        )


def lay_out(photo: LibraryPhoto, cards: Sequence[Card]) -> FullSize:
    """Lay out an empty grid: a column for the photo, and one for each checkpoint."""
    names = ["grey", *(f"result-{card.id}" for card in cards)]
    if not photo.is_grey:
        names += ["original", *(f"truth-{card.id}" for card in cards)]
    with st.container(key=f"tiles-{len(cards) + 1}"):
        tiles = {name: _Tile.here(name) for name in names}
        with st.container(key="tile-paints"):
            st.caption("Share of the picture that each colour was chosen for", help=glossary.PALETTE)
        tiles |= {name: _Tile.here(name) for name in (f"swatches-{card.id}" for card in cards)}
    return FullSize(tiles)


def _truth(photo: LibraryPhoto, card: Card, palette_prediction: PalettePrediction) -> bytes:
    """Encode the palette truth of a photo as a preview, kept with its others. PNG: it has only these few colours."""

    def encode() -> bytes:
        preview, alpha = photo.preview, photo.preview_alpha  # decoded again, if need be, in a turn of its own
        with preview_lock():
            whole = with_alpha(palette_truth(preview, palette_prediction.colors), alpha)
            return encode_image(whole, "PNG", _TRUTH_NOTE)

    return photo.picture(f"truth {palette_prediction.colors.tobytes().hex()}", RenderOptions(), encode)


def show_photo(grid: FullSize, photo: LibraryPhoto) -> None:
    """Show what needs no network."""
    width, height = photo.size
    grid.show("grey", photo.grey(), f"{photo.name} without colour", "Grey", f"{width} × {height} px")
    if not photo.is_grey:
        grid.show("original", photo.original(), f"{photo.name}, the original", "Original", "")


def show_card(grid: FullSize, photo: LibraryPhoto, card: Card, rendering: Rendering) -> None:
    """Show the colours of a checkpoint, if it has answered; else the photo without its colours."""
    if not photo.is_done(card):
        _show_waiting(grid, photo, card)
        return
    answer = photo.answer(card)
    if answer is None or answer.prediction.palette_prediction is None:
        _show_failure(grid, photo, card)
        return
    palette_prediction, options = answer.prediction.palette_prediction, RenderOptions(rendering=rendering)
    alt = f"{photo.name}, coloured by {card.title}"
    grid.show(f"result-{card.id}", photo.result(card, answer, options), alt, "Coloured", card.title)
    if not photo.is_grey:
        alt = f"{photo.name}, palette truth of {card.title}"
        grid.show(f"truth-{card.id}", _truth(photo, card, palette_prediction), alt, "Palette truth", card.title)
    grid.tiles[f"swatches-{card.id}"].text.html(
        f'<p class="paints">{escape(card.title)}</p>{swatches(palette_prediction)}'
    )


def _show_waiting(grid: FullSize, photo: LibraryPhoto, card: Card) -> None:
    alt = f"{photo.name}, not coloured yet"
    grid.show(f"result-{card.id}", photo.latest(card), alt, "Coloured", "colouring ...", is_waiting=True)
    if not photo.is_grey:
        grid.show(f"truth-{card.id}", photo.grey(), alt, "Palette truth", "colouring ...", is_waiting=True)
    grid.tiles[f"swatches-{card.id}"].text.clear()


def _show_failure(grid: FullSize, photo: LibraryPhoto, card: Card) -> None:
    """Leave the grey picture for a checkpoint that gave none; the page says why."""
    for name, title in (("result", "Coloured"), ("truth", "Palette truth")):
        if f"{name}-{card.id}" in grid.tiles:
            grid.show(f"{name}-{card.id}", photo.grey(), f"{photo.name}, not coloured", title, "not coloured")


def sentence_on(photo: LibraryPhoto, pair: Pair, rendering: Rendering) -> str:
    """Say what to look at, and how close the two come on this very photo."""
    if photo.is_grey:
        return f"{_LOOK_AT[rendering]} This photo has no colours, so there is nothing to measure the results against."
    answers = [photo.answer(card) for card in pair.cards]
    away = [
        f"{answer.measures.ciede2000:.1f} for {name}"
        for name, answer in zip(pair.names, answers, strict=True)
        if answer is not None and answer.measures is not None
    ]
    if not away or photo.baseline is None:
        return _LOOK_AT[rendering]
    grey, size = photo.baseline.grey.ciede2000, f"{PROTOCOL_SIDE} × {PROTOCOL_SIDE} px"
    return (
        f"{_LOOK_AT[rendering]} With their chroma, at {size}, CIEDE2000 from the original is "
        f"{' and '.join(away)} (lower is closer; no colour at all: {grey:.1f})."
    )
