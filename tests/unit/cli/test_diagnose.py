"""`hints` and `sizes`: true colours at points come nearer to the truth, and what was measured is on the card."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorizer import color
from colorizer.checkpoints.card import read_card
from colorizer.cli import main
from colorizer.evaluation.hint_gain import measure_hints, size_difference, true_hints
from colorizer.evaluation.protocol import centre_square
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.hints import hint_ab
from tests.support.toy_photo import hinted_model


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of checkpoints."""
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def model(shipped: Path) -> Colorizer:
    return hinted_model(shipped)


PHOTO = Image.fromarray(data.astronaut())


def test_true_hints_are_patch_means_and_the_first_ones_stay() -> None:
    truth = centre_square(PHOTO)
    few, many = true_hints(truth, 3, 7), true_hints(truth, 20, 7)
    assert many[:3] == few
    assert true_hints(truth, 3, 8) != few
    lab = color.srgb_to_lab(torch.from_numpy(np.array(truth)).permute(2, 0, 1)[None].float() / 255)[0]
    inner = next(hint for hint in many if 10 < hint.x < 240 and 10 < hint.y < 240)
    patch = lab[1:, inner.y - 3 : inner.y + 3, inner.x - 3 : inner.x + 3].mean((1, 2))
    assert hint_ab(inner) == pytest.approx(tuple(patch.tolist()), abs=1.5)


def test_more_hints_come_nearer_and_are_met(model: Colorizer) -> None:
    none, few, many = measure_hints(model, PHOTO, (0, 3, 60), 1)
    assert none.scores.psnr < few.scores.psnr < many.scores.psnr - 1.5
    assert none.scores.ciede2000 > many.scores.ciede2000
    assert few.hint_error < 6 and many.hint_error < 10
    assert np.isnan(none.hint_error) and np.isnan(none.moved_far)


def test_the_size_of_a_photo_matters_little(model: Colorizer) -> None:
    assert size_difference(model, PHOTO, (512, 512)) == 0
    assert 0 < size_difference(model, PHOTO, (256, 700)) < 6


@pytest.fixture
def weights(model: Colorizer, shipped: Path, tmp_path: Path) -> Path:
    """Copy the folder with that model, to write into."""
    shutil.copytree(shipped, tmp_path / "weights")
    return tmp_path / "weights"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for name, photo in (("a", data.coffee()), ("b", data.camera())):
        Image.fromarray(photo).resize((300, 260)).save(tmp_path / "photos" / f"{name}.png")
    return tmp_path / "photos"


def test_the_commands_print_and_write_the_card(weights: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = ["--weights", str(weights)]
    for _ in range(2):  # the second time in place of the first
        assert main([*start, "hints", str(folder), "--checkpoint", "toy", "--points", "0,2", "--card", "Two"]) == 0
    assert main([*start, "sizes", str(folder), "--checkpoint", "toy", "--sides", "300,600", "--card", "Two"]) == 0
    printed = capsys.readouterr().out
    assert "1 photos." in printed and "ab change from 300 to 600 pixels" in printed  # one has no colours
    rows = {row.what: row for row in read_card(weights / "toy" / "card.toml").measurements}
    assert list(rows) == [
        "PSNR with 0 hints", "PSNR with 2 hints", "ab error at the points of 2 hints", "ab change far from 2 hints",
        "ab change from 300 to 600 pixels",
    ]  # fmt: skip
    assert rows["PSNR with 2 hints"].value > rows["PSNR with 0 hints"].value
    assert rows["PSNR with 2 hints"].command == "python -m colorizer hints FOLDERS --checkpoint toy"


def test_wrong_arguments_and_broken_pictures_are_named(
    weights: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ["--weights", str(weights)]
    assert main([*start, "sizes", str(folder), "--checkpoint", "toy", "--sides", "300"]) == 1
    assert "--sides takes two sizes" in capsys.readouterr().err
    assert main([*start, "hints", str(folder / "nowhere"), "--checkpoint", "toy"]) == 1
    assert "there is no such folder" in capsys.readouterr().err
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert main([*start, "hints", str(folder), "--checkpoint", "toy", "--points", "1"]) == 1
    assert "broken.png" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*start, "hints", str(folder), "--points", "many"])
    assert "invalid list of whole numbers" in capsys.readouterr().err
