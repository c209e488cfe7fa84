"""From folders, tar shards or a public data set, and a recipe's settings, to a validation set and a training set.

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

from colorizer.data import public_datasets
from colorizer.data.dataset import Pictures, TrainingSet, shuffled
from colorizer.data.picture_files import find_pictures, shared_contents
from colorizer.data.reading import (
    MAX_ASPECT,
    Decoded,
    Omissions,
    Reader,
    cut_square,
    decode,
    read_colorful,
    read_square,
    resize,
)
from colorizer.data.tar_files import Member, are_shards, find_shards, list_pictures
from colorizer.data.tar_shards import Shards, take_members
from colorizer.errors import DataError
from colorizer.images.folders import LeftOut, describe_left_out
from colorizer.recipes.schema import DataSettings
from colorizer.utils.shutdown import StopRequest

Origin = Literal["split", "folders", "public"]
"""Where validation comes from: out of the folders of `--data`, from folders of its own, or both from a public set."""


@dataclass(frozen=True)
class DataSplit:
    training: TrainingSet
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
    read: Reader,
    hold: bool,
    report: Callable[[str], None],
    stop_request: StopRequest,
) -> tuple[list[Decoded], list[Path]]:
    """Return the first `count` readable pictures (0: all) and the paths that were not tried."""
    taken: list[Decoded] = []
    omissions = Omissions(report)
    tried = 0
    for item in decode(paths, read):
        stop_request.raise_if_requested()
        tried += 1
        if item.picture is None:
            omissions.add(item.path.name, item)
        else:
            taken.append(item if hold else Decoded(item.path, item.sha256, None))
        if count and len(taken) == count:
            break
    omissions.finish()
    return taken, paths[tried:]


def _training_reader(settings: DataSettings) -> Reader:
    return functools.partial(read_colorful, side=settings.side, min_colorfulness=settings.min_colorfulness)


def load_training_data(
    folders: Sequence[Path],
    settings: DataSettings,
    report: Callable[[str], None],
    stop_request: StopRequest | None = None,
    validation_folders: Sequence[Path] = (),
) -> DataSplit:
    """Find, divide and decode the pictures of a recipe.

    Args:
        folders: where the pictures lie, at any depth; or tar shards, or patterns of them, which are divided alike and
            read once, but not held.
        settings: how many are wanted, and at what size.
        report: called with one sentence for each file that is left out.
        stop_request: asked after each picture.
        validation_folders: where those of validation lie; without them they are taken out of `folders`.

    Raises:
        KeyboardInterrupt: when the user wishes to stop.
        DataError: for an empty or missing folder, for a shard that cannot be read, for too few pictures for the recipe,
            and for pictures that are in both kinds of folders.
    """
    stop_request = stop_request or StopRequest()
    if any(map(are_shards, folders)):
        return _load_shards(folders, settings, report, stop_request, validation_folders)
    paths = shuffled(find_pictures(folders, report), settings.split_seed)
    held_out = shuffled(find_pictures(validation_folders, report), settings.split_seed) if validation_folders else []
    _refuse_shared([path.name for path in sorted(shared_contents(held_out, paths))])
    _require_enough(len(paths), len(held_out), settings)
    read_validation = functools.partial(read_square, side=settings.crop)
    validation, rest = _take(held_out or paths, settings.validation_images, read_validation, True, report, stop_request)
    rest = paths if held_out else rest
    planned = settings.images or len(rest)
    fits = planned * settings.side**2 * MAX_ASPECT * 3 <= settings.cache_gigabytes * 1e9
    hold = fits and settings.subsets == 1
    read_training = _training_reader(settings)
    training, _ = _take(rest, settings.images, read_training, hold, report, stop_request)
    _require_readable(len(training), len(validation), settings)
    return DataSplit(
        Pictures(
            [item.path for item in training],
            settings.side,
            [_picture(item) for item in training] if hold else None,
            settings.subsets,
        ),
        torch.stack([_picture(item) for item in validation]),
        fingerprint([item.sha256 for item in training]),
        fingerprint([item.sha256 for item in validation]),
        "folders" if held_out else "split",
    )


def _require_enough(training: int, held_out: int, settings: DataSettings) -> None:
    """Refuse too few pictures; `held_out` are those in folders of their own, 0 where there are none."""
    together = settings.validation_images + max(1, settings.images)
    for there, needed, names in (
        (held_out, settings.validation_images, "data.validation_images"),
        (training, settings.images or 1, "data.images"),
    ) if held_out else ((training, together, "data.validation_images + data.images"),):  # fmt: skip
        if there < needed:
            raise DataError(
                f"The recipe needs {needed} pictures ({names}), but there are {there}; add pictures or lower these "
                "settings with --set."
            )


def _require_readable(training: int, validation: int, settings: DataSettings) -> None:
    if validation < settings.validation_images or training < max(1, settings.images):
        raise DataError(
            f"Only {validation + training} of the pictures can be read and have colours, and the recipe needs "
            f"{settings.validation_images + max(1, settings.images)}; replace the damaged and black-and-white ones, "
            "or lower data.images or data.validation_images with --set."
        )


def _refuse_shared(names: Sequence[str]) -> None:
    if names:
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise DataError(
            f"In --data and in --validation there is the same picture, {names[0]}{others}; "
            "validation is worth nothing on what was trained on."
        )


def _load_shards(
    patterns: Sequence[Path],
    settings: DataSettings,
    report: Callable[[str], None],
    stop_request: StopRequest,
    validation_folders: Sequence[Path],
) -> DataSplit:
    """As `load_training_data`."""
    if not all(map(are_shards, patterns)):
        raise DataError("--data names both folders and tar shards; give it one kind.")
    if settings.subsets > 1:
        raise DataError(
            "data.subsets is for folders of pictures; tar shards are streamed and never held as a whole, so set "
            "data.subsets=1 with --set."
        )
    paths = find_shards(patterns)
    left_out: list[LeftOut] = []
    streamed = [
        Member(number, name) for number, path in enumerate(paths) for name in list_pictures(path, report, left_out)
    ]
    if left_out:
        report(describe_left_out(left_out))
    order = shuffled(sorted(streamed), settings.split_seed)
    held_out = shuffled(find_pictures(validation_folders, report), settings.split_seed) if validation_folders else []
    _require_enough(len(order), len(held_out), settings)
    take = functools.partial(take_members, paths, report=report, stop_request=stop_request)
    read_validation = functools.partial(read_square, side=settings.crop)
    validation: Sequence[Decoded]
    if held_out:
        validation, _ = _take(held_out, settings.validation_images, read_validation, True, report, stop_request)
    else:
        chosen, order = take(order, settings.validation_images, read_validation, True)
        validation = list(chosen.values())
    training, _ = take(order, settings.images, _training_reader(settings), False)
    if not held_out:
        training = _without_twins(training, validation, report)
    _require_readable(len(training), len(validation), settings)
    _require_other_content([item.sha256 for item in training.values()], validation if held_out else ())
    return DataSplit(
        Shards(paths, [member for member in streamed if member in training], settings),
        torch.stack([_picture(item) for item in validation]),
        fingerprint([item.sha256 for item in training.values()]),
        fingerprint([item.sha256 for item in validation]),
        "folders" if held_out else "split",
    )


def _without_twins(
    training: dict[Member, Decoded], validation: Sequence[Decoded], report: Callable[[str], None]
) -> dict[Member, Decoded]:
    """Leave out of training what is, byte by byte, validated on."""
    known = {item.sha256 for item in validation}
    kept = {member: item for member, item in training.items() if item.sha256 not in known}
    if twins := len(training) - len(kept):
        report(f"{twins:,} {'picture is a copy' if twins == 1 else 'pictures are copies'} of validated ones; left out.")
    return kept


def _require_other_content(training: Sequence[str], validation: Sequence[Decoded]) -> None:
    """Refuse a validation picture whose bytes are those of a training picture, by their sha256."""
    known = set(training)
    _refuse_shared([item.path.name for item in validation if item.sha256 in known])


def load_public_data(settings: DataSettings, report: Callable[[str], None]) -> DataSplit:
    """Return the pictures of the recipe's public data set, downloaded where they are not there yet.

    One of picture files is divided like the folders of `--data`, another as it is itself.

    Raises:
        DataError: where the set cannot be had, or has too few pictures for the recipe.
    """
    if folder := public_datasets.fetch_folder(settings.public, report):
        return dataclasses.replace(load_training_data([folder], settings, report), origin="public")
    training, validation = public_datasets.fetch(settings.public, report)
    for there, needed, name in (
        (len(training), settings.images, "data.images"),
        (len(validation), settings.validation_images, "data.validation_images"),
    ):
        if there < needed:
            raise DataError(f"{settings.public} has {there} pictures for {name} = {needed}; lower it with --set.")
    chosen = shuffled(training, settings.split_seed)[: settings.images or None]
    held_out = shuffled(validation, settings.split_seed)[: settings.validation_images]
    return DataSplit(
        Pictures([], settings.side, [resize(item.picture, settings.side) for item in chosen]),
        torch.stack([cut_square(resize(item.picture, settings.crop), 0.5) for item in held_out]),
        fingerprint([item.sha256 for item in chosen]),
        fingerprint([item.sha256 for item in held_out]),
        "public",
    )


def _picture(item: Decoded) -> Tensor:
    assert item.picture is not None
    return item.picture
