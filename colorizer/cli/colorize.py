"""The commands `list` and `colorize`, and what all commands share. Each command returns its exit status."""

import argparse
import contextlib
import csv
import io
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from colorizer.checkpoints.store import WEIGHTS, scan
from colorizer.cli.arguments import FolderPath
from colorizer.errors import PictureError
from colorizer.images.folders import LeftOut, describe_left_out
from colorizer.images.limits import local_limits
from colorizer.inference import batch, output_paths
from colorizer.inference.batch import Outcome
from colorizer.inference.colorizer import Colorizer, load
from colorizer.inference.hints import Hint
from colorizer.inference.output_paths import Task
from colorizer.inference.render_options import RenderOptions
from colorizer.utils import messages
from colorizer.utils.atomic_write import write_atomically

FAILURES_FILE = "failures.csv"
_FAILURES_HEADING = ("file", "problem")
_NAMED_AT_THE_END = 20  # failures; all of them stand in the file
INTERRUPTED_STATUS = 130  # what shells report of a command that Ctrl-C ended
Item = TypeVar("Item")


def weights_of(options: argparse.Namespace) -> Path:
    return options.weights or WEIGHTS


def report(problem: str) -> None:
    """Say one line, whatever names are in it."""
    messages.say(f"colorizer: {problem}")


@dataclass
class LeftOutFiles:
    """What in folders was not taken: counted at the end, or named one by one."""

    verbose: bool
    items: list[LeftOut] = field(default_factory=list)

    def note(self, left_out: Sequence[LeftOut]) -> None:
        """Keep what a walk left out; with `--verbose` each is named at once."""
        self.items += left_out
        if self.verbose:
            for item in left_out:
                report(f"{item.path}: {item.sentence}.")

    def tell(self) -> None:
        """Count by reason, if there is anything."""
        if self.items:
            hint = "" if self.verbose else " --verbose names them."
            report(describe_left_out(self.items) + hint)


def list_command(options: argparse.Namespace) -> int:
    """One line a checkpoint."""
    listing = scan(weights_of(options))
    for card in listing.cards:
        messages.write_line(f"{card.id:24}{card.parameters / 1e6:6.2f} M  {card.summary}")
    for problem in listing.problems:
        report(problem)
    if not listing.cards and not listing.problems:
        report(f"{weights_of(options)} holds no checkpoints.")
        return 1
    return 1 if listing.problems else 0


def require_folders(folders: Sequence[Path]) -> None:
    """Refuse what is no folder.

    Raises:
        PictureError: naming the first.
    """
    for folder in folders:
        if not folder.is_dir():
            raise PictureError(f"{folder}: there is no such folder.")


def find_sources(folders: Sequence[Path], left_out: LeftOutFiles) -> list[str]:
    """Return the pictures in folders and below, sorted.

    Raises:
        PictureError: for a folder without pictures.
    """
    return [str(path) for folder in folders for path in output_paths.pictures_in(folder, None, left_out.note)]


def progress(sources: Sequence[Item]) -> Iterator[Item]:
    yield from tqdm(sources, unit="photo", disable=len(sources) < 2)


@dataclass
class Tally:
    """What became of the pictures of a batch."""

    total: int
    skipped: int
    coloured: int = 0
    failures: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        if outcome.problem is None:
            self.coloured += 1
        else:
            self.failures.append(outcome)

    @property
    def is_complete(self) -> bool:
        return self.skipped + self.coloured + len(self.failures) == self.total

    def summary(self, failures_file: Path | str) -> str:
        text = f"{self.coloured:,} coloured"
        text += f", {self.skipped:,} skipped" if self.skipped else ""
        return text + (f", {len(self.failures):,} failed; see {failures_file}" if self.failures else "")


