"""What the command line does: list, colorize, evaluate. Each command returns its exit status."""

import argparse
import csv
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from colorizer import images, metrics
from colorizer.cards import MetricsRow
from colorizer.checkpoints import WEIGHTS, list_checkpoints, scan, write_card
from colorizer.errors import ColorizerError, PictureError
from colorizer.evaluation import Grey, Predictor, measure_photo, true_measures
from colorizer.metrics import Measures
from colorizer.predict import Colorizer, Hint, load

_COLUMNS = ("PSNR dB", "SSIM", "CIEDE2000", "ab RMSE", "colourfulness")


def _weights(options: argparse.Namespace) -> Path:
    return options.weights or WEIGHTS


def _report(problem: str) -> None:
    tqdm.write(f"colorizer: {problem}", file=sys.stderr)


def list_command(options: argparse.Namespace) -> int:
    """One line a checkpoint."""
    listing = scan(_weights(options))
    for card in listing.cards:
        print(f"{card.id:24}{card.parameters / 1e6:6.2f} M  {card.summary}")
    for problem in listing.problems:
        _report(problem)
    if not listing.cards and not listing.problems:
        _report(f"{_weights(options)} holds no checkpoints.")
        return 1
    return 1 if listing.problems else 0


def find_sources(sources: Sequence[str]) -> list[str]:
    """Files and links as they are; of a folder, the pictures in it and below, sorted.

    Raises:
        PictureError: for a folder without pictures.
    """
    found: list[str] = []
    for source in sources:
        folder = Path(source)
        if not folder.is_dir():
            found.append(source)
            continue
        inside = sorted(str(path) for path in folder.rglob("*") if path.suffix.lower() in images.SUFFIXES)
        if not inside:
            raise PictureError(f"{source}: the folder holds no pictures.")
        found += inside
    return found


def _progress(sources: Sequence[str]) -> Iterator[str]:
    yield from tqdm(sources, unit="photo", disable=len(sources) < 2)


def _output_paths(sources: Sequence[str], out: Path) -> list[Path]:
    """Where each result goes: into the folder `out` under the source's name, numbered where two would be equal."""
    if len(sources) == 1 and out.suffix:
        return [out]
    names: dict[str, int] = {}
    paths = []
    for source in sources:
        stem = images.safe_name(source)
        names[stem] = names.get(stem, 0) + 1
        paths.append(out / f"{stem if names[stem] == 1 else f'{stem}-{names[stem]}'}.png")
    return paths


def colorize_command(options: argparse.Namespace) -> int:
    """Colour every source; one that cannot be read is named, and the rest is done."""
    sources = find_sources(options.sources)
    model = load(options.checkpoint, weights=_weights(options))
    hints = [Hint(x, y, rgb) for x, y, rgb in options.hint]
    failed = False
    for source, path in zip(_progress(sources), _output_paths(sources, options.out), strict=True):
        try:
            result = model.colorize(source, hints, options.temperature, options.saturation)
            path.parent.mkdir(parents=True, exist_ok=True)
            images.save_image(result.image, path, model.describe(options.saturation))
        except ValueError as error:  # a setting that this checkpoint does not take
            _report(str(error))
            return 1
        except (ColorizerError, OSError) as error:
            _report(f"{source}: {error}")
            failed = True
        else:
            for notice in result.notices:
                _report(f"{source}: {notice}")
    return 1 if failed else 0


def _measure(source: str, predictors: dict[str, Predictor]) -> dict[str, Measures]:
    """Each predictor's measures on one photo, and those of the truth."""
    image = images.open_image(source).image
    return {name: measure_photo(model, image) for name, model in predictors.items()} | {"truth": true_measures(image)}


def _format_table(averages: dict[str, Measures]) -> str:
    lines = [f"{'':24}" + "".join(f"{column:>15}" for column in _COLUMNS)]
    for name, row in averages.items():
        lines.append(f"{name:24}" + "".join(f"{value:15.3f}" for value in dataclasses.astuple(row)))
    return "\n".join(lines)


def _write_csv(path: Path, rows: Sequence[tuple[str, dict[str, Measures]]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["photo", "of", *(field.name for field in dataclasses.fields(Measures))])
        for source, measured in rows:
            writer.writerows([source, name, *dataclasses.astuple(row)] for name, row in measured.items())


def _write_cards(weights: Path, name: str, averages: dict[str, Measures], photos: int) -> None:
    """Put the averages into the card of each measured checkpoint, in place of older ones under the same name."""
    for card in list_checkpoints(weights):
        if card.id not in averages:
            continue
        command = f"python -m colorizer evaluate FOLDER_OF_{name.upper().replace(' ', '_')} --checkpoint {card.id}"
        rows = {"checkpoint": averages[card.id], "grey": averages["grey"], "truth": averages["truth"]}
        new = [
            MetricsRow(of, name, photos, metrics.PROTOCOL_OF_SETS, command, **_rounded(row))  # type: ignore[arg-type]
            for of, row in rows.items()
        ]
        kept = tuple(row for row in card.metrics if row.pictures != name)
        write_card(weights / card.id, dataclasses.replace(card, metrics=(*kept, *new)))


def _rounded(row: Measures) -> dict[str, float]:
    return {key: round(value, 4) for key, value in dataclasses.asdict(row).items()}


def evaluate_command(options: argparse.Namespace) -> int:
    """Measure checkpoints, grey and the true pictures on a folder, by the protocol; prints a table."""
    weights = _weights(options)
    wanted = options.checkpoint or [card.id for card in list_checkpoints(weights)]
    models: dict[str, Colorizer] = {name: load(name, weights=weights) for name in wanted}
    if not options.folder.is_dir():
        raise PictureError(f"{options.folder}: there is no such folder.")
    rows: list[tuple[str, dict[str, Measures]]] = []
    failed = False
    for source in _progress(find_sources([str(options.folder)])):
        try:
            rows.append((source, _measure(source, {"grey": Grey(), **models})))
        except PictureError as error:
            _report(f"{source}: {error}")
            failed = True
    if not rows:
        raise PictureError(f"{options.folder}: none of the pictures can be read.")
    averages = {name: metrics.average([measured[name] for _, measured in rows]) for name in rows[0][1]}
    print(_format_table(averages))
    print(f"\n{len(rows)} photos. {metrics.PROTOCOL_OF_SETS}.")
    if options.csv:
        _write_csv(options.csv, rows)
    if options.card:
        _write_cards(weights, options.card, averages, len(rows))
    return 1 if failed else 0
