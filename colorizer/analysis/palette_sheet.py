"""Strips on one sheet, labelled, to be saved: every pixel of the networks a square of whole pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from colorizer.analysis.palette_strip import ROWS, Column, picture
from colorizer.inference.palette_prediction import Rendering

NOTE: Final = (
    "The colours in the rows named Coloured were made up by a neural network and may not be the true ones; "
    "the palette truth is the original in the colours that the network chooses from."
)
_FOOT: Final = "Coloured: colours made up by a neural network."
_CELL = 128  # pixels, at least: a network of 32 pixels is shown four times as large
_MARGIN, _GAP, _LINE, _LABELS = 24, 6, 24, 116
_BACKGROUND, _EMPTY, _INK = "#e4e4e4", "#cfcfcf", "#1c1c1c"  # neutral, as the app's own light theme
_TEXT_SIZE, _TITLE_SIZE = 14, 17


@dataclass(frozen=True)
class Strip:
    """What one checkpoint made of several pictures."""

    title: str
    columns: Sequence[tuple[str, Column]]
    """Each with the picture's name."""


def draw_sheet(strips: Sequence[Strip], rendering: Rendering) -> Image.Image:
    """Return strips side by side under their titles, rows and columns named: RGB.

    Pictures are enlarged by a whole factor, to 128 pixels or a little more. A name that the built-in font, which has
    the characters of ASCII only, cannot write becomes "Picture 1" and so on.

    Raises:
        ValueError: for no strip, or a strip without pictures.
    """
    if not strips or not all(strip.columns for strip in strips):
        raise ValueError("a sheet needs at least one strip, and a strip at least one picture")
    cell = max(_enlarged_side(column) for strip in strips for _, column in strip.columns)
    widths = [_width(strip, cell) for strip in strips]
    height = 2 * _MARGIN + 3 * _LINE + len(ROWS) * (cell + _GAP)
    sheet = Image.new("RGB", (_LABELS + sum(widths) + _MARGIN * (len(strips) + 1), height), _BACKGROUND)
    _label_rows(sheet, cell)
    left = _MARGIN + _LABELS
    for strip, width in zip(strips, widths, strict=True):
        _write(sheet, (left, _MARGIN + _LINE // 2), strip.title, width, _TITLE_SIZE)
        _draw_columns(sheet, strip, left, cell, rendering)
        left += width + _MARGIN
    _write(sheet, (_MARGIN, height - _MARGIN - _LINE // 2), _FOOT, sheet.width - 2 * _MARGIN)
    return sheet


def _enlarged_side(column: Column) -> int:
    """Return the smallest whole multiple of a square's side that is a cell or more."""
    return -(-_CELL // column.square.width) * column.square.width


def _top(row: int, cell: int) -> int:
    return _MARGIN + 2 * _LINE + row * (cell + _GAP)


def _label_rows(sheet: Image.Image, cell: int) -> None:
    for number, row in enumerate(ROWS):
        _write(sheet, (_MARGIN, _top(number, cell) + cell // 2), row, _LABELS)


def _width(strip: Strip, cell: int) -> int:
    """Of a strip's pictures or, where that is more, of its title."""
    title = ImageFont.load_default(_TITLE_SIZE).getlength(strip.title)
    return max(len(strip.columns) * (cell + _GAP), math.ceil(title))


def _draw_columns(sheet: Image.Image, strip: Strip, left: int, cell: int, rendering: Rendering) -> None:
    for number, (name, column) in enumerate(strip.columns):
        x = left + number * (cell + _GAP)
        title = name if name.isascii() else f"Picture {number + 1}"
        _write(sheet, (x, _MARGIN + _LINE * 3 // 2), title, cell)
        for line, row in enumerate(ROWS):
            _paste(sheet, picture(column, row, rendering), (x, _top(line, cell)), cell)


def _paste(sheet: Image.Image, image: Image.Image | None, place: tuple[int, int], cell: int) -> None:
    if image is None:
        sheet.paste(_EMPTY, (*place, place[0] + cell, place[1] + cell))
        _write(sheet, (place[0] + _GAP, place[1] + cell // 2), "a grey photo", cell - _GAP)
    else:
        factor = cell // image.width
        sheet.paste(image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST), place)


def _write(sheet: Image.Image, place: tuple[int, int], text: str, width: int, size: int = _TEXT_SIZE) -> None:
    """One line, its middle at the left of `place`; what is wider than `width` ends in dots."""
    font = ImageFont.load_default(size)
    if font.getlength(text) > width:
        while text and font.getlength(f"{text}...") > width:
            text = text[:-1]
        text += "..."
    ImageDraw.Draw(sheet).text(place, text, _INK, font, anchor="lm")
