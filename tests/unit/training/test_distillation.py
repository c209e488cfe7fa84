"""A student learns the colours of its teacher; tried at toy size, with formula weights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from benchmarks.formula_weights import make_formula_checkpoint
from colorizer import models
from colorizer.checkpoints.store import load_network
from colorizer.errors import CheckpointError, RecipeError
from colorizer.recipes.recipe import parse_recipe, read_recipe
from colorizer.recipes.schema import DistillSettings
from colorizer.training.distillation import Teacher
from tests.support import ROOT
from tests.support.photos import make_pictures
from tests.support.processes import run_training
from tests.support.training import RECIPE, write_recipe

CPU = torch.device("cpu")
SETTINGS = DistillSettings("siggraph17", weight=1.0, truth_weight=0.0, side=32)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """siggraph17 with formula weights, as if it had been fetched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLORIZER_CACHE", str(tmp_path_factory.mktemp("fetched")))
        make_formula_checkpoint("siggraph17", input_size=32)
        yield


def test_student_comes_nearer_to_its_teacher_without_any_truth() -> None:
    torch.manual_seed(1)
    teacher, student = Teacher(SETTINGS, CPU), models.build("resnet18-colorizer")
    lightness, unknown = torch.rand(4, 1, 32, 32) * 100, torch.tensor(float("nan"))
    optimizer = torch.optim.AdamW(student.parameters(), 3e-3)
    losses = []
    for _ in range(30):
        loss = teacher.loss(unknown, student(lightness), student, lightness)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 2
    assert all(parameter.grad is None for parameter in teacher.network.parameters())


def test_teachers_answer_is_that_of_its_checkpoint() -> None:
    lightness = torch.rand(2, 1, 32, 32) * 100
    teacher = Teacher(SETTINGS, CPU)
    with torch.no_grad():
        assert torch.allclose(teacher.ab(lightness), teacher.network(lightness), atol=1e-3)
    assert Teacher(DistillSettings("siggraph17", side=64), CPU).ab(lightness).shape == (2, 2, 32, 32)


def test_truth_and_teacher_are_weighted() -> None:
    teacher = Teacher(DistillSettings("siggraph17", weight=0.5, truth_weight=2.0, side=32), CPU)
    student, lightness = models.build("resnet18-colorizer"), torch.rand(1, 1, 32, 32) * 100
    with torch.no_grad():
        output = student(lightness)
        alone = Teacher(SETTINGS, CPU).loss(torch.tensor(3.0), output, student, lightness)
        both = teacher.loss(torch.tensor(3.0), output, student, lightness)
    assert float(both) == pytest.approx(6.0 + 0.5 * float(alone), rel=1e-5)


def test_a_run_with_a_teacher_exports_the_student_alone(tmp_path: Path) -> None:
    pictures, out = make_pictures(tmp_path / "pictures", 20), tmp_path / "taught"
    settings = ("training.epochs=1", "distill.teacher=siggraph17", "distill.truth_weight=0", "distill.side=32")
    options = [word for setting in settings for word in ("--set", setting)]
    done = run_training(write_recipe(tmp_path / "toy.toml"), "--data", pictures, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    network, card = load_network(out)
    assert card.architecture == "resnet18-colorizer"
    assert models.count_parameters(network) == card.parameters < 1e6
    recipe = read_recipe(out / "recipe.toml")
    assert recipe.distill is not None and recipe.distill.truth_weight == 0


def test_a_teacher_that_is_not_here_is_told_how_to_fetch() -> None:
    with pytest.raises(CheckpointError, match="`python -m colorizer fetch ddcolor-large`"):
        Teacher(DistillSettings("ddcolor-large"), CPU)


def test_the_shipped_recipe_names_a_network_of_the_catalogue() -> None:
    recipe = read_recipe(ROOT / "recipes" / "photo-distilled.toml")
    assert recipe.distill is not None and recipe.distill.teacher == "ddcolor-large"
    assert parse_recipe(recipe.to_toml()) == recipe


def test_an_adversary_beside_a_teacher_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"\[adversary\] and \[distill\] exclude each other"):
        parse_recipe(RECIPE, ["distill.teacher=photo", "adversary.width=8"])
