"""`pip install .` makes a package with a `colorizer` command that finds the checkpoints and palettes it came with."""

import configparser
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with the package as it is installed, and nothing of the repository beside it."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", folder, ROOT]
    subprocess.run(command, check=True, cwd=folder)
    (wheel,) = folder.glob("colorizer-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def run(site: Path, code: str, *arguments: str) -> str:
    """Return what a process prints that has the installed package alone."""
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(command, cwd=site.parent, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_the_installed_command_lists_the_checkpoints_that_came_with_it(site: Path) -> None:
    entries = configparser.ConfigParser()
    entries.read(next(site.glob("*.dist-info/entry_points.txt")))
    module, _, function = entries["console_scripts"]["colorizer"].partition(":")
    listed = run(site, f"from {module} import {function}; {function}()", "list")
    shipped = {path.parent.name for path in (ROOT / "weights").glob("*/card.toml")}
    assert shipped <= set(listed.split())


@pytest.mark.slow
def test_the_installed_package_loads_a_checkpoint_and_a_palette(site: Path) -> None:
    code = """
import colorizer
from colorizer.color.palettes import read_palette
print(colorizer.__file__, colorizer.load("scenes-12-mse").card.id, len(read_palette("horse-16")))
"""
    file, checkpoint, colors = run(site, code).split()
    assert Path(file).is_relative_to(site)
    assert (checkpoint, colors) == ("scenes-12-mse", "16")


@pytest.mark.slow
def test_nothing_but_the_package_and_what_is_shipped_is_installed(site: Path) -> None:
    assert {path.name for path in site.iterdir() if path.suffix != ".dist-info"} == {"colorizer"}
    assert {path.name for path in (site / "colorizer" / "shipped").iterdir()} == {"weights", "recipes"}
    assert not list(site.rglob("state"))
