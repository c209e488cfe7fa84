"""The commands `hints` and `sizes`: does a checkpoint do what the user says, and does the size of a photo matter."""

import argparse
import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from colorizer import color
from colorizer.checkpoints.card import Measurement
from colorizer.checkpoints.store import checkpoint_folder, list_checkpoints, write_card
from colorizer.cli.colorize import weights_of
from colorizer.cli.photo_files import PhotoFiles
from colorizer.errors import PictureError
from colorizer.evaluation import metrics
from colorizer.evaluation.hint_spill import PROTOCOL, Spill, measure_spill
from colorizer.evaluation.protocol import centre_square
from colorizer.inference.colorizer import Colorizer, load
from colorizer.inference.full_resolution import compose
from colorizer.inference.hints import Hint
from colorizer.utils import messages
from colorizer.utils.seeding import seeded

Result = TypeVar("Result")
_PATCH = 6  # pixels: a hint is the mean colour of a square of this side
_FAR = 0.5  # of the picture's side
_HINT_PROTOCOL = (
    f"{metrics.PROTOCOL}, with hints at random points of that picture, "
    f"each the mean colour of {_PATCH} x {_PATCH} pixels there; per picture, then averaged"
)
_SIZE_PROTOCOL = (
    "each picture scaled to both longer sides (Lanczos), colorized, both results scaled to the smaller (area mean): "
    "mean distance in the plane of a and b; per picture, then averaged"
)


def _lab(image: Image.Image) -> Tensor:
    """(3, H, W)."""
    return color.srgb_to_lab(torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255)[0]


