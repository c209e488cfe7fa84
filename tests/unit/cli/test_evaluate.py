"""The command `evaluate` on many pictures: what cannot be measured is named, and the rest goes on to its table."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from tests.support import ROOT
from tests.support.command_line import call
from tests.support.photos import make_pictures
from tests.support.processes import PATIENCE_SECONDS


def test_several_checkpoints_are_measured_with_a_progress_bar_past_a_broken_picture(tmp_path: Path) -> None:
    folder, checkpoints = make_pictures(tmp_path / "many", 6), ("scenes-12-huber", "scenes-500-huber")
    (folder / "002.png").write_bytes((folder / "002.png").read_bytes()[:200])
    options = [option for name in checkpoints for option in ("--checkpoint", name)]
    answer = call("evaluate", folder, *options, "--csv", tmp_path / "measures.csv")
    assert answer.status == 1
    assert [line.split()[0] for line in answer.output.splitlines()[1:5]] == ["grey", *checkpoints, "truth"]
    assert "5 photos." in answer.output
    assert "002.png: " in answer.errors
    assert "6/6" in answer.errors and "photo" in answer.errors  # the progress bar
    with (tmp_path / "measures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * 4
    assert not any("002.png" in row["photo"] for row in rows)


def peak_megabytes(folder: Path) -> float:
    """Measure what a process of its own takes at most to measure a folder in both ways."""
    program = (
        "import resource, sys; from colorizer.cli import main; status = main(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(status)"
    )
    options = ("evaluate", folder, "--checkpoint", "horse-16-cnn", "--colorfulness", "0.7")
    command = [sys.executable, "-c", program, *map(str, options)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    return int(done.stdout.split()[-1]) / (2**20 if sys.platform == "darwin" else 2**10)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_photos(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    photo = Image.fromarray(data.coffee()).resize((2400, 1600))  # 15 MB decoded
    photo.save(few / "0.jpg")
    for number in range(24):
        (many / f"{number}.jpg").hardlink_to(few / "0.jpg")
    assert peak_megabytes(many) - peak_megabytes(few) < 60


def test_pictures_without_colours_are_no_truth_and_are_left_out_by_name(tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "photos", 1)
    Image.fromarray(data.camera()).resize((64, 64)).save(folder / "camera.png")
    answer = call("evaluate", folder, "--checkpoint", "horse-16-cnn")
    assert answer.status == 0
    assert "camera.png: A black-and-white photo" in answer.errors
    assert "1 photo." in answer.output


def test_a_folder_of_nothing_but_grey_has_no_figures_except_as_training_takes_them(tmp_path: Path) -> None:
    Image.fromarray(data.camera()).resize((64, 64)).save(tmp_path / "camera.png")
    answer = call("evaluate", tmp_path, "--checkpoint", "horse-16-cnn")
    assert answer.status == 1
    assert "none of the pictures can be read and has colours" in answer.errors
    answer = call("evaluate", tmp_path, "--checkpoint", "horse-16-cnn", "--own-size")
    assert answer.status == 0
    assert "1 photo." in answer.output
