"""Visitors' photos within a budget: who was away longest makes room, who is at work keeps all."""

import io

import numpy as np
from PIL import Image

from colorizer import images
from pages.common.photo_library import LibraryPhoto, PhotoLibrary, make_shot
from pages.common.shared_results import bytes_of
from pages.common.visitor_memory import VisitorMemory


def photo(number: int) -> LibraryPhoto:
    stream = io.BytesIO()
    pixels = np.full((600, 800, 3), number, np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    content = stream.getvalue()
    return make_shot(f"{number}", content, images.open_image(content), f"photo-{number}")


def library(number: int) -> PhotoLibrary:
    made = PhotoLibrary()
    made.photos[f"{number}"] = photo(number)
    return made


def is_whole(made: PhotoLibrary) -> bool:
    return bytes_of(made) > 1_000_000  # a preview of 800 x 600 has 1.9 MB


def test_the_one_who_was_away_longest_makes_room() -> None:
    memory, visitors = VisitorMemory(5_000_000), []
    for number in range(3):
        visitors.append(library(number))
        memory.add(visitors[-1])
        with memory.in_use(visitors[-1]):
            pass
    assert [is_whole(visitor) for visitor in visitors] == [False, True, True]


def test_who_is_at_work_keeps_all_and_makes_room_afterwards() -> None:
    working, other = library(1), library(2)
    memory = VisitorMemory(1_000_000)
    memory.add(working)
    memory.add(other)
    with memory.in_use(working):
        memory.make_room()
        assert is_whole(working) and not is_whole(other)
    assert not is_whole(working)


def test_what_was_let_go_comes_back_the_same() -> None:
    one = photo(77)
    before = one.preview.tobytes(), one.original()
    one.let_go()
    assert bytes_of(one) < 100_000
    assert (one.preview.tobytes(), one.original()) == before


def test_a_visitor_who_left_counts_no_more() -> None:
    memory = VisitorMemory(100_000)
    visitor = library(1)
    memory.add(visitor)
    size = visitor.content_bytes
    assert not memory.has_room_for(100_001 - size)
    del visitor
    assert memory.has_room_for(100_000)


def test_the_photos_of_a_session_that_is_no_more_go_even_if_something_holds_on_to_it() -> None:
    left, at_work, elsewhere = library(1), library(2), library(3)
    memory = VisitorMemory(10_000_000)
    memory.add(left, "a session that ended")
    memory.add(at_work, "another one")
    memory.add(elsewhere)  # where no server keeps sessions none can end
    with memory.in_use(at_work):
        memory.rest()
    assert [len(each.photos) for each in (left, at_work, elsewhere)] == [0, 1, 1]
    assert bytes_of(left) < 10_000
