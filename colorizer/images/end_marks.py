"""Files that lack nothing but their end mark: a JPEG without EOI, a GIF without its trailer.

Cameras that were switched off and broken downloads leave such files. Decoders differ in what they do with them, so the
mark is put there, and whether all pixels are there is for the decoder to find.

Sources: ITU-T T.81 B.1 (JPEG); GIF89a, sections 17 to 27.
"""

from typing import Final

_JPEG_END: Final = b"\xff\xd9"
_JPEG_SCAN: Final = 0xDA
_JPEG_FRAMES: Final = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive
_JPEG_WITHOUT_LENGTH: Final = (0x01, *range(0xD0, 0xD9))
_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = 0x21, 0x2C, 0x3B
OTHER_PIXELS: Final = b"\xa5\x5a" * 512
"""What stands in for missing pixels of a JPEG: those that are there do not change with it."""


def jpeg_has_end(data: bytes) -> bool:
    """Whether there is an end mark behind the start of the pixels; one before it ends the thumbnail in a segment."""
    start = 2
    while start + 4 <= len(data):
        marker = data[start + 1]
        if data[start] != 0xFF:
            start = data.find(b"\xff", start)  # decoders skip what lies between segments
            if start < 0:
                return True  # no pixels: not for us to judge
        elif marker == _JPEG_SCAN:
            return data.find(_JPEG_END, start) >= 0
        elif marker == 0xFF:  # padding
            start += 1
        else:
            length = 0 if marker in _JPEG_WITHOUT_LENGTH else int.from_bytes(data[start + 2 : start + 4], "big")
            start += 2 + length
    return True


def jpeg_has_all_scans(data: bytes) -> bool:
    """Whether the scans bring every coefficient of every component to its last bit (T.81, B.2.2, B.2.3 and G.1.1)."""
    missing: dict[int, set[int]] = {}
    start = 2
    while start >= 0 and start + 4 <= len(data):
        marker, length = data[start + 1], int.from_bytes(data[start + 2 : start + 4], "big")
        segment = data[start + 4 : start + 2 + length]
        if data[start] != 0xFF or marker in (0x00, 0xFF, *_JPEG_WITHOUT_LENGTH):
            start = data.find(b"\xff", start + 1)
            continue
        if marker in _JPEG_FRAMES and len(segment) > 5:
            missing = {component: set(range(64)) for component in segment[6::3]}
        elif marker == _JPEG_SCAN and len(segment) > 3 and not segment[-1] & 15:
            for component in segment[1 : 1 + 2 * segment[0] : 2]:
                missing.get(component, set()).difference_update(range(segment[-3], segment[-2] + 1))
        start += 2 + length
    return not any(missing.values())


def with_jpeg_end(data: bytes, filling: bytes = b"") -> bytes:
    """Add the end mark to a JPEG, and before it what stands in for missing pixels."""
    return data.rstrip(b"\xff") + filling + _JPEG_END


def gif_has_end(data: bytes) -> bool:
    """Whether the blocks of a GIF lead to its trailer."""
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
