"""Validation first, then training: the same validation pictures for every recipe, and none of them trained on."""

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch

from colorizer.data.dataset import shuffled
from colorizer.data.picture_files import find_pictures
from colorizer.data.reading import read_square
from colorizer.data.splits import DataSplit, fingerprint, load_public_data, load_training_data
from colorizer.errors import DataError
from colorizer.recipes.schema import DataSettings
from tests.support.photos import make_pictures
from tests.support.public_sets import FOLDER, files, records

SETTINGS = DataSettings(role="toys", images=6, validation_images=4, side=40, crop=32)


def load(folder: Path, **changes: object) -> tuple[DataSplit, list[str]]:
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
    with pytest.raises(
        DataError, match=r"Only \d of the pictures can be read and have colours, and the recipe needs \d+; replace"
    ):
        load(tmp_path, images=images)


def test_what_does_not_fit_into_the_cache_is_not_held_and_is_the_same(folder: Path) -> None:
    held, _ = load(folder)
    anew, _ = load(folder, cache_gigabytes=0)
    assert held.training.held is not None
    assert anew.training.held is None
    assert all(torch.equal(held.training[index, 0.3], anew.training[index, 0.3]) for index in range(6))
    assert held.training_sha256 == anew.training_sha256


@pytest.fixture(scope="module")
def held_out_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("test"), 8, first=111)  # all of them with colours


def load_both(folder: Path, held_out_folder: Path, **changes: object) -> DataSplit:
    settings = dataclasses.replace(SETTINGS, **changes)  # type: ignore[arg-type]
    return load_training_data([folder], settings, lambda message: None, validation_folders=[held_out_folder])


def test_with_folders_of_its_own_validation_takes_nothing_from_training(folder: Path, held_out_folder: Path) -> None:
    loaded = load_both(folder, held_out_folder, images=0)
    assert loaded.origin == "folders"
    assert loaded.training.paths == [str(path) for path in shuffled(find_pictures([folder]), 0)]
    held_out = shuffled(find_pictures([held_out_folder]), 0)[:4]
    assert torch.equal(loaded.validation, torch.stack([read_square(path, 32) for path in held_out]))
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in held_out]
    assert loaded.validation_sha256 == fingerprint(hashes)
    assert load(folder)[0].origin == "split"


def test_with_folders_of_their_own_both_numbers_are_kept(folder: Path, held_out_folder: Path) -> None:
    loaded = load_both(folder, held_out_folder, images=16, validation_images=8)  # all there are of both
    assert (len(loaded.training), len(loaded.validation)) == (16, 8)
    few = load_both(folder, held_out_folder, images=3, validation_images=8)
    assert few.training.paths == loaded.training.paths[:3]
    assert few.validation_sha256 == loaded.validation_sha256


def test_too_few_in_either_kind_of_folder_are_refused_by_its_setting(folder: Path, held_out_folder: Path) -> None:
    with pytest.raises(DataError, match=r"needs 9 pictures \(data\.validation_images\), but there are 8"):
        load_both(folder, held_out_folder, validation_images=9)
    with pytest.raises(DataError, match=r"needs 17 pictures \(data\.images\), but there are 16"):
        load_both(folder, held_out_folder, images=17)
    with pytest.raises(DataError, match="no such folder; --data and --validation take folders"):
        load_both(folder, held_out_folder / "none")


def test_a_picture_in_both_kinds_of_folders_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"there is the same picture, 000\.png and 15 more; validation is worth nothing"
    ):
        load_both(folder, folder)
    make_pictures(tmp_path / "test", 6, first=200)
    (tmp_path / "test" / "link.png").symlink_to(folder / "003.png")
    with pytest.raises(DataError, match=r"the same picture, link\.png; validation"):
        load_both(folder, tmp_path / "test")


def test_damaged_pictures_for_validation_are_replaced_while_there_are_others(folder: Path, tmp_path: Path) -> None:
    make_pictures(tmp_path, 5, first=100)
    first, second = shuffled(find_pictures([tmp_path]), 0)[:2]
    first.write_bytes(b"")
    assert len(load_both(folder, tmp_path).validation) == 4
    second.write_bytes(b"")
    with pytest.raises(DataError, match="can be read"):
        load_both(folder, tmp_path)


@pytest.fixture
def public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a small set in CIFAR-10's format: 20 horses for training, 4 for validation."""
    monkeypatch.setenv("COLORIZER_DATA", str(tmp_path))
    for name, content in files().items():
        (tmp_path / FOLDER).mkdir(exist_ok=True)
        (tmp_path / FOLDER / name).write_bytes(content)


def load_public(**changes: object) -> DataSplit:
    settings = DataSettings(role="horses", public="cifar10:horse", images=0, validation_images=4, side=32, crop=32)
    return load_public_data(dataclasses.replace(settings, **changes), lambda message: None)  # type: ignore[arg-type]


def planes(seeds: range) -> set[bytes]:
    """Read the horses of the set's files, each as its pixels."""
    return {picture.transpose(2, 0, 1).tobytes() for seed in seeds for picture in records(seed)[1][::2]}


def test_a_public_set_keeps_its_own_division(public: None) -> None:
    loaded = load_public()
    assert loaded.origin == "public"
    assert (len(loaded.training), tuple(loaded.validation.shape)) == (20, (4, 3, 32, 32))
    assert {loaded.training[index, 0.5].numpy().tobytes() for index in range(20)} == planes(range(5))
    assert {picture.numpy().tobytes() for picture in loaded.validation} == planes(range(5, 6))


def test_the_fingerprints_of_a_public_set_are_over_the_pixels_of_what_is_taken(public: None) -> None:
    loaded, few = load_public(), load_public(images=3, validation_images=2)
    assert loaded.training_sha256 == fingerprint([hashlib.sha256(pixels).hexdigest() for pixels in planes(range(5))])
    taken = [hashlib.sha256(few.training[index, 0.5].numpy().tobytes()).hexdigest() for index in range(3)]
    assert (len(few.training), len(few.validation)) == (3, 2)
    assert few.training_sha256 == fingerprint(taken)
    assert few.validation_sha256 != loaded.validation_sha256


def test_the_order_of_a_public_set_follows_from_the_split_seed_alone(public: None) -> None:
    def order(**changes: object) -> list[bytes]:
        training = load_public(**changes).training
        return [training[index, 0.5].numpy().tobytes() for index in range(len(training))]

    assert order() == order()
    assert order(images=5) == order()[:5]
    assert order(split_seed=1) != order()
    assert set(order(split_seed=1)) == set(order())


def test_a_public_set_comes_at_the_sizes_of_the_recipe(public: None) -> None:
    loaded = load_public(side=48, crop=40)
    assert tuple(loaded.training[0, 0.5].shape) == (3, 48, 48)
    assert tuple(loaded.validation.shape) == (4, 3, 40, 40)
    means = [one.validation.float().mean((2, 3)) for one in (loaded, load_public())]
    assert (means[0] - means[1]).abs().max() < 3


def test_more_than_a_public_set_has_is_refused_with_both_numbers(public: None) -> None:
    with pytest.raises(DataError, match=r"cifar10:horse has 20 pictures for data\.images = 21; lower it with --set"):
        load_public(images=21)
    with pytest.raises(DataError, match=r"cifar10:horse has 4 pictures for data\.validation_images = 5"):
        load_public(validation_images=5)
