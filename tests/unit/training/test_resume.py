"""Whatever a recipe trains: a run that was interrupted and resumed is, bit for bit, the run that was not."""

import itertools
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

import train
from colorizer.checkpoints.card import CARD_FILE, read_card
from colorizer.checkpoints.store import RECIPE_FILE
from colorizer.training.trainer import Interrupted, Trainer, Watcher
from tests.support.photos import make_pictures
from tests.support.training import (
    GAN_RECIPE,
    PALETTE_RECIPE,
    PHOTO_SETTINGS,
    QUIET,
    RECIPE,
    fitted,
    make_run,
    measured,
    saved_progress,
    write_recipe,
)


@dataclass(frozen=True)
class Kind:
    """What is trained."""

    recipe: str
    settings: tuple[str, ...] = ()


KINDS = {
    "ab": Kind(RECIPE),
    "photo with hints": Kind(RECIPE, PHOTO_SETTINGS),
    "palette by k-means": Kind(PALETTE_RECIPE),
    "palette by name": Kind(PALETTE_RECIPE, ("model.palette=horse-16",)),
    "adversarial": Kind(GAN_RECIPE, ("adversary.noise_interval=2",)),
    "adversarial, patches of Lab": Kind(
        GAN_RECIPE,
        ("adversary.noise_interval=2", "adversary.discriminator_input=lab", "adversary.discriminator_output=patch",
         "adversary.normalisation=spectral", "adversary.dropout=0"),
    ),
    "subsets": Kind(RECIPE, ("data.subsets=2", "training.batch_size=2", "training.epochs=2")),  # 3 steps a subset
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), 20)


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture(scope="module")
def whole(kind: Kind, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    """Train the run that nothing interrupts."""
    return fitted(kind.recipe, folder, tmp_path_factory.mktemp("whole"), *kind.settings)


def at_step(number: int) -> Callable[[int, float | None], None]:
    """Press Ctrl-C while that step, counted from 1, is told; the run stops after the next."""
    steps = itertools.count(1)

    def watch(pictures: int, loss: float | None) -> None:
        if next(steps) == number:
            signal.raise_signal(signal.SIGINT)

    return watch


def states(run: Trainer) -> list[dict[str, torch.Tensor]]:
    """Return the tensors of the network, and of the discriminator where there is one."""
    return [
        run.bare_network.state_dict(),
        *([run.learner.adversary.network.state_dict()] if run.learner.adversary else []),
    ]


@pytest.mark.parametrize("step", [1, 4])
def test_interrupted_and_resumed_equals_whole(
    kind: Kind, whole: Trainer, folder: Path, tmp_path: Path, step: int
) -> None:
    part = make_run(kind.recipe, folder, tmp_path, *kind.settings)
    with part.stop_request.handle_signals(), pytest.raises(Interrupted):
        part.fit(Watcher(at_step(step), lambda row: None))
    resumed = make_run(kind.recipe, folder, tmp_path, *kind.settings)
    resumed.resume()
    assert 0 < resumed.progress.epoch * resumed.steps_per_epoch + resumed.progress.step <= step + 1
    resumed.fit(QUIET)
    assert measured(resumed.folder) == measured(whole.folder)
    for one, other in zip(states(whole), states(resumed), strict=True):
        assert one.keys() == other.keys()
        assert [name for name, tensor in one.items() if not torch.equal(tensor, other[name])] == []


def test_the_accuracy_summed_so_far_is_part_of_the_state(folder: Path, tmp_path: Path) -> None:
    part = make_run(PALETTE_RECIPE, folder, tmp_path)
    with part.stop_request.handle_signals(), pytest.raises(Interrupted):
        part.fit(Watcher(at_step(4), lambda row: None))
    assert 0 < float(str(saved_progress(tmp_path)["accuracy_sum"])) < 2


OLD_NAMES = {
    'architecture = "resnet18-colorizer"': 'architecture = "resnet18-colorizer"\ntrunk = "random"\nstart = ""',
    'role = "toys"': 'role = "toys"\nzoom = 1.0\naged = false\nworking_side = 0',
    "epochs = 3": 'epochs = 3\nkeep = "best"\nbinding_steps = 0\nfrozen_norm = false\ntrunk_rate = 1.0',
}


def test_a_run_begun_with_the_old_names_of_settings_is_resumed_by_either_recipe(folder: Path, tmp_path: Path) -> None:
    whole = fitted(RECIPE, folder, tmp_path / "whole")
    part = make_run(RECIPE, folder, tmp_path / "part")
    with part.stop_request.handle_signals(), pytest.raises(Interrupted):
        part.fit(Watcher(at_step(4), lambda row: None))
    text = RECIPE
    for present, old in OLD_NAMES.items():
        text = text.replace(present, old)
    (tmp_path / "part" / RECIPE_FILE).write_text(text + '\n[card]\nwrong = ""\n')  # as a run of then has it
    old_recipe = write_recipe(tmp_path / "old.toml", text)
    arguments = ["--data", str(folder), "--out", str(tmp_path / "part"), "--resume"]
    assert train.main([str(write_recipe(tmp_path / "new.toml")), *arguments]) == 0
    assert measured(part.folder) == measured(whole.folder)
    assert 'select = "best"' in (part.folder / RECIPE_FILE).read_text()
    (tmp_path / "part" / RECIPE_FILE).write_text(text)
    assert train.main([str(old_recipe), *arguments, "--set", "card.wrong=Skies."]) == 0
    assert read_card(part.folder / CARD_FILE).limitations == "Skies."
