"""Where something stands on a page, whatever comes there in the end."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.common.delivery import hold_picture


def reserve(keeps: bool) -> DeltaGenerator:
    """Reserve a place for what comes later in a run: it keeps what the last run left there, or is empty at once."""
    return st.container() if keeps else st.empty()


class Slot:
    """Where one element stands, replaced by what is shown there later in the same run.

    Until something is shown it keeps what the last run left there. `st.empty` takes that away first: whenever the
    browser draws between the two, everything below jumps. Use it only for what is not true any more.
    """

    def __init__(self, cell: DeltaGenerator | None = None) -> None:
        """Place it in a cell, below what the cell has when something is first shown; or here, in a cell of its own."""
        self._cell = st.container() if cell is None else cell
        self._shown: DeltaGenerator | None = None

    def show(self, draw: Callable[[DeltaGenerator], DeltaGenerator]) -> None:
        """Show what `draw` makes at this place, instead of what it showed before."""
        shown = draw(self._shown or self._cell)
        self._shown = self._shown or shown

    @property
    def at(self) -> DeltaGenerator:
        """To draw what is drawn once only, and tells nothing about where it stands: a widget."""
        return self._shown or self._cell

    def clear(self) -> None:
        """Take away what is there, of this run or of the last."""
        self.show(lambda at: at.empty())

    def html(self, body: str) -> None:
        self.show(lambda at: at.html(body))

    def image(self, picture: bytes, alt: str) -> None:
        """Show an encoded picture, as wide as there is room."""
        hold_picture(picture)
        self.show(lambda at: at.image(picture, width="stretch", alt=alt))

    def error(self, sentence: str) -> None:
        self.show(lambda at: at.error(sentence))

    def markdown(self, text: str) -> None:
        self.show(lambda at: at.markdown(text))
