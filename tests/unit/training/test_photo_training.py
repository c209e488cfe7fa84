"""The recipe of `photo` at a tiny size: zoom, worn photos, hints, a slower trunk; and resumed bit for bit."""

import signal
from pathlib import Path

import pytest
import torch

from colorizer.checkpoints.card import CARD_FILE
from colorizer.checkpoints.store import load_network
from colorizer.data.splits import load_training_data
from colorizer.errors import TrainingError
from colorizer.inference.colorizer import load
from colorizer.recipes.recipe import parse_recipe
from colorizer.training.export import finish
from colorizer.training.network_setup import build_network
from colorizer.training.run_state import EMBEDDING_FILE
from colorizer.training.schedule import parameter_groups
from colorizer.training.trainer import Interrupted, Trainer, Watcher
from tests.support.photos import make_pictures
from tests.support.training import PHOTO_SETTINGS, QUIET, RECIPE, fitted, make_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


@pytest.fixture(scope="module")
def finished(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    run = fitted(RECIPE, folder, tmp_path_factory.mktemp("runs") / "toy", *PHOTO_SETTINGS)
    finish(run)
    return run


def test_its_card_says_what_it_takes_and_how_it_was_trained(finished: Trainer) -> None:
    model = load("toy", weights=finished.folder.parent)
    assert model.card.takes_hints and model.card.takes_temperature
    assert model.card.input_size == 64
    assert model.card.loss.endswith("plus 0.02 times Huber over ab, threshold 12 Lab units")


def test_it_learns_to_use_hints(finished: Trainer) -> None:
    network = finished.bare_network
    weights = [value for name, value in network.state_dict().items() if name.startswith("hint_")]
    assert len(weights) == 5 and all(bool((value != 0).any()) for value in weights)


def test_the_lessons_from_the_middle_of_an_epoch_are_those_of_a_whole_one(folder: Path, tmp_path: Path) -> None:
    run = make_run(RECIPE, folder, tmp_path / "toy", *PHOTO_SETTINGS)
    whole = list(run.batches())
    run.progress.step = 1
    rest = list(run.batches())
    assert len(whole) == run.steps_per_epoch == len(rest) + 1
    for one, other in zip(whole[1:], rest, strict=True):
        pairs = zip((*one.inputs, one.target), (*other.inputs, other.target), strict=True)
        assert len(one.inputs) == 2 and all(torch.equal(*pair) for pair in pairs)
    assert not torch.equal(whole[0].target, whole[1].target)


def test_the_trunk_learns_at_its_own_rate(folder: Path, tmp_path: Path) -> None:
    recipe = parse_recipe(RECIPE, PHOTO_SETTINGS)
    run = make_run(RECIPE, folder, tmp_path / "toy", *PHOTO_SETTINGS, "training.encoder_rate=0")
    rates = [group["relative_rate"] for group in parameter_groups(run.bare_network, recipe.training)]
    assert rates == [1.0, 0.25]
    before = [parameter.detach().clone() for parameter in run.bare_network.trunk_parameters()]
    others = run.bare_network.get_parameter("classify.weight").detach().clone()
    run.fit(QUIET)
    assert all(torch.equal(*pair) for pair in zip(before, run.bare_network.trunk_parameters(), strict=True))
    assert not torch.equal(others, run.bare_network.get_parameter("classify.weight"))


def test_pale_pictures_are_left_out_of_training_and_counted(tmp_path: Path) -> None:
    from PIL import Image

    folder = make_pictures(tmp_path / "photos", 12)
    for number in range(100, 104):
        Image.effect_noise((60, 60), 40).convert("RGB").save(folder / f"{number}.png")
    settings = parse_recipe(RECIPE, ["data.images=0", "data.min_colorfulness=5"]).data
    reports: list[str] = []
    loaded = load_training_data([folder], settings, reports.append)
    assert len(loaded.training) == 12 - 4
    assert not any(bool((picture[0] == picture[1]).all()) for picture in loaded.validation)
    assert sum("black and white, toned, or" in report for report in reports) >= 1


def test_frozen_statistics_stay_those_of_the_start(finished: Trainer, folder: Path, tmp_path: Path) -> None:
    start = f"model.init_from={finished.folder}"
    run = fitted(RECIPE, folder, tmp_path / "toy", *PHOTO_SETTINGS, start, "training.freeze_batchnorm=true")
    before = load_network(finished.folder)[0].state_dict()
    after = run.bare_network.state_dict()
    statistics = [name for name in before if name.endswith(("running_mean", "running_var"))]
    assert len(statistics) > 50 and all(torch.equal(before[name], after[name]) for name in statistics)
    assert not torch.equal(before["classify.weight"], after["classify.weight"])


def test_a_share_of_the_start_is_kept_in_what_is_shipped(finished: Trainer, folder: Path, tmp_path: Path) -> None:
    start = (f"model.init_from={finished.folder}", "training.start_share=0.25")
    run = fitted(RECIPE, folder, tmp_path / "toy", *PHOTO_SETTINGS, *start)
    before, after = load_network(finished.folder)[0].state_dict(), run.bare_network.state_dict()
    after = {name: tensor.clone() for name, tensor in after.items()}
    finish(run)
    shipped = load_network(tmp_path / "toy")[0].state_dict()
    for name in ("classify.weight", "up8.0.weight", "up8.1.running_mean"):
        assert not torch.equal(before[name], after[name])
        assert torch.allclose(shipped[name], 0.25 * before[name] + 0.75 * after[name], atol=1e-3, rtol=1e-3), name
    counted = "class_weights"  # from the pictures, not learned
    assert torch.allclose(shipped[counted], after[counted], rtol=1e-3)


def test_a_share_of_no_start_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"training\.start_share is set, but without model\.init_from"):
        build_network(parse_recipe(RECIPE, ["training.start_share=0.5"]))


