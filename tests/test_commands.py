"""The command line as a user runs it: real processes, exit statuses, one sentence a problem and never a traceback."""

import csv
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from colorizer.checkpoints.card import read_card
from colorizer.checkpoints.store import WEIGHTS
from colorizer.cli import main

ROOT = WEIGHTS.parent

Run = Callable[..., subprocess.CompletedProcess[str]]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "colorizer", *map(str, arguments)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in answer.stderr
    return answer


@pytest.fixture
def within(capsys: pytest.CaptureFixture[str]) -> Run:
    """The same without a process of its own: a second less for each of many cases."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        with warnings.catch_warnings():
            status = main(list(map(str, arguments)))
        output = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, output.out, output.err)

    return call


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    Image.fromarray(data.coffee()).resize((90, 60)).save(folder / "coffee.jpg")
    Image.fromarray(data.camera()).resize((64, 64)).save(folder / "below" / "camera.png")
    return folder


def test_list_shows_every_checkpoint() -> None:
    answer = run("list")
    assert answer.returncode == 0
    assert {line.split()[0] for line in answer.stdout.splitlines()} == {
        path.parent.name for path in WEIGHTS.glob("*/card.toml")
    }


def test_list_of_an_empty_folder_says_so(tmp_path: Path) -> None:
    answer = run("--weights", tmp_path, "list")
    assert answer.returncode == 1
    assert "holds no checkpoints" in answer.stderr


def test_a_folder_is_coloured_and_what_fails_is_named(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_bytes((photos / "coffee.jpg").read_bytes()[:400])
    (photos / "page.png").write_text("<html></html>")
    answer = run("colorize", photos, "-o", tmp_path / "out")
    assert answer.returncode == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["below", "coffee.jpg", "failures.csv"]
    assert "broken.jpg" in answer.stderr and "page.png" in answer.stderr
    result = Image.open(tmp_path / "out" / "coffee.jpg")
    assert result.size == (90, 60)
    assert np.ptp(np.asarray(result).astype(int), axis=2).mean() > 3


def test_one_photo_goes_into_the_named_file_with_a_note(photos: Path, tmp_path: Path) -> None:
    answer = run("colorize", photos / "coffee.jpg", "-o", tmp_path / "result.jpg", "--saturation", 1.5)
    assert (answer.returncode, answer.stderr) == (0, "")
    comment = Image.open(tmp_path / "result.jpg").info["comment"].decode()
    assert "Checkpoint: photo" in comment and "1.5" in comment


def test_damaged_metadata_is_passed_over_without_a_word(photos: Path, tmp_path: Path) -> None:
    damaged = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\xff\xff\xff\xff\x06\0"
    Image.fromarray(data.coffee()).resize((90, 60)).save(photos / "damaged.jpg", exif=damaged)
    answer = run("colorize", photos / "damaged.jpg", "-o", tmp_path / "result.png")
    assert (answer.returncode, answer.stderr) == (0, "")


def test_photos_of_one_name_do_not_overwrite_each_other(photos: Path, tmp_path: Path) -> None:
    shutil.copy(photos / "coffee.jpg", photos / "below" / "coffee.jpg")
    out = tmp_path / "out"
    assert run("colorize", photos / "coffee.jpg", photos / "below" / "coffee.jpg", "-o", out).returncode == 0
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.jpg")) == [
        "below/coffee.jpg", "photos/coffee.jpg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["colorize", "nowhere.jpg"], "nowhere.jpg"),
        (["colorize", "http://127.0.0.1/x.jpg"], "http://127.0.0.1/x.jpg"),
        (["colorize", "file:///etc/passwd"], "file:///etc/passwd"),
        (["colorize", "PHOTO", "--checkpoint", "no-such"], "There is no checkpoint 'no-such'"),
        (["colorize", "PHOTO", "--checkpoint", "scenes-12-mse", "--hint", "3,4,#ff0000"], "does not take hints"),
        (["colorize", "PHOTO", "--checkpoint", "scenes-12-mse", "--temperature", "0.4"], "does not take a temperature"),
    ],
)
def test_what_cannot_be_done_ends_with_1_and_a_sentence(
    within: Run, photos: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    filled = [str(photos / "coffee.jpg") if argument == "PHOTO" else argument for argument in arguments]
    answer = within(*filled, "-o", tmp_path / "out")
    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["colorize", "photo.jpg"],
        ["colorize", "photo.jpg", "-o", "out", "--saturation", "4"],
        ["colorize", "photo.jpg", "-o", "out", "--hint", "3,4,red"],
        ["colorize", "photo.jpg", "-o", "out", "--temperature", "0"],
        ["colorize", "photo.jpg", "-o", "out", "--quality", "101"],
        ["colorize", "photo.jpg", "-o", "out", "--format", "gif"],
        ["colorize", "photo.jpg", "-o", "out", "--jobs", "0"],
        ["evaluate"],
    ],
)
def test_wrong_arguments_end_with_2(arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.returncode == 2
    assert "usage: python -m colorizer" in answer.stderr


def test_evaluate_prints_a_table_with_grey_and_truth_and_writes_each_photo(photos: Path, tmp_path: Path) -> None:
    answer = run("evaluate", photos, "--checkpoint", "scenes-500-huber", "--csv", tmp_path / "measures.csv")
    assert answer.returncode == 0
    assert [line.split()[0] for line in answer.stdout.splitlines()[1:4]] == ["grey", "scenes-500-huber", "truth"]
    assert "centre crop to a square, Lanczos to 256 x 256" in answer.stdout
    with (tmp_path / "measures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    assert all(float(row["ciede2000"]) == 0 for row in rows if row["of"] == "truth")


def test_evaluate_writes_its_averages_into_the_card_once(within: Run, photos: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(WEIGHTS / "scenes-500-huber", weights / "scenes-500-huber")
    before = read_card(weights / "scenes-500-huber" / "card.toml").metrics
    for _ in range(2):
        assert within("--weights", weights, "evaluate", photos, "--card", "two photos").returncode == 0
    after = read_card(weights / "scenes-500-huber" / "card.toml").metrics
    assert [row.of for row in after if row.pictures == "two photos"] == ["checkpoint", "grey", "truth"]
    assert [row for row in after if row.pictures != "two photos"] == [
        row for row in before if row.pictures != "two photos"
    ]


def test_evaluate_names_what_it_cannot_read(within: Run, photos: Path, tmp_path: Path) -> None:
    (photos / "empty.png").write_bytes(b"")
    answer = within("evaluate", photos, "--checkpoint", "scenes-500-huber")
    assert answer.returncode == 1
    assert "empty.png" in answer.stderr and "1 photo." in answer.stdout
    assert within("evaluate", tmp_path / "nowhere").returncode == 1


def test_help_needs_no_torch() -> None:
    block = "import sys, runpy; sys.modules['torch'] = None; sys.argv = ['colorizer', '--help']"
    code = f"{block}; runpy.run_module('colorizer', run_name='__main__')"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0
    assert "colorize PHOTO_OR_FOLDER" in answer.stdout
