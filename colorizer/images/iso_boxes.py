"""What the boxes of a HEIC or AVIF file say, read without a decoder: which item is the picture, where its bytes lie,
how its colour is to be understood, and how large its coded frames are.

Sources: ISO/IEC 14496-12 (boxes, `iloc`, `stbl`), 23008-12 (HEIF: `pitm`, `iinf`, `iprp`), 23091-2 (`nclx`). Lengths
are not believed: whatever leads out of the file ends the reading.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from colorizer.images.av1_headers import sequence_sizes

_MAX_BOXES: Final = 20_000  # of one file: a photo in tiles has some hundreds
_MAX_EXTENTS: Final = 100_000
_CONTAINERS: Final = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"iprp", b"ipco"))


@dataclass(frozen=True)
class Box:
    """One box: `kind` of four bytes, its content from `start` to `end`."""

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True)
class Item:
    """A coded picture, a tile, or a piece of metadata.

    Attributes:
        number: its id.
        kind: for example `av01`, `hvc1`, `grid`, `Exif`.
        extents: (start, end) of its bytes in the file; an end may lie beyond the file.
    """

    number: int
    kind: bytes
    extents: tuple[tuple[int, int], ...]


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Walk the boxes between two places; ends at the first that does not fit."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        size, kind, head = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        stop = end if size == 0 else start + size
        if stop < start + head or stop > end:
            return
        yield Box(kind, start + head, stop)
        start = stop


def _find(data: bytes, within: Box, kind: bytes) -> Box | None:
    return next((box for box in boxes(data, within.start, within.end) if box.kind == kind), None)


def _number(data: bytes, start: int, size: int) -> int:
    return int.from_bytes(data[start : start + size], "big")


@dataclass(frozen=True)
class IsoFile:
    """The parts of a file that matter here; each is empty where the file lacks it or is damaged."""

    data: bytes
    meta: Box | None
    movie: Box | None

    def items(self) -> list[Item]:
        """All items with their places."""
        if self.meta is None:
            return []
        kinds, inside = self._item_kinds(self.meta), _find(self.data, self.meta, b"idat")
        table = _find(self.data, self.meta, b"iloc")
        if table is None:
            return []
        places = _read_locations(self.data, table, inside)
        return [Item(number, kinds.get(number, b""), extents) for number, extents in places]

    def primary(self) -> int | None:
        """Return the id of the item that is the picture."""
        box = _find(self.data, self.meta, b"pitm") if self.meta else None
        return None if box is None else _number(self.data, box.start + 4, 4 if self.data[box.start] else 2)

    def primary_kind(self) -> bytes:
        """Return the kind of that item; of a grid, that of its tiles."""
        if self.meta is None:
            return b""
        kinds = self._item_kinds(self.meta)
        kind = kinds.get(self.primary() or 0, b"")
        if kind in (b"grid", b"iovl", b"iden"):
            return next((tile for tile in kinds.values() if tile in (b"av01", b"hvc1")), kind)
        return kind

    def nclx(self) -> tuple[int, int, bool] | None:
        """Return (primaries, transfer, full range) of the picture: numbers of ISO/IEC 23091-2."""
        primary = self.primary()
        for box in self._properties_of(primary) if primary is not None else self._track_colours():
            if box.kind == b"colr" and self.data[box.start : box.start + 4] == b"nclx" and box.end - box.start >= 11:
                at = box.start + 4
                return _number(self.data, at, 2), _number(self.data, at + 2, 2), bool(self.data[at + 6] & 0x80)
        return None

    def coded_sizes(self) -> list[tuple[int, int]]:
        """(width, height) in px of every AV1 sequence header in the file: the most that a frame behind it may have."""
        sizes: list[tuple[int, int]] = []
        for item in self.items():
            if item.kind == b"av01":
                coded = b"".join(self.data[start:end] for start, end in item.extents)
                sizes += sequence_sizes(coded)
        for box in self._all(self.meta), self._all(self.movie):
            for found in box:
                if found.kind == b"av1C":
                    sizes += sequence_sizes(self.data[found.start + 4 : found.end])
        return sizes + [size for sample in self._first_samples() for size in sequence_sizes(sample)]

    def ends_beyond(self) -> bool:
        """Whether bytes that the picture consists of are not in the file."""
        return any(end > len(self.data) for item in self.items() for _, end in item.extents)

    def _item_kinds(self, meta: Box) -> dict[int, bytes]:
        table = _find(self.data, meta, b"iinf")
        if table is None:
            return {}
        first = table.start + (8 if self.data[table.start] else 6)
        kinds = {}
        for box in boxes(self.data, first, table.end):
            if box.kind == b"infe" and self.data[box.start] in (2, 3):
                wide = 4 if self.data[box.start] == 3 else 2
                at = box.start + 4
                kinds[_number(self.data, at, wide)] = self.data[at + wide + 2 : at + wide + 6]
        return kinds

    def _properties_of(self, number: int) -> list[Box]:
        """Find the boxes of `ipco` that `ipma` ties to an item."""
        properties = _find(self.data, self.meta, b"iprp") if self.meta else None
        store = _find(self.data, properties, b"ipco") if properties else None
        if properties is None or store is None:
            return []
        known = list(boxes(self.data, store.start, store.end))
        found = []
        for box in boxes(self.data, properties.start, properties.end):
            if box.kind == b"ipma":
                found += [known[place - 1] for place in self._tied_to(box, number) if 0 < place <= len(known)]
        return found

    def _tied_to(self, box: Box, number: int) -> list[int]:
        data, at = self.data, box.start
        id_size, place_size = (4 if data[at] else 2), (2 if data[at + 3] & 1 else 1)
        count, at = min(_number(data, at + 4, 4), _MAX_BOXES), at + 8
        for _ in range(count):
            if at + id_size >= box.end:
                break
            item, places = _number(data, at, id_size), data[at + id_size]
            at += id_size + 1
            if item == number:
                mask = 0x7FFF if place_size == 2 else 0x7F
                return [_number(data, at + place * place_size, place_size) & mask for place in range(places)]
            at += places * place_size
        return []

    def _track_colours(self) -> list[Box]:
        return [box for box in self._all(self.movie) if box.kind == b"colr"]

    def _all(self, within: Box | None) -> list[Box]:
        """List the box and all below it that are known to hold boxes; sample descriptions included."""
        found: list[Box] = []
        waiting = [within] if within else []
        while waiting and len(found) < _MAX_BOXES:
            box = waiting.pop()
            found.append(box)
            skip = {b"stsd": 8, b"av01": 78, b"hvc1": 78, b"hev1": 78}.get(box.kind)
            if box.kind in _CONTAINERS or box is within or skip is not None:
                waiting += boxes(self.data, box.start + (skip or 0), box.end)
        return found

    def _first_samples(self) -> list[bytes]:
        """Return the bytes of the first frame of each track."""
        samples = []
        for table in (box for box in self._all(self.movie) if box.kind == b"stbl"):
            parts = {box.kind: box for box in boxes(self.data, table.start, table.end)}
            sizes, chunks = parts.get(b"stsz"), parts.get(b"stco") or parts.get(b"co64")
            if sizes is None or chunks is None:
                continue
            size = _number(self.data, sizes.start + 4, 4) or _number(self.data, sizes.start + 12, 4)
            start = _number(self.data, chunks.start + 8, 8 if chunks.kind == b"co64" else 4)
            samples.append(self.data[start : start + size])
        return samples


def read_iso_file(data: bytes) -> IsoFile:
    """Find the two boxes that describe the pictures of a file."""
    meta = movie = None
    for box in boxes(data, 0, len(data)):
        if box.kind == b"meta" and meta is None:
            meta = Box(box.kind, box.start + 4, box.end)
        elif box.kind == b"moov" and movie is None:
            movie = box
    return IsoFile(data, meta, movie)


def _read_locations(data: bytes, table: Box, inside: Box | None) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
    """`iloc`: the id of each item, and where its bytes lie; items made of other items are passed over."""
    version, sizes = data[table.start], _number(data, table.start + 4, 2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    id_size = 4 if version == 2 else 2
    at = table.start + 6
    count, at, budget = _number(data, at, id_size), at + id_size, _MAX_EXTENTS
    found: list[tuple[int, tuple[tuple[int, int], ...]]] = []
    for _ in range(count):
        if at >= table.end or budget <= 0:
            break
        number, at, method = _number(data, at, id_size), at + id_size, 0
        if version in (1, 2):
            method, at = _number(data, at, 2) & 15, at + 2
        base, at = _number(data, at + 2, base_size), at + 2 + base_size
        extents, at = _number(data, at, 2), at + 2
        places = []
        for _ in range(min(extents, budget)):
            offset = base + _number(data, at + index_size, offset_size)
            length = _number(data, at + index_size + offset_size, length_size)
            at += index_size + offset_size + length_size
            places.append((offset, offset + length if length else max(offset, len(data))))
        budget -= extents
        if method == 1 and inside is not None:
            places = [(inside.start + start, inside.start + end) for start, end in places]
        if method in (0, 1):
            found.append((number, tuple(places)))
    return found
