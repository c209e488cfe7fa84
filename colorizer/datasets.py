"""From folders and a recipe's data settings to a validation set and a training set, with what was left out and why."""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from colorizer.data import MAX_ASPECT, Decoded, Pictures, decode, find_pictures, read_picture, read_square, shuffled
from colorizer.errors import DataError
from colorizer.interrupts import StopWish
from colorizer.recipes import DataSettings


@dataclass(frozen=True)
class TrainingData:
    training: Pictures
    validation: Tensor
    """uint8 (N, 3, crop, crop), the centre squares."""
    training_sha256: str
    """Over the sorted list of the files' own sha256, one a line."""
    validation_sha256: str


def fingerprint(hashes: Sequence[str]) -> str:
    """One sha256 for a set of files: over their own, sorted, one a line."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def _take(
    paths: list[Path],
    count: int,
    read: Callable[[Path], Tensor],
    hold: bool,
    report: Callable[[str], None],
    wish: StopWish,
) -> tuple[list[Decoded], list[Path]]:
    """The first `count` readable pictures (0: all) and the paths that were not tried."""
    taken: list[Decoded] = []
    tried = 0
    for item in decode(paths, read):
        wish.answer()
        tried += 1
        if item.picture is None:
            report(f"{item.path.name} is left out: {item.problem}")
        else:
            taken.append(item if hold else Decoded(item.path, item.sha256, None))
        if count and len(taken) == count:
            break
    return taken, paths[tried:]


def load_training_data(
    folders: Sequence[Path], settings: DataSettings, report: Callable[[str], None], wish: StopWish | None = None
) -> TrainingData:
    """Find, divide and decode the pictures of a recipe.

    Args:
        folders: where the pictures lie, at any depth.
        settings: how many are wanted, and at what size.
        report: called with one sentence for each file that is left out.
        wish: asked after each picture.

    Raises:
        KeyboardInterrupt: when the user wishes to stop.
        DataError: for an empty or missing folder, and for too few pictures for the recipe.
    """
    wish = wish or StopWish()
    paths = shuffled(find_pictures(folders), settings.split_seed)
    wanted = settings.validation_images + max(1, settings.images)
    if len(paths) < wanted:
        raise DataError(
            f"The recipe needs {wanted} pictures (data.validation_images + data.images), but there are {len(paths)}; "
            "add pictures or lower these settings with --set."
        )
    read_validation = functools.partial(read_square, side=settings.crop)
    validation, rest = _take(paths, settings.validation_images, read_validation, True, report, wish)
    planned = settings.images or len(rest)
    hold = planned * settings.side**2 * MAX_ASPECT * 3 <= settings.cache_gigabytes * 1e9
    read_training = functools.partial(read_picture, side=settings.side)
    training, _ = _take(rest, settings.images, read_training, hold, report, wish)
    if len(validation) < settings.validation_images or len(training) < max(1, settings.images):
        raise DataError(
            f"Only {len(validation) + len(training)} of the pictures can be read, and the recipe needs {wanted}; "
            "replace the damaged ones or lower data.images or data.validation_images with --set."
        )
    return TrainingData(
        Pictures(
            [item.path for item in training], settings.side, [_picture(item) for item in training] if hold else None
        ),
        torch.stack([_picture(item) for item in validation]),
        fingerprint([item.sha256 for item in training]),
        fingerprint([item.sha256 for item in validation]),
    )


def _picture(item: Decoded) -> Tensor:
    assert item.picture is not None
    return item.picture
