"""The command `evaluate`: checkpoints, grey and truth measured on a folder of pictures; as a table, CSV, in cards."""

import argparse
import dataclasses
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from colorizer.checkpoints.card import MetricsRow
from colorizer.checkpoints.store import checkpoint_folder, list_checkpoints, write_card
from colorizer.cli.colorize import weights_of
from colorizer.cli.photo_files import PhotoFiles
from colorizer.errors import CheckpointError, PictureError
from colorizer.evaluation import equal_colorfulness, metrics, old_film
from colorizer.evaluation.protocol import centre_square, grey_scores, measure_at_own_size, measure_photo, true_scores
from colorizer.evaluation.scores import GREY, HEADINGS, TRUTH, Scores, mean, write_csv
from colorizer.inference import output_paths
from colorizer.inference.colorizer import Colorizer, load
from colorizer.utils import messages
from colorizer.utils.atomic_write import write_atomically

_OWN_SIZE = "centre crop to a square, Lanczos to {side} x {side}, network at that size; per picture, then averaged"


@dataclass(frozen=True)
class EvaluationProtocol:
    """A way to measure models on one picture."""

    option: str
    """Of the command line, with a space before it."""
    describe: Callable[[Sequence[Colorizer]], str]
    """In words, for models that it can measure together."""
    side: Callable[[Sequence[Colorizer]], int]
    """Of the square that is cut out of each picture, once."""
    measure: Callable[[Colorizer, Image.Image], Scores]
    """What a model makes of such a square."""
    accepts_grey: bool
    """Whether pictures without colours count: training validates on them too, but they are no truth."""
    has_ssim: bool

    def measure_all(self, image: Image.Image, models: Sequence[Colorizer]) -> dict[str, Scores]:
        """Scores by checkpoint id, "grey" or "truth", in the order of the table."""
        side = self.side(models)
        square = centre_square(image, side)
        ends = {GREY: grey_scores(square, side), TRUTH: true_scores(square, side)}
        if not self.has_ssim:
            ends = {of: dataclasses.replace(scores, ssim=math.nan) for of, scores in ends.items()}
        own = {model.card.id: self.measure(model, square) for model in models}
        return {GREY: ends[GREY], **own, TRUTH: ends[TRUTH]}


def _own_size(models: Sequence[Colorizer]) -> int:
    sizes = {model.card.input_size for model in models}
    if len(sizes) != 1:
        raise CheckpointError(
            f"The checkpoints see pictures at {' and '.join(map(str, sorted(sizes)))} pixels; with --own-size name "
            "those of one size by --checkpoint."
        )
    return sizes.pop()


_PROTOCOL = EvaluationProtocol(
    "", lambda models: metrics.PROTOCOL_OF_SETS, lambda models: metrics.PROTOCOL_SIDE, measure_photo, False, True
)
_AT_OWN_SIZE = EvaluationProtocol(
    " --own-size", lambda models: _OWN_SIZE.format(side=_own_size(models)), _own_size, measure_at_own_size, True, False
)


def format_table(averages: Mapping[str, Scores]) -> str:
    """Return a line for each of the averages, a column for each score that one of them has."""
    taken = {of: scores.taken() for of, scores in averages.items()}
    names = [name for name in HEADINGS if any(name in row for row in taken.values())]
    lines = [f"{'':24}" + "".join(f"{HEADINGS[name]:>15}" for name in names)]
    for of, row in taken.items():
        cells = [f"{row[name]:.3f}" if name in row else "-" for name in names]
        lines.append(f"{of:24}" + "".join(f"{cell:>15}" for cell in cells))
    return "\n".join(lines)


def _write_csv(path: Path, rows: Sequence[tuple[str, Mapping[str, Scores]]]) -> None:
    """Write all of it or nothing; a name need not be valid UTF-8.

    Raises:
        PictureError: the place cannot be written.
    """
    text = io.StringIO()
    write_csv(text, rows)
    try:
        write_atomically(path, text.getvalue().encode(errors="backslashreplace"))
    except OSError as error:
        raise PictureError(f"{path} cannot be written ({error.strerror}); name another file with --csv.") from error


