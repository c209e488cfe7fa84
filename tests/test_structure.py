"""The layout holds: imports run one way, and opening the app stays light."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "colorizer").rglob("*.py")
}


def imported(path: Path) -> set[str]:
    """The project's own modules that a file imports, at its top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.partition(".")[0] in ("colorizer", "pages", "app", "train")}


def own_imports(module: str) -> set[str]:
    """The modules of the package that a module imports, but for the face that lists the public names."""
    return {name for name in imported(MODULES[module]) if name in MODULES and name not in (module, "colorizer")}


def test_the_package_has_no_circle() -> None:
    graph = {module: own_imports(module) for module in MODULES if module != "colorizer"}
    for module in graph:
        graph[module] -= {name for name in graph[module] if module.startswith(f"{name}.")}  # a room's own door
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("colorizer.color.lab", set()),
        ("colorizer.evaluation.metrics", {"colorizer.color"}),
        ("colorizer.inference.guided_upsampling", set()),
        ("colorizer.training.losses", set()),
        ("colorizer.models.palette_nets", {"colorizer.color.lab", "colorizer.models", "colorizer.models.registry"}),
    ],
)
def test_the_ground_floor_knows_nobody_above(module: str, allowed: set[str]) -> None:
    assert own_imports(module) <= allowed


def test_the_package_knows_no_page_and_no_script() -> None:
    for path in MODULES.values():
        assert not {name for name in imported(path) if not name.startswith("colorizer")}


def test_no_page_imports_another() -> None:
    pages = {f"pages.{path.stem}" for path in (ROOT / "pages").glob("*.py")}
    for path in (ROOT / "pages").rglob("*.py"):
        assert not imported(path) & pages


def test_every_page_enters_through_the_app() -> None:
    for path in (ROOT / "pages").glob("*.py"):
        assert path.read_text(encoding="utf-8").endswith("\nenter()\nmain()\n")


def test_only_one_module_imports_torchvision() -> None:
    naming = [
        name
        for name, path in MODULES.items()
        if '"torchvision"' in path.read_text() or "import torchvision\n" in path.read_text()
    ]
    assert naming == ["colorizer.data.torchvision_compat"]


@pytest.mark.parametrize(
    "statement", ["import colorizer", "import colorizer; colorizer.load", "import colorizer.evaluation"]
)
def test_colouring_imports_neither_training_nor_torchvision_nor_charts(statement: str) -> None:
    code = f"{statement}; import sys; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout.split())
    heavy = {
        "colorizer.training.trainer",
        "colorizer.data.dataset",
        "colorizer.color.palettes",
        "colorizer.data.public_datasets",
        "accelerate",
        "torchvision",
        "plotly",
        "streamlit",
        "sklearn",
        "timm",
    }
    assert "colorizer" in loaded
    assert not loaded & heavy
    if statement == "import colorizer":
        assert "torch" not in loaded
