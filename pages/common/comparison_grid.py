"""The grid of a comparison: results, grey and original in tiles of one size, each with its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.evaluation.metrics import PROTOCOL
from colorizer.evaluation.scores import Scores
from pages.common import glossary
from pages.common.model_cache import Answer, RenderOptions
from pages.common.palette_swatches import swatches
from pages.common.photo_library import LibraryPhoto
from pages.common.slot import Slot
from pages.common.snapshots import full_title
from pages.common.style import apply_ratio

GREY_TITLE = "Grey"
ORIGINAL_TITLE = "Original"


@dataclass
class Tile:
    """A cell of the grid: a picture, a text under it, and what comes below in the end, each replaced on its own."""

    picture: Slot
    text: Slot
    extra: Slot
    foot: Slot
    title: str = ""
    """Of a result, where it is not that of its checkpoint."""
    remark: str = ""
    """What to look at in a result, in one sentence under its title."""


@dataclass(frozen=True)
class Marks:
    """Which checkpoints come nearest to the original, by id."""

    psnr: frozenset[str] = frozenset()
    ciede2000: frozenset[str] = frozenset()


@dataclass
class Grid:
    tiles: dict[str, Tile] = field(default_factory=dict)
    """By checkpoint id, "grey" or "original"."""


def _order(cards: Sequence[Card], has_original: bool) -> tuple[list[str], str]:
    """Return the names of the tiles in order, and the arrangement, which the style knows: so many columns, or a table.

    Results come first, what they are held against after them. Four stand as a table - rows by data, columns by
    loss - with grey and original at the ends of the rows.
    """
    names = [*(card.id for card in cards), "grey", *(["original"] if has_original else [])]
    return names, "table" if has_original and len(cards) == 4 else str(_columns(len(names)))


def _columns(count: int) -> int:
    """Return few columns, so that pictures stay large; more than three where the last row would be almost empty."""
    if count <= 4:
        return 3 if count == 3 else 2
    return 4 if count == 8 or count % 3 == 1 else 3


def lay_out(cards: Sequence[Card], photo: LibraryPhoto, remarks: Mapping[str, str]) -> Grid:
    """Lay out an empty grid with a place for every tile; `remarks` stand under results, by checkpoint id."""
    apply_ratio(photo.preview.size)
    with st.container(key="comparison"):
        grid = _make(*_order(cards, not photo.is_grey))
    for card in cards:
        grid.tiles[card.id].remark = remarks.get(card.id, "")
    return grid


def lay_out_row(cards: Sequence[Card], has_original: bool, title: str) -> Grid:
    """Lay out a single row, from what the network sees to the truth: grey, the results under `title`, the original."""
    names = ["grey", *(card.id for card in cards), *(["original"] if has_original else [])]
    grid = _make(names, str(len(names)))
    for card in cards:
        grid.tiles[card.id].title = title
    return grid


def _make(names: Sequence[str], arrangement: str) -> Grid:
    grid = Grid()
    with st.container(key=f"tiles-{arrangement}"):
        for name in names:
            cell = st.container(key=f"tile-{name}")
            grid.tiles[name] = Tile(Slot(cell), Slot(cell), Slot(cell), Slot(cell))
    return grid


def mark_best(photo: LibraryPhoto, answers: Mapping[str, Answer]) -> Marks:
    """Mark the nearest of several results, where they differ in the digits shown and it is nearer than grey.

    Colourfulness has no mark: it says how strong colours are, not whether they are right, and a network that knows its
    twelve pictures by heart stains any other photo with about as much colour as that has.
    """
    if photo.baseline is None:
        return Marks()
    grey = photo.baseline.grey
    measured = {name: answer.measures for name, answer in answers.items() if answer.measures is not None}
    if len(measured) < 2:
        return Marks()

    def nearest(distances: dict[str, float], of_grey: float) -> frozenset[str]:
        least = min(distances.values())
        winners = frozenset(name for name, distance in distances.items() if distance == least)
        return winners if len(winners) < len(distances) and least < of_grey else frozenset()

    return Marks(
        nearest({name: -round(measures.psnr, 1) for name, measures in measured.items()}, -round(grey.psnr, 1)),
        nearest({name: round(measures.ciede2000, 1) for name, measures in measured.items()}, round(grey.ciede2000, 1)),
    )


def _figure(term: str, value: str, is_best: bool = False) -> str:
    note = '<span class="visually-hidden"> (nearest)</span>' if is_best else ""
    return f"<dt>{term}</dt><dd{' class=best' if is_best else ''}>{value}{note}</dd>"


def _figures(measures: Scores, name: str, marks: Marks) -> str:
    return (
        "<dl>"
        + _figure("PSNR", f"{measures.psnr:.1f} dB", name in marks.psnr)
        + _figure("CIEDE2000", f"{measures.ciede2000:.1f}", name in marks.ciede2000)
        + _figure("colourfulness", f"{measures.colorfulness:.1f}")
        + "</dl>"
    )


def _true_figures(photo: LibraryPhoto) -> str:
    """Format the original's own scores; it has no distance from itself."""
    if photo.baseline is None:
        return ""
    truth = f"{photo.baseline.true_colorfulness:.1f}"
    return f"<dl>{_figure('PSNR', '–')}{_figure('CIEDE2000', '–')}{_figure('colourfulness', truth)}</dl>"


