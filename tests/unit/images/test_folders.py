"""One walk over folders: every ending that pictures have, links once, nothing hidden, and a count of the rest."""

import os
from pathlib import Path

import pytest

from colorizer.images.folders import SUFFIXES, describe_left_out, find_pictures, judge_name


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def found(folder: Path, **options: object) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_pictures(folder, **options).pictures]  # type: ignore[arg-type]


@pytest.mark.parametrize("ending", [".jfif", ".jpe", ".hif", ".mpo", ".dib", ".JPG", ".Heic", ".webp"])
def test_every_ending_of_a_picture_is_found(tmp_path: Path, ending: str) -> None:
    assert found(touch(tmp_path, f"a{ending}")) == [f"a{ending}"]
    assert ending.lower() in SUFFIXES


HIDDEN = (
    "._a.jpg", ".a.jpg", "__MACOSX/a.jpg", ".Trash-1000/a.jpg", ".thumbnails/a.jpg", "@eaDir/a.jpg/x.jpg",
    "$RECYCLE.BIN/a.jpg", "#recycle/a.jpg", "System Volume Information/a.jpg", "Thumbs.db", "desktop.ini",
)  # fmt: skip


@pytest.mark.parametrize("name", HIDDEN)
def test_what_systems_put_beside_pictures_is_left_out_and_counted(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name, "a.jpg", "deep/er/b.png")
    walked = find_pictures(tmp_path)
    assert [path.name for path in walked.pictures] == ["a.jpg", "b.png"]
    assert describe_left_out(walked.left_out) == "Left out: 1 hidden or system file or folder."
    assert judge_name(name) == judge_name(name.replace("/", "\\")) == "hidden"


def test_a_hidden_folder_that_is_named_is_walked(tmp_path: Path) -> None:
    assert found(touch(tmp_path / ".photos", "a.jpg")) == ["a.jpg"]
    assert judge_name("./a.jpg") is None


def test_linked_folders_are_followed_and_circles_end(tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere", "c.jpg")
    root = touch(tmp_path / "root", "a.jpg", "below/b.jpg")
    (root / "door").symlink_to(tmp_path / "elsewhere")
    (root / "below" / "circle").symlink_to(root)
    (tmp_path / "elsewhere" / "back").symlink_to(root / "below")
    (root / "again").symlink_to(root / "below")
    assert found(root) == ["a.jpg", "below/b.jpg", "door/c.jpg"]
    sentence = describe_left_out(find_pictures(root).left_out)
    assert sentence == "Left out: 3 links to folders that are there already."


def test_links_out_are_left_out_where_strangers_look(tmp_path: Path) -> None:
    touch(tmp_path / "secret", "s.jpg")
    root = touch(tmp_path / "root", "a.jpg")
    (root / "door").symlink_to(tmp_path / "secret")
    (root / "s.jpg").symlink_to(tmp_path / "secret" / "s.jpg")
    (root / "a2.jpg").symlink_to(root / "a.jpg")
    walked = find_pictures(root, stay_inside=True)
    assert [path.name for path in walked.pictures] == ["a.jpg", "a2.jpg"]
    assert describe_left_out(walked.left_out) == "Left out: 2 links that lead out of the folder."


def test_reasons_are_counted_apart(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "n.txt", "m.txt", "x.xmp", "bare", ".hidden.jpg")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert describe_left_out(find_pictures(tmp_path).left_out) == (
        "Left out: 1 hidden or system file or folder, 4 files with other endings (.txt, none, .xmp), 2 links that lead "
        "nowhere, 1 file that is no ordinary one."
    )


def test_a_folder_of_results_does_not_count_by_whatever_way_it_is_reached(tmp_path: Path) -> None:
    root = touch(tmp_path / "root", "a.jpg", "out/r.jpg")
    (root / "link").symlink_to(root / "out")
    assert found(root, exclude=root / "out") == ["a.jpg"]


def test_the_order_does_not_depend_on_the_system(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.jpg", "b.jpg", "a/z.jpg", "a/1.jpg", "c.jpg")
    assert found(tmp_path) == sorted(found(tmp_path))
