"""Training histories for the curves: of the shipped checkpoints and of the runs in `runs/`, finished or not."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from colorizer.checkpoints.card import CARD_FILE
from colorizer.checkpoints.history import HISTORY_FILE, EpochRow, age, read_history
from colorizer.checkpoints.store import RECIPE_FILE, WEIGHTS
from colorizer.errors import ColorizerError
from colorizer.evaluation.validation import Baseline
from colorizer.recipes.recipe import Recipe, read_recipe
from colorizer.training.run_state import BASELINE_FILE, find_folders, read_baseline
from pages.common.error_boundary import sentence

RUNS = Path("runs")
"""Where train.py puts runs, seen from where the app was started."""
_SILENCE_SECONDS = 900  # a run that wrote nothing for so long, and for three epochs, has stopped
_MIN_EPOCHS = 5  # below, nothing can be said on the course of a run
_MIN_SHARE = 0.5  # of the training loss in the validation loss at the end; below it a run overfits


@dataclass(frozen=True)
class Curve:
    """One run and what it wrote, epoch by epoch."""

    key: str
    """Its folder, which names it in a link."""
    title: str
    recipe: Recipe
    rows: Sequence[EpochRow]
    baseline: Baseline | None
    is_training: bool
    is_shipped: bool
    """In weights/, not in runs/."""


@dataclass(frozen=True)
class Curves:
    curves: tuple[Curve, ...]
    problems: tuple[str, ...]
    """One sentence for each folder that cannot be read."""


def _is_training(folder: Path, rows: Sequence[EpochRow]) -> bool:
    if (folder / CARD_FILE).exists():
        return False
    written = max(path.stat().st_mtime for path in folder.rglob("*"))
    return time.time() - written < max(_SILENCE_SECONDS, 3 * rows[-1].seconds if rows else 0)


def _read(folder: Path) -> Curve:
    recipe = read_recipe(folder / RECIPE_FILE)
    history = folder / HISTORY_FILE
    rows = read_history(history) if history.exists() else []
    baseline = read_baseline(folder / BASELINE_FILE) if (folder / BASELINE_FILE).exists() else None
    is_shipped = folder.parent == WEIGHTS
    key = f"{folder.parent.name}/{folder.name}"
    title = recipe.title if is_shipped else f"{recipe.title} ({key})"
    return Curve(key, title, recipe, rows, baseline, _is_training(folder, rows), is_shipped)


def _is_same(curve: Curve, other: Curve) -> bool:
    """Tell whether a finished run was copied to weights/, and is there already."""
    return curve.recipe.id == other.recipe.id and curve.rows == other.rows


def read_curves() -> Curves:
    """Read all runs that have a recipe; a damaged one does not hide the others."""
    curves: list[Curve] = []
    problems: list[str] = []
    for folder in find_folders(WEIGHTS, RUNS):
        try:
            curve = _read(folder)
            if not any(_is_same(curve, other) for other in curves):
                curves.append(curve)
        except (ColorizerError, OSError) as error:
            problems.append(sentence(error))
    return Curves(tuple(curves), tuple(problems))


def smooth(values: Sequence[float], weight: float) -> list[float]:
    """Smooth by an exponential running mean without the bias of its start; non-finite values are passed over."""
    smoothed, mean, mass = [], 0.0, 0.0
    for value in values:
        if math.isfinite(value):
            mean, mass = weight * mean + (1 - weight) * value, weight * mass + (1 - weight)
        smoothed.append(mean / mass if mass else value)
    return smoothed


def describe_fit(curve: Curve) -> str | None:
    """Describe how training and validation loss went, measured on the history; None if it is too short to tell."""
    rows = [row for row in curve.rows if math.isfinite(row.val_loss) and math.isfinite(row.train_loss)]
    if len(rows) < _MIN_EPOCHS:
        return None
    best, last = min(rows, key=lambda row: row.val_loss), rows[-1]
    rise, share = last.val_loss / best.val_loss - 1, last.train_loss / last.val_loss
    end = f"At the end, {age(last.epoch)}, the training loss is {share:.0%} of the validation loss"
    if share > _MIN_SHARE:
        course = "at the end" if last is best else f"{age(best.epoch)}, and {rise:.1%} higher at the end"
        return f"**{curve.title}**: the validation loss is lowest {course}. {end}."
    fall = 1 - last.train_loss / best.train_loss
    return (
        f"**{curve.title}** overfits: the validation loss is lowest {age(best.epoch)}; from then on it rises by "
        f"{rise:.1%}, while the training loss falls by {fall:.0%}. {end}: it learns its "
        f"{curve.recipe.data.images or 'training'} pictures by heart, and that helps with no other."
    )
