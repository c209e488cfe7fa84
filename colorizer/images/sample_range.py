"""The range of a sample as the file tells it: samples of 9 to 16 bits brought to 0..65535.

Pillow keeps the upper 8 of 16 bits of colour, reads few of the depths in between, and knows no white level below the
full range. Here they are read in full:

- 16 bits of colour, by decoding twice: once for the upper bytes, once, with the bytes' order turned, for the lower.
- 9 to 15 bits in a TIFF, by decoding its rows as if they were bytes, and taking the bits apart.

Source: TIFF 6.0, BitsPerSample (258), PhotometricInterpretation (262), MaxSampleValue (281).
"""

import io
import struct
import sys
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

Levels16 = NDArray[np.uint16]

SIXTEEN_BIT_MODES: Final = ("I;16", "I;16L", "I;16B", "I;16N")
DARK: Final = (
    "All of the picture lies in the lowest sixteenth of its 16 bits, as some cameras of 12 bits write it, so it is "
    "nearly black; save it with its brightness spread out."
)
_WIDTH, _BITS, _PHOTOMETRIC, _SAMPLES, _MAX_SAMPLE, _PLANAR, _PREDICTOR, _TILE_WIDTH, _FORMAT = (
    256, 258, 262, 277, 281, 284, 317, 322, 339,
)  # fmt: skip
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_ROWS_AT_A_TIME: Final = 64
_TURNED: Final = {";16L": ";16B", ";16B": ";16L", ";16N": ";16B" if sys.byteorder == "little" else ";16L"}


def has_sixteen_bit_colour(picture: Image.Image) -> bool:
    """Whether there are 16 bits in each of three channels; asked before decoding, which keeps the upper 8."""
    return picture.mode in ("RGB", "RGBA") and any(";16" in str(tile.args) for tile in getattr(picture, "tile", ()))


def read_sixteen_bit_colour(picture: ImageFile.ImageFile, reopen: Callable[[], ImageFile.ImageFile]) -> Levels16:
    """Read all 16 bits of colour.

    Args:
        picture: decoded: its pixels are the upper bytes.
        reopen: opens the same picture again, not decoded.

    Returns:
        (H, W, 3), 0..65535.
    """
    other = reopen()
    other.tile = [tile._replace(args=_turn(tile.args)) for tile in other.tile]
    other.load()
    high, low = (np.asarray(image)[..., :3].astype(np.uint16) for image in (picture, other))
    return np.bitwise_or(high << np.uint16(8), low, dtype=np.uint16)


def _turn(args: Any) -> Any:
    """Return the arguments of a decoder, with the bytes of each sample in the other order."""
    if isinstance(args, tuple):
        return tuple(_turn(part) if isinstance(part, str) and ";16" in part else part for part in args)
    assert isinstance(args, str)
    return args[:-4] + _TURNED[args[-4:]] if args[-4:] in _TURNED else args


def tiff_white(picture: TiffImagePlugin.TiffImageFile) -> int:
    """Return the level of white: the largest of the bits, or less where MaxSampleValue says so."""
    bits = _first(picture, _BITS)
    largest = (1 << bits) - 1 if 1 <= bits <= 16 else 65535
    declared = _first(picture, _MAX_SAMPLE)
    return declared if bits > 8 and 255 < declared < largest else largest


def is_white_zero(picture: Image.Image) -> bool:
    """Whether level 0 is white in a TIFF of 16-bit grey: Pillow turns such levels for 8 bits, and forgets it for 16."""
    is_grey = picture.mode in SIXTEEN_BIT_MODES
    return is_grey and getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def _first(picture: TiffImagePlugin.TiffImageFile, number: int) -> int:
    try:
        value = picture.tag_v2.get(number)
    except Exception:  # tags are unpacked when asked for, from hostile bytes
        return 0
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) else 0


def spread(levels: Levels16, white: int) -> Levels16:
    """0..white to 0..65535; where the picture goes beyond the white that its file tells, all of the range counts."""
    if white >= 65535 or int(levels.max()) > white:
        return levels
    factor = np.float32(65535 / white)
    result = np.empty_like(levels)
    for top in range(0, len(levels), _ROWS_AT_A_TIME):
        rows = levels[top : top + _ROWS_AT_A_TIME].astype(np.float32)
        result[top : top + _ROWS_AT_A_TIME] = np.rint(rows * factor)
    return result


