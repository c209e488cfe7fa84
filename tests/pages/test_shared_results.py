"""What is made of samples alone is computed once for all; of a visitor's photo nothing is shared."""

import gc
import io
import itertools
import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image

from colorizer import images
from colorizer.checkpoints.store import list_checkpoints
from colorizer.inference.render_options import RenderOptions
from pages.common.model_cache import colour, compute_lock, full_size, open_photo
from pages.common.photo_library import LibraryPhoto, make_shot
from pages.common.sample_photos import read_sample
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


def test_while_nobody_is_there_what_was_used_most_is_kept() -> None:
    shared = SharedResults(1_000_000)
    made = {name: shared.make("open", (), (name,), picture) for name in "abcdefghij"}  # 40 KB each
    for name in "ccceeecea":
        shared.make("open", (), (name,), picture)
    shared.rest()
    assert shared.bytes_held <= 200_000
    for name in "ce":
        assert shared.make("open", (), (name,), picture) is made[name]
    assert shared.make("open", (), ("b",), picture) is not made["b"]


def test_sizes_are_those_of_pictures_and_arrays() -> None:
    assert 40_000 <= bytes_of(picture()) < 41_000
    assert 4_000_000 <= bytes_of(Answer(np.zeros((1000, 1000), np.float32), 1.0)) < 4_001_000


def test_a_samples_pictures_are_encoded_once_but_for_those_of_a_visitors_own_answer() -> None:
    content, options = read_sample("Cat"), RenderOptions()
    card = next(card for card in list_checkpoints() if card.id == "scenes-12-mse")

    def visit() -> LibraryPhoto:
        return make_shot("Cat", content, open_photo(content, "Cat"), "Cat")

    one, other, third = visit(), visit(), visit()
    answer = colour(card, open_photo(content, "Cat").image, has_truth=False)
    assert one.grey() is other.grey()
    assert one.result(card, answer, options) is other.result(card, answer, options)
    own = replace(answer, prediction=replace(answer.prediction, network_ab=-answer.prediction.ab))
    assert third.result(card, own, options) != one.result(card, answer, options)
    assert visit().result(card, answer, options) is one.result(card, answer, options)


def test_of_many_visitors_photos_one_is_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    picture(120).save(stream, "PNG")
    decode = images.open_image
    decoded: list[int] = []
    most: list[int] = []

    def counting(content: bytes, *, name: str) -> images.Photo:
        decoded.append(1)
        most.append(len(decoded))
        time.sleep(0.01)
        return decode(content, name=name)

    monkeypatch.setattr(images, "open_image", counting)

    def work() -> None:
        with full_size(stream.getvalue(), "own.png"), compute_lock():  # whoever has the turn keeps it
            decoded.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1] * 8


def test_what_its_visitor_is_at_work_on_can_be_weighed() -> None:
    kept: dict[int, bytes] = {}
    ended = threading.Event()

    def work() -> None:
        for number in itertools.count():
            kept[number] = b"."
            kept.pop(number - 500, None)
            if ended.is_set():
                return

    working = threading.Thread(target=work)
    working.start()
    try:
        for _ in range(300):
            bytes_of(kept)
    finally:
        ended.set()
        working.join(30)
