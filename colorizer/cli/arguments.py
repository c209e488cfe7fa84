"""Readers of command-line values; argparse turns what they raise into its own message and exit status 2."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

Number = TypeVar("Number", int, float)
_EMPTY: Final = "the name is empty; perhaps a variable in the command is not set"
_MEGA: Final = 1_000_000


def given_text(text: str) -> str:
    """Read a name that must not be empty: to the system an empty one would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError(_EMPTY)
    return text


def given_path(text: str) -> Path:
    """Read a path that must not be empty."""
    return Path(given_text(text))


class FolderPath(type(Path())):  # type: ignore[misc]
    """A path with a slash behind it: a folder, even if it has an ending and is not there yet."""


def result_place(text: str) -> Path | str:
    """Read where results go: a path, or an address as it is, which as a path would lose a slash."""
    if "://" in given_text(text):
        return text
    separators = tuple(filter(None, (os.sep, os.altsep)))
    return FolderPath(text) if text.endswith(separators) else Path(text)


def parse_hint(text: str) -> tuple[int, int, tuple[int, int, int]]:
    """Read "X,Y,#RRGGBB" as (x, y, (r, g, b))."""
    x, y, colour = text.split(",")
    if len(colour) != 7 or not colour.startswith("#"):
        raise ValueError
    red, green, blue = bytes.fromhex(colour[1:])
    return int(x), int(y), (red, green, blue)


def whole_numbers(text: str) -> list[int]:
    """Read "1,2,5" as [1, 2, 5]."""
    return [int(word) for word in text.split(",") if int(word) >= 0]


def pixel_count(text: str) -> int:
    """Read a number of pixels: 80000000, or 80M for as many million."""
    is_mega = text[-1:] in ("M", "m")
    value = round(float(text[:-1]) * _MEGA) if is_mega else int(text)
    if value < 1:
        raise ValueError
    return value


def number(name: str, kind: Callable[[str], Number], fits: Callable[[Number], bool]) -> Callable[[str], Number]:
    """Make a reader of numbers that fit; argparse's message calls them by this name."""

    def read(text: str) -> Number:
        value = kind(text)
        if not fits(value):
            raise ValueError
        return value

    read.__name__ = name
    return read


whole_numbers.__name__ = "list of whole numbers (N,N,...)"
parse_hint.__name__ = "hint (X,Y,#RRGGBB)"  # what argparse calls a value that does not parse
pixel_count.__name__ = "number of pixels (such as 80M)"
saturation = number("saturation (0 to 3)", float, lambda value: 0 <= value <= 3)
temperature = number("temperature (above 0)", float, lambda value: 0 < value < float("inf"))
quality = number("quality (1 to 100)", int, lambda value: 1 <= value <= 100)
thread_count = number("number of threads (1 or more)", int, lambda value: value >= 1)
vividness = number("vividness (0 to 1)", float, lambda value: 0 <= value <= 1)
reach = number("reach (0.25 to 4)", float, lambda value: 0.25 <= value <= 4)
share = number("share (above 0, at most 1.5)", float, lambda value: 0 < value <= 1.5)
gpu_share = number("share of a GPU (0 to 1)", float, lambda value: 0 <= value <= 1)
