"""`Scores`: how close a coloured picture comes to the true one, or what several come to on average; and their CSV."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, TextIO

EQUAL_PSNR: Final = 100.0
"""dB, in place of infinity: one truly grey picture must not make the mean of all infinite."""
GREY, TRUTH = "grey", "truth"
"""What stands beside the checkpoints in every table: no colour at all, and the pictures themselves."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Of one picture or as means, by the names that a card has for them; NaN where one was not taken.

    `metrics` has the definition and the source of each.
    """

    psnr: float = math.nan
    """dB, higher is closer; infinite for equal pictures."""
    ssim: float = math.nan
    """-1..1, higher is closer (1: equal)."""
    ciede2000: float = math.nan
    """Mean colour difference, 0 is equal; about 1 is just visible, above 10 plain."""
    ab_rmse: float = math.nan
    """Lab units, lower is closer."""
    colorfulness: float = math.nan
    """Of the coloured picture alone, 0 is grey; compare with that of the true pictures."""
    loss: float = math.nan
    """In the unit of the loss that is asked for; cross-entropy in nats where colours are classes."""
    accuracy: float = math.nan
    """Share of pixels, 0..1, whose likeliest class is the true one; NaN for a network without classes."""

    def taken(self) -> dict[str, float]:
        """Those that were taken, by name."""
        return {name: value for name in NAMES if not math.isnan(value := getattr(self, name))}


NAMES: Final = tuple(item.name for item in fields(Scores))
HEADINGS: Final = {
    "psnr": "PSNR dB",
    "ssim": "SSIM",
    "ciede2000": "CIEDE2000",
    "ab_rmse": "ab RMSE",
    "colorfulness": "colourfulness",
    "loss": "cross-entropy",
    "accuracy": "accuracy",
}


def mean(rows: Sequence[Scores]) -> Scores:
    """Return the mean of each score over the pictures; there has to be one."""
    return Scores(**{name: math.fsum(getattr(row, name) for row in rows) / len(rows) for name in NAMES})


def write_csv(file: TextIO, rows: Sequence[tuple[str, Mapping[str, Scores]]]) -> None:
    """Write the scores of every picture, a line for each of those that were measured on it.

    Args:
        file: opened with newline="".
        rows: the name of each picture, and its scores by checkpoint id, "grey" or "truth".
    """
    writer = csv.writer(file)
    writer.writerow(["photo", "of", *HEADINGS])
    for source, measured in rows:
        for of, scores in measured.items():
            writer.writerow([source, of, *(scores.taken().get(name, "") for name in HEADINGS)])
