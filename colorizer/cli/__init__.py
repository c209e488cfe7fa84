"""The command line: list, colorize, evaluate, fetch.

    python -m colorizer list
    python -m colorizer colorize PHOTO_OR_FOLDER... -o OUT [--checkpoint ID] [--saturation S] [--format FORMAT]
    python -m colorizer evaluate FOLDER [--checkpoint ID]... [--csv FILE]
    python -m colorizer fetch [ID...]

A folder is coloured with all folders in it, and OUT gets the same tree. Pictures whose result is there already are
skipped: a batch that was stopped goes on with the same command, and no result is ever half a file. What cannot be
coloured is named and listed in OUT/failures.csv. Folders may lie in object stores (s3://, gs://) or be listed by a web
server, and `--engine ray` shares a batch out among the machines of a Ray cluster: see docs/hosting.md.

Exit status: 0 all went well, 1 something could not be done (each such file named, the rest done), 2 wrong arguments,
130 stopped by Ctrl-C.
"""

import argparse
import itertools
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from colorizer.cli import arguments as values
from colorizer.errors import ColorizerError
from colorizer.utils import messages, process_pool
from colorizer.utils.cores import usable_cores
from colorizer.utils.openmp import let_idle_threads_sleep

_MANY_EACH = 16  # photos a core: fewer are done before other processes have begun


