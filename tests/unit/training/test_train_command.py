"""`python train.py` as a user meets it: what it leaves behind, and what it refuses in one sentence."""

from pathlib import Path

import pytest
import torch

import train
from colorizer.checkpoints.card import read_card
from colorizer.checkpoints.history import COLUMNS
from colorizer.checkpoints.store import load_network
from tests.support.photos import make_pictures
from tests.support.training import refused, write_recipe

SETTINGS = ("--set", "training.snapshots=[1]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recipe(tmp_path_factory.mktemp("recipes") / "toy.toml")


@pytest.fixture(scope="module")
def finished(folder: Path, recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "toy"
    assert train.main([str(word) for word in (recipe, "--data", folder, "--out", out, *SETTINGS)]) == 0
    return out


def test_the_finished_folder_is_a_checkpoint_with_the_columns_of_the_design(finished: Path) -> None:
    network, card = load_network(finished)
    assert not network.training
    assert card.snapshots == sorted({1, card.epochs - 1})
    header, *rows = (finished / "history.csv").read_text().splitlines()
    assert header == ",".join([*COLUMNS, "peak_memory_mb"])
    assert [row.split(",")[0] for row in rows] == ["0", "1", "2"]
    assert all(not path.name.startswith(".") for path in finished.rglob("*"))


def test_a_new_run_does_not_overwrite_one(
    folder: Path, recipe: Path, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    message = refused(capsys, recipe, "--data", folder, "--out", finished, *SETTINGS)
    assert "already holds a run: go on with it (--resume) or name another folder (--out)" in message
    assert {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()} == before
    shipped = tmp_path / "shipped"  # a checkpoint without a run's state, as weights/ holds them
    for name in ("card.toml", "model.safetensors", "recipe.toml"):
        shipped.mkdir(exist_ok=True)
        (shipped / name).write_bytes((finished / name).read_bytes())
    assert "already holds a run" in refused(capsys, recipe, "--data", folder, "--out", shipped, *SETTINGS)


def test_resuming_with_other_settings_or_without_a_run_is_refused(
    folder: Path, recipe: Path, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = (recipe, "--data", folder, "--resume", "--out")
    message = refused(capsys, *start, finished)
    assert "was started with other settings" in message and "use those to resume it: " in message
    message = refused(capsys, *start, finished, *SETTINGS, "--set", "training.seed=9")
    assert message.rstrip().endswith("use those to resume it: training.seed was 0 and is 9.")
    assert "holds no run to resume; start it without --resume" in refused(capsys, *start, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_resuming_a_finished_run_brings_new_text_to_its_card_and_trains_nothing(
    folder: Path, recipe: Path, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "copy"
    for path in finished.rglob("*"):
        if path.is_file() and "state" not in path.parts:
            (out / path.relative_to(finished)).parent.mkdir(parents=True, exist_ok=True)
            (out / path.relative_to(finished)).write_bytes(path.read_bytes())
    text = ("--set", "title=Retold", "--set", "card.limitations=Skies are brown.", "--set", "card.data_licence=CC0")
    command = [recipe, "--data", tmp_path / "not read", "--out", out, "--resume", *SETTINGS, *text]
    assert train.main(list(map(str, command))) == 0
    assert "its card has the recipe's present text" in capsys.readouterr().out
    before, after = read_card(finished / "card.toml"), read_card(out / "card.toml")
    assert (after.title, after.limitations, after.data_licence) == ("Retold", "Skies are brown.", "CC0")
    assert (after.metrics, after.sha256, after.hardware, after.seconds) == (
        before.metrics,
        before.sha256,
        before.hardware,
        before.seconds,
    )
    assert (out / "model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()
    assert 'title = "Retold"' in (out / "recipe.toml").read_text()


def test_resuming_a_finished_run_whose_model_is_damaged_writes_it_anew(
    folder: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(recipe), "--data", str(folder), "--out", str(tmp_path), "--set", "training.epochs=1"]
    assert train.main(command) == 0
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:1000])
    assert train.main([*command, "--resume"]) == 0
    assert (tmp_path / "model.safetensors").read_bytes() == whole
    capsys.readouterr()
    (tmp_path / "card.toml").unlink()
    (tmp_path / "state" / "last.safetensors").write_bytes(whole[:1000])
    message = refused(capsys, *command, "--resume")
    assert "last.safetensors is damaged, the run cannot be resumed" in message


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_refused(
    folder: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, recipe, "--data", folder, "--out", tmp_path, "--set", "training.device=cuda")
    assert "training.device is 'cuda', but this torch has no such device" in message


def test_faults_in_what_the_user_gives_are_one_sentence_each(
    folder: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--out", tmp_path / "run")
    assert "the recipe cannot be read" in refused(capsys, tmp_path / "none.toml", "--data", folder, *out)
    assert "no such folder" in refused(capsys, recipe, "--data", tmp_path / "none", *out)
    assert "holds no pictures" in refused(capsys, recipe, "--data", recipe.parent, *out)
    assert "at least 1" in refused(capsys, recipe, "--data", folder, *out, "--set", "training.epochs=0")
    assert "but there are 20" in refused(capsys, recipe, "--data", folder, *out, "--set", "data.images=90")
    assert "no architecture 'unet9'" in refused(
        capsys, recipe, "--data", folder, *out, "--set", "model.architecture=unet9"
    )
    (tmp_path / "file").write_text("")
    assert "file" in refused(capsys, recipe, "--data", folder, "--out", tmp_path / "file" / "run")
    assert not (tmp_path / "run").exists()


def test_pictures_must_come_from_somewhere(recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ("--out", tmp_path / "run")
    message = refused(capsys, recipe, *out)
    assert "names no public data set for its role 'toys'; give folders or tar shards with --data" in message
    message = refused(capsys, recipe, "--validation", tmp_path, *out)
    assert "--validation goes with --data" in message
    message = refused(capsys, recipe, *out, "--set", "data.public=cifar10:unicorn")
    assert (
        "data.public is 'cifar10:unicorn'; the public data sets are: flowers102, places365, cifar10:airplane, "
        in message
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["a.toml", "--data"], ["a.toml", "--validation"], ["a.toml", "--data", "x", "--epochs", "3"]]
)
def test_wrong_arguments_end_in_status_2_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        train.main(arguments)
    assert ended.value.code == 2
    assert "usage: train.py" in capsys.readouterr().err


def test_unreadable_pictures_are_named_and_left_out(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = make_pictures(tmp_path / "photos", 18)
    (photos / "003.png").write_bytes((photos / "003.png").read_bytes()[:300])
    (photos / "007.png").write_text("<html>")
    (photos / "._008.png").write_text("what a system put there")
    command = [str(recipe), "--data", str(photos), "--out", str(tmp_path / "run"), "--verbose"]
    assert train.main([*command, "--set", "training.epochs=1", "--set", "data.images=0"]) == 0
    output = capsys.readouterr().out
    assert "003.png is left out: " in output
    assert "007.png is left out: " in output
    assert "Left out: 1 hidden or system file or folder." in output
    assert "._008.png: hidden or system file or folder, left out." in output
    assert "on 12 pictures" in output
