"""What one photo does not prove: who is nearest on it may be so by chance, which many pictures show."""

from collections.abc import Mapping, Sequence

from colorizer.checkpoints.card import Card, MetricsRow
from colorizer.evaluation.metrics import PROTOCOL
from pages.common.comparison_grid import mark_best
from pages.common.markdown import plain
from pages.common.model_cache import Answer
from pages.common.photo_library import LibraryPhoto

_MIN_IMAGES = 20  # fewer are hardly more than the one
_MIN_DIFFERENCE = 0.5  # of CIEDE2000; less is nothing that anybody sees


def shared_rows(cards: Sequence[Card]) -> dict[str, MetricsRow]:
    """Return what was measured of all these checkpoints on the same pictures, by id; empty if nothing was.

    Of several sets it is the one that was measured as a photo on a page is, then the largest.
    """
    by_protocol: dict[tuple[str, int, str], dict[str, MetricsRow]] = {}
    for card in cards:
        for row in card.metrics:
            if row.subject == "checkpoint" and row.images >= _MIN_IMAGES:
                by_protocol.setdefault((row.dataset, row.images, row.protocol), {})[card.id] = row
    shared = [rows for rows in by_protocol.values() if len(rows) == len(cards)]

    def worth(rows: Mapping[str, MetricsRow]) -> tuple[bool, int]:
        row = next(iter(rows.values()))
        return _is_measured_alike(row), row.images

    return max(shared, key=worth, default={})


def describe_chance(photo: LibraryPhoto, cards: Sequence[Card], answers: Mapping[str, Answer]) -> str | None:
    """Say as Markdown which checkpoint is nearest on many pictures, where another has the star for CIEDE2000 here.

    None where it is the same one, where they hardly differ, or where many were not measured.
    """
    measured = [card for card in cards if card.id in answers]
    starred = [card for card in measured if card.id in mark_best(photo, answers).ciede2000]
    rows = shared_rows(measured)
    if len(starred) != 1 or not rows:
        return None
    here, nearest = starred[0], min(measured, key=lambda card: rows[card.id].ciede2000)
    row, of_here = rows[nearest.id], rows[here.id].ciede2000
    if of_here - row.ciede2000 < _MIN_DIFFERENCE:
        return None
    alike = ", measured in the same way," if _is_measured_alike(row) else ""
    return (
        f"**{plain(here.title)}** has the ★ for CIEDE2000 on this one photo only. On {row.images:,} "
        f"{_name(row)}{alike} **{plain(nearest.title)}** is nearer to the originals: {row.ciede2000:.1f}, "
        f"against {of_here:.1f}."
    )


def _is_measured_alike(row: MetricsRow) -> bool:
    return row.protocol.startswith(PROTOCOL)


def _name(row: MetricsRow) -> str:
    return plain(row.dataset if row.dataset.startswith("validation pictures") else f"pictures of {row.dataset}")