@pytest.mark.parametrize("setting", ["hints=true", "hint_embedding_steps=1"])
def test_hints_are_refused_for_a_network_that_takes_none(setting: str) -> None:
    name = setting.split("=")[0]
    with pytest.raises(TrainingError, match=rf"training\.{name} is set, but resnet18-colorizer takes no hints\."):
        build_network(parse_recipe(RECIPE, [f"training.{setting}"]))


EMBEDDING = (*PHOTO_SETTINGS, "training.epochs=1", "training.hint_embedding_steps=6")


def test_at_the_end_it_learns_what_belongs_together_and_nothing_else_changes(folder: Path, tmp_path: Path) -> None:
    run = fitted(RECIPE, folder, tmp_path / "toy", *EMBEDDING)
    before = {name: value.clone() for name, value in run.bare_network.state_dict().items()}
    assert before["projection"].count_nonzero() == 1
    finish(run)
    shipped = load_network(tmp_path / "toy")[0].state_dict()
    assert shipped["projection"].count_nonzero() == 8 * 65
    for name in set(before) - {"projection"}:
        assert torch.equal(
            before[name].half().float() if before[name].is_floating_point() else before[name], shipped[name]
        )


def stop_at(number: int) -> Watcher:
    """Press Ctrl-C while that step of the hint embedding, counted from 1, is told."""

    def embedding(done: int, error: float) -> None:
        if done == number:
            signal.raise_signal(signal.SIGINT)

    return Watcher(lambda pictures, loss: None, lambda row: None, embedding)


def resumed(folder: Path, out: Path) -> Trainer:
    run = make_run(RECIPE, folder, out, *EMBEDDING)
    run.resume()
    return run


def test_a_hint_embedding_that_was_interrupted_twice_is_bit_for_bit_that_of_a_whole_run(
    folder: Path, tmp_path: Path
) -> None:
    whole = fitted(RECIPE, folder, tmp_path / "whole", *EMBEDDING)
    part = make_run(RECIPE, folder, tmp_path / "part", *EMBEDDING)
    for step in (2, 5):
        with part.stop_request.handle_signals(), pytest.raises(Interrupted):
            part.fit(stop_at(step))
        part = resumed(folder, tmp_path / "part")
    steps: list[int] = []
    part.fit(Watcher(lambda pictures, loss: None, lambda row: None, lambda done, error: steps.append(done)))
    assert steps == [6]  # nothing is learned twice
    assert whole.projection is not None and part.projection is not None
    assert torch.equal(whole.projection, part.projection)
    for run in (whole, part):
        finish(run)
    files = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "part")]
    assert files[0] == files[1]


def test_a_run_of_before_that_has_no_state_of_the_embedding_begins_with_it(folder: Path, tmp_path: Path) -> None:
    whole = fitted(RECIPE, folder, tmp_path / "toy", *EMBEDDING)
    (tmp_path / "toy" / EMBEDDING_FILE).unlink()
    again = resumed(folder, tmp_path / "toy")
    again.fit(QUIET)
    assert whole.projection is not None and again.projection is not None
    assert torch.equal(whole.projection, again.projection)


def test_a_damaged_state_of_the_embedding_is_named(folder: Path, tmp_path: Path) -> None:
    fitted(RECIPE, folder, tmp_path / "toy", *EMBEDDING)
    (tmp_path / "toy" / EMBEDDING_FILE).write_bytes(b"no tensors")
    with pytest.raises(TrainingError, match=r"hint_embedding\.safetensors is damaged"):
        resumed(folder, tmp_path / "toy").fit(QUIET)
    assert not (tmp_path / "toy" / CARD_FILE).exists()
