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
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from colorizer.errors import ColorizerError

Number = TypeVar("Number", int, float)


def parse_hint(text: str) -> tuple[int, int, tuple[int, int, int]]:
    """ "X,Y,#RRGGBB" -> (x, y, (r, g, b)); argparse turns the ValueError into its own message."""
    x, y, colour = text.split(",")
    if len(colour) != 7 or not colour.startswith("#"):
        raise ValueError
    red, green, blue = bytes.fromhex(colour[1:])
    return int(x), int(y), (red, green, blue)


def whole_numbers(text: str) -> list[int]:
    """ "1,2,5" -> [1, 2, 5]; argparse turns the ValueError into its own message."""
    return [int(word) for word in text.split(",") if int(word) >= 0]


def _place(text: str) -> Path | str:
    """A path, or an address as it is: as a path it would lose a slash."""
    return text if "://" in text else Path(text)


def number(name: str, kind: Callable[[str], Number], fits: Callable[[Number], bool]) -> Callable[[str], Number]:
    """A reader of numbers that fit; argparse turns the ValueError into its own message, in which it has this name."""

    def read(text: str) -> Number:
        value = kind(text)
        if not fits(value):
            raise ValueError
        return value

    read.__name__ = name
    return read


whole_numbers.__name__ = "list of whole numbers (N,N,...)"
parse_hint.__name__ = "hint (X,Y,#RRGGBB)"  # what argparse calls a value that does not parse
_saturation = number("saturation (0 to 3)", float, lambda value: 0 <= value <= 3)
_temperature = number("temperature (above 0)", float, lambda value: 0 < value < float("inf"))
_vividness = number("vividness (0 to 1)", float, lambda value: 0 <= value <= 1)
_reach = number("reach (0.25 to 4)", float, lambda value: 0.25 <= value <= 4)
_share = number("share (above 0, at most 1.5)", float, lambda value: 0 < value <= 1.5)
_quality = number("quality (1 to 100)", int, lambda value: 1 <= value <= 100)
_gpu_share = number("share of a GPU (0 to 1)", float, lambda value: 0 <= value <= 1)
_thread_count = number("number of threads (1 or more)", int, lambda value: value >= 1)


def make_parser() -> argparse.ArgumentParser:
    assert __doc__
    parser = argparse.ArgumentParser(
        prog="python -m colorizer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, metavar="DIR", help="folder of checkpoints (default: the shipped ones)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="the checkpoints, one a line")

    _describe_colorize(commands.add_parser("colorize", help="colour photos, at their own size"))

    evaluate = commands.add_parser("evaluate", help="measure checkpoints on a folder of colour photos")
    evaluate.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    evaluate.add_argument(
        "--checkpoint", action="append", metavar="ID", help="may be given several times; default: all"
    )
    evaluate.add_argument(
        "--own-size", action="store_true",
        help="measure as training does: at the network's own size, with cross-entropy and accuracy of a palette",
    )  # fmt: skip
    evaluate.add_argument(
        "--colorfulness", type=_share, action="append", default=[], metavar="SHARE",
        help="also at this share of the true colourfulness, with one saturation for all photos; may be given several "
        "times",
    )  # fmt: skip
    evaluate.add_argument(
        "--old-film", action="store_true", help="instead, how near it comes from an orthochromatic print of each photo"
    )
    evaluate.add_argument("--csv", type=Path, metavar="FILE", help="also write every photo's measures here")
    evaluate.add_argument("--card", metavar="NAME", help="also write the averages into the cards, under this name")

    hints = commands.add_parser("hints", help="measure what a checkpoint makes of true colours given at points")
    hints.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    hints.add_argument("--checkpoint", default="photo", metavar="ID")
    hints.add_argument(
        "--points", type=whole_numbers, default=[0, 1, 2, 5, 10, 20, 50, 100], metavar="N,N,...",
        help="how many points; default 0,1,2,5,10,20,50,100",
    )  # fmt: skip
    hints.add_argument("--card", metavar="NAME", help="also write the figures into the card, under this name")

    pack = commands.add_parser("pack", help="pack photos small, into tar files that travel to a lent machine")
    pack.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    pack.add_argument("-o", "--out", type=Path, required=True, metavar="DIR")
    pack.add_argument("--side", type=_thread_count, default=128, metavar="PX", help="short side; default 128")
    pack.add_argument("--quality", type=_quality, default=60, metavar="Q", help="of WebP, 1 to 100; default 60")
    pack.add_argument("--megabytes", type=_thread_count, default=55, metavar="MB", help="of each file; default 55")

    sizes = commands.add_parser("sizes", help="measure how much a result depends on the size that a photo comes at")
    sizes.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    sizes.add_argument("--checkpoint", default="photo", metavar="ID")
    sizes.add_argument(
        "--sides",
        type=whole_numbers,
        default=[512, 2048],
        metavar="N,N",
        help="longer sides in pixels; default 512,2048",
    )
    sizes.add_argument("--card", metavar="NAME", help="also write the figure into the card, under this name")

    fetch = commands.add_parser("fetch", help="download weights that others published; without an ID, list them")
    fetch.add_argument("ids", nargs="*", metavar="ID", help="of the published networks; resumes what broke off")
    return parser


def _describe_colorize(colorize: argparse.ArgumentParser) -> None:
    colorize.add_argument("sources", nargs="+", metavar="PHOTO_OR_FOLDER", help="files, folders or http(s) links")
    colorize.add_argument(
        "-o", "--out", type=_place, required=True, metavar="OUT",
        help="a folder; for one photo, a file; or a folder's address, such as s3://BUCKET/FOLDER",
    )  # fmt: skip
    colorize.add_argument("--checkpoint", default="photo", metavar="ID")
    colorize.add_argument("--temperature", type=_temperature, metavar="T", help="for checkpoints with a head of bins")
    colorize.add_argument("--saturation", type=_saturation, default=1.0, metavar="S", help="0 to 3, default 1")
    colorize.add_argument(
        "--vividness", type=_vividness, default=0.5, metavar="V",
        help="how colourful the network's own colours become, 0 to 1, default 0.5: as they are",
    )  # fmt: skip
    colorize.add_argument("--reach", type=_reach, default=1.0, metavar="R", help="of hints, 0.25 to 4, default 1")
    colorize.add_argument(
        "--rendering", choices=("chroma", "expected", "palette"), default="chroma",
        help="for checkpoints with a palette: chroma of the likeliest colour (default), the expected chroma, or the "
        "palette's own colours",
    )  # fmt: skip
    colorize.add_argument(
        "--hint", type=parse_hint, action="append", default=[], metavar="X,Y,#RRGGBB",
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
        "--quality", type=_quality, default=92, metavar="Q", help="of JPEG and WebP, 1 to 100, default 92; PNG has none"
    )
    colorize.add_argument("--overwrite", action="store_true", help="make results anew that are there already")
    colorize.add_argument(
        "--jobs", type=_thread_count, metavar="N", help="photos worked on at a time; default one a core, at most 8"
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
        "--gpu-share", type=_gpu_share, default=0.0, metavar="G", help="of a GPU for each worker of Ray; default 0"
    )


def _run(command: str) -> Callable[[argparse.Namespace], int]:
    """The function of a command, imported only now: `--help` and wrong arguments need no torch."""
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


def main(arguments: Sequence[str]) -> int:
    options = make_parser().parse_args(arguments)
    warnings.filterwarnings("ignore", module="PIL")  # on damaged metadata, which is not used
    try:
        return _run(options.command)(options)
    except ColorizerError as error:
        print(f"colorizer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("colorizer: stopped.", file=sys.stderr)
        return 130
