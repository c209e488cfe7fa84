"""What the requirements say is what the code imports, no more and no less, and what passed is written down exactly."""

import ast
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import ROOT

OWN = {"colorizer", "pages", "app", "train"}
SOURCES = [*(ROOT / "colorizer").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py", ROOT / "train.py"]


def read_requirements(name: str) -> dict[str, Requirement]:
    """Read the requirements in a file by canonical name, without those that it takes over from another."""
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def extras() -> set[str]:
    """List the packages that pyproject.toml names for parts of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional: dict[str, list[str]] = project.get("optional-dependencies", {})
    return {canonicalize_name(Requirement(line).name) for lines in optional.values() for line in lines}


def imported_modules(paths: Iterable[Path]) -> set[str]:
    """Find the names of packages that files import, at their top or inside a function."""
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.import_module":
                found |= {name.value for name in node.args if isinstance(name, ast.Constant)}
    return found - OWN - sys.stdlib_module_names


def imported_distributions() -> set[str]:
    """Find the distributions that those come from."""
    known = packages_distributions()
    return {canonicalize_name(name) for module in imported_modules(SOURCES) for name in known.get(module, [module])}


def declared(*parts: str) -> dict[str, Requirement]:
    """Read what pyproject.toml asks for: with "" what is always needed, else an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [
        line for part in parts for line in (project["optional-dependencies"][part] if part else project["dependencies"])
    ]
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


def test_what_hosts_install_is_what_the_package_asks_for_with_the_app_and_training() -> None:
    assert read_requirements("requirements.txt") == declared("", "app", "train")
    assert read_requirements("requirements-dev.txt") == declared("dev")


def test_the_package_alone_asks_for_what_its_command_imports() -> None:
    needed = [path for path in SOURCES if path.is_relative_to(ROOT / "colorizer")]
    extras_alone = [ROOT / "colorizer" / name for name in ("training", "data", "cluster")]
    needed = [path for path in needed if not any(path.is_relative_to(folder) for folder in extras_alone)]
    known = packages_distributions()
    found = {canonicalize_name(name) for module in imported_modules(needed) for name in known.get(module, [module])}
    assert found <= set(declared(""))


def test_everything_that_is_imported_is_declared() -> None:
    assert imported_distributions() - set(read_requirements("requirements.txt")) - extras() == set()


def test_nothing_is_declared_that_is_not_imported() -> None:
    assert set(read_requirements("requirements.txt")) - imported_distributions() == set()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_has_an_exact_version_that_it_allows(name: str) -> None:
    exact = read_requirements("constraints.txt")
    for package, requirement in read_requirements(name).items():
        (one,) = exact[package].specifier
        assert one.operator == "=="
        assert requirement.specifier.contains(one.version), requirement
