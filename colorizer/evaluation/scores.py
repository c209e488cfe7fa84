"""Figures of quality by name: of one picture or as means, and as the CSV that `evaluate` and the page both write."""

import csv
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

from colorizer.evaluation.metrics import Measures
from colorizer.evaluation.validation import EQUAL_PSNR, Validation

Figures = dict[str, float]
"""Measures by the names that a card has for them; NaN where one was not taken."""
HEADINGS: Final = {
    "psnr": "PSNR dB",
    "ssim": "SSIM",
    "ciede2000": "CIEDE2000",
    "ab_rmse": "ab RMSE",
    "colorfulness": "colourfulness",
    "loss": "cross-entropy",
    "accuracy": "accuracy",
}
GREY, TRUTH = "grey", "truth"
"""What stands beside the checkpoints in every table: no colour at all, and the pictures themselves."""


def of_measures(measures: Measures) -> Figures:
    """The figures of one picture under the protocol."""
    return dataclasses.asdict(measures) | {"loss": math.nan, "accuracy": math.nan}


def of_grey(measures: Measures) -> Figures:
    """The same of no colour at all, with a finite PSNR: one grey picture must not make the mean infinite."""
    figures = of_measures(measures)
    return figures | {"psnr": min(figures["psnr"], EQUAL_PSNR)}


def of_validation(measures: Validation) -> Figures:
    """The figures of one picture at the network's own size."""
    return {
        "psnr": measures.psnr,
        "ssim": math.nan,
        "ciede2000": measures.delta_e,
        "ab_rmse": measures.ab_rmse,
        "colorfulness": measures.colorfulness,
        "loss": measures.loss,
        "accuracy": math.nan if measures.accuracy is None else measures.accuracy,
    }


def mean(rows: Sequence[Figures]) -> Figures:
    """The mean of each figure over the pictures; there has to be one."""
    return {name: math.fsum(row[name] for row in rows) / len(rows) for name in rows[0]}


def write_csv(file: TextIO, rows: Sequence[tuple[str, Mapping[str, Figures]]]) -> None:
    """Write the figures of every picture, a line for each of those that were measured on it.

    Args:
        file: opened with newline="".
        rows: the name of each picture, and its figures by checkpoint id, "grey" or "truth".
    """
    writer = csv.writer(file)
    writer.writerow(["photo", "of", *HEADINGS])
    for source, measured in rows:
        for of, row in measured.items():
            writer.writerow([source, of, *("" if math.isnan(row[name]) else row[name] for name in HEADINGS)])
