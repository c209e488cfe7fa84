"""Work is shared out among processes, which end with it, however it ends."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from colorizer.checkpoints.store import WEIGHTS
from colorizer.errors import ColorizerError, PictureError
from colorizer.utils import fork_pool
from tests.support.processes import PATIENCE_SECONDS

pytestmark = pytest.mark.skipif(not fork_pool.can_fork(), reason="this system forks no processes")
Stopped = Callable[[], bool]


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_every_item_is_taken_once_in_processes_of_one_thread_each() -> None:
    def describe(item: int, is_stopped: Stopped) -> list[tuple[int, int, int]]:
        return [(item, os.getpid(), torch.get_num_threads())] * 2

    found = list(fork_pool.imap_unordered(describe, iter(range(40)), 3))
    assert sorted(item for item, _, _ in found) == sorted([*range(40)] * 2)
    assert os.getpid() not in {process for _, process, _ in found}
    assert {threads for _, _, threads in found} == {1}
    assert not multiprocessing.active_children()


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    with contextlib.closing(fork_pool.imap_unordered(lambda item, is_stopped: [item], items(), 2)) as results:  # type: ignore[type-var]
        for _ in range(10):
            next(results)
    assert len(taken) <= 20


@pytest.mark.parametrize("error", [PictureError("No room."), RuntimeError("no")])
def test_what_fails_in_a_process_is_raised_here(error: Exception) -> None:
    def fail(item: int, is_stopped: Stopped) -> list[int]:
        raise error

    with pytest.raises(type(error), match=str(error)):
        list(fork_pool.imap_unordered(fail, iter(range(5)), 2))
    assert not multiprocessing.active_children()


def test_a_process_that_is_killed_is_reported_in_a_sentence() -> None:
    def end(item: int, is_stopped: Stopped) -> list[int]:
        if item == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return [item]

    with pytest.raises(ColorizerError, match="was ended"):
        list(fork_pool.imap_unordered(end, iter(range(50)), 2))
    assert not multiprocessing.active_children()


def test_whoever_stops_waits_for_what_is_being_done_and_no_more(tmp_path: Path) -> None:
    def work(item: int, is_stopped: Stopped) -> Iterator[int]:
        for part in range(1000):
            if is_stopped():
                (tmp_path / f"{item}").touch()
                return
            time.sleep(0.001)
            yield part

    endless = fork_pool.imap_unordered(work, iter(range(100)), 2)
    with contextlib.closing(endless):
        next(endless)
    assert not multiprocessing.active_children()
    assert len(list(tmp_path.iterdir())) <= 4


ORPHANS = """
import os, sys, time
from pathlib import Path
from colorizer.utils import fork_pool

def work(item, is_stopped):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(1000)
    return []

list(fork_pool.imap_unordered(work, iter(range(2)), 2))
"""


@pytest.mark.slow
def test_processes_end_when_the_first_one_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS, str(tmp_path)], cwd=WEIGHTS.parent)
    wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
    parent.kill()
    parent.wait()
    for path in tmp_path.iterdir():
        wait_for(lambda process=int(path.name): not is_running(process))  # type: ignore[misc]


def is_running(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("error", [ValueError("cannot find context for 'fork'"), OSError(38, "no semaphores")])
def test_a_system_without_fork_or_semaphores_is_known(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(method: str) -> None:
        raise error

    monkeypatch.setattr(multiprocessing, "get_context", refuse)
    assert not fork_pool.can_fork.__wrapped__()


def test_a_mac_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not fork_pool.can_fork.__wrapped__()
