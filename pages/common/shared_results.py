"""Results that do not depend on the visitor: computed once for all, kept within a budget.

    photo = shared.make("open", (), ("Cat",), lambda: open_image(...))       # an origin: shared by its name
    answer = shared.make("colour", (photo.image,), (card.id,), compute)      # made of shared parts alone: shared too

A result is shared if everything that it is made of is: the sample photos, and what was made of them before. What a
visitor gave is not, so for it `make` only computes; two visitors with the same file share nothing.
"""

import dataclasses
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Any, ClassVar, Final, Protocol, TypeVar, runtime_checkable

import numpy as np
from cachetools import LRUCache
from PIL import Image

Result = TypeVar("Result")
_AT_REST: Final = 0.14  # of the budget: what the first page shows is 10 MB
_SMALL: Final = 200  # bytes: of an object that is not looked into
_LOOK_SECONDS: Final = 0.2  # between two looks at whether a result is still wanted
_MOST_COUNTED: Final = 4096  # keys whose uses are counted


@runtime_checkable
class HasWeight(Protocol):
    """What says itself how much memory to count for it, as it grows later, or is shared by many."""

    weight_bytes: ClassVar[int]


def bytes_of(value: Any) -> int:
    """Estimate how much memory a result holds, in bytes: pictures, arrays, tensors and whatever holds them."""
    if isinstance(value, HasWeight):
        return value.weight_bytes
    if isinstance(value, Image.Image):
        return value.width * value.height * (1 if value.mode == "L" else 4) + _SMALL
    if isinstance(value, (bytes, str)):
        return sys.getsizeof(value)
    if isinstance(value, np.ndarray):
        return value.nbytes + _SMALL
    if hasattr(value, "element_size"):  # a tensor, without the import of torch
        return int(value.nelement() * value.element_size()) + _SMALL
    if isinstance(value, (tuple, list, set, frozenset)):  # copied first: its visitor may be at work on it
        return _SMALL + sum(map(bytes_of, list(value)))
    if isinstance(value, Mapping):
        return _SMALL + sum(bytes_of(key) + bytes_of(item) for key, item in list(value.items()))  # others may add to it
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _SMALL + sum(bytes_of(getattr(value, field.name)) for field in dataclasses.fields(value))
    return _SMALL


class SharedResults:
    """The results, least recently used ones going first. Threads may share it."""

    def __init__(self, budget_bytes: int) -> None:
        self._kept: LRUCache[Hashable, Any] = LRUCache(budget_bytes, getsizeof=bytes_of)
        self._origins: dict[int, tuple[weakref.ref[Any], Hashable]] = {}
        """By id, what an object was made of: objects such as pictures have no hash."""
        self._lock = threading.RLock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._uses: Counter[Hashable] = Counter()
        """By key, how often a result was found."""

    @property
    def bytes_held(self) -> int:
        return int(self._kept.currsize)

    def make(
        self,
        what: str,
        parts: tuple[object, ...],
        settings: tuple[Hashable, ...],
        compute: Callable[[], Result],
        look: Callable[[], None] = lambda: None,
    ) -> Result:
        """Return what `compute` gives. If every part is shared, compute it once, however many ask at a time.

        Args:
            what: the name of the step.
            parts: objects that the result is made of.
            settings: all else that it depends on.
            compute: is not called where the result is there.
            look: called while another thread computes it; it raises where the result is not wanted any more.
        """
        origins = [self._origin(part) for part in parts]
        if None in origins:
            return compute()
        key = (what, *origins, *settings)
        with self._lock:
            if key in self._kept:
                self._uses[key] += 1
                found: Result = self._kept[key]
                return found
            making = self._making.setdefault(key, threading.Lock())
        while not making.acquire(timeout=_LOOK_SECONDS):
            look()
        try:
            with self._lock:
                if key in self._kept:
                    found = self._kept[key]
                    return found
            result = compute()
            self._keep(key, result)
            return result
        finally:
            making.release()

    def rest(self) -> None:
        """While nobody is there, keep a seventh of the budget: what was used most, which is what visitors see first."""
        with self._lock:
            for key in sorted(self._kept, key=self._uses.__getitem__):
                if self.bytes_held <= self._kept.maxsize * _AT_REST:
                    break
                del self._kept[key]
            self._count_kept()

    def _count_kept(self) -> None:
        """Forget the uses of what is not kept any more."""
        self._uses = Counter({key: self._uses[key] for key in self._kept})

    def _keep(self, key: Hashable, result: object) -> None:
        with self._lock:
            self._making.pop(key, None)
            if self._origin(result) is None:  # else it is one of its own parts, handed on
                self._mark(result, key)
            if bytes_of(result) <= self._kept.maxsize:
                self._kept[key] = result
            if len(self._uses) > _MOST_COUNTED:
                self._count_kept()

    def _mark(self, result: object, key: Hashable) -> None:
        """Note the origin of a result and, where it is a record, of what stands in it."""
        try:
            reference = weakref.ref(result, self._forgetter(id(result)))
        except TypeError:  # bytes, numbers, tuples: nothing is made of them
            return
        self._origins[id(result)] = reference, key
        if dataclasses.is_dataclass(result) and not isinstance(result, type):
            for field in dataclasses.fields(result):
                value = getattr(result, field.name)
                if id(value) not in self._origins:
                    self._mark(value, (key, field.name))

    def _forgetter(self, name: int) -> Callable[[object], None]:
        """Return a callback that frees an id before another object has it."""
        return lambda _: self._origins.pop(name, None) and None

    def _origin(self, part: object) -> Hashable | None:
        found = self._origins.get(id(part))
        return found[1] if found is not None and found[0]() is part else None
