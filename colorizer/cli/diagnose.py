"""The commands `hints` and `sizes`: does a checkpoint do what the user says, and does the size of a photo matter."""

import argparse
import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from PIL import Image

from colorizer.checkpoints.card import Measurement
from colorizer.checkpoints.store import checkpoint_folder, list_checkpoints, write_card
from colorizer.cli.colorize import weights_of
from colorizer.cli.photo_files import PhotoFiles
from colorizer.errors import PictureError
from colorizer.evaluation.hint_gain import HINT_PROTOCOL, SIZE_PROTOCOL, HintGain, measure_hints, size_difference
from colorizer.evaluation.hint_spill import PROTOCOL, Spill, measure_spill
from colorizer.evaluation.scores import mean
from colorizer.inference.colorizer import Colorizer, load
from colorizer.utils import messages

Result = TypeVar("Result")


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan


def _measured(options: argparse.Namespace, measure: Callable[[Image.Image, int], Result]) -> tuple[list[Result], bool]:
    """Measure each readable photo that has colours, with its number as a seed; True where one could not be read."""
    photos = PhotoFiles(options)
    return [measure(image, number) for number, _, image in photos.named()], photos.failed


def _write(weights: Path, model: Colorizer, rows: Sequence[Measurement]) -> None:
    """Put measurements into the card, in place of older ones of the same things."""
    card = next(card for card in list_checkpoints(weights) if card.id == model.card.id)
    new = {(row.what, row.dataset) for row in rows}
    kept = tuple(row for row in card.measurements if (row.what, row.dataset) not in new)
    write_card(checkpoint_folder(card.id, weights), dataclasses.replace(card, measurements=(*kept, *rows)))


def hints_command(options: argparse.Namespace) -> int:
    """Measure what true colours at random points do, and what wrong ones; prints a table."""
    weights = weights_of(options)
    model = load(options.checkpoint, weights=weights, precision="float32")
    counts = options.points

    def measure(image: Image.Image, seed: int) -> tuple[list[HintGain], Spill]:
        return measure_hints(model, image, counts, seed), measure_spill(model, image, seed)

    found, failed = _measured(options, measure)
    measured = _print_gains(counts, [gains for gains, _ in found])
    _print_spill([spill for _, spill in found])
    if options.card:
        command = f"python -m colorizer hints FOLDERS --checkpoint {model.card.id}"
        rounded = [(what, options.card, len(found), round(value, 4), unit) for what, value, unit in measured]
        _write(weights, model, [Measurement(*row, HINT_PROTOCOL, command) for row in rounded])
    return 1 if failed else 0


def _print_gains(counts: Sequence[int], rows: Sequence[Sequence[HintGain]]) -> list[tuple[str, float, str]]:
    """Print a line for each number of hints, and return what of it a card has: what, value and unit."""
    messages.write_line(
        f"{'points':>8}{'PSNR dB':>12}{'CIEDE2000':>12}{'ab error at the points':>25}{'moved far away':>17}{'worse':>8}"
    )
    measured = []
    for number, count in enumerate(counts):
        gains = [row[number] for row in rows]
        scores = mean([gain.scores for gain in gains])
        error, moved = _mean([gain.hint_error for gain in gains]), _mean([gain.moved_far for gain in gains])
        worse = _worse([row[counts.index(0)] for row in rows], gains) if 0 in counts else math.nan
        messages.write_line(
            f"{count:>8}{scores.psnr:>12.2f}{scores.ciede2000:>12.2f}{error:>25.2f}{moved:>17.2f}{worse:>8.0%}"
        )
        given = "1 hint" if count == 1 else f"{count} hints"
        measured += [(f"PSNR with {given}", scores.psnr, "dB")]
        if count:
            measured += [(f"ab error at the points of {given}", error, "Lab units")]
        if count and not math.isnan(moved):
            measured += [(f"ab change far from {given}", moved, "Lab units")]
    messages.write_line(
        f"\n{len(rows)} photos. {HINT_PROTOCOL}. Far: more than half of the side from every hint. "
        "Worse: photos whose PSNR is below that without points."
    )
    return measured


def _worse(without: Sequence[HintGain], with_hints: Sequence[HintGain]) -> float:
    """Return the share of pictures, 0..1, whose PSNR fell."""
    pairs = zip(without, with_hints, strict=True)
    return sum(after.scores.psnr < before.scores.psnr for before, after in pairs) / len(without)


def _print_spill(spills: Sequence[Spill]) -> None:
    """Print how far wrong hints move other things."""
    others, skin = _mean([spill.other_things for spill in spills]), _mean([spill.skin for spill in spills])
    messages.write_line(f"\nA wrong hint moves other things by {others:.2f} Lab units, skin by {skin:.2f}. {PROTOCOL}.")


def sizes_command(options: argparse.Namespace) -> int:
    """Measure how much the size that a photo comes at matters; prints one figure."""
    weights = weights_of(options)
    model = load(options.checkpoint, weights=weights, precision="float32")
    if len(options.sides) != 2 or min(options.sides) < 1:
        raise PictureError("--sides takes two sizes above 0, for example 512,2048.")
    sides = (options.sides[0], options.sides[1])
    differences, failed = _measured(options, lambda image, _: size_difference(model, image, sides))
    value = _mean(differences)
    what = f"ab change from {sides[0]} to {sides[1]} pixels"
    messages.write_line(f"{what}: {value:.2f} Lab units\n\n{len(differences)} photos. {SIZE_PROTOCOL}.")
    if options.card:
        command = f"python -m colorizer sizes FOLDERS --checkpoint {model.card.id} --sides {sides[0]},{sides[1]}"
        row = Measurement(what, options.card, len(differences), round(value, 4), "Lab units", SIZE_PROTOCOL, command)
        _write(weights, model, [row])
    return 1 if failed else 0
