"""`colorize` from store to store, without Ray: the same names, the same pixels, whole results, and it goes on."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from colorizer.__main__ import main
from colorizer.cluster import storage

CHECKPOINT = "horse-16-cnn"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    Image.fromarray(data.coffee()).resize((90, 60)).save(folder / "coffee.jpg")
    Image.fromarray(data.chelsea()).resize((90, 60)).save(folder / "below" / "cat.png")
    Image.fromarray(data.rocket()).resize((60, 90)).save(folder / "below" / "rocket.bmp")
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def colorize(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def call(*arguments: object) -> tuple[int, str]:
        status = main(["colorize", "--checkpoint", CHECKPOINT, *map(str, arguments)])
        return status, capsys.readouterr().err

    return call


def put(folder: Path, address: str) -> str:
    for path in folder.rglob("*"):
        if path.is_file():
            storage.write_whole(storage.join(address, path.relative_to(folder).as_posix()), path.read_bytes())
    return address


def pixels(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(storage.read(address, 10**7))).convert("RGB")).astype(int)


def test_a_bucket_is_coloured_as_a_local_folder_is(
    colorize: Callable[..., tuple[int, str]], make_bucket: Callable[[str], str], photos: Path, tmp_path: Path
) -> None:
    bucket = make_bucket("as-local")
    status, said = colorize(put(photos, f"{bucket}/in"), "-o", f"{bucket}/out")
    assert status == 0 and "3 coloured." in said
    colorize(photos, "-o", tmp_path / "local")
    results = storage.list_files(f"{bucket}/out")
    assert sorted(results) == ["below/cat.png", "below/rocket.png", "coffee.jpg"]
    for place, address in results.items():
        assert np.array_equal(pixels(address), pixels(str(tmp_path / "local" / place)))


def test_what_systems_put_into_a_bucket_is_left_out_and_counted(
    colorize: Callable[..., tuple[int, str]], make_bucket: Callable[[str], str], photos: Path
) -> None:
    bucket = make_bucket("hidden")
    (photos / "__MACOSX").mkdir()
    for name in ("._coffee.jpg", "__MACOSX/coffee.jpg", "below/Thumbs.db", ".DS_Store"):
        (photos / name).write_bytes(b"no picture")
    put(photos, f"{bucket}/in")
    status, said = colorize(f"{bucket}/in", "-o", f"{bucket}/out")
    assert status == 0 and "3 coloured." in said
    assert "Left out: 4 hidden or system files or folders, 1 file with another ending (.txt). --verbose" in said
    status, said = colorize(f"{bucket}/in", "-o", f"{bucket}/out", "--verbose")
    assert "__MACOSX/coffee.jpg: hidden or system file or folder, left out." in said and "3 skipped" in said


def test_what_is_there_is_skipped_unless_it_is_to_be_replaced(
    colorize: Callable[..., tuple[int, str]], make_bucket: Callable[[str], str], photos: Path
) -> None:
    bucket = make_bucket("skipped")
    put(photos, f"{bucket}/in")
    storage.write_whole(f"{bucket}/out/coffee.jpg", b"made earlier")
    status, said = colorize(f"{bucket}/in", "-o", f"{bucket}/out")
    assert status == 0 and "2 coloured, 1 skipped" in said
    assert storage.read(f"{bucket}/out/coffee.jpg", 100) == b"made earlier"
    status, said = colorize(f"{bucket}/in", "-o", f"{bucket}/out", "--overwrite")
    assert "3 coloured." in said and pixels(f"{bucket}/out/coffee.jpg").shape == (60, 90, 3)


def test_bad_files_are_listed_and_the_list_goes_when_all_is_well(
    colorize: Callable[..., tuple[int, str]], make_bucket: Callable[[str], str], photos: Path
) -> None:
    bucket = make_bucket("failing")
    put(photos, f"{bucket}/in")
    storage.write_whole(f"{bucket}/in/torn.jpg", b"no picture at all")
    storage.write_whole(f"{bucket}/in/empty.jpg", b"")
    status, said = colorize(f"{bucket}/in", "-o", f"{bucket}/out")
    assert status == 1 and "3 coloured, 2 failed" in said
    rows = list(csv.DictReader(io.StringIO(storage.read(f"{bucket}/out/failures.csv", 10_000).decode())))
    assert [row["file"] for row in rows] == [f"{bucket}/in/empty.jpg", f"{bucket}/in/torn.jpg"]
    assert all(row["problem"] for row in rows)
    storage.remove(f"{bucket}/in/torn.jpg")
    storage.remove(f"{bucket}/in/empty.jpg")
    status, said = colorize(f"{bucket}/in", "-o", f"{bucket}/out")
    assert status == 0 and "3 skipped" in said
    assert "failures.csv" not in storage.list_files(f"{bucket}/out")


def test_a_web_folder_is_read_and_a_local_one_written(
    colorize: Callable[..., tuple[int, str]], serve_folder: Callable[[Path], str], photos: Path, tmp_path: Path
) -> None:
    status, said = colorize(serve_folder(photos), "-o", tmp_path / "out")
    assert status == 0 and "3 coloured." in said
    assert sorted(storage.list_files(str(tmp_path / "out"))) == ["below/cat.png", "below/rocket.png", "coffee.jpg"]
    status, said = colorize(serve_folder(photos), "-o", tmp_path / "out")
    assert "0 coloured, 3 skipped" in said


def test_results_inside_the_sources_are_no_sources(
    colorize: Callable[..., tuple[int, str]], make_bucket: Callable[[str], str], photos: Path
) -> None:
    folder = put(photos, make_bucket("inside"))
    for _ in range(2):
        colorize(folder, "-o", f"{folder}/coloured")
    assert len(storage.list_files(f"{folder}/coloured")) == 3
    status, said = colorize(f"{folder}/below", "-o", folder)
    assert status == 1 and "among the photos" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("s3://bucket-of-nobody/in", "-o", "out"), "holds no pictures"),
        (("azure://a/in", "-o", "out"), "photos are read at"),
        (("photos", "-o", "http://host/out"), "photos are written at"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    colorize: Callable[..., tuple[int, str]], s3_server: str, arguments: tuple[str, ...], sentence: str
) -> None:
    status, said = colorize(*arguments)
    assert status == 1 and sentence in said and said.count("\n") == 1