def _text(title: str, aside: str = "", figures: str = "", aside_class: str = "time", remark: str = "") -> str:
    head = f'<h3>{escape(title)}<span class="{aside_class}">{escape(aside)}</span></h3>'
    sentence = f'<p class="remark">{escape(remark)}</p>' if remark else ""
    return f'<div class="tile">{head}{sentence}{figures}</div>'


def _result_text(tile: Tile, card: Card, aside: str = "", figures: str = "", aside_class: str = "time") -> str:
    """Format the text of a result; a tile with a title of its own names the checkpoint beside it."""
    if tile.title:
        return _text(tile.title, f"by {card.title}, {aside}" if aside else f"by {card.title}", figures, aside_class)
    return _text(card.title, aside, figures, aside_class, tile.remark)


def show_reference(grid: Grid, photo: LibraryPhoto, name: str) -> None:
    """Fill the tile of "grey", or of the "original"."""
    tile = grid.tiles[name]
    if name == "grey":
        figures = _figures(photo.baseline.grey, "grey", Marks()) if photo.baseline else ""
        tile.picture.image(photo.grey(), alt=f"{photo.name} without colour")
        tile.text.html(_text(GREY_TITLE, "no colour" if photo.is_grey else "what a network sees", figures))
    else:
        width, height = photo.size
        tile.picture.image(photo.original(), alt=f"{photo.name}, the original")
        tile.text.html(_text(ORIGINAL_TITLE, f"{width} × {height} px", _true_figures(photo)))


def show_waiting(tile: Tile, photo: LibraryPhoto, card: Card) -> None:
    """Show the last result, or the grey photo, until the new result is there."""
    tile.picture.image(photo.latest(card), alt=f"{photo.name}, not coloured yet")
    tile.text.html(_result_text(tile, card, "colouring ...", aside_class="wait"))
    tile.extra.clear()
    tile.foot.clear()


def show_result(
    tile: Tile, photo: LibraryPhoto, card: Card, answer: Answer, options: RenderOptions, marks: Marks
) -> None:
    """Show a coloured picture and its scores."""
    alt = f"{photo.name}, coloured by {full_title(card)}"
    tile.picture.image(photo.result(card, answer, options), alt=alt)
    show_figures(tile, card, answer, marks)


def show_figures(tile: Tile, card: Card, answer: Answer, marks: Marks) -> None:
    """Show the title, time and scores of a result."""
    figures = _figures(answer.measures, card.id, marks) if answer.measures else ""
    tile.text.html(_result_text(tile, card, f"{answer.seconds:.2f} s", figures))
    if answer.prediction.palette_prediction is not None:
        tile.extra.html(swatches(answer.prediction.palette_prediction))


def show_failure(tile: Tile, card: Card, message: str) -> None:
    """Show why a checkpoint gives no picture."""
    tile.picture.error(message)
    tile.text.html(_result_text(tile, card))


def _grey_remark(photo: LibraryPhoto, answers: dict[str, Answer]) -> str:
    """Say that grey has the highest PSNR, where it has; else return an empty text."""
    measured = [answer.measures.psnr for answer in answers.values() if answer.measures]
    if photo.baseline and measured and photo.baseline.grey.psnr > max(measured):
        others = "every checkpoint" if len(measured) > 1 else "the checkpoint"
        return f" Here grey has a higher PSNR than {others}: a wrong colour costs more than none."
    return ""


def show_legend(photo: LibraryPhoto, answers: dict[str, Answer]) -> None:
    """Explain the scores, how they were measured, and what to make of them."""
    if photo.is_grey:
        st.caption("This photo has no colours, so there is nothing to measure the results against.")
        return
    with st.container(horizontal=True, gap="small"):
        for term in ("PSNR", "CIEDE2000", "colourfulness"):
            st.caption(term, help=glossary.MEASURES[term], width="content")
        st.caption("time", help=glossary.TIME, width="content")
        if len(answers) > 1:
            st.caption("★ nearest to the original, and nearer than grey", width="content")
    st.caption(f"Measured against the original: {PROTOCOL}.{_grey_remark(photo, answers)}")
