"""Colouring one photo by several checkpoints, each result shown as soon as it is there."""

from collections.abc import Sequence
from html import escape

from PIL import Image

from colorizer.checkpoints.card import Card
from pages.common import comparison_grid
from pages.common.error_boundary import sentence
from pages.common.model_cache import Look, colour, open_photo, version, yardstick
from pages.common.photo_library import Shot
from pages.common.slot import Place
from pages.common.snapshots import full_title


def say(status: Place, text: str) -> None:
    """What is being done, or what is shown; read out by screen readers."""
    status.html(f'<p class="status" role="status">{escape(text)}</p>')


def is_done(shot: Shot, cards: Sequence[Card]) -> bool:
    """Whether nothing is left to compute for a photo."""
    return all(shot.is_done(card) for card in cards) and (shot.is_grey or shot.yardstick is not None)


def _try(shot: Shot, card: Card, image: Image.Image) -> None:
    try:
        shot.answers[card.id, version(card)] = colour(card, image, has_truth=not shot.is_grey)
    except Exception as error:  # one checkpoint's failure, of whatever kind, must not touch the others
        shot.failures[card.id, version(card)] = sentence(error, full_title(card))


def work_off(shot: Shot, cards: Sequence[Card], status: Place, grid: comparison_grid.Grid | None, look: Look) -> None:
    """Compute what is missing for a photo, and show it in the grid, if it is the one in view.

    The grid has what was known before at once: nothing that stays the same is taken away meanwhile.
    """
    missing = [card for card in cards if not shot.is_done(card)]
    marks = comparison_grid.Marks() if missing else _marks(shot, cards)
    if grid is not None:
        comparison_grid.show_references(grid, shot)
        for card in cards:
            _show(grid.tiles[card.id], shot, card, look, marks)
    if is_done(shot, cards):
        return
    image = open_photo(shot.content, shot.name).image
    if not shot.is_grey and shot.yardstick is None:
        shot.yardstick = yardstick(image)
    if grid is not None:
        comparison_grid.show_references(grid, shot)
    for card in missing:
        say(status, f"Colouring {shot.name}: {full_title(card)} ({cards.index(card) + 1} of {len(cards)}) ...")
        _try(shot, card, image)
        if grid is not None:
            _show(grid.tiles[card.id], shot, card, look, comparison_grid.Marks())
    if grid is not None:
        marks = _marks(shot, cards)
        for card in cards:
            if (answer := shot.answer(card)) is not None:
                comparison_grid.show_figures(grid.tiles[card.id], card, answer, marks)


def _marks(shot: Shot, cards: Sequence[Card]) -> comparison_grid.Marks:
    """Which of the results are best; known when all are."""
    return comparison_grid.mark_best(
        shot, {card.id: answer for card in cards if (answer := shot.answer(card)) is not None}
    )


def _show(tile: comparison_grid.Tile, shot: Shot, card: Card, look: Look, marks: comparison_grid.Marks) -> None:
    if not shot.is_done(card):
        comparison_grid.show_waiting(tile, shot, card)
    elif (answer := shot.answer(card)) is not None:
        comparison_grid.show_result(tile, shot, card, answer, look, marks)
    else:
        comparison_grid.show_failure(tile, card, shot.failure(card) or "")
