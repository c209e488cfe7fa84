"""Loaded networks are kept for the next visitor, within bounds, and go while nobody is there."""

import weakref

import pytest

from pages.common.memory_budget import LargeModelShelf, ModelShelf, rest


class Network:
    """A loaded one."""


def test_a_network_is_loaded_once_and_goes_while_nobody_is_there() -> None:
    shelf = ModelShelf(10, lambda _: 4)
    first = shelf.get(("photo",), Network)
    assert shelf.get(("photo",), Network) is first
    rest()
    assert len(shelf) == 0 and shelf.get(("photo",), Network) is not first


def test_the_least_recently_used_network_makes_room() -> None:
    shelf = ModelShelf(10, lambda _: 4)
    kept = [shelf.get((name,), Network) for name in ("a", "b", "c")]
    assert shelf.get(("c",), Network) is kept[2] and shelf.get(("a",), Network) is not kept[0]


def test_of_large_networks_one_is_held_and_none_while_nobody_is_there() -> None:
    shelf = LargeModelShelf()
    first = weakref.ref(shelf.get(("ddcolor",), Network))
    assert shelf.get(("ddcolor",), Network) is first()

    def load_another() -> Network:
        assert first() is None, "memory may not hold both"
        return Network()

    second = weakref.ref(shelf.get(("siggraph17",), load_another))
    assert second() is not None
    rest()
    assert second() is None


def test_a_network_that_cannot_be_loaded_is_asked_for_again() -> None:
    shelf = LargeModelShelf()

    def fail() -> Network:
        raise MemoryError

    with pytest.raises(MemoryError):
        shelf.get(("ddcolor",), fail)
    assert isinstance(shelf.get(("ddcolor",), Network), Network)
