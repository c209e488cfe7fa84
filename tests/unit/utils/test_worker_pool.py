"""Work is shared out once, and what torch uses elsewhere stays as it was."""

import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import torch

from colorizer.utils import worker_pool


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_item_is_taken_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "usable_threads", lambda: count)
    taken: list[int] = []
    worker_pool.run_in_threads(lambda items: taken.extend(items), range(50))
    assert sorted(taken) == list(range(50))


def test_a_worker_has_one_thread_of_torch_and_the_caller_keeps_its_own() -> None:
    before = torch.get_num_threads()
    with worker_pool.make_pool(2) as pool:
        assert {pool.submit(torch.get_num_threads).result() for _ in range(4)} == {1}
    seen: list[int] = []
    later = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert (torch.get_num_threads(), seen) == (before, [before])


def test_a_worker_does_all_itself() -> None:
    def names(items: object) -> None:
        where.update(threading.current_thread().name for _ in items)  # type: ignore[attr-defined]

    where: set[str] = set()
    with worker_pool.make_pool(1) as pool:
        pool.submit(worker_pool.run_in_threads, names, range(20)).result()
    assert len(where) == 1


def test_what_fails_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "usable_threads", lambda: 3)

    def work(items: object) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        worker_pool.run_in_threads(work, range(9))


def test_threads_stay_for_the_next_batch() -> None:
    def thread(_: int, __: object) -> list[threading.Thread]:
        return [threading.current_thread()]

    batches = [set(worker_pool.imap_unordered(thread, iter(range(40)), 3)) for _ in range(3)]
    assert len(set().union(*batches)) <= 3


@pytest.mark.parametrize("way", ["closed", "failed"])
def test_at_an_early_end_no_thread_works_any_more(way: str) -> None:
    at_work, ended = threading.Semaphore(0), []

    def work(item: int, is_stopped: Callable[[], bool]) -> Iterator[int]:
        at_work.release()
        if item:  # all but the first would go on for ever
            while not is_stopped():
                time.sleep(0.001)
            ended.append(item)
        else:
            at_work.acquire()
            at_work.acquire()  # another one is at work
            if way == "failed":
                raise RuntimeError("no")
        yield item

    results = worker_pool.imap_unordered(work, iter(range(10)), 2)
    if way == "failed":
        with pytest.raises(RuntimeError, match="no"):
            next(results)
    else:
        with contextlib.closing(results):  # type: ignore[type-var]
            assert next(results) == 0
    stopped = list(ended)
    assert stopped
    time.sleep(0.05)
    assert ended == stopped
    assert list(worker_pool.imap_unordered(lambda item, _: [item], iter([7]), 2)) == [7]


def test_idle_threads_end_and_what_is_in_work_is_done() -> None:
    def names() -> set[str]:
        return {thread.name for thread in threading.enumerate() if thread.name.startswith("colorizer")}

    def work(item: int, _: object) -> Iterator[int]:
        time.sleep(0.01)
        yield item

    results = worker_pool.imap_unordered(work, iter(range(20)), 2)
    first = next(results)
    worker_pool.end_idle_threads()
    assert sorted([first, *results]) == list(range(20))
    before = names()
    worker_pool.end_idle_threads()
    end = time.monotonic() + 30
    while names() & before:
        assert time.monotonic() < end
        gc.collect()
        time.sleep(0.01)
