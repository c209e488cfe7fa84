"""The queue for the processor: in turn, with a word where it takes long, and without those who left."""

import itertools
import threading
import time

import pytest

from pages.common import compute_queue
from pages.common.compute_queue import ComputeQueue, place_sentence


def wait_until(reached: "threading.Event | None" = None, *, length: int = 0, queue: ComputeQueue | None = None) -> None:
    end = time.monotonic() + 30
    while not (reached.is_set() if reached else queue is not None and len(queue) == length):
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_visitor_with_many_photos_keeps_another_waiting_for_one_at_most() -> None:
    queue, order, started = ComputeQueue(), [], threading.Event()

    def work(name: str, count: int) -> None:
        for _ in range(count):
            with queue.turn():
                order.append(name)
                started.set()
                time.sleep(0.01)

    greedy = threading.Thread(target=work, args=("greedy", 30))
    greedy.start()
    wait_until(started)
    before = len(order)
    modest = threading.Thread(target=work, args=("modest", 5))
    modest.start()
    modest.join(30)
    greedy.join(30)
    places = [place for place, name in enumerate(order) if name == "modest"]
    assert places[0] - before <= 2  # the photo in work, and one that was asked for before
    assert all(later - earlier <= 2 for earlier, later in itertools.pairwise(places))


def test_who_waits_longer_than_two_seconds_is_told_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute_queue, "PATIENCE_SECONDS", 0.2)
    queue, told, release = ComputeQueue(), {2: [], 3: []}, threading.Event()

    def hold() -> None:
        with queue.turn():
            release.wait(30)

    def ask(number: int) -> None:
        with queue.turn(tell=told[number].append):
            pass

    threads = [threading.Thread(target=hold)]
    threads[0].start()
    wait_until(length=1, queue=queue)
    for number in (2, 3):
        threads.append(threading.Thread(target=ask, args=(number,)))
        threads[-1].start()
        wait_until(length=number, queue=queue)
    end = time.monotonic() + 30
    while not (told[2] and told[3]) and time.monotonic() < end:
        time.sleep(0.01)
    release.set()
    for thread in threads:
        thread.join(30)
    assert told[2] == [1] and told[3][0] == 2
    assert "you are next" in place_sentence(1) and "third" in place_sentence(3)


def test_who_waits_shortly_is_told_nothing() -> None:
    told: list[int] = []
    with ComputeQueue().turn(tell=told.append):
        assert told == []


def test_a_visitor_who_left_frees_the_place() -> None:
    queue, release, done = ComputeQueue(), threading.Event(), threading.Event()

    class Left(BaseException):
        """As Streamlit's own signals are."""

    def leave() -> None:
        raise Left

    def hold() -> None:
        with queue.turn():
            release.wait(30)

    def ask_and_leave() -> None:
        try:
            with queue.turn(look=leave):
                raise AssertionError("the work of a visitor who left was done")
        except Left:
            done.set()

    holding = threading.Thread(target=hold)
    holding.start()
    wait_until(length=1, queue=queue)
    threading.Thread(target=ask_and_leave).start()
    wait_until(done)
    assert len(queue) == 1
    release.set()
    holding.join(30)
    assert len(queue) == 0


def test_work_that_nobody_waits_for_lets_all_others_go_first() -> None:
    queue, order, release = ComputeQueue(), [], threading.Event()

    def hold() -> None:
        with queue.turn():
            release.wait(30)

    def work(name: str, gives_way: bool) -> None:
        with queue.turn(gives_way=gives_way):
            order.append(name)

    threads = [threading.Thread(target=hold)]
    threads[0].start()
    wait_until(length=1, queue=queue)
    for number, (name, gives_way) in enumerate(
        (("versions", True), ("photo", False), ("more", True), ("click", False))
    ):
        threads.append(threading.Thread(target=work, args=(name, gives_way)))
        threads[-1].start()
        wait_until(length=number + 2, queue=queue)
    release.set()
    for thread in threads:
        thread.join(30)
    assert order == ["photo", "click", "versions", "more"]


def test_work_that_fails_frees_the_turn() -> None:
    queue = ComputeQueue()
    with pytest.raises(ZeroDivisionError), queue.turn():
        raise ZeroDivisionError
    with queue.turn():
        assert len(queue) == 1