def true_hints(truth: Image.Image, count: int, seed: int) -> list[Hint]:
    """Hints at random points of an RGB image, with the mean colour of the square around each."""
    generator = seeded(seed, "hints")
    lab, (width, height) = _lab(truth), truth.size
    places = (torch.rand(count, 2, generator=generator) * torch.tensor([width, height])).long().tolist()
    hints = []
    for x, y in places:
        top, left = max(0, y - _PATCH // 2), max(0, x - _PATCH // 2)
        mean = lab[:, top : top + _PATCH, left : left + _PATCH].mean((1, 2)).reshape(1, 3, 1, 1)
        red, green, blue = (color.lab_to_display(mean).flatten() * 255).round().int().tolist()
        hints.append(Hint(x, y, (red, green, blue)))
    return hints


@dataclasses.dataclass(frozen=True)
class HintFigures:
    """What a number of hints did to one picture."""

    psnr: float
    ciede2000: float
    pin_error: float
    """Lab units: the mean distance in the plane of a and b of the result from each hint, at its very pixel; NaN without
    hints."""
    moved_far: float
    """Lab units: how far pixels moved that are farther from every hint than half of the side; NaN where there are
    none."""


def measure_hints(model: Colorizer, image: Image.Image, counts: Sequence[int], seed: int) -> list[HintFigures]:
    """What hints with the true colours do, for each number of them."""
    truth = centre_square(image)
    base = model.predict(truth)
    plain = _lab(compose(truth, base))[1:]
    return [_measure(model, truth, base.lightness, plain, true_hints(truth, count, seed)) for count in counts]


def _measure(
    model: Colorizer, truth: Image.Image, lightness: NDArray[np.float32], plain: Tensor, hints: Sequence[Hint]
) -> HintFigures:
    prediction = model.predict_from_lightness(lightness, truth.size, hints)
    result = compose(truth, prediction)
    measured = metrics.measure(np.asarray(result), np.asarray(truth))
    ab = _lab(result)[1:]
    if not hints:
        return HintFigures(measured.psnr, measured.ciede2000, math.nan, math.nan)
    wanted = torch.cat([_hint_ab(hint) for hint in hints], 1)
    rows, columns = torch.tensor([hint.y for hint in hints]), torch.tensor([hint.x for hint in hints])
    error = (ab[:, rows, columns] - wanted).norm(dim=0).mean().item()
    down, across = torch.meshgrid(torch.arange(truth.height) * 1.0, torch.arange(truth.width) * 1.0, indexing="ij")
    distance = torch.stack([torch.hypot(down - hint.y, across - hint.x) for hint in hints]).amin(0)
    far = distance > _FAR * truth.width
    moved = (ab - plain).norm(dim=0)[far].mean().item() if bool(far.any()) else math.nan
    return HintFigures(measured.psnr, measured.ciede2000, error, moved)


def _hint_ab(hint: Hint) -> Tensor:
    """(2, 1)."""
    return color.srgb_to_lab(torch.tensor(hint.rgb).reshape(1, 3, 1, 1) / 255)[0, 1:, :, 0]


def size_difference(model: Colorizer, image: Image.Image, sides: tuple[int, int]) -> float:
    """How far the results for two sizes of one picture are apart: mean distance in Lab units.

    Args:
        sides: the longer side, in pixels, of each.
    """
    results = []
    for side in sides:
        scale = side / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        photo = image.resize(size, Image.Resampling.LANCZOS)
        results.append(compose(photo, model.predict(photo)))
    small = min(results, key=lambda result: result.width).size
    first, second = (_lab(result.resize(small, Image.Resampling.BOX))[1:] for result in results)
    return (first - second).norm(dim=0).mean().item()


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
    """Measure what true colours at random points do; prints a table."""
    weights = weights_of(options)
    model = load(options.checkpoint, weights=weights)
    counts = options.points

    def measure(image: Image.Image, seed: int) -> tuple[list[HintFigures], Spill]:
        return measure_hints(model, image, counts, seed), measure_spill(model, image, seed)

    found, failed = _measured(options, measure)
    rows = [figures for figures, _ in found]
    messages.write_line(
        f"{'points':>8}{'PSNR dB':>12}{'CIEDE2000':>12}{'ab error at the points':>25}{'moved far away':>17}{'worse':>8}"
    )
    measured = []
    for number, count in enumerate(counts):
        of = [row[number] for row in rows]
        psnr, ciede, error, moved = (_mean([getattr(item, f.name) for item in of]) for f in dataclasses.fields(of[0]))
        worse = _worse([row[counts.index(0)] for row in rows], of) if 0 in counts else math.nan
        messages.write_line(f"{count:>8}{psnr:>12.2f}{ciede:>12.2f}{error:>25.2f}{moved:>17.2f}{worse:>8.0%}")
        measured += [(f"PSNR with {count} hints", psnr, "dB")]
        if count:
            measured += [(f"ab error at the points of {count} hints", error, "Lab units")]
        if count and not math.isnan(moved):
            measured += [(f"ab change far from {count} hints", moved, "Lab units")]
    messages.write_line(
        f"\n{len(rows)} photos. {_HINT_PROTOCOL}. Far: more than half of the side from every hint. "
        "Worse: photos whose PSNR is below that without points."
    )
    _print_spill([spill for _, spill in found])
    if options.card:
        command = f"python -m colorizer hints FOLDERS --checkpoint {model.card.id}"
        rounded = [(what, options.card, len(rows), round(value, 4), unit) for what, value, unit in measured]
        _write(weights, model, [Measurement(*row, _HINT_PROTOCOL, command) for row in rounded])
    return 1 if failed else 0


def _worse(without: Sequence[HintFigures], with_hints: Sequence[HintFigures]) -> float:
    """The share of pictures, 0..1, whose PSNR fell."""
    return sum(after.psnr < before.psnr for before, after in zip(without, with_hints, strict=True)) / len(without)


def _print_spill(spills: Sequence[Spill]) -> None:
    """Print how far wrong hints move other things."""
    others, skin = _mean([spill.other_things for spill in spills]), _mean([spill.skin for spill in spills])
    messages.write_line(f"\nA wrong hint moves other things by {others:.2f} Lab units, skin by {skin:.2f}. {PROTOCOL}.")


def sizes_command(options: argparse.Namespace) -> int:
    """Measure how much the size that a photo comes at matters; prints one figure."""
    weights = weights_of(options)
    model = load(options.checkpoint, weights=weights)
    if len(options.sides) != 2 or min(options.sides) < 1:
        raise PictureError("--sides takes two sizes above 0, for example 512,2048.")
    sides = (options.sides[0], options.sides[1])
    differences, failed = _measured(options, lambda image, _: size_difference(model, image, sides))
    value = _mean(differences)
    what = f"ab change from {sides[0]} to {sides[1]} pixels"
    messages.write_line(f"{what}: {value:.2f} Lab units\n\n{len(differences)} photos. {_SIZE_PROTOCOL}.")
    if options.card:
        command = f"python -m colorizer sizes FOLDERS --checkpoint {model.card.id} --sides {sides[0]},{sides[1]}"
        row = Measurement(what, options.card, len(differences), round(value, 4), "Lab units", _SIZE_PROTOCOL, command)
        _write(weights, model, [row])
    return 1 if failed else 0
