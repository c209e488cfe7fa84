"""Colouring one photo by several checkpoints, each result shown as soon as it is there."""

from collections.abc import Sequence

from colorizer.checkpoints.card import Card
from pages.common import comparison_grid
from pages.common.job_runner import Job, run_jobs
from pages.common.model_cache import RenderOptions, baseline, colour, full_size, weights_hash
from pages.common.photo_library import LibraryPhoto
from pages.common.slot import Slot
from pages.common.snapshots import full_title


def is_done(photo: LibraryPhoto, cards: Sequence[Card]) -> bool:
    """Tell whether nothing is left to compute for a photo."""
    return all(photo.is_done(card) for card in cards) and (photo.is_grey or photo.baseline is not None)


def _job(photo: LibraryPhoto, card: Card, grid: comparison_grid.Grid | None, options: RenderOptions) -> Job:
    """Make the job of one checkpoint, whose tile shows what comes of it."""
    key = card.id, weights_hash(card)

    def work() -> None:
        if photo.is_done(card):
            return  # by the page's last run, which had not ended yet when this one began
        with full_size(photo.content, photo.name) as opened:
            photo.answers[key] = colour(card, opened.image, has_truth=not photo.is_grey)

    def fail(reason: str) -> None:
        photo.failures[key] = reason

    def show() -> None:
        if grid is not None:
            _show(grid.tiles[card.id], photo, card, options, comparison_grid.Marks())

    title = full_title(card)
    return Job(f"Colouring {photo.name}: {title}", title, work, fail, show)


def measure_baseline(photo: LibraryPhoto) -> None:
    """Measure what the scores of a colour photo are compared with, if that is not known."""
    if not photo.is_grey and photo.baseline is None:
        with full_size(photo.content, photo.name) as opened:
            photo.baseline = baseline(opened.image)


def work_off(
    photo: LibraryPhoto, cards: Sequence[Card], status: Slot, grid: comparison_grid.Grid | None, options: RenderOptions
) -> None:
    """Compute what is missing for a photo, and show it in the grid, if it is the one in view.

    The grid has what was known before at once: nothing that stays the same is taken away meanwhile. What is missing
    is asked once, at the beginning: Streamlit may start the page anew before its last run has ended, which may answer
    at any moment, and a tile that was shown as waiting is to be filled all the same.
    """
    missing = [card for card in cards if not photo.is_done(card)]
    marks = comparison_grid.Marks() if missing else _marks(photo, cards)
    by_id = {card.id: card for card in cards}
    if grid is not None:
        for name, tile in grid.tiles.items():  # in their order: a tile with nothing in it has no place yet
            if name in by_id:
                _show(tile, photo, by_id[name], options, marks)
            else:
                comparison_grid.show_reference(grid, photo, name)
    if not missing and (photo.is_grey or photo.baseline is not None):
        return
    measure_baseline(photo)
    if grid is not None:
        for name in grid.tiles:
            if name not in by_id:
                comparison_grid.show_reference(grid, photo, name)
    run_jobs((_job(photo, card, grid, options) for card in missing), len(missing), status)
    if grid is not None:
        marks = _marks(photo, cards)
        for card in cards:
            if (answer := photo.answer(card)) is not None:
                comparison_grid.show_figures(grid.tiles[card.id], card, answer, marks)


def _marks(photo: LibraryPhoto, cards: Sequence[Card]) -> comparison_grid.Marks:
    """Mark the best results once all are known."""
    return comparison_grid.mark_best(
        photo, {card.id: answer for card in cards if (answer := photo.answer(card)) is not None}
    )


def _show(
    tile: comparison_grid.Tile, photo: LibraryPhoto, card: Card, options: RenderOptions, marks: comparison_grid.Marks
) -> None:
    if not photo.is_done(card):
        comparison_grid.show_waiting(tile, photo, card)
    elif (answer := photo.answer(card)) is not None:
        comparison_grid.show_result(tile, photo, card, answer, options, marks)
    else:
        comparison_grid.show_failure(tile, card, photo.failure(card) or "")
