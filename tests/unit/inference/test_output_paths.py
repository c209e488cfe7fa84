"""Where the results of a batch go: each to a place of its own, none to that of an original."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from colorizer.errors import PictureError
from colorizer.inference.output_paths import plan


def names_of(sources: Sequence[object], format: str = "png") -> list[str]:
    tasks = plan([str(source) for source in sources], Path("out"), format)  # type: ignore[arg-type]
    return [task.result.relative_to("out").as_posix() for task in tasks]


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_of_two_files_for_one_name_each_gets_its_whole_name(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "a.png", tmp_path / "b.png", tmp_path / "below" / "a.png")
    assert names_of([tmp_path]) == ["a.jpg.png", "a.png.png", "b.png", "below/a.png"]
    touch(tmp_path / "a.gif", tmp_path / "c.png")
    assert names_of([tmp_path]) == ["a.gif.png", "a.jpg.png", "a.png.png", "b.png", "below/a.png", "c.png"]


def test_of_two_folders_with_equal_names_each_gets_its_own_folder(tmp_path: Path) -> None:
    touch(tmp_path / "2023" / "1.jpg", tmp_path / "2024" / "1.jpg", tmp_path / "2024" / "2.jpg")
    assert names_of([tmp_path / "2023", tmp_path / "2024"], "same") == ["2023/1.jpg", "2024/1.jpg", "2.jpg"]


def test_names_differ_where_even_the_folders_are_called_the_same(tmp_path: Path) -> None:
    touch(tmp_path / "x" / "in" / "1.jpg", tmp_path / "y" / "in" / "1.jpg")
    folders = [tmp_path / "x" / "in", tmp_path / "y" / "in"]
    first, second = names_of(folders)
    assert first != second and re.fullmatch(r"1-[0-9a-f]{8}\.png", first)
    assert names_of(folders[::-1]) == [second, first]  # whatever the order


def test_files_and_links_go_directly_into_the_folder() -> None:
    sources = ["far/away/harbour at dawn.JPG", "scan.001", "https://x.org/a/b%20c.jpeg?d=e/f.gif", "http://x.org"]
    assert names_of(sources, "same") == ["harbour at dawn.JPG", "scan.png", "b c.jpeg", "photo.png"]


def test_what_is_named_twice_is_coloured_once(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "below" / "b.jpg")
    assert len(names_of([tmp_path, tmp_path, tmp_path / "a.jpg"])) == 2


def test_no_result_is_put_among_the_sources_of_the_next_run(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "in" / "1.jpg")
    with pytest.raises(PictureError, match="would lie among the photos"):
        plan([str(tmp_path / "in")], tmp_path)
