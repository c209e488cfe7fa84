"""`history.csv`: one row an epoch, as training writes it and the curves read it."""

import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colorizer.errors import CheckpointError
from colorizer.utils.atomic_write import write_atomically

HISTORY_FILE = "history.csv"
_COUNTS = ("epoch", "images_seen", "discriminator_steps", "peak_memory_mb")


@dataclass(frozen=True)
class EpochRow:
    """One epoch, counted from 0. Measures are means over the validation pictures, at the recipe's `crop`."""

    epoch: int
    images_seen: int
    """Training pictures shown since the start of the run, repetitions counted."""
    learning_rate: float
    """At the epoch's last step."""
    train_loss: float
    """Mean over the epoch's steps, in the run's own loss, while the network still changes."""
    val_loss: float
    """In the run's own loss: not comparable between different losses."""
    val_psnr: float
    """dB, higher is better."""
    val_delta_e: float
    """CIEDE2000, lower is better."""
    val_ab_rmse: float
    """Lab units, lower is better."""
    val_colorfulness: float
    """Hasler and Suesstrunk 2003; best near that of the true pictures."""
    seconds: float
    """Wall time of the epoch, validation included."""
    train_accuracy: float | None = None
    """Share of pixels, 0..1, whose likeliest class is the true one, like `train_loss`; None without classes."""
    val_accuracy: float | None = None
    """The same on the validation pictures."""
    generator_loss: float | None = None
    """Mean over the epoch's steps of what an adversarial run's network is trained by: the cross-entropy, in nats, of
    the discriminator's answer against "true", plus the weighted own loss. This and the next three are None without an
    adversary."""
    discriminator_loss: float | None = None
    """Mean over the discriminator's steps of its binary cross-entropy, nats; None where it was skipped."""
    discriminator_accuracy: float | None = None
    """At the end of the epoch: the share, 0..1, of its right answers on training pictures, true and generated."""
    discriminator_steps: int | None = None
    """How many optimizer steps it made in the epoch: none where it was skipped."""
    peak_memory_mb: int | None = None
    """The most memory that the main process has held at once since it was started, in megabytes; None where the system
    does not say. A resumed run is a new process."""


_FIELDS = dataclasses.fields(EpochRow)
COLUMNS = tuple(field.name for field in _FIELDS if field.default is dataclasses.MISSING)
"""The columns that every history has; the others are there where the run has them."""


def format_history(rows: Sequence[EpochRow]) -> str:
    """Return the rows as CSV text; floats with every digit."""
    used = [
        item.name
        for item in _FIELDS
        if item.name in COLUMNS or any(getattr(row, item.name) is not None for row in rows)
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(used)
    writer.writerows([getattr(row, name) for name in used] for row in rows)
    return text.getvalue()


def write_history(path: Path, rows: Sequence[EpochRow]) -> None:
    """Write the whole history, atomically: a reader sees the file before or after an epoch, never in between."""
    write_atomically(path, format_history(rows).encode())


def read_history(path: Path) -> list[EpochRow]:
    """Return the rows of a `history.csv`, possibly none.

    Raises:
        CheckpointError: for a file that is missing or is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_parse_row(row) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path.parent.name}/{path.name} is not a readable training history: {error}.") from error


def _parse_row(row: dict[str, str]) -> EpochRow:
    present = [item.name for item in _FIELDS if item.name in COLUMNS or row.get(item.name)]
    values: dict[str, Any] = {name: int(row[name]) if name in _COUNTS else float(row[name]) for name in present}
    return EpochRow(**values)


def age(epoch: int) -> str:
    """Say in words how far training had come at the end of an epoch, which files count from 0: "after 2 epochs"."""
    return "after 1 epoch" if epoch == 0 else f"after {epoch + 1} epochs"


def best_row(rows: Sequence[EpochRow]) -> EpochRow | None:
    """Return the epoch with the lowest validation ab RMSE: the common measure, whatever the run's own loss."""
    finite = [row for row in rows if math.isfinite(row.val_ab_rmse)]
    return min(finite, key=lambda row: row.val_ab_rmse) if finite else None
