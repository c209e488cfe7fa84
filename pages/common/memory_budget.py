"""The memory of the whole process: shares of one budget, and freed memory given back to the system."""

import ctypes
import functools
import gc
import os
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from cachetools import LRUCache

from pages.common.host_settings import host_settings

if TYPE_CHECKING:
    from streamlit.runtime import Runtime

Model = TypeVar("Model")
_MB: Final = 1_000_000
_PROGRAM_MB: Final = 420  # Python with torch, Streamlit and the pages imported, measured at the first page
_MODELS_SHARE, _RESULTS_SHARE, _PHOTOS_SHARE = 0.3, 0.2, 0.5  # of what the program itself leaves
_VISITOR_SHARE: Final = 0.6  # of the photos': one album must not keep all others out
_LEAST_SHARE_MB: Final = 20  # any less, and nothing would be kept from one click to the next
_LOOK_SECONDS: Final = 15.0
_M_ARENA_MAX: Final = -8  # of malloc.h


def _share(share: float) -> int:
    return int(max(_LEAST_SHARE_MB, share * (host_settings().memory_mb - _PROGRAM_MB)) * _MB)


def models_budget() -> int:
    """Return the bytes for loaded networks."""
    return _share(_MODELS_SHARE)


def results_budget() -> int:
    """Return the bytes for results that all visitors share."""
    return _share(_RESULTS_SHARE)


def photos_budget() -> int:
    """Return the bytes for visitors' photos, and for what is computed of them."""
    return _share(_PHOTOS_SHARE)


def visitor_budget() -> int:
    """Return the bytes for the files of one visitor."""
    return int(_VISITOR_SHARE * photos_budget())


def resident_bytes() -> int:
    """Return the bytes that the process holds now; 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096
    return 0


def give_memory_back() -> None:
    """Return freed memory to the system: glibc keeps the planes of large photos for each thread, and visitors are many.

    Measured with a 12-megapixel photo: without it a session of clicks ends about 300 MB higher.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def keep_few_arenas() -> None:
    """Have glibc make no more arenas for threads than there are by now, unless the environment says how many.

    It would make eight for each core, and `give_memory_back` cannot return the unused end of any but the first. What is
    small Python allocates itself, so threads hardly wait for each other there.
    """
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def have_arrow_share_allocator() -> None:
    """Have pyarrow, which tables need, take its memory where all else does, unless the environment says otherwise.

    Its own allocator keeps what is freed: 14 MB after a crowd, which `give_memory_back` does not reach. It takes effect
    where pyarrow is not loaded yet.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


_modules_at_freeze = 0


def freeze_program() -> None:
    """Exempt what has been imported since the last call from garbage collection.

    Streamlit has Python search all objects after each run of a page, and with torch there are some hundred thousand:
    of 50 first visits at once that was 78% of the time in which Python's lock was held.
    """
    global _modules_at_freeze
    if len(sys.modules) > _modules_at_freeze:
        _modules_at_freeze = len(sys.modules)
        gc.freeze()


class Shelf(Protocol):
    """What holds memory for the next visitor."""

    def rest(self) -> None:
        """Free what is not worth its memory while nobody is there."""


_shelves: "weakref.WeakSet[Shelf]" = weakref.WeakSet()


def free_when_idle(shelf: Shelf) -> None:
    """Have a shelf rest whenever the last visitor has left."""
    _shelves.add(shelf)


class ModelShelf:
    """Loaded networks, the least recently used going first. Threads may share it; each is loaded once."""

    def __init__(self, budget_bytes: int, size_of: Callable[[object], int]) -> None:
        self._kept: LRUCache[tuple[object, ...], object] = LRUCache(budget_bytes, getsizeof=size_of)
        self._size_of = size_of
        self._lock = threading.RLock()
        free_when_idle(self)

    def get(self, key: tuple[object, ...], load: Callable[[], Model]) -> Model:
        """Return the model of a key, calling `load` if it is not there."""
        with self._lock:
            if key in self._kept:
                kept: Model = self._kept[key]  # type: ignore[assignment]
                return kept
            model = load()
            if self._size_of(model) <= self._kept.maxsize:
                self._kept[key] = model
            return model

    def rest(self) -> None:
        """Drop all models; each is loaded again when it is asked for."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


class LargeModelShelf:
    """The one large network that is loaded; another takes its place, as memory may not hold both."""

    def __init__(self) -> None:
        self._held: tuple[tuple[object, ...], object] | None = None
        self._lock = threading.Lock()
        free_when_idle(self)

    def get(self, key: tuple[object, ...], load: Callable[[], Model]) -> Model:
        """Return the model of a key, calling `load` if it is not there."""
        with self._lock:
            if self._held is None or self._held[0] != key:
                self._held = None  # let go before the next is read
                self._held = key, load()
            held: Model = self._held[1]  # type: ignore[assignment]
            return held

    def rest(self) -> None:
        """Drop the model; it is loaded again when it is asked for."""
        with self._lock:
            self._held = None


@functools.cache
def start_janitor() -> threading.Thread:
    """Start the thread that frees, every 15 seconds, what visitors left behind; started once."""
    thread = threading.Thread(target=_tidy_for_ever, name="janitor", daemon=True)
    thread.start()
    return thread


def rest() -> None:
    """Free what is not worth its memory while nobody is there; what the next visitor sees first stays."""
    for shelf in list(_shelves):
        shelf.rest()
    worker_pool = sys.modules.get("colorizer.utils.worker_pool")  # whoever did not need it has no threads to end
    if worker_pool is not None:
        worker_pool.end_idle_threads()


def _tidy_for_ever() -> None:
    wait, visitors, has_left = threading.Event(), 0, False
    while not wait.wait(_LOOK_SECONDS):
        expire_sessions()
        before, visitors = visitors, len(session_ids())
        had_left, has_left = has_left, visitors < before
        # Twice: a session, and a thread that was told to end, hold what they have a little longer.
        if has_left or had_left or resident_bytes() > host_settings().memory_mb * _MB:
            if visitors == 0:
                rest()
            gc.unfreeze()  # sessions that were there at a freeze may be garbage by now
            gc.collect()
            gc.freeze()
            give_memory_back()


def _sessions() -> "tuple[Runtime, Any] | None":
    """Return Streamlit's runtime, and its store of sessions whose visitors may come back."""
    from streamlit.runtime import Runtime

    if not Runtime.exists():
        return None
    runtime = Runtime.instance()
    return runtime, getattr(getattr(runtime, "_session_mgr", None), "_session_storage", None)


def session_ids() -> set[str]:
    """Return the sessions of the visitors who are there, or may come back."""
    found = _sessions()
    manager = None if found is None else getattr(found[0], "_session_mgr", None)
    return set() if manager is None else {info.session.id for info in manager.list_sessions()}


def expire_sessions() -> None:
    """Drop the sessions of visitors who left.

    Streamlit keeps a session for two minutes, in case the visitor comes back, in a TTLCache. That forgets an entry only
    when it is next asked for something: without visitors, never.
    """
    found = _sessions()
    expire = getattr(getattr(found[1], "_cache", None), "expire", None) if found else None
    if found and expire is not None:
        with suppress(RuntimeError):  # the server ends
            found[0]._get_async_objs().eventloop.call_soon_threadsafe(expire)
