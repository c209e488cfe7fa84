"""What the histories of two trainings say of a lesson: one sentence, computed from them."""

from collections.abc import Sequence

from colorizer.checkpoints.history import EpochRow, age, best_row
from pages.common.training_runs import Curve
from pages.features.lessons.lessons import Measure


def verdict_on(curves: Sequence[Curve], measure: Measure) -> str:
    """Compare two trainings in one paragraph; say what is missing if one has no history."""
    rows = [best_row(curve.rows) for curve in curves]
    found = [(curve, row) for curve, row in zip(curves, rows, strict=True) if row is not None]
    if len(found) < 2:
        return "There is no training history of both, so nothing can be computed here."
    return _distance(found) if measure == "ab RMSE" else _liveliness(found)


def _distance(found: Sequence[tuple[Curve, EpochRow]]) -> str:
    parts = [f"**{curve.title}** comes as near as {row.val_ab_rmse:.2f} {age(row.epoch)}" for curve, row in found]
    baseline = found[0][0].baseline
    grey = f"; no colour at all is {baseline.grey.ab_rmse:.2f} away" if baseline else ""
    text = f"On pictures that neither has seen, {' and '.join(parts)}{grey} (ab RMSE, Lab units)."
    worse = [curve.title for curve, row in found if baseline and row.val_ab_rmse > baseline.grey.ab_rmse]
    return f"{text} **{' and '.join(worse)}** does worse than no colour." if worse else text


def _liveliness(found: Sequence[tuple[Curve, EpochRow]]) -> str:
    """Compare each with the truth of its own validation pictures: two trainings need not share them."""
    parts = []
    for curve, row in found:
        truth = curve.baseline.true_colorfulness if curve.baseline else 0.0
        share = f", {row.val_colorfulness / truth:.0%} of the originals'" if truth else ""
        parts.append(
            f"**{curve.title}** reaches a colourfulness of {row.val_colorfulness:.1f}{share}, at a distance of "
            f"{row.val_ab_rmse:.2f}"
        )
    return f"On pictures that neither has seen, {'; '.join(parts)} (ab RMSE, Lab units). Livelier is not nearer."
