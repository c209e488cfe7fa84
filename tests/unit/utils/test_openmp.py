"""Importing the package sets nothing in the process; the programs say what OpenMP's threads do."""

import subprocess
import sys

from colorizer.checkpoints.store import WEIGHTS


def printed(code: str) -> str:
    """Return what a fresh process prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=WEIGHTS.parent, capture_output=True, text=True, check=True).stdout.strip()


def test_importing_the_package_and_its_names_leaves_environment_and_sockets_as_they_were() -> None:
    code = """
import os, socket
before = dict(os.environ)
import colorizer
colorizer.Hint, colorizer.list_checkpoints, colorizer.open_image
import colorizer.data.public_datasets
print(dict(os.environ) == before, socket.getdefaulttimeout())
"""
    assert printed(code) == "True None"


def test_the_command_line_has_threads_sleep_before_torch_is_loaded() -> None:
    code = """
import os, sys
os.environ.pop("GOMP_SPINCOUNT", None)


class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print("torch", os.environ.get("GOMP_SPINCOUNT"))


sys.meta_path.insert(0, Watch())
from colorizer.cli import main
raise SystemExit(main(["list"]))
"""
    assert printed(code).splitlines()[0] == "torch 20000"


def test_what_the_environment_says_of_threads_stays() -> None:
    code = """
import os
os.environ["GOMP_SPINCOUNT"] = "7"
from colorizer.utils.openmp import let_idle_threads_sleep
let_idle_threads_sleep()
print(os.environ["GOMP_SPINCOUNT"])
"""
    assert printed(code) == "7"
