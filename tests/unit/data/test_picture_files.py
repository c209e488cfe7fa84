"""Pictures are found in folders, and ordered by what their paths inside are."""

import os
import shutil
from pathlib import Path

import pytest

from colorizer.data.picture_files import find_pictures
from colorizer.errors import DataError
from tests.support.photos import make_pictures


def make_others(folder: Path, count: int) -> Path:
    """As `make_pictures`: the same names, other pictures."""
    for path in sorted(make_pictures(folder, count, first=100).iterdir()):
        path.rename(path.with_stem(f"{int(path.stem) - 100:03d}"))
    return folder


def test_the_order_follows_from_the_paths_inside_the_folders(tmp_path: Path) -> None:
    make_pictures(tmp_path / "a" / "hills", 3)
    make_others(tmp_path / "a" / "streets", 3)
    shutil.copytree(tmp_path / "a", tmp_path / "z" / "elsewhere")
    for folders in (["hills", "streets"], ["streets", "hills"]):
        here = find_pictures([tmp_path / "a" / name for name in folders])
        there = find_pictures([tmp_path / "z" / "elsewhere" / name for name in folders])
        names = [f"{path.parent.name}/{path.name}" for path in here]
        assert names == [f"{path.parent.name}/{path.name}" for path in there]
        assert names == [f"{folder}/{number:03d}.png" for number in range(3) for folder in ("hills", "streets")]


def test_equal_names_are_ordered_by_folder_name_wherever_the_folders_lie(tmp_path: Path) -> None:
    make_pictures(tmp_path / "1" / "streets", 1)
    make_others(tmp_path / "2" / "hills", 1)
    found = find_pictures([tmp_path / "1" / "streets", tmp_path / "2" / "hills"])
    assert [path.parent.name for path in found] == ["hills", "streets"]


def test_hidden_files_other_files_and_folders_with_a_pictures_name_are_left_out(tmp_path: Path) -> None:
    make_pictures(tmp_path / "deep" / "er", 2)
    make_pictures(tmp_path / ".thumbnails", 2)
    (tmp_path / ".DS_Store.png").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "album.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "UPPER.JPEG").write_bytes(b"x")
    assert [path.name for path in find_pictures([tmp_path])] == ["UPPER.JPEG", "000.png", "001.png"]


def test_a_folder_below_a_hidden_one_is_no_hidden_folder(tmp_path: Path) -> None:
    assert len(find_pictures([make_pictures(tmp_path / ".cache" / "photos", 2)])) == 2


def test_a_picture_in_two_of_the_folders_is_there_once(tmp_path: Path) -> None:
    make_pictures(tmp_path / "all" / "cats", 3)
    (tmp_path / "link").symlink_to(tmp_path / "all" / "cats")
    folders = [tmp_path / "all", tmp_path / "all" / "cats", tmp_path / "link"]
    for order in (folders, folders[::-1]):
        found = find_pictures(order)
        assert len({path.resolve() for path in found}) == len(found) == 3


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: there is no such folder"):
        find_pictures([tmp_path / "nowhere"])
    with pytest.raises(DataError, match=r"empty: the folder holds no pictures \(\.apng, \.avif, .*\.png, "):
        (tmp_path / "empty").mkdir()
        find_pictures([make_pictures(tmp_path / "full", 1), tmp_path / "empty"])
