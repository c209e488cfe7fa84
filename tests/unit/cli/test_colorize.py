"""The command line as a user runs it: exit statuses, one sentence a problem and never a traceback."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from colorizer.checkpoints.card import read_card
from colorizer.checkpoints.store import WEIGHTS
from colorizer.utils import process_pool
from tests.support import ROOT
from tests.support.command_line import call, start
from tests.support.processes import PATIENCE_SECONDS, environment


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    Image.fromarray(data.coffee()).resize((90, 60)).save(folder / "coffee.jpg")
    Image.fromarray(data.camera()).resize((64, 64)).save(folder / "below" / "camera.png")
    return folder


def test_list_shows_every_checkpoint() -> None:
    answer = call("list")
    assert answer.status == 0
    assert {line.split()[0] for line in answer.output.splitlines()} == {
        path.parent.name for path in WEIGHTS.glob("*/card.toml")
    }


def test_a_folder_is_coloured_and_what_fails_is_named(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_bytes((photos / "coffee.jpg").read_bytes()[:400])
    (photos / "page.png").write_text("<html></html>")
    answer = call("colorize", photos, "-o", tmp_path / "out")
    assert answer.status == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["below", "coffee.jpg", "failures.csv"]
    assert "broken.jpg" in answer.errors and "page.png" in answer.errors
    result = Image.open(tmp_path / "out" / "coffee.jpg")
    assert result.size == (90, 60)
    assert np.ptp(np.asarray(result).astype(int), axis=2).mean() > 3


def test_a_photo_goes_into_the_named_file_with_a_note_and_its_damaged_metadata_is_passed_over_without_a_word(
    tmp_path: Path,
) -> None:
    damaged = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\xff\xff\xff\xff\x06\0"
    Image.fromarray(data.coffee()).resize((90, 60)).save(tmp_path / "photo.jpg", exif=damaged)
    answer = start("colorize", tmp_path / "photo.jpg", "-o", tmp_path / "result.jpg", "--saturation", 1.5)
    assert (answer.status, answer.errors) == (0, "")
    comment = Image.open(tmp_path / "result.jpg").info["comment"].decode()
    assert "Checkpoint: photo" in comment and "1.5" in comment


def test_a_fault_ends_the_process_with_its_status_and_one_sentence(tmp_path: Path) -> None:
    answer = start("--weights", tmp_path, "list")
    assert answer.status == 1
    assert answer.errors.startswith("colorizer: ") and answer.errors.count("\n") == 1
    assert "holds no checkpoints" in answer.errors


def test_photos_of_one_name_do_not_overwrite_each_other(photos: Path, tmp_path: Path) -> None:
    shutil.copy(photos / "coffee.jpg", photos / "below" / "coffee.jpg")
    out = tmp_path / "out"
    assert call("colorize", photos / "coffee.jpg", photos / "below" / "coffee.jpg", "-o", out).status == 0
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
    photos: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    filled = [str(photos / "coffee.jpg") if argument == "PHOTO" else argument for argument in arguments]
    answer = call(*filled, "-o", tmp_path / "out")
    assert answer.status == 1
    assert sentence in answer.errors
    assert len(answer.errors.strip().splitlines()) == 1


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
    answer = call(*arguments)
    assert answer.status == 2
    assert "usage: python -m colorizer" in answer.errors


def test_evaluate_prints_a_table_with_grey_and_truth_and_writes_each_photo(photos: Path, tmp_path: Path) -> None:
    answer = call("evaluate", photos, "--checkpoint", "scenes-500-huber", "--csv", tmp_path / "measures.csv")
    assert answer.status == 0
    assert [line.split()[0] for line in answer.output.splitlines()[1:4]] == ["grey", "scenes-500-huber", "truth"]
    assert "centre crop to a square, Lanczos to 256 x 256" in answer.output
    with (tmp_path / "measures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    assert all(float(row["ciede2000"]) == 0 for row in rows if row["of"] == "truth")


def test_evaluate_writes_its_averages_into_the_card_once(photos: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    shutil.copytree(WEIGHTS / "scenes-500-huber", weights / "scenes-500-huber")
    before = read_card(weights / "scenes-500-huber" / "card.toml").metrics
    for _ in range(2):
        assert call("--weights", weights, "evaluate", photos, "--card", "two photos").status == 0
    after = read_card(weights / "scenes-500-huber" / "card.toml").metrics
    assert [row.subject for row in after if row.dataset == "two photos"] == ["checkpoint", "grey", "truth"]
    assert [row for row in after if row.dataset != "two photos"] == [
        row for row in before if row.dataset != "two photos"
    ]


def test_evaluate_names_what_it_cannot_read(photos: Path, tmp_path: Path) -> None:
    (photos / "empty.png").write_bytes(b"")
    answer = call("evaluate", photos, "--checkpoint", "scenes-500-huber")
    assert answer.status == 1
    assert "empty.png" in answer.errors and "1 photo." in answer.output
    assert call("evaluate", tmp_path / "nowhere").status == 1


def test_help_needs_no_torch() -> None:
    block = "import sys, runpy; sys.modules['torch'] = None; sys.argv = ['colorizer', '--help']"
    code = f"{block}; runpy.run_module('colorizer', run_name='__main__')"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0
    assert "colorize PHOTO_OR_FOLDER" in answer.stdout


PREPARED = """
import sys
from colorizer.cli import main
from colorizer.utils import process_pool
main(sys.argv[1:])
print(process_pool.is_prepared())
"""


@pytest.mark.slow
@pytest.mark.skipif(process_pool.start_context().get_start_method() != "forkserver", reason="it has no clean process")
@pytest.mark.parametrize(("photos_a_core", "is_prepared"), [(2, False), (16, True)])
def test_a_clean_process_is_started_for_a_large_batch_alone(
    tmp_path: Path, photos_a_core: int, is_prepared: bool
) -> None:
    (tmp_path / "photos" / "below").mkdir(parents=True)
    for number in range(2 * photos_a_core):
        (tmp_path / "photos" / "below" / f"{number}.jpg").touch()
    arguments = ["--weights", tmp_path / "none", "colorize", tmp_path / "photos", "-o", tmp_path / "out"]
    command = [sys.executable, "-c", PREPARED, *map(str, arguments)]
    cores = environment() | {"OMP_NUM_THREADS": "2"}
    done = subprocess.run(command, env=cores, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.stdout == f"{is_prepared}\n", done.stderr
