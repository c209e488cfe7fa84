"""What people type: empty variables, folders with dots, names of every kind, a reader that has enough."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorizer import models
from colorizer.checkpoints.store import MODEL_FILE, to_float16, write_card, write_tensors
from colorizer.cli import main
from colorizer.images import encode_image
from tests.support.toy_photo import toy_card

ROOT = Path(__file__).resolve().parents[3]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with one checkpoint, "toy": the network of `photo` with random weights, for small pictures."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("weights")
    (folder / "toy").mkdir()
    state = to_float16(models.Lite0Bins().state_dict())
    write_card(folder / "toy", toy_card("toy", sha256={MODEL_FILE: write_tensors(folder / "toy" / MODEL_FILE, state)}))
    return folder


@pytest.fixture
def call(weights: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call commands with that checkpoint, in this process: exit status, output and errors."""

    def run(command: str, *arguments: object) -> tuple[int, str, str]:
        try:
            status = main(["--weights", str(weights), command, *map(str, arguments), "--checkpoint", "toy"])
        except SystemExit as ended:
            status = int(ended.code or 0)
        output = capsys.readouterr()
        return status, output.out, output.err

    return run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(data.coffee()).resize((90, 60)).save(folder / "coffee.jpg")
    Image.fromarray(data.chelsea()).resize((90, 60)).save(folder / "cat.jfif", "JPEG")
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("colorize", "", "-o", "out"),
        ("colorize", "a.jpg", "-o", ""),
        ("evaluate", ""),
        ("evaluate", "photos", "--csv", ""),
        ("hints", " "),
        ("sizes", ""),
    ],
)
def test_an_empty_name_is_a_wrong_argument(call: Call, arguments: tuple[str, ...]) -> None:
    status, _, said = call(*arguments)
    assert status == 2
    assert "the name is empty" in said


@pytest.mark.parametrize("options", [["--data", ""], ["--data", "x", "--out", ""], ["--data", "x", "--validation", ""]])
def test_an_empty_name_is_a_wrong_argument_to_training_too(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from train import parse_arguments

    with pytest.raises(SystemExit) as ended:
        parse_arguments(["recipes/scenes-12-mse.toml", *options])
    assert ended.value.code == 2
    assert "the name is empty" in capsys.readouterr().err


def test_a_slash_makes_a_folder_and_an_ending_that_no_result_has_is_refused_before_the_work(
    call: Call, photos: Path, tmp_path: Path
) -> None:
    status, _, said = call("colorize", photos / "coffee.jpg", "-o", f"{tmp_path}/results_2024.05/")
    assert status == 0, said
    assert (tmp_path / "results_2024.05" / "coffee.jpg").is_file()
    status, _, said = call("colorize", photos / "coffee.jpg", "-o", f"{tmp_path}/results_2024.06")
    assert status == 1 and "put a slash behind" in said
    assert not (tmp_path / "results_2024.06").exists()


def test_what_is_left_out_of_a_folder_is_counted_and_named_on_request(call: Call, photos: Path, tmp_path: Path) -> None:
    (photos / "notes.txt").touch()
    (photos / "._coffee.jpg").touch()
    status, _, said = call("colorize", photos, "-o", tmp_path / "out")
    assert status == 0
    assert "Left out: 1 hidden or system file or folder, 1 file with another ending (.txt). --verbose" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["cat.png", "coffee.jpg"]
    assert "notes.txt: file with another ending, left out." in call("evaluate", photos, "--verbose")[2]


def test_a_file_with_a_name_that_is_no_utf8_gets_into_the_table(call: Call, photos: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(bytes(photos) + b"/odd\xff.jpg"))
    odd.write_bytes((photos / "coffee.jpg").read_bytes())
    status, _, said = call("evaluate", photos, "--csv", tmp_path / "new" / "scores.csv")
    assert status == 0, said
    with (tmp_path / "new" / "scores.csv").open(newline="", encoding="utf-8") as file:
        names = {row["photo"] for row in csv.DictReader(file)}
    assert any(name.endswith("odd\\udcff.jpg") for name in names)


def test_toned_photos_are_no_truth(call: Call, photos: Path) -> None:
    grey = np.asarray(Image.fromarray(data.rocket()).resize((90, 60)).convert("L")).astype(float)[..., None]
    Image.fromarray((grey * [1.0, 0.92, 0.78]).astype(np.uint8)).save(photos / "old.png")
    status, said, problems = call("evaluate", photos)
    assert status == 0 and "\n2 photos." in said
    assert "old.png: A toned black-and-white photo: nothing to compare with. It was left out." in problems


def test_a_picture_that_is_cut_off_is_coloured_on_request(call: Call, photos: Path, tmp_path: Path) -> None:
    whole = encode_image(Image.fromarray(data.coffee()), "JPEG", "")
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    status, _, said = call("colorize", tmp_path / "cut.jpg", "-o", tmp_path / "a.png")
    assert status == 1 and "cut off" in said
    status, _, said = call("colorize", tmp_path / "cut.jpg", "-o", tmp_path / "a.png", "--salvage")
    assert status == 0 and "what there is of the picture is shown" in said
    assert (tmp_path / "a.png").is_file()


def test_the_largest_picture_is_the_users_choice(call: Call, photos: Path, tmp_path: Path) -> None:
    status, _, said = call("colorize", photos / "coffee.jpg", "-o", tmp_path / "a.png", "--max-pixels", "5000")
    assert status == 1 and "limit" in said
    assert call("colorize", photos / "coffee.jpg", "-o", tmp_path / "a.png", "--max-pixels", "0.01M")[0] == 0
    assert call("colorize", photos / "coffee.jpg", "-o", tmp_path / "a.png", "--max-pixels", "none")[0] == 2


def test_a_reader_that_has_enough_ends_the_list_without_a_word() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "colorizer", "list"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()  # before anything is written, as `head -0` does
    assert process.stderr.read() == ""
    assert process.wait() == 0


def test_names_are_printed_where_the_console_knows_few_letters(photos: Path, tmp_path: Path) -> None:
    (photos / "写真.jpg").write_text("<html></html>")
    command = [sys.executable, "-m", "colorizer", "colorize", str(photos / "写真.jpg"), "-o", str(tmp_path / "a.png")]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert answer.returncode == 1
    assert b"\\u5199\\u771f.jpg: The file is a web page" in answer.stderr
