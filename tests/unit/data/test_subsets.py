"""Subsets loaded in turn: the same pictures in the same batches as held ones, with less in memory at a time."""

import itertools
from pathlib import Path

import pytest
import torch

from colorizer.checkpoints.history import EpochRow
from colorizer.data.dataset import EpochPart, Pictures
from colorizer.data.picture_files import find_pictures
from colorizer.data.splits import load_training_data
from colorizer.data.subsets import cut_into_subsets, load_subset
from colorizer.errors import DataError, RecipeError
from colorizer.evaluation.validation import measure_baseline
from colorizer.recipes.recipe import parse_recipe
from colorizer.training.launch import make_accelerator
from colorizer.training.network_setup import build_network
from colorizer.training.run_state import BASELINE_FILE, write_baseline
from colorizer.training.trainer import Trainer, Watcher
from tests.support.photos import make_pictures
from tests.support.training import RECIPE

SUBSETS = ("data.images=12", "data.subsets=3", "training.epochs=2")


def be_quiet(_: object) -> None:
    pass


QUIET = Watcher(lambda pictures, loss: None, be_quiet)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


def make_run(folder: Path, out: Path, *overrides: str) -> Trainer:
    recipe = parse_recipe(RECIPE, overrides)
    data = load_training_data([folder], recipe.data, be_quiet)
    run = Trainer(recipe, build_network(recipe), data, out, make_accelerator(recipe.training))
    baseline = measure_baseline(run.bare_network, data.validation, run.loss, torch.device("cpu"))
    write_baseline(out / BASELINE_FILE, baseline)
    return run


def weights(run: Trainer) -> list[torch.Tensor]:
    return list(run.bare_network.state_dict().values())


@pytest.mark.parametrize(("batches", "subsets"), [(10, 3), (3, 8), (8, 8), (1, 5), (907, 8)])
def test_the_parts_are_nearly_equal_and_lose_no_batch(batches: int, subsets: int) -> None:
    parts = cut_into_subsets(batches, subsets)
    assert [*itertools.chain(*parts)] == [*range(batches)]
    assert len(parts) == min(batches, subsets)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_batches_are_those_of_pictures_that_are_all_held(folder: Path) -> None:
    paths = find_pictures([folder])
    whole = list(Pictures(paths, 40, None).epoch(EpochPart(0, 0, 5, 4)))
    for done in (0, 1, 3):
        in_turn = list(Pictures(paths, 40, None, subsets=2).epoch(EpochPart(0, 0, 5, 4, done=done)))
        assert len(in_turn) == len(whole) - done
        assert all(torch.equal(one, other) for one, other in zip(in_turn, whole[done:], strict=True))


def test_a_subset_holds_its_own_pictures_alone_and_each_once(folder: Path) -> None:
    paths = find_pictures([folder])
    held, batches = load_subset(list(map(str, paths)), 40, [[(3, 0.5), (7, 0.0)], [(3, 1.0)]])
    assert len(held) == 2
    assert batches == [[(0, 0.5), (1, 0.0)], [(0, 1.0)]]


def test_training_in_subsets_gives_the_same_weights_bit_for_bit(folder: Path, tmp_path: Path) -> None:
    whole = make_run(folder, tmp_path / "whole", *SUBSETS, "data.subsets=1")
    in_turn = make_run(folder, tmp_path / "in-turn", *SUBSETS)
    whole_set, set_in_turn = whole.data.training, in_turn.data.training
    assert isinstance(whole_set, Pictures) and isinstance(set_in_turn, Pictures)
    assert whole_set.held is not None and set_in_turn.held is None
    for run in (whole, in_turn):
        run.fit(QUIET)
    assert all(torch.equal(one, other) for one, other in zip(weights(whole), weights(in_turn), strict=True))


def test_every_epoch_records_the_peak_of_memory(folder: Path, tmp_path: Path) -> None:
    rows: list[EpochRow] = []
    make_run(folder, tmp_path, *SUBSETS).fit(Watcher(lambda pictures, loss: None, rows.append))
    peaks = [row.peak_memory_mb for row in rows]
    assert all(peak is not None and peak > 50 for peak in peaks)
    assert peaks == sorted(peaks, key=lambda peak: peak or 0)


def test_a_picture_that_vanishes_is_named_in_one_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jpg"):
        load_subset([str(tmp_path / "gone.jpg")], 40, [[(0, 0.5)]])


def test_no_subset_at_all_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"data\.subsets must be at least 1"):
        parse_recipe(RECIPE, ["data.subsets=0"])