def colorize_command(options: argparse.Namespace) -> int:
    """Colour every source that has no result yet; what cannot be read is named, and the rest is done."""
    out, left_out = options.out, LeftOutFiles(options.verbose)
    is_folder = isinstance(out, FolderPath)
    tasks = output_paths.plan(options.sources, out, options.format, is_folder=is_folder, on_left_out=left_out.note)
    model = load(options.checkpoint, weights=weights_of(options))
    model = model.with_hint_propagation() if options.propagate_hints else model
    settings = settings_of(options)
    if not takes_settings(model, settings):
        return 1
    is_named = output_paths.names_one_file(options.sources, out, is_folder)
    todo = tasks if options.overwrite or is_named else [task for task in tasks if not task.is_done]
    if todo:
        output_paths.require_writable(out.parent if is_named else out)
    tally = Tally(len(tasks), len(tasks) - len(todo))
    try:
        follow(batch.colorize_files(model, todo, settings, options.jobs), len(todo), tally)
    except KeyboardInterrupt:
        report(_how_to_go_on(tally, tasks, options.overwrite))
        return INTERRUPTED_STATUS
    finally:
        if not output_paths.is_one_picture(options.sources):
            path = out / FAILURES_FILE
            _list_failures(tally, path)
            report(f"{tally.summary(path)}.")
        left_out.tell()
        if tally.skipped:
            report("Skipped files that already have a result (--overwrite redoes them).")
    return 1 if tally.failures else 0


def takes_settings(model: Colorizer, settings: batch.Settings) -> bool:
    """Whether the checkpoint takes them; why not is reported."""
    try:
        model.check_options(settings.hints, settings.options)
    except ValueError as error:
        report(str(error))
        return False
    return True


def settings_of(options: argparse.Namespace) -> batch.Settings:
    hints = tuple(Hint(x, y, rgb) for x, y, rgb in options.hint)
    rendered = RenderOptions(
        options.saturation, options.rendering, options.temperature, options.vividness, options.reach
    )
    return batch.Settings(hints, rendered, options.quality, local_limits(options.max_pixels), options.salvage)


def follow(outcomes: Generator[Outcome, None, None], count: int, tally: Tally) -> None:
    """Count outcomes as they come, with a bar of progress on which the time left goes by the speed since the start."""
    of_all = {"total": tally.total, "initial": tally.skipped, "disable": count < 2}
    with contextlib.closing(outcomes), tqdm(outcomes, unit="photo", smoothing=0, **of_all) as shown:
        for outcome in shown:
            tally.add(outcome)
            for sentence in (*outcome.notices, *([outcome.problem] if outcome.problem else [])):
                report(f"{outcome.source}: {sentence}")


def _how_to_go_on(tally: Tally, tasks: Sequence[Task], overwrite: bool) -> str:
    if overwrite:
        return f"stopped after {tally.coloured:,} of {tally.total:,}; the same command begins anew."
    done = sum(task.is_done for task in tasks)
    return f"stopped; {done:,} of {tally.total:,} are done, and the same command goes on with the rest."


def _list_failures(tally: Tally, path: Path) -> None:
    """Name what failed once more, and write all of it to a file; one of an earlier run goes when nothing fails."""
    failures = name_failures(tally)
    try:
        if failures:
            write_atomically(path, as_csv(failures))
        elif tally.is_complete and path.read_bytes().startswith(as_csv([])):
            path.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        report(f"{path} cannot be written ({error.strerror}).")


def name_failures(tally: Tally) -> list[Outcome]:
    """Those of a batch, sorted by their source; the first ones are reported."""
    failures = sorted(tally.failures, key=lambda outcome: outcome.source)
    for outcome in failures[:_NAMED_AT_THE_END]:
        report(f"failed: {outcome.source}: {outcome.problem}")
    return failures


def as_csv(failures: Sequence[Outcome]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_FAILURES_HEADING)
    writer.writerows((outcome.source, outcome.problem) for outcome in failures)
    return text.getvalue().encode(errors="backslashreplace")  # a name need not be valid UTF-8
