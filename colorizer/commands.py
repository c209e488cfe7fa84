"""What the command line does: list and colorize; `judging` has evaluate. Each command returns its exit status."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from colorizer import images
from colorizer.checkpoints import WEIGHTS, scan
from colorizer.errors import ColorizerError, PictureError
from colorizer.hints import Hint
from colorizer.predict import load


def weights_of(options: argparse.Namespace) -> Path:
    return options.weights or WEIGHTS


def report(problem: str) -> None:
    tqdm.write(f"colorizer: {problem}", file=sys.stderr)


def list_command(options: argparse.Namespace) -> int:
    """One line a checkpoint."""
    listing = scan(weights_of(options))
    for card in listing.cards:
        print(f"{card.id:24}{card.parameters / 1e6:6.2f} M  {card.summary}")
    for problem in listing.problems:
        report(problem)
    if not listing.cards and not listing.problems:
        report(f"{weights_of(options)} holds no checkpoints.")
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


def progress(sources: Sequence[str]) -> Iterator[str]:
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
    model = load(options.checkpoint, weights=weights_of(options))
    hints = [Hint(x, y, rgb) for x, y, rgb in options.hint]
    failed = False
    for source, path in zip(progress(sources), _output_paths(sources, options.out), strict=True):
        try:
            result = model.colorize(source, hints, options.temperature, options.saturation, options.rendering)
            path.parent.mkdir(parents=True, exist_ok=True)
            note = model.describe(options.saturation, options.rendering, options.temperature, len(hints))
            images.save_image(result.image, path, note)
        except ValueError as error:  # a setting that this checkpoint does not take
            report(str(error))
            return 1
        except (ColorizerError, OSError) as error:
            report(f"{source}: {error}")
            failed = True
        else:
            for notice in result.notices:
                report(f"{source}: {notice}")
    return 1 if failed else 0
