"""Work is shared out among processes, which end with it, however it ends."""

import contextlib
import functools
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
from colorizer.utils import process_pool
from tests.support.processes import PATIENCE_SECONDS

pytestmark = pytest.mark.skipif(not process_pool.can_start(), reason="this system has no semaphores")
Stopped = Callable[[], bool]


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def describe(item: int, is_stopped: Stopped) -> list[tuple[int, int, int]]:
    return [(item, os.getpid(), torch.get_num_threads())] * 2


def test_every_item_is_taken_once_in_processes_of_one_thread_each() -> None:
    found = list(process_pool.imap_unordered(describe, iter(range(40)), 3))
    assert sorted(item for item, _, _ in found) == sorted([*range(40)] * 2)
    assert os.getpid() not in {process for _, process, _ in found}
    assert {threads for _, _, threads in found} == {1}
    assert not multiprocessing.active_children()


def parent_of(item: int, is_stopped: Stopped) -> list[int]:
    return [os.getppid()]


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="it has no clean process")
def test_none_is_forked_from_this_process_and_its_threads() -> None:
    process_pool.prepare()
    assert process_pool.is_prepared()
    assert os.getpid() not in set(process_pool.imap_unordered(parent_of, iter(range(4)), 2))


def same(item: int, is_stopped: Stopped) -> list[int]:
    return [item]


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    with contextlib.closing(process_pool.imap_unordered(same, items(), 2)) as results:  # type: ignore[type-var]
        for _ in range(10):
            next(results)
    assert len(taken) <= 20


def fail(error: Exception, item: int, is_stopped: Stopped) -> list[int]:
    raise error


@pytest.mark.parametrize("error", [PictureError("No room."), RuntimeError("no")])
def test_what_fails_in_a_process_is_raised_here(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        list(process_pool.imap_unordered(functools.partial(fail, error), iter(range(5)), 2))
    assert not multiprocessing.active_children()


def end_at_three(item: int, is_stopped: Stopped) -> list[int]:
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return [item]


def test_a_process_that_is_killed_is_reported_in_a_sentence() -> None:
    with pytest.raises(ColorizerError, match="was ended"):
        list(process_pool.imap_unordered(end_at_three, iter(range(50)), 2))
    assert not multiprocessing.active_children()


def count_until_stopped(folder: Path, item: int, is_stopped: Stopped) -> Iterator[int]:
    for part in range(1000):
        if is_stopped():
            (folder / f"{item}").touch()
            return
        time.sleep(0.001)
        yield part


def test_whoever_stops_waits_for_what_is_being_done_and_no_more(tmp_path: Path) -> None:
    endless = process_pool.imap_unordered(functools.partial(count_until_stopped, tmp_path), iter(range(100)), 2)
    with contextlib.closing(endless):
        next(endless)
    assert not multiprocessing.active_children()
    assert len(list(tmp_path.iterdir())) <= 4


def deaf(item: int, is_stopped: Stopped) -> list[bool]:
    os.kill(os.getpid(), signal.SIGINT)
    return [True]


def test_ctrl_c_is_for_the_first_process_to_answer() -> None:
    assert list(process_pool.imap_unordered(deaf, iter(range(4)), 2)) == [True] * 4


def wait_long(folder: Path, item: int, is_stopped: Stopped) -> list[int]:
    (folder / str(os.getpid())).touch()
    time.sleep(1000)
    return []


ORPHANS = """
import functools, sys
from pathlib import Path
from colorizer.utils import process_pool
from tests.unit.utils.test_process_pool import wait_long

list(process_pool.imap_unordered(functools.partial(wait_long, Path(sys.argv[1])), iter(range(2)), 2))
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


@pytest.mark.parametrize("error", [ValueError("cannot find context"), OSError(38, "no semaphores")])
def test_a_system_without_semaphores_is_known(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(method: str) -> None:
        raise error

    monkeypatch.setattr(multiprocessing, "get_context", refuse)
    process_pool.can_start.cache_clear()
    process_pool.start_context.cache_clear()
    assert not process_pool.can_start()
    process_pool.can_start.cache_clear()


def test_on_a_mac_processes_are_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert process_pool.start_context.__wrapped__().get_start_method() == "spawn"
