"""What is made of samples alone is computed once for all; of a visitor's photo nothing is shared."""

import gc
import threading
import time
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pages.common.shared_results import SharedResults, bytes_of


@dataclass(frozen=True)
class Answer:
    plane: np.ndarray
    seconds: float


def picture(level: int = 0) -> Image.Image:
    return Image.new("RGB", (100, 100), (level, level, level))


def test_results_of_shared_parts_are_computed_once_and_shared_themselves() -> None:
    shared, calls = SharedResults(10**7), []

    def answer() -> Answer:
        calls.append("answer")
        return Answer(np.zeros((2, 5, 5), np.float32), 1.0)

    def compose() -> Image.Image:
        calls.append("compose")
        return picture(1)

    for _ in range(3):
        photo = shared.make("open", (), ("Cat",), picture)
        found = shared.make("colour", (photo,), ("photo",), answer)
        result = shared.make("compose", (photo, found.plane), (1.0,), compose)  # a part of a shared result is shared
        assert shared.make("encode", (result,), (), lambda: calls.append("encode") or b"file") == b"file"  # type: ignore[func-returns-value]
    assert calls == ["answer", "compose", "encode"]


def test_nothing_of_a_visitors_photo_is_kept() -> None:
    shared = SharedResults(10**7)
    own, calls = picture(), []
    for _ in range(2):
        shared.make("colour", (own,), ("photo",), lambda: calls.append(1))
    assert len(calls) == 2 and shared.bytes_held == 0


def test_a_picture_is_not_taken_for_one_that_was_freed() -> None:
    shared = SharedResults(1)  # nothing fits: a result is known only as long as somebody has it
    for _ in range(50):
        shared.make("open", (), ("Cat",), picture)
        gc.collect()
        own = picture(9)  # often at the very address of the one before
        assert shared.make("level", (own,), (), lambda own=own: own.getpixel((0, 0))) == (9, 9, 9)  # type: ignore[misc]


def test_many_at_once_compute_once() -> None:
    shared, calls = SharedResults(10**7), []

    def slow() -> Image.Image:
        calls.append(1)
        time.sleep(0.2)
        return picture()

    got: list[Image.Image] = []
    threads = [threading.Thread(target=lambda: got.append(shared.make("open", (), ("Cat",), slow))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(calls) == 1 and len(got) == 20 and all(each is got[0] for each in got)


def test_a_failure_is_not_kept() -> None:
    shared = SharedResults(10**7)
    for _ in range(2):
        try:
            shared.make("open", (), ("Cat",), lambda: 1 // 0)
        except ZeroDivisionError:
            continue
        raise AssertionError("the failure was swallowed")
    assert shared.make("open", (), ("Cat",), lambda: 5) == 5


def test_the_budget_is_kept_and_the_least_recently_used_goes() -> None:
    shared = SharedResults(100_000)  # two pictures of 40 KB
    names = ("a", "b", "a", "c", "a")
    pictures = {name: shared.make("open", (), (name,), picture) for name in names}
    assert shared.bytes_held <= 100_000
    assert shared.make("open", (), ("a",), picture) is pictures["a"]
    assert shared.make("open", (), ("b",), picture) is not pictures["b"]


def test_sizes_are_those_of_pictures_and_arrays() -> None:
    assert 40_000 <= bytes_of(picture()) < 41_000
    assert 4_000_000 <= bytes_of(Answer(np.zeros((1000, 1000), np.float32), 1.0)) < 4_001_000
