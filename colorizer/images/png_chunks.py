"""A PNG taken apart into chunks: pixels go on to the decoder, and nothing that nobody uses can stand in their way.

Texts, times and private chunks are dropped, as is every ancillary chunk whose checksum is wrong; nothing of them is
unpacked. How the colours are meant is read here, in the order of precedence of the specification: cICP, iCCP, sRGB,
gAMA with cHRM. A file that lacks only its end mark gets one.

Source: PNG (W3C, third edition), 4.3 (precedence), 5.3 (chunks), 11.3 (colour).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from colorizer.images.color_numbers import UNKNOWN_NUMBERS, ColorNumbers, from_code_points, from_gamma
from colorizer.images.limits import MAX_PROFILE_BYTES

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_FOR_THE_DECODER: Final = (b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT")
_ABOUT_COLOUR: Final = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
_END: Final = (b"IEND", b"")
DAMAGED_PROFILE: Final = "The colour profile of the file is damaged and was ignored."


@dataclass(frozen=True)
class PngFile:
    """A PNG without what nobody uses.

    Attributes:
        data: the file, with a right end.
        has_end: whether it had one.
        profile: its ICC profile, if that is what counts.
        numbers: else the numbers that count; None for sRGB.
        notice: on colours that could not be understood.
        bits: of a sample.
        is_grey: of colour type 0.
    """

    data: bytes
    has_end: bool
    profile: bytes | None = None
    numbers: ColorNumbers | None = None
    notice: str | None = None
    bits: int = 8
    is_grey: bool = False


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    content: bytes
    is_sound: bool
    """Whether it is whole and its checksum right."""

    def packed(self) -> bytes:
        """As it stands in a file; a critical chunk that came damaged keeps a wrong checksum, for the decoder to see."""
        checksum = zlib.crc32(self.content, zlib.crc32(self.name))
        return struct.pack(">I", len(self.content)) + self.name + self.content + struct.pack(">I", checksum)


def read_png(data: bytes) -> PngFile:
    """Take a file apart; faults in its pixels are left for the decoder to find."""
    kept: list[bytes] = []
    colour: dict[bytes, bytes] = {}
    has_end = False
    for chunk, original in _chunks(data):
        if chunk.name == b"IEND":
            has_end = chunk.is_sound
            break
        if chunk.name in _ABOUT_COLOUR and chunk.is_sound:
            colour.setdefault(chunk.name, chunk.content)
        elif _is_wanted(chunk):
            kept.append(original if chunk.is_sound or len(original) == len(chunk.content) + 12 else chunk.packed())
    header = data[16:26].ljust(10, b"\0")
    end = _Chunk(*_END, is_sound=True).packed()
    profile, numbers, notice = _understand(colour)
    clean = b"".join((_SIGNATURE, *kept, end))
    return PngFile(clean, has_end, profile, numbers, notice, header[8], header[9] == 0)


def _is_wanted(chunk: _Chunk) -> bool:
    is_critical = not chunk.name[:1].islower()
    return is_critical or (chunk.name in _FOR_THE_DECODER and chunk.is_sound)


def _chunks(data: bytes) -> Iterator[tuple[_Chunk, bytes]]:
    """Each chunk, with its bytes in the file; the last may be cut off."""
    start = len(_SIGNATURE)
    while start + 8 <= len(data):
        length = int.from_bytes(data[start : start + 4], "big")
        name, content = data[start + 4 : start + 8], data[start + 8 : start + 8 + length]
        checksum = data[start + 8 + length : start + 12 + length]
        is_whole = len(content) == length and len(checksum) == 4
        is_sound = is_whole and zlib.crc32(content, zlib.crc32(name)) == int.from_bytes(checksum, "big")
        yield _Chunk(name, content, is_sound), data[start : start + 12 + length]
        start += 12 + length


def _understand(colour: dict[bytes, bytes]) -> tuple[bytes | None, ColorNumbers | None, str | None]:
    """(profile, numbers, notice) by the order of precedence."""
    notice = None
    if (code := colour.get(b"cICP")) is not None and len(code) == 4:
        if (numbers := from_code_points(code[0], code[1], bool(code[3]))) is not None:
            return None, numbers, None
        notice = UNKNOWN_NUMBERS
    if b"iCCP" in colour:
        profile = _unpack_profile(colour[b"iCCP"])
        return profile, None, notice if profile else DAMAGED_PROFILE
    if b"sRGB" in colour or not (b"gAMA" in colour or b"cHRM" in colour):
        return None, None, notice
    numbers = _from_gamma_chunks(colour)
    return None, numbers, notice if numbers else UNKNOWN_NUMBERS


def _from_gamma_chunks(colour: dict[bytes, bytes]) -> ColorNumbers | None:
    gamma, points = colour.get(b"gAMA", b""), colour.get(b"cHRM", b"")
    chromaticities = None
    if len(points) == 32:
        wx, wy, rx, ry, gx, gy, bx, by = (value / 100_000 for value in struct.unpack(">8I", points))
        chromaticities = ((rx, ry), (gx, gy), (bx, by), (wx, wy))
    return from_gamma(int.from_bytes(gamma, "big") / 100_000 if len(gamma) == 4 else None, chromaticities)


def _unpack_profile(content: bytes) -> bytes | None:
    """Unpack the ICC profile; None where it is damaged, or unpacks to far more than any profile has."""
    _, _, packed = content.partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed[1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if unpacker.eof and profile else None
