"""The command line: called in this process, or started as a user starts it."""

import contextlib
import io
import subprocess
import sys
import warnings
from dataclasses import dataclass

from colorizer.cli import main
from tests.support import ROOT
from tests.support.processes import PATIENCE_SECONDS


@dataclass(frozen=True)
class Answer:
    """What a command ended with."""

    status: int
    output: str
    errors: str


def call(*arguments: object) -> Answer:
    """Run `python -m colorizer ARGUMENTS...` in this process, which has torch already: seconds less each time."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors), warnings.catch_warnings():
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exit:  # argparse's, on wrong arguments
            status = int(exit.code or 0)
    return Answer(status, output.getvalue(), errors.getvalue())


def start(*arguments: object) -> Answer:
    """Run the same as a process of its own, in the project's folder, to its end."""
    command = [sys.executable, "-m", "colorizer", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    return Answer(done.returncode, done.stdout, done.stderr)
