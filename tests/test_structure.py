"""What import-linter cannot say of the layout: what is loaded in fact, and how every page begins."""

import ast
import json
import subprocess
import sys
import tomllib

import pytest

from tests.support import ROOT

PAGES = sorted(path for path in (ROOT / "pages").glob("*.py") if path.stem != "__init__")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]

# Each step's modules stay loaded for the next, so that one process tells what each adds.
STEPS = """
import json, sys
loaded = {}
def step(name):
    loaded[name] = sorted(sys.modules)
import colorizer
step("the package")
import colorizer.recipes.recipe
step("recipes")
colorizer.load
step("loading")
import colorizer.evaluation.validation
import colorizer.evaluation.ranking
import colorizer.analysis.color_quantization
import colorizer.analysis.alternatives
import colorizer.color.gamut
step("evaluation and analysis")
print(json.dumps(loaded))
"""
HEAVY = {
    "colorizer.training.trainer",
    "colorizer.data.dataset",
    "colorizer.data.public_datasets",
    "accelerate",
    "torchvision",
    "plotly",
    "streamlit",
    "sklearn",
    "timm",
}


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """Modules that are loaded after each step, in a process that begins with none."""
    done = subprocess.run([sys.executable, "-c", STEPS], cwd=ROOT, capture_output=True, text=True, check=True)
    return {step: set(modules) for step, modules in json.loads(done.stdout).items()}


@pytest.mark.parametrize("step", ["the package", "recipes"])
def test_neither_the_package_nor_a_recipe_loads_torch(loaded: dict[str, set[str]], step: str) -> None:
    assert "colorizer" in loaded[step]
    assert "torch" not in loaded[step]


@pytest.mark.parametrize("step", ["loading", "evaluation and analysis"])
def test_colouring_and_measuring_load_neither_training_nor_charts(loaded: dict[str, set[str]], step: str) -> None:
    assert "colorizer.inference.colorizer" in loaded[step]
    assert not loaded[step] & HEAVY


def test_every_page_enters_through_the_app() -> None:
    for path in PAGES:
        assert path.read_text(encoding="utf-8").endswith("\nrun_through_app()\nmain()\n")


def test_every_page_stands_in_the_contract_on_top_of_the_house() -> None:
    (layers,) = (contract["layers"] for contract in CONTRACTS if contract["type"] == "layers")
    assert layers[0].split(" | ") == [f"pages.{path.stem}" for path in PAGES]


def test_only_one_module_imports_torchvision_as_a_whole() -> None:
    """The others ask it for torchvision, which may not fit the installed torch."""
    naming = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "colorizer").rglob("*.py")
        if '"torchvision"' in path.read_text() or "import torchvision\n" in path.read_text()
    ]
    assert naming == ["colorizer/data/torchvision_compat.py"]


def test_no_test_module_imports_another() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "tests":
                assert node.module.split(".")[1:2] in ([], ["support"]), path
                assert node.module != "tests" or [name.name for name in node.names] == ["support"], path