def _write_cards(
    weights: Path,
    name: str,
    protocol: EvaluationProtocol,
    models: Sequence[Colorizer],
    averages: dict[str, Scores],
    photos: int,
) -> None:
    """Put the averages into the card of each measured checkpoint, in place of older ones under the same name."""
    for card in list_checkpoints(weights):
        if card.id not in averages:
            continue
        folder = f"FOLDER_OF_{name.upper().replace(' ', '_')}"
        command = f"python -m colorizer evaluate {folder} --checkpoint {card.id}{protocol.option}"
        described = protocol.describe([model for model in models if model.card.id == card.id])
        rows = {"checkpoint": averages[card.id]} | {of: averages[of] for of in (GREY, TRUTH)}
        new = [MetricsRow(of, name, photos, described, command, **_rounded(row)) for of, row in rows.items()]  # type: ignore[arg-type]
        kept = tuple(row for row in card.metrics if row.dataset != name)
        write_card(checkpoint_folder(card.id, weights), dataclasses.replace(card, metrics=(*kept, *new)))


def _rounded(scores: Scores) -> dict[str, float]:
    return {name: round(value, 4) for name, value in scores.taken().items()}


def evaluate_command(options: argparse.Namespace) -> int:
    """Measure checkpoints on a folder, with grey and the true pictures beside them; prints a table."""
    weights = weights_of(options)
    wanted = options.checkpoint or [card.id for card in list_checkpoints(weights)]
    models = [load(name, weights=weights, precision="float32") for name in wanted]
    protocol = _AT_OWN_SIZE if options.own_size else _PROTOCOL
    protocol.describe(models)  # which may refuse the choice of models
    if options.csv:
        output_paths.require_writable(options.csv.parent)
    photos = PhotoFiles(options, protocol.accepts_grey)
    if options.old_film:
        _print_old_film(models, photos)
        return 1 if photos.failed else 0
    rows = [(source, protocol.measure_all(image, models)) for _, source, image in photos.named()]
    averages = {of: mean([measured[of] for _, measured in rows]) for of in rows[0][1]}
    messages.write_line(format_table(averages))
    messages.write_line(f"\n{len(rows)} {'photo' if len(rows) == 1 else 'photos'}. {protocol.describe(models)}.")
    _print_matched(models, photos, options.colorfulness)
    if options.csv:
        _write_csv(options.csv, rows)
    if options.card:
        _write_cards(weights, options.card, protocol, models, averages, len(rows))
    return 1 if photos.failed else 0


def _print_matched(models: Sequence[Colorizer], photos: PhotoFiles, ratios: Sequence[float]) -> None:
    """Print the scores at each share of the true colourfulness."""
    matched = equal_colorfulness.scores_at(models, photos, ratios) if ratios else {}
    for ratio in ratios:
        messages.write_line(f"\nAt {ratio:g} of the true colourfulness:")
        for model in models:
            found = matched[model.card.id, ratio]
            messages.write_line(
                f"{model.card.id:24}PSNR {found.scores.psnr:.2f} dB (grey {found.grey.psnr:.2f}), CIEDE2000 "
                f"{found.scores.ciede2000:.2f}, worse than grey {found.worse_than_grey:.0%}, "
                f"saturation {found.saturation:.2f}"
            )
        messages.write_line(f"{equal_colorfulness.PROTOCOL.format(ratio=ratio)}.")


def _print_old_film(models: Sequence[Colorizer], photos: PhotoFiles) -> None:
    """Print how near each model comes from an orthochromatic print."""
    errors = [
        [old_film.old_film_errors(model, image, number) for model in models] for number, image in enumerate(photos)
    ]
    for model, of_model in zip(models, zip(*errors, strict=True), strict=True):
        own, grey = (math.fsum(column) / len(of_model) for column in zip(*of_model, strict=True))
        messages.write_line(
            f"{model.card.id:24}ab RMSE {own:.2f} Lab units (grey {grey:.2f}): {1 - own / grey:.1%} nearer than grey"
        )
    messages.write_line(f"\n{len(photos)} photos. {old_film.PROTOCOL}.")
