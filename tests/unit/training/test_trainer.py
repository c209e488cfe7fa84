"""The loop learns, records what the design fixes, keeps the right states, and stops where it should.

One process; interruption, kills and several processes are in test_train_command.py.
"""

import math
from pathlib import Path

import pytest
import torch
from PIL import Image

import colorizer
from colorizer.checkpoints.card import read_card
from colorizer.checkpoints.history import EpochRow, read_history
from colorizer.checkpoints.store import load_network, read_tensors, snapshot_file, to_float16
from colorizer.data.splits import DataSplit
from colorizer.errors import DataError, TrainingError
from colorizer.evaluation.validation import measure_network
from colorizer.recipes.recipe import Recipe, parse_recipe
from colorizer.training.export import finish
from colorizer.training.launch import make_accelerator
from colorizer.training.losses import make_loss
from colorizer.training.network_setup import build_network
from colorizer.training.run_state import BASELINE_FILE, BEST_FILE, LAST_FILE, read_baseline, state_file
from colorizer.training.schedule import learning_rate
from colorizer.training.trainer import Trainer, Watcher
from tests.support.photos import crop_of_a_photo, make_pictures
from tests.support.training import QUIET, RECIPE, fitted, make_run

CPU = torch.device("cpu")


def be_quiet(_: object) -> None:
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


@pytest.mark.slow
def test_a_few_pictures_are_learned_by_heart(folder: Path, tmp_path: Path) -> None:
    settings = (
        "training.epochs=12",
        "data.images=4",
        "data.flip=false",
        "data.side=32",
        "training.images_per_epoch=16",
    )
    rows = fitted(RECIPE, folder, tmp_path, *settings, "training.learning_rate=0.003").progress.rows
    assert rows[-1].train_loss < 0.5 * rows[0].train_loss


@pytest.mark.parametrize("loss", ["mse", "huber", "l1"])
def test_every_loss_falls_and_is_recorded_in_its_own_unit(folder: Path, tmp_path: Path, loss: str) -> None:
    run = fitted(RECIPE, folder, tmp_path, f"loss.name={loss}", "training.epochs=2", "training.images_per_epoch=24")
    first, last = run.progress.rows
    assert last.train_loss < first.train_loss
    loss_again = make_loss(run.recipe.loss.name, 12.0)
    measured = measure_network(run.bare_network.eval(), run.data.validation, loss_again, CPU)
    assert last.val_loss == pytest.approx(measured.loss, rel=1e-6)


def test_the_history_has_a_row_an_epoch_with_what_it_says(folder: Path, tmp_path: Path) -> None:
    run = fitted(RECIPE, folder, tmp_path, "training.images_per_epoch=18", "training.snapshots=[0]")
    rows = read_history(tmp_path / "history.csv")
    assert rows == run.progress.rows
    assert [row.epoch for row in rows] == [0, 1, 2]
    assert [row.images_seen for row in rows] == [16, 32, 48]  # whole batches of 4
    settings = run.recipe.training
    assert [row.learning_rate for row in rows] == [learning_rate(settings, step, 12) for step in (3, 7, 11)]
    assert all(row.seconds > 0 for row in rows)


def test_the_learning_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    settings = parse_recipe(RECIPE, ["training.warmup_steps=10", "training.learning_rate=2"]).training
    assert learning_rate(settings, 0, 1000) == pytest.approx(0.2, rel=1e-5)
    assert learning_rate(settings, 4, 1000) == pytest.approx(1.0, rel=1e-3)
    assert learning_rate(settings, 500, 1000) == pytest.approx(1.0)
    assert learning_rate(settings, 999, 1000) < 1e-4
    constant = parse_recipe(RECIPE, ["training.schedule=constant", "training.warmup_steps=0"]).training
    assert {learning_rate(constant, step, 1000) for step in range(1000)} == {1e-3}


def test_an_epoch_shorter_than_a_batch_is_one_step_and_none_is_lost(folder: Path, tmp_path: Path) -> None:
    run = make_run(RECIPE, folder, tmp_path, "data.images=3", "training.batch_size=8", "training.epochs=1")
    assert run.steps_per_epoch == 1
    run.fit(QUIET)
    assert run.progress.rows[0].images_seen == 8


def test_the_loss_is_told_as_soon_as_it_is_known_and_never_before(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[int, float | None]] = []
    epochs: list[EpochRow] = []
    run = make_run(RECIPE, folder, tmp_path, "training.epochs=2")
    run.fit(Watcher(lambda pictures, loss: told.append((pictures, loss)), epochs.append))
    assert [pictures for pictures, _ in told] == [4] * 6
    assert all(loss is not None and loss > 10 for _, loss in told)
    assert [told[2][1], told[5][1]] == [row.train_loss for row in epochs]


