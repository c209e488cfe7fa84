"""README and guides tell the truth: their commands exist, their files are there, their scores are on the cards."""

import re
import shlex

import pytest

import train
from colorizer.checkpoints.card import read_card
from colorizer.checkpoints.store import WEIGHTS, list_checkpoints
from colorizer.cli import make_parser
from colorizer.recipes.recipe import read_recipe
from tests.support.published import PUBLISHED

ROOT = WEIGHTS.parent
README, *GUIDES = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/checkpoints.md", "docs/training.md")
)
BLOCKS = [block for text in (README, *GUIDES) for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL)]
COMMANDS = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def words_after(command: str, start: str) -> list[str]:
    return shlex.split(command.split(start, 1)[1].strip())


@pytest.mark.parametrize("command", [line for line in COMMANDS if "-m colorizer" in line])
def test_the_commands_of_the_package_are_valid(command: str) -> None:
    options = make_parser().parse_args(words_after(command, "-m colorizer"))
    assert options.command in ("list", "colorize", "evaluate", "hints", "sizes", "pack")


@pytest.mark.parametrize("command", [line for line in COMMANDS if "train.py" in line])
def test_the_training_commands_are_valid_and_their_recipes_exist(command: str) -> None:
    options = train.parse_arguments(words_after(command, "train.py"))
    assert read_recipe(ROOT / options.recipe, options.set).id


def test_the_two_commands_stand_first_and_name_files_that_exist() -> None:
    first, second = COMMANDS[:2]
    assert "requirements.txt" in first and "streamlit run app.py" in first
    assert second == "bash tests/run"
    for name in ("requirements.txt", "app.py", "tests/run"):
        assert (ROOT / name).is_file()


def test_ci_calls_the_test_command_of_the_readme() -> None:
    assert "bash tests/run" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_linked_files_exist(target: str) -> None:
    assert target.startswith("https://") or (ROOT / target).is_file()


ROWS = [line for line in GUIDES[0].splitlines() if line.startswith("| `")]
PALETTES = [line for line in ROWS if line.startswith(("| `horse", "| `cat"))]


@pytest.mark.parametrize("line", PALETTES)
def test_the_figures_of_the_palettes_are_those_of_the_cards(line: str) -> None:
    name, cross_entropy, published, accuracy, published_accuracy = (
        cell.strip(" `") for cell in line.strip("|").split("|")
    )
    rows = read_card(WEIGHTS / name / "card.toml").metrics
    row = next(row for row in rows if row.subject == "checkpoint" and row.dataset.startswith("validation"))
    assert row.accuracy is not None
    assert (cross_entropy, accuracy) == (f"{row.loss:.3f}", f"{row.accuracy:.1%}")
    assert PUBLISHED[name] == (float(published), pytest.approx(float(published_accuracy.rstrip("%")) / 100))


def test_every_checkpoint_has_its_line() -> None:
    named = {line.split("`")[1] for line in ROWS}
    assert named >= {card.id for card in list_checkpoints()}


@pytest.mark.parametrize("line", [line for line in ROWS if line not in PALETTES])
def test_the_figures_are_those_of_the_cards(line: str) -> None:
    name, images, _, *figures = (cell.strip(" `") for cell in line.strip("|").split("|"))
    folder = WEIGHTS / name if (WEIGHTS / name).is_dir() else WEIGHTS / "scenes-12-mse"
    card = read_card(folder / "card.toml")
    of = "checkpoint" if name == card.id else name
    row = next(row for row in card.metrics if row.subject == of and row.dataset.startswith("validation"))
    assert figures == [f"{value:.2f}" for value in (row.ab_rmse, row.ciede2000, row.psnr)] + [f"{row.colorfulness:.1f}"]
    if of == "checkpoint":
        assert int(images) == card.trained_on.images