def make_parser() -> argparse.ArgumentParser:
    assert __doc__
    parser = argparse.ArgumentParser(
        prog="python -m colorizer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--weights", type=values.given_path, metavar="DIR", help="folder of checkpoints (default: the shipped ones)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="the checkpoints, one a line")

    _describe_colorize(commands.add_parser("colorize", help="colour photos, at their own size"))

    evaluate = commands.add_parser("evaluate", help="measure checkpoints on a folder of colour photos")
    _describe_folders(evaluate)
    evaluate.add_argument(
        "--checkpoint", action="append", metavar="ID", help="may be given several times; default: all"
    )
    evaluate.add_argument(
        "--own-size", action="store_true",
        help="measure as training does: at the network's own size, with cross-entropy and accuracy of a palette",
    )  # fmt: skip
    evaluate.add_argument(
        "--colorfulness", type=values.share, action="append", default=[], metavar="SHARE",
        help="also at this share of the true colourfulness, with one saturation for all photos; may be given several "
        "times",
    )  # fmt: skip
    evaluate.add_argument(
        "--old-film", action="store_true", help="instead, how near it comes from an orthochromatic print of each photo"
    )
    evaluate.add_argument(
        "--csv", type=values.given_path, metavar="FILE", help="also write every photo's measures here"
    )
    evaluate.add_argument("--card", metavar="NAME", help="also write the averages into the cards, under this name")

    hints = commands.add_parser("hints", help="measure what a checkpoint makes of true colours given at points")
    _describe_folders(hints)
    hints.add_argument("--checkpoint", default="photo", metavar="ID")
    hints.add_argument(
        "--points", type=values.whole_numbers, default=[0, 1, 2, 5, 10, 20, 50, 100], metavar="N,N,...",
        help="how many points; default 0,1,2,5,10,20,50,100",
    )  # fmt: skip
    hints.add_argument("--card", metavar="NAME", help="also write the figures into the card, under this name")

    pack = commands.add_parser("pack", help="pack photos small, into tar files that travel to a lent machine")
    _describe_folders(pack)
    pack.add_argument("-o", "--out", type=values.given_path, required=True, metavar="DIR")
    pack.add_argument("--side", type=values.thread_count, default=128, metavar="PX", help="short side; default 128")
    pack.add_argument("--quality", type=values.quality, default=60, metavar="Q", help="of WebP, 1 to 100; default 60")
    pack.add_argument("--megabytes", type=values.thread_count, default=55, metavar="MB", help="of a file; default 55")

    sizes = commands.add_parser("sizes", help="measure how much a result depends on the size that a photo comes at")
    _describe_folders(sizes)
    sizes.add_argument("--checkpoint", default="photo", metavar="ID")
    sizes.add_argument(
        "--sides",
        type=values.whole_numbers,
        default=[512, 2048],
        metavar="N,N",
        help="longer sides in pixels; default 512,2048",
    )
    sizes.add_argument("--card", metavar="NAME", help="also write the figure into the card, under this name")

    fetch = commands.add_parser("fetch", help="download weights that others published; without an ID, list them")
    fetch.add_argument("ids", nargs="*", metavar="ID", help="of the published networks; resumes what broke off")
    return parser


def _describe_colorize(colorize: argparse.ArgumentParser) -> None:
    colorize.add_argument(
        "sources", type=values.given_text, nargs="+", metavar="PHOTO_OR_FOLDER", help="files, folders or http(s) links"
    )
    colorize.add_argument(
        "-o", "--out", type=values.result_place, required=True, metavar="OUT",
        help="a folder (OUT/ where it has an ending); for one photo, a file; or a folder's address: s3://BUCKET/FOLDER",
    )  # fmt: skip
    colorize.add_argument("--checkpoint", default="photo", metavar="ID")
    colorize.add_argument(
        "--temperature", type=values.temperature, metavar="T", help="for checkpoints with a head of bins"
    )
    colorize.add_argument("--saturation", type=values.saturation, default=1.0, metavar="S", help="0 to 3, default 1")
    colorize.add_argument(
        "--vividness", type=values.vividness, default=0.5, metavar="V",
        help="how colourful the network's own colours become, 0 to 1, default 0.5: as they are",
    )  # fmt: skip
    colorize.add_argument("--reach", type=values.reach, default=1.0, metavar="R", help="of hints, 0.25 to 4, default 1")
    colorize.add_argument(
        "--rendering", choices=("chroma", "expected", "palette"), default="chroma",
        help="for checkpoints with a palette: chroma of the likeliest colour (default), the expected chroma, or the "
        "palette's own colours",
    )  # fmt: skip
    colorize.add_argument(
        "--hint", type=values.parse_hint, action="append", default=[], metavar="X,Y,#RRGGBB",
        help="a colour at a point of the photo; may be given several times",
    )  # fmt: skip
    colorize.add_argument(
        "--propagate-hints", action="store_true",
        help="for published networks that take hints: carry each hint over to its surroundings, so that it is met",
    )  # fmt: skip
    colorize.add_argument(
        "--format", choices=("same", "png", "jpeg", "webp"), default="same",
        help="of results in a folder; same (default): JPEG, PNG and WebP stay what they are, others become PNG",
    )  # fmt: skip
    colorize.add_argument(
        "--quality",
        type=values.quality,
        default=92,
        metavar="Q",
        help="of JPEG and WebP, 1 to 100, default 92; PNG has none",
    )
    colorize.add_argument(
        "--salvage", action="store_true", help="of a picture that is cut off, colour what there is of it"
    )
    _describe_reading(colorize)
    colorize.add_argument("--overwrite", action="store_true", help="make results anew that are there already")
    colorize.add_argument(
        "--jobs",
        type=values.thread_count,
        metavar="N",
        help="photos worked on at a time; default one a core, at most 8",
    )
    colorize.add_argument(
        "--engine", choices=("local", "ray"), default="local",
        help="local (default): the cores of this machine; ray: the workers of a Ray cluster",
    )  # fmt: skip
    colorize.add_argument(
        "--address", metavar="ADDRESS",
        help="the Ray cluster: auto, HOST:PORT or ray://HOST:10001; without it Ray is started on this machine",
    )  # fmt: skip
    colorize.add_argument(
        "--gpu-share",
        type=values.gpu_share,
        default=0.0,
        metavar="G",
        help="of a GPU a worker of Ray has; default 0",
    )


def _describe_folders(command: argparse.ArgumentParser) -> None:
    command.add_argument("folders", type=values.given_path, nargs="+", metavar="FOLDER")
    _describe_reading(command)


def _describe_reading(command: argparse.ArgumentParser) -> None:
    """Add what all commands that read pictures take."""
    command.add_argument(
        "--max-pixels", type=values.pixel_count, metavar="N", help="largest picture that is read; default 52M"
    )
    command.add_argument("--verbose", action="store_true", help="name every file in a folder that is left out")


def _run(command: str) -> Callable[[argparse.Namespace], int]:
    """Return the function of a command, imported only now: `--help` and wrong arguments need no torch."""
    from colorizer.cli import cluster, colorize, diagnose, evaluate, fetch, pack

    table: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": colorize.list_command,
        "colorize": lambda options: (
            cluster.cluster_command if cluster.is_needed(options) else colorize.colorize_command
        )(options),
        "evaluate": evaluate.evaluate_command,
        "hints": diagnose.hints_command,
        "sizes": diagnose.sizes_command,
        "pack": pack.pack_command,
        "fetch": fetch.fetch_command,
    }
    return table[command]


def _are_many(sources: Sequence[str]) -> bool:
    """Whether a batch will have enough to do for every core, by a first look at its folders."""
    enough = _MANY_EACH * usable_cores()
    files = itertools.chain.from_iterable(_files_of(Path(name)) for name in sources)
    return usable_cores() > 1 and sum(1 for _ in itertools.islice(files, enough)) == enough


def _files_of(source: Path) -> Iterable[Path]:
    return source.rglob("*") if source.is_dir() else [source]


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit status."""
    options = make_parser().parse_args(arguments)
    let_idle_threads_sleep()
    if options.command == "colorize" and options.engine == "local" and _are_many(options.sources):
        process_pool.prepare()  # while this process imports torch
    warnings.filterwarnings("ignore", module="PIL")  # on damaged metadata, which is not used
    try:
        status = _run(options.command)(options)
        sys.stdout.flush()
        return status
    except ColorizerError as error:
        messages.say(f"colorizer: {error}")
        return 1
    except BrokenPipeError:  # whoever reads has enough, as in "list | head -1"
        messages.drop_output()
        return 0
    except KeyboardInterrupt:
        messages.say("colorizer: stopped.")
        return 130
