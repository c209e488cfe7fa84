"""From folders, or a public data set, and a recipe's settings to a validation set and a training set.

What is left out is told, and why.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from colorizer import public_data
from colorizer.data import (
    MAX_ASPECT,
    Decoded,
    Pictures,
    cut_square,
    decode,
    find_pictures,
    read_picture,
    read_square,
    resize,
    shuffled,
)
from colorizer.errors import DataError
from colorizer.interrupts import StopWish
from colorizer.settings import DataSettings

Origin = Literal["split", "folders", "public"]
"""Where validation comes from: out of the folders of `--data`, from folders of its own, or both from a public set."""


@dataclass(frozen=True)
class TrainingData:
    training: Pictures
    validation: Tensor
    """uint8 (N, 3, crop, crop), the centre squares."""
    training_sha256: str
    """Over the sorted list of the files' own sha256, one a line."""
    validation_sha256: str
    origin: Origin = "split"


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
    folders: Sequence[Path],
    settings: DataSettings,
    report: Callable[[str], None],
    wish: StopWish | None = None,
    validation_folders: Sequence[Path] = (),
) -> TrainingData:
    """Find, divide and decode the pictures of a recipe.

    Args:
        folders: where the pictures lie, at any depth.
        settings: how many are wanted, and at what size.
        report: called with one sentence for each file that is left out.
        wish: asked after each picture.
        validation_folders: where those of validation lie; without them they are taken out of `folders`.

    Raises:
        KeyboardInterrupt: when the user wishes to stop.
        DataError: for an empty or missing folder, for too few pictures for the recipe, and for pictures that are in
            both kinds of folders.
    """
    wish = wish or StopWish()
    paths = shuffled(find_pictures(folders), settings.split_seed)
    held_out = shuffled(find_pictures(validation_folders), settings.split_seed) if validation_folders else []
    _require_disjoint(paths, held_out)
    wanted = settings.validation_images + max(1, settings.images)
    for there, needed, names in (
        (len(held_out), settings.validation_images, "data.validation_images"),
        (len(paths), settings.images or 1, "data.images"),
    ) if held_out else ((len(paths), wanted, "data.validation_images + data.images"),):  # fmt: skip
        if there < needed:
            raise DataError(
                f"The recipe needs {needed} pictures ({names}), but there are {there}; add pictures or lower these "
                "settings with --set."
            )
    read_validation = functools.partial(read_square, side=settings.crop)
    validation, rest = _take(held_out or paths, settings.validation_images, read_validation, True, report, wish)
    rest = paths if held_out else rest
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
        "folders" if held_out else "split",
    )


def _require_disjoint(training: Sequence[Path], validation: Sequence[Path]) -> None:
    shared = {path.resolve() for path in training} & {path.resolve() for path in validation}
    if shared:
        others = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        raise DataError(
            f"In --data and in --validation there is the same picture, {min(shared).name}{others}; "
            "validation is worth nothing on what was trained on."
        )


def load_public_data(settings: DataSettings, report: Callable[[str], None]) -> TrainingData:
    """The pictures of the recipe's public data set, downloaded where they are not there yet.

    One of picture files is divided like the folders of `--data`, another as it is itself.

    Raises:
        DataError: where the set cannot be had, or has too few pictures for the recipe.
    """
    if folder := public_data.fetch_folder(settings.public, report):
        return dataclasses.replace(load_training_data([folder], settings, report), origin="public")
    training, validation = public_data.fetch(settings.public, report)
    for there, needed, name in (
        (len(training), settings.images, "data.images"),
        (len(validation), settings.validation_images, "data.validation_images"),
    ):
        if there < needed:
            raise DataError(f"{settings.public} has {there} pictures for {name} = {needed}; lower it with --set.")
    chosen = shuffled(training, settings.split_seed)[: settings.images or None]
    held_out = shuffled(validation, settings.split_seed)[: settings.validation_images]
    return TrainingData(
        Pictures([], settings.side, [resize(item.picture, settings.side) for item in chosen]),
        torch.stack([cut_square(resize(item.picture, settings.crop), 0.5) for item in held_out]),
        fingerprint([item.sha256 for item in chosen]),
        fingerprint([item.sha256 for item in held_out]),
        "public",
    )


def _picture(item: Decoded) -> Tensor:
    assert item.picture is not None
    return item.picture
