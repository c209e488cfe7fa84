"""Loaded networks are kept for the next visitor, within bounds, and go while nobody is there."""

import platform
import subprocess
import sys
import weakref

import pytest

from pages.common.memory_budget import LargeModelShelf, ModelShelf, rest
from tests.support import ROOT

_ALLOCATE_IN_THREADS = """
import ctypes, threading
from pages.common.memory_budget import keep_few_arenas

libc = ctypes.CDLL(None)
keep_few_arenas()
all_have = threading.Barrier(4)  # a thread that has ended leaves its arena to the next one


def allocate():
    libc.malloc(5000)
    all_have.wait()


threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.fflush.argtypes = libc.fclose.argtypes = [ctypes.c_void_p]
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
"""


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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has other arenas")
@pytest.mark.parametrize(("wanted", "arenas"), [(None, 1), ("3", 3)])
def test_threads_get_no_arenas_of_their_own_unless_the_host_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None, arenas: int
) -> None:
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    if wanted is not None:
        monkeypatch.setenv("MALLOC_ARENA_MAX", wanted)
    command = [sys.executable, "-c", _ALLOCATE_IN_THREADS]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.count("<heap nr=") == arenas