def test_training_stops_early_without_a_better_epoch(folder: Path, tmp_path: Path) -> None:
    settings = ("training.epochs=9", "training.early_stopping_epochs=2", "training.learning_rate=1e-12")
    run = fitted(RECIPE, folder, tmp_path, *settings, "training.schedule=constant", "training.warmup_steps=0")
    best = min(run.progress.rows, key=lambda row: row.val_ab_rmse)
    assert len(run.progress.rows) == best.epoch + 3 < 9
    again = make_run(RECIPE, folder, tmp_path, *settings, "training.schedule=constant", "training.warmup_steps=0")
    again.resume()
    again.fit(QUIET)  # what is stale stays so
    assert again.progress.rows == run.progress.rows


@pytest.fixture(scope="module")
def finished(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    """Train a run with every epoch kept, whose best epoch is not the last: its learning rate grows too high."""
    settings = ("training.warmup_steps=30", "training.schedule=constant", "training.learning_rate=0.03")
    settings += ("training.snapshots=[0,1,2]", "training.select=best", "card.earlier_hours=1.5")
    run = fitted(RECIPE, folder, tmp_path_factory.mktemp("run"), *settings)
    finish(run)
    return run


def test_the_best_epoch_is_shipped_and_named_on_the_card(finished: Trainer) -> None:
    best = min(finished.progress.rows, key=lambda row: row.val_ab_rmse).epoch
    card = read_card(finished.folder / "card.toml")
    assert card.epochs == best + 1
    shipped = read_tensors(finished.folder / "model.safetensors", card.sha256["model.safetensors"])
    of_that_epoch = to_float16(read_tensors(finished.folder / state_file(best)))
    assert shipped.keys() == of_that_epoch.keys()
    assert all(torch.equal(tensor, of_that_epoch[name]) for name, tensor in shipped.items())
    assert all(
        torch.equal(tensor, of_that_epoch[name])
        for name, tensor in to_float16(read_tensors(finished.folder / BEST_FILE)).items()
    )


def test_the_last_epoch_is_shipped_where_the_recipe_says_so(folder: Path, tmp_path: Path) -> None:
    run = fitted(RECIPE, folder, tmp_path, "training.select=last")
    assert finish(run).epochs == 3
    shipped, last = read_tensors(tmp_path / "model.safetensors"), to_float16(run.bare_network.state_dict())
    assert all(torch.equal(tensor, last[name]) for name, tensor in shipped.items())


def test_snapshots_are_those_of_their_epochs_and_load(finished: Trainer) -> None:
    card = read_card(finished.folder / "card.toml")
    assert card.snapshots == [0, 1, 2]
    kept = {snapshot_file(epoch) for epoch in range(3) if epoch != card.epochs - 1}  # that one is the model itself
    assert {path.relative_to(finished.folder).as_posix() for path in finished.folder.glob("snapshots/*")} == kept
    for epoch in card.snapshots:
        network, _ = load_network(finished.folder, snapshot=epoch)
        measures = measure_network(network, finished.data.validation, finished.loss, CPU)
        assert measures.ab_rmse == pytest.approx(finished.progress.rows[epoch].val_ab_rmse, rel=0.01)


def test_the_card_has_the_measures_of_the_shipped_file(finished: Trainer) -> None:
    network, card = load_network(finished.folder)
    again = measure_network(network, finished.data.validation, finished.loss, CPU)
    own, grey, truth = card.metrics
    assert (own.subject, grey.subject, truth.subject) == ("checkpoint", "grey", "truth")
    found = (own.psnr, own.ciede2000, own.ab_rmse, own.colorfulness)
    assert found == pytest.approx((again.psnr, again.ciede2000, again.ab_rmse, again.colorfulness), abs=1e-3)
    baseline = read_baseline(finished.folder / BASELINE_FILE)
    assert grey.ab_rmse == round(baseline.grey.ab_rmse, 4)
    assert (truth.ab_rmse, truth.colorfulness) == (0, round(baseline.true_colorfulness, 4))


def test_the_card_says_what_the_run_was(finished: Trainer) -> None:
    card = read_card(finished.folder / "card.toml")
    assert (card.architecture, card.head, card.input_size) == ("resnet18-colorizer", "ab", 32)
    assert card.trained_on.images == 12
    assert card.trained_on.sha256 == finished.data.training_sha256
    assert card.validated_on.sha256 == finished.data.validation_sha256
    assert card.seconds == pytest.approx(sum(row.seconds for row in finished.progress.rows), abs=0.1)
    assert card.earlier_seconds == 5400
    assert card.parameters == sum(parameter.numel() for parameter in finished.bare_network.parameters())


def test_a_finished_run_is_a_checkpoint_that_colours(finished: Trainer) -> None:
    model = colorizer.load(finished.folder.name, weights=finished.folder.parent)
    assert model.colorize(crop_of_a_photo(0)).image.size == (80, 60)


def test_the_same_recipe_gives_the_same_weights_bit_for_bit(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        finish(fitted(RECIPE, folder, tmp_path / name, "training.epochs=2"))
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


def test_pictures_decoded_anew_train_the_same_weights_as_held_ones(folder: Path, tmp_path: Path) -> None:
    for name, gigabytes in (("held", 1), ("anew", 0)):
        finish(fitted(RECIPE, folder, tmp_path / name, "training.epochs=1", f"data.cache_gigabytes={gigabytes}"))
    held, anew = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("held", "anew"))
    assert held == anew


def test_a_run_that_diverges_stops_and_keeps_the_last_good_state(folder: Path, tmp_path: Path) -> None:
    run = fitted(RECIPE, folder, tmp_path, "training.epochs=1")
    good = (tmp_path / LAST_FILE).read_bytes()
    wild = make_run(
        RECIPE, folder, tmp_path, "training.epochs=4", "training.learning_rate=1e30", "training.warmup_steps=0"
    )
    wild.resume()
    with pytest.raises(
        TrainingError, match=r"diverged in epoch 2, .*is kept in .*lower training\.learning_rate"
    ) as stopped:
        wild.fit(QUIET)
    assert "\n" not in str(stopped.value)
    assert (tmp_path / LAST_FILE).read_bytes() == good
    assert read_history(tmp_path / "history.csv") == run.progress.rows


def test_weights_that_the_last_step_broke_do_not_replace_the_good_ones(folder: Path, tmp_path: Path) -> None:
    one_step = ("training.images_per_epoch=4", "training.learning_rate=1e36", "training.warmup_steps=0")
    run = make_run(RECIPE, folder, tmp_path, *one_step)
    with pytest.raises(TrainingError, match=r"diverged in epoch 1, where its (weights|validation loss) became"):
        run.fit(QUIET)  # the only loss of the epoch was finite
    assert not (tmp_path / LAST_FILE).exists()
    assert not (tmp_path / "history.csv").exists()


def test_a_run_resumes_after_an_epoch_as_if_it_had_not_stopped(folder: Path, tmp_path: Path) -> None:
    whole = fitted(RECIPE, folder, tmp_path / "whole")
    part = make_run(RECIPE, folder, tmp_path / "part")
    with pytest.raises(KeyboardInterrupt):
        part.fit(Watcher(lambda pictures, loss: None, raise_after_first_epoch))
    (tmp_path / "part" / "history.csv").unlink()  # as if killed between state and history
    resumed = make_run(RECIPE, folder, tmp_path / "part")
    resumed.resume()
    assert len(read_history(tmp_path / "part" / "history.csv")) == 1
    resumed.fit(QUIET)
    assert all(
        torch.equal(tensor, whole.bare_network.state_dict()[name])
        for name, tensor in resumed.bare_network.state_dict().items()
    )


def raise_after_first_epoch(row: EpochRow) -> None:
    raise KeyboardInterrupt


def test_other_pictures_are_refused_on_resume(folder: Path, tmp_path: Path) -> None:
    run = fitted(RECIPE, folder, tmp_path, "training.epochs=1")
    recipe: Recipe = run.recipe
    for overrides, what in (("data.images=11", "training"), ("data.validation_images=3", "training")):
        with pytest.raises(TrainingError, match=f"The {what} pictures are not those the run started with"):
            make_run(RECIPE, folder, tmp_path, overrides).resume()
    first, second = run.data.training_sha256, "another"
    data = DataSplit(run.data.training, run.data.validation, first, second)
    with pytest.raises(TrainingError, match="The validation pictures are not those the run started with"):
        Trainer(recipe, build_network(recipe), data, tmp_path, make_accelerator(recipe.training)).resume()


def test_grey_pictures_are_neither_trained_nor_validated_on(tmp_path: Path) -> None:
    make_pictures(tmp_path / "photos", 16)
    grey = make_pictures(tmp_path / "grey", 16, first=200)
    for path in grey.iterdir():
        Image.open(path).convert("L").save(path)
    with pytest.raises(DataError, match="Only 0 of the pictures can be read and have colours"):
        make_run(RECIPE, grey, tmp_path / "run")
    for path in grey.iterdir():
        path.rename(tmp_path / "photos" / path.name)
    run = fitted(RECIPE, tmp_path / "photos", tmp_path / "run", "training.epochs=1")
    assert all(int(Path(path).stem) < 200 for path in run.data.training.paths)
    assert len(run.data.validation) == 4 and bool((run.data.validation[:, 0] != run.data.validation[:, 1]).any())
    assert all(math.isfinite(value) for value in (run.progress.rows[0].val_loss, run.progress.rows[0].val_ab_rmse))
    assert finish(run).epochs == 1
