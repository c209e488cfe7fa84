"""A strip on the page: four rows of pictures at the network's size, and the figures of each, as an HTML table."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final, TypeVar

from colorizer.analysis.palette_strip import ROWS, Column, picture
from colorizer.checkpoints.card import Card
from colorizer.evaluation.scores import Scores
from colorizer.inference.palette_prediction import Rendering
from pages.common.data_url import data_url
from pages.common.model_cache import shared_results, weights_hash
from pages.common.photo_library import LibraryPhoto

_MAX_KEPT = 256  # of each kind: 8 photos by 8 checkpoints four times over; 25 kB each

Key = tuple[str, str, str]
"""Photo, checkpoint, and version of the checkpoint."""
Cells = tuple[str | None, ...]
"""A picture for each of `ROWS`, as an address that holds the whole PNG; None where there is none to show."""


_K = TypeVar("_K")
_V = TypeVar("_V")


def _keep(store: dict[_K, _V], key: _K, value: _V) -> _V:
    store[key] = value
    while len(store) > _MAX_KEPT:
        store.pop(next(iter(store)))
    return value


def _encode(column: Column, rendering: Rendering) -> Cells:
    def address(stream: io.BytesIO) -> str:
        return data_url(stream.getvalue(), "png")

    cells: list[str | None] = []
    for row in ROWS:
        image, stream = picture(column, row, rendering), io.BytesIO()
        if image is not None:
            image.save(stream, "PNG")
        cells.append(None if image is None else address(stream))
    return tuple(cells)


@dataclass
class StripCache:
    """What networks made of a visitor's pictures at their own size."""

    columns: dict[Key, Column] = field(default_factory=dict)
    cells: dict[tuple[Key, Rendering], Cells] = field(default_factory=dict)

    def column(self, photo: LibraryPhoto, card: Card) -> Column | None:
        return self.columns.get(_key(photo, card))

    def put(self, photo: LibraryPhoto, card: Card, column: Column) -> None:
        _keep(self.columns, _key(photo, card), column)

    def pictures(self, photo: LibraryPhoto, card: Card, rendering: Rendering) -> Cells | None:
        """Return the cells of a column, encoded when they are first shown."""
        key, column = _key(photo, card), self.column(photo, card)
        if column is None:
            return None
        kept = self.cells.get((key, rendering))
        if kept is None:
            made = shared_results().make("cells", (column,), (rendering,), lambda: _encode(column, rendering))
            kept = _keep(self.cells, (key, rendering), made)
        return kept

    def is_done(self, photo: LibraryPhoto, card: Card) -> bool:
        """Tell whether nothing is left to compute."""
        return photo.failure(card) is not None or (self.column(photo, card) is not None and photo.is_done(card))


def _key(photo: LibraryPhoto, card: Card) -> Key:
    return photo.key, card.id, weights_hash(card)


@dataclass(frozen=True)
class _Figure:
    title: str
    shown: Callable[[Scores], str]
    badness: Callable[[Scores], float]
    """In the digits shown; lower is better."""
    needs_one_palette: bool
    """Whether it can be compared among palettes of the same number of colours only."""


_FIGURES: Final = (
    _Figure("Accuracy", lambda of: f"{of.accuracy:.0%}", lambda of: -round(of.accuracy, 2), True),
    _Figure("Cross-entropy", lambda of: f"{of.loss:.2f}", lambda of: round(of.loss, 2), True),
    _Figure("CIEDE2000", lambda of: f"{of.ciede2000:.1f}", lambda of: round(of.ciede2000, 1), False),
)


def _figure(figure: _Figure, mine: Column | None, other: Column | None) -> str:
    if mine is None or mine.measured is None:
        return "<td>–</td>"
    text = figure.shown(mine.measured)
    if other is None or other.measured is None:
        return f"<td>{text}</td>"
    comparable = (
        len(mine.palette_prediction.colors) == len(other.palette_prediction.colors) or not figure.needs_one_palette
    )
    if comparable and figure.badness(mine.measured) < figure.badness(other.measured):
        return f'<td class="best">{text}<span class="visually-hidden"> (better)</span></td>'
    return f"<td>{text}</td>"


def _cell(known: Cells | None, row: int, alt: str, has_failed: bool) -> str:
    if known is None:
        return f"<td><span>{'not coloured' if has_failed else ''}</span></td>"
    address = known[row]
    return (
        "<td><span>a grey photo</span></td>"
        if address is None
        else f'<td><img src="{address}" alt="{escape(alt)}"></td>'
    )


def _group(title: str, cells: Sequence[str]) -> str:
    """Format a row under its own title, which stays in view when the strip is scrolled sideways."""
    head = f'<tr><th scope="rowgroup" colspan="{len(cells)}"><span>{title}</span></th></tr>'
    return f"<tbody>{head}<tr>{''.join(cells)}</tr></tbody>"


def strip(
    strip_cache: StripCache, photos: Sequence[LibraryPhoto], card: Card, beside: Card | None, rendering: Rendering
) -> str:
    """Format the strip of one checkpoint as HTML, marked where it is better than the one `beside` it."""
    pictures = [strip_cache.pictures(photo, card, rendering) for photo in photos]
    groups = []
    for number, row in enumerate(ROWS):
        cells = [
            _cell(known, number, f"{photo.name}, {row.lower()}: {card.title}", photo.failure(card) is not None)
            for photo, known in zip(photos, pictures, strict=True)
        ]
        groups.append(_group(row, cells))
    columns = [
        (strip_cache.column(photo, card), strip_cache.column(photo, beside) if beside else None) for photo in photos
    ]
    if not all(photo.is_grey for photo in photos):
        groups += [_group(figure.title, [_figure(figure, *pair) for pair in columns]) for figure in _FIGURES]
    names = "".join(f'<th scope="col" title="{escape(photo.name)}">{escape(photo.name)}</th>' for photo in photos)
    return (
        f'<h3 class="strip-title">{escape(card.title)}</h3>'
        f'<div class="strip" tabindex="0" role="region" aria-label="{escape(card.title)}" style="--n:{len(photos)}">'
        f"<table><thead><tr>{names}</tr></thead>{''.join(groups)}</table></div>"
    )