class OddTiff:
    """A page of a TIFF that Pillow cannot read: grey or RGB, in strips, without a predictor.

    Its samples have 9 to 15 bits, or they are grey of 16 bits, the highest first, with white at 0.
    """

    def __init__(self, data: bytes, offset: int) -> None:
        """Read the directory that begins at `offset`.

        Raises:
            ValueError: it is of another kind.
        """
        self._data, self._offset = data, offset
        self._order = "<" if data[:2] == b"II" else ">"
        self._tags = self._read_tags()
        self.bits, self.samples = self._value(_BITS, 0), self._value(_SAMPLES, 1)
        self.width, self.photometric = self._value(_WIDTH, 0), self._value(_PHOTOMETRIC, 0)
        kinds = (_WHITE_IS_ZERO, _BLACK_IS_ZERO) if self.samples == 1 else (_RGB,)
        is_plain = self._value(_PREDICTOR, 1) == 1 and self._value(_PLANAR, 1) == 1 and self._value(_FORMAT, 1) == 1
        if (
            data[2:4] not in (b"*\0", b"\0*")
            or not (9 <= self.bits <= 15 or self._is_inverted_sixteen_bit_grey)
            or self.samples not in (1, 3)
            or self.photometric not in kinds
            or not is_plain
            or _TILE_WIDTH in self._tags
            or not 0 < self.width < 1 << 20
        ):
            raise ValueError("a TIFF of another kind")

    @property
    def _is_inverted_sixteen_bit_grey(self) -> bool:
        return (self.bits, self.samples, self.photometric, self._order) == (16, 1, _WHITE_IS_ZERO, ">")

    def _read_tags(self) -> dict[int, tuple[int, int, int]]:
        """Read the tags: number -> (place of its entry, type, count)."""
        (count,) = struct.unpack_from(self._order + "H", self._data, self._offset)
        tags = {}
        for place in range(self._offset + 2, self._offset + 2 + 12 * count, 12):
            number, kind, values = struct.unpack_from(self._order + "HHI", self._data, place)
            tags[number] = (place, kind, values)
        return tags

    def _value(self, number: int, default: int) -> int:
        """Return the first value of a tag of whole numbers."""
        if number not in self._tags:
            return default
        place, kind, count = self._tags[number]
        form = {3: "H", 4: "I"}.get(kind)
        if form is None or not count:
            return default
        at = place + 8
        if count * struct.calcsize(form) > 4:
            (at,) = struct.unpack_from(self._order + "I", self._data, at)
        (value,) = struct.unpack_from(self._order + form, self._data, at)
        return int(value)

    @property
    def is_reduced(self) -> bool:
        """Whether the page is a smaller copy of another one, or a mask for it."""
        return bool(self._value(254, 0) & 5) or self._value(255, 0) == 2

    @property
    def row_bytes(self) -> int:
        """How many bytes a row has."""
        return -(-self.width * self.samples * self.bits // 8)

    def as_bytes(self) -> bytes:
        """Copy the file, with this page's rows declared as 8-bit grey of `row_bytes` px."""
        data = bytearray(self._data)
        for number, value in ((_WIDTH, self.row_bytes), (_BITS, 8), (_SAMPLES, 1), (_PHOTOMETRIC, 1), (_FORMAT, 1)):
            if number in self._tags:
                struct.pack_into(self._order + "HHII", data, self._tags[number][0], number, 4, 1, value)
        for number in (280, _MAX_SAMPLE, 338):  # MinSampleValue, MaxSampleValue, ExtraSamples: not of these samples
            if number in self._tags:
                struct.pack_into(self._order + "HHII", data, self._tags[number][0], number, 4, 1, 0)
        return bytes(data)

    def unpack(self, rows: NDArray[np.uint8]) -> Levels16:
        """(H, row_bytes) -> (H, W) or (H, W, 3), 0..2**bits - 1, black being 0."""
        count = self.width * self.samples
        weights = (1 << np.arange(self.bits - 1, -1, -1)).astype(np.float32)
        levels = np.empty((len(rows), count), np.uint16)
        for top in range(0, len(rows), _ROWS_AT_A_TIME):
            bits = np.unpackbits(rows[top : top + _ROWS_AT_A_TIME], axis=1)[:, : count * self.bits]
            levels[top : top + _ROWS_AT_A_TIME] = bits.reshape(len(bits), count, self.bits) @ weights
        if self.photometric == _WHITE_IS_ZERO and self.samples == 1:
            levels = np.uint16((1 << self.bits) - 1) - levels
        return levels.reshape(len(rows), self.width, 3) if self.samples == 3 else levels


def directories(data: bytes, most: int) -> list[int]:
    """Find the places of a classic TIFF's first directories."""
    order = "<" if data[:2] == b"II" else ">"
    found: list[int] = []
    try:
        (offset,) = struct.unpack_from(order + "I", data, 4)
        while offset and offset not in found and len(found) < most:
            found.append(offset)
            (count,) = struct.unpack_from(order + "H", data, offset)
            (offset,) = struct.unpack_from(order + "I", data, offset + 2 + 12 * count)
    except struct.error:
        pass
    return found


def open_rows(tiff: OddTiff, page: int) -> TiffImagePlugin.TiffImageFile:
    """Open the rows of a page as 8-bit grey."""
    picture = TiffImagePlugin.TiffImageFile(io.BytesIO(tiff.as_bytes()))
    picture.seek(page)
    return picture
