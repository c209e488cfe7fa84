"""Whether a file reaches its own end, by the bookkeeping of its container.

Decoders differ in what they do with a file that was cut off: some refuse, some show what they have. Here all are held
to one rule: a container that announces more bytes than there are, or lacks its end mark, is not whole. What TIFF and
BMP lack is found by their decoders.

Sources: ITU-T T.81 B.1 (JPEG); PNG (W3C, third edition) 5.3; GIF89a sections 17 to 27; WebP container specification;
ISO/IEC 14496-12, 4.2.
"""

from collections.abc import Callable
from typing import Final

_JPEG_SCAN, _JPEG_WITHOUT_LENGTH = 0xDA, (0x01, *range(0xD0, 0xD9))
_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = 0x21, 0x2C, 0x3B


def is_whole(data: bytes, pillow_format: str) -> bool:
    """True where the container of this format ends within `data`, or where only a decoder can tell."""
    check = _CHECKS.get(pillow_format)
    return check is None or check(data)


def _jpeg_is_whole(data: bytes) -> bool:
    """An end mark behind the start of the pixels counts; one before it ends the thumbnail inside a segment."""
    start = 2
    while start >= 0 and start + 4 <= len(data):
        marker = data[start + 1]
        if data[start] != 0xFF:
            start = data.find(b"\xff", start)  # decoders skip what lies between segments
        elif marker == _JPEG_SCAN:
            return data.find(b"\xff\xd9", start) >= 0
        elif marker == 0xFF:  # padding
            start += 1
        else:
            length = 0 if marker in _JPEG_WITHOUT_LENGTH else int.from_bytes(data[start + 2 : start + 4], "big")
            start += 2 + length
    return False


def _png_is_whole(data: bytes) -> bool:
    start = 8
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4], "big")
        if data[start + 4 : start + 8] == b"IEND":
            return end <= len(data)
        start = end
    return False


def _gif_is_whole(data: bytes) -> bool:
    try:
        start = 13 + _gif_palette_bytes(data[10])
        while data[start] != _GIF_TRAILER:
            if data[start] == _GIF_IMAGE:
                start = _after_gif_blocks(data, start + 11 + _gif_palette_bytes(data[start + 9]))
            elif data[start] == _GIF_EXTENSION:
                start = _after_gif_blocks(data, start + 2)
            else:
                return False
    except IndexError:
        return False
    return True


def _gif_palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_gif_blocks(data: bytes, start: int) -> int:
    while data[start]:  # each block starts with its length, and one of length 0 ends the row
        start += 1 + data[start]
    return start + 1


def _webp_is_whole(data: bytes) -> bool:
    return 8 + int.from_bytes(data[4:8], "little") <= len(data)


def _boxes_are_whole(data: bytes) -> bool:
    start = 0
    while start + 8 <= len(data):
        size = int.from_bytes(data[start : start + 4], "big")
        if size == 0:  # the last box, up to the end of the file
            return True
        if size == 1:
            size = int.from_bytes(data[start + 8 : start + 16], "big")
        if size < 8:
            return False
        start += size
    return start <= len(data)


_CHECKS: Final[dict[str, Callable[[bytes], bool]]] = {
    "JPEG": _jpeg_is_whole,
    "PNG": _png_is_whole,
    "GIF": _gif_is_whole,
    "WEBP": _webp_is_whole,
    "AVIF": _boxes_are_whole,
    "HEIF": _boxes_are_whole,
}
