"""`colorize` where photos or results lie in stores, or a Ray cluster does the work: plan, follow, list what failed."""

import argparse
from collections.abc import Generator, Sequence

from colorizer.cli import colorize
from colorizer.cli.arguments import FolderPath
from colorizer.cluster import storage
from colorizer.cluster.local_engine import color_locally
from colorizer.cluster.plan import PhotoTask, plan, unfinished
from colorizer.cluster.ray_engine import ClusterOptions, color_on_ray, pack_checkpoint
from colorizer.errors import PictureError
from colorizer.inference.batch import Outcome, Settings
from colorizer.inference.colorizer import Colorizer, load


def is_needed(options: argparse.Namespace) -> bool:
    """Whether the local batch cannot do it: paths and single links are its own."""
    folders = [
        source for source in options.sources if source.startswith(("http://", "https://")) and source.endswith("/")
    ]
    return bool(
        options.engine == "ray"
        or isinstance(options.out, str)
        or folders
        or any(map(storage.is_in_store, options.sources))
    )


def cluster_command(options: argparse.Namespace) -> int:
    """Colour every photo that has no result yet; what cannot be read is named, and the rest is done."""
    out = str(options.out)
    left_out = colorize.LeftOutFiles(options.verbose)
    is_folder = isinstance(options.out, FolderPath)
    tasks = plan(options.sources, out, options.format, is_folder=is_folder, on_left_out=left_out.note)
    model = load(options.checkpoint, weights=colorize.weights_of(options))
    settings = colorize.settings_of(options)
    if not colorize.takes_settings(model, settings):
        return 1
    todo = tasks if options.overwrite else unfinished(tasks, out)
    tally = colorize.Tally(len(tasks), len(tasks) - len(todo))
    try:
        colorize.follow(_outcomes(options, model, settings, todo), len(todo), tally)
    except KeyboardInterrupt:
        colorize.report("stopped; what is done is kept, and the same command goes on with the rest.")
        return colorize.INTERRUPTED_STATUS
    finally:
        failures_file = storage.join(out, colorize.FAILURES_FILE)
        _list_failures(tally, failures_file)
        colorize.report(f"{tally.summary(failures_file)}.")
        left_out.tell()
    return 1 if tally.failures else 0


def _outcomes(
    options: argparse.Namespace, model: Colorizer, settings: Settings, todo: Sequence[PhotoTask]
) -> Generator[Outcome, None, None]:
    if not todo:
        return
    if options.engine == "local":
        yield from color_locally(model, settings, todo, options.jobs)
    else:
        checkpoint = pack_checkpoint(options.checkpoint, colorize.weights_of(options))
        yield from color_on_ray(
            checkpoint, settings, todo, ClusterOptions(options.address, options.gpu_share, options.jobs)
        )


def _list_failures(tally: colorize.Tally, address: str) -> None:
    """As for a local batch: a list of an earlier run goes when nothing fails."""
    failures = colorize.name_failures(tally)
    try:
        if failures:
            storage.write_whole(address, colorize.as_csv(failures))
        elif tally.is_complete and _is_list_of_failures(address):
            storage.remove(address)
    except PictureError as error:
        colorize.report(str(error))


def _is_list_of_failures(address: str) -> bool:
    heading = colorize.as_csv([])
    try:
        return storage.read(address, len(heading)).startswith(heading)
    except PictureError:  # mostly: there is none
        return False
