"""Real processes of `train.py`: begun, waited for, ended."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support import ROOT

TRAIN = ROOT / "train.py"


PATIENCE_SECONDS = 300  # with a process of torch on a machine that has much else to do


def environment() -> dict[str, str]:
    """Copy that of this process with one thread for computing: runs with the same number are equal bit for bit."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def start_training(*arguments: str | Path, launcher: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """`python train.py ARGUMENTS...` as a process, in a session of its own so that a signal can reach all of it."""
    command = [sys.executable, *launcher, str(TRAIN), *map(str, arguments)]
    return subprocess.Popen(
        command,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run_training(*arguments: str | Path, launcher: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
    """Run the same to its end."""
    process = start_training(*arguments, launcher=launcher)
    output, errors = said_by(process)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def said_by(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Return what it writes, and its errors, up to its end; fails with them when that does not come."""
    try:
        return process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        kill_all(process)
        raise AssertionError("The process did not end.\n" + "".join(process.communicate())) from None


def kill_all(process: "subprocess.Popen[str]") -> None:
    """End a process and all of its session: a launcher's processes would hold its pipes open, for ever if they wait."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def wait_until(
    reached: Callable[[], bool], process: "subprocess.Popen[str]", seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait while the process runs; fails with its output when it ends first, or after too long."""
    end = time.monotonic() + seconds
    while not reached():
        if process.poll() is not None or time.monotonic() > end:
            kill_all(process)
            raise AssertionError("".join(process.communicate()))
        time.sleep(0.02)


def finished_epochs(folder: Path) -> int:
    """How many rows the history of a run has."""
    history = folder / "history.csv"
    return len(history.read_text().splitlines()) - 1 if history.exists() else 0


# "--multi_gpu" is how accelerate starts several processes at all; the recipe's device, "cpu", says where they compute.
LAUNCH = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0")


def into_an_epoch(out: Path, epochs: int, process: "subprocess.Popen[str]", seconds: float = 0.15) -> None:
    """Wait until so many epochs are in the history and the next is under way."""
    wait_until(lambda: finished_epochs(out) >= epochs, process)
    time.sleep(seconds)
