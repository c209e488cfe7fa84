"""`history.csv`: one row an epoch, as training writes it and the curves read it."""

import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from colorizer.errors import CheckpointError
from colorizer.files import write_atomically

HISTORY_FILE = "history.csv"


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


COLUMNS = tuple(field.name for field in dataclasses.fields(EpochRow))


def format_history(rows: Sequence[EpochRow]) -> str:
    """The rows as CSV text; floats with every digit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(dataclasses.astuple(row) for row in rows)
    return text.getvalue()


def write_history(path: Path, rows: Sequence[EpochRow]) -> None:
    """Write the whole history, atomically: a reader sees the file before or after an epoch, never in between."""
    write_atomically(path, format_history(rows).encode())


def read_history(path: Path) -> list[EpochRow]:
    """The rows of a `history.csv`, possibly none.

    Raises:
        CheckpointError: for a file that is missing or is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_parse_row(row) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path.parent.name}/{path.name} is not a readable training history: {error}.") from error


def _parse_row(row: dict[str, str]) -> EpochRow:
    return EpochRow(**{field.name: field.type(row[field.name]) for field in dataclasses.fields(EpochRow)})  # type: ignore[operator]


def best_row(rows: Sequence[EpochRow]) -> EpochRow | None:
    """The epoch with the lowest validation ab RMSE: the common measure, whatever the run's own loss."""
    finite = [row for row in rows if math.isfinite(row.val_ab_rmse)]
    return min(finite, key=lambda row: row.val_ab_rmse) if finite else None
