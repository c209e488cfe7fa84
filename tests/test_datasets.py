"""Validation first, then training: the same validation pictures for every recipe, and none of them trained on."""

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch

from colorizer.data import find_pictures, read_square, shuffled
from colorizer.datasets import TrainingData, fingerprint, load_training_data
from colorizer.errors import DataError
from colorizer.recipes import DataSettings
from tests.support import make_pictures

SETTINGS = DataSettings(role="toys", images=6, validation_images=4, side=40, crop=32)


def load(folder: Path, **changes: object) -> tuple[TrainingData, list[str]]:
    reports: list[str] = []
    settings = dataclasses.replace(SETTINGS, **changes)  # type: ignore[arg-type]
    return load_training_data([folder], settings, reports.append), reports


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 16)


def test_recipes_with_few_and_many_images_share_validation_and_begin_with_the_same_training(folder: Path) -> None:
    (few, _), (many, _) = load(folder, images=2), load(folder, images=12)
    assert torch.equal(few.validation, many.validation)
    assert few.validation_sha256 == many.validation_sha256
    assert few.training.paths == many.training.paths[:2]
    assert len(many.training) == 12


def test_validation_pictures_are_the_first_of_the_shuffle_as_centre_squares_and_never_trained_on(folder: Path) -> None:
    loaded, _ = load(folder, images=0)
    paths = shuffled(find_pictures([folder]), 0)
    assert torch.equal(loaded.validation, torch.stack([read_square(path, 32) for path in paths[:4]]))
    assert loaded.training.paths == [str(path) for path in paths[4:]]


def test_another_split_seed_gives_another_validation(folder: Path) -> None:
    assert load(folder)[0].validation_sha256 != load(folder, split_seed=1)[0].validation_sha256


def test_the_fingerprint_is_over_the_sorted_hashes_of_the_files(folder: Path) -> None:
    loaded, _ = load(folder)
    hashes = sorted(hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in loaded.training.paths)
    assert loaded.training_sha256 == hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    assert fingerprint(hashes[::-1]) == loaded.training_sha256


def test_an_unreadable_picture_is_named_and_replaced_by_the_next(tmp_path: Path) -> None:
    make_pictures(tmp_path, 16)
    order = shuffled(find_pictures([tmp_path]), 0)
    for damaged in (order[1], order[6]):  # one that would validate, one that would train
        damaged.write_bytes(damaged.read_bytes()[:100])
    loaded, reports = load(tmp_path)
    assert [report.split()[0] for report in reports] == [order[1].name, order[6].name]
    assert (len(loaded.validation), len(loaded.training)) == (4, 6)
    assert loaded.training.paths == [str(path) for path in (order[5], *order[7:12])]


def test_too_few_pictures_are_refused_with_both_numbers(folder: Path) -> None:
    with pytest.raises(DataError, match=r"needs 104 pictures .*but there are 16; add pictures or lower"):
        load(folder, images=100)
    with pytest.raises(DataError, match="needs 17 pictures"):
        load(folder, images=0, validation_images=16)


@pytest.mark.parametrize("images", [0, 6])
def test_too_few_readable_pictures_are_refused(tmp_path: Path, images: int) -> None:
    make_pictures(tmp_path, 10)
    order = shuffled(find_pictures([tmp_path]), 0)
    for damaged in order[4:] if images == 0 else order[:1]:
        damaged.write_bytes(b"")
    with pytest.raises(DataError, match=r"Only \d of the pictures can be read, and the recipe needs \d+; replace"):
        load(tmp_path, images=images)


def test_what_does_not_fit_into_the_cache_is_not_held_and_is_the_same(folder: Path) -> None:
    held, _ = load(folder)
    anew, _ = load(folder, cache_gigabytes=0)
    assert held.training.held is not None
    assert anew.training.held is None
    assert all(torch.equal(held.training[index, 0.3], anew.training[index, 0.3]) for index in range(6))
    assert held.training_sha256 == anew.training_sha256
