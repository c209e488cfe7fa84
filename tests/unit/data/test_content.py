"""Identity is content: no picture is validated on that was trained on; and black-and-white photos teach no colour."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer.data.picture_files import find_pictures, shared_contents
from colorizer.data.reading import load
from colorizer.data.splits import load_training_data
from colorizer.errors import DataError
from colorizer.recipes.schema import DataSettings
from tests.support.photos import make_pictures

SETTINGS = DataSettings(role="toys", images=6, validation_images=3, side=40, crop=32)


def test_copies_of_training_pictures_in_validation_are_refused(tmp_path: Path) -> None:
    training = make_pictures(tmp_path / "training", 8)
    validation = make_pictures(tmp_path / "validation", 4, first=20)
    shutil.copy(training / "003.png", validation / "renamed.png")
    with pytest.raises(DataError, match=r"same picture, renamed\.png"):
        load_training_data([training], SETTINGS, print, validation_folders=[validation])
    (validation / "renamed.png").unlink()
    assert load_training_data([training], SETTINGS, print, validation_folders=[validation]).origin == "folders"


def test_twins_in_one_folder_count_once(tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "data", 9)
    for number in range(9):
        shutil.copy(folder / f"{number:03d}.png", folder / f"twin-{number}.png")
    said: list[str] = []
    split = load_training_data([folder], SETTINGS, said.append)
    assert "9 pictures are copies of others; left out." in said
    assert len(split.training) == 6
    assert not shared_contents([Path(path) for path in find_pictures([folder])][:3], find_pictures([folder])[3:])


def test_pictures_of_one_length_but_other_bytes_are_different(tmp_path: Path) -> None:
    for name, level in (("a", 1), ("b", 2), ("c", 1)):
        (tmp_path / f"{name}.bmp").write_bytes(bytes([level]) * 500)
    assert [path.name for path in find_pictures([tmp_path])] == ["a.bmp", "b.bmp"]


def test_a_set_of_grey_and_toned_pictures_is_no_training_set(tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "data", 12)
    for number, path in enumerate(sorted(folder.iterdir())):
        with Image.open(path) as image:
            grey = np.asarray(image.convert("L")).astype(float)[..., None] * (
                [1, 1, 1] if number % 2 else [1, 0.9, 0.8]
            )
        Image.fromarray(grey.astype(np.uint8)).save(path)
    said: list[str] = []
    with pytest.raises(DataError, match="have colours"):
        load_training_data([folder], SETTINGS, said.append)
    assert "12 pictures are black and white, toned, or have less colour" in " ".join(said)


@pytest.mark.parametrize(
    "words",
    [
        "unable to write to file </torch_1_2_3>: No space left on device (28)",
        "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of "
        "shared memory. Please try to raise your shared memory limit.",
    ],
)
def test_a_full_shared_memory_is_told_with_what_to_do(words: str) -> None:
    class Full(list):  # type: ignore[type-arg]
        def __getitem__(self, index: object) -> object:
            raise RuntimeError(words)

    with pytest.raises(DataError, match="--shm-size"):
        list(load(Full([1]), 0))
