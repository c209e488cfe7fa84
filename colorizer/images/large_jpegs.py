"""Large JPEGs encoded by several threads, each some rows of it: the same file, however many there are.

A restart marker after each row of 8 x 8 blocks makes the rows independent of one another (ITU-T T.81, B.2.4.4, E.1.4),
so that what was encoded apart can follow in one file, whose first header tells the whole height.
"""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from PIL import Image

from colorizer.utils import cores

_BLOCK: Final = 8  # px: without subsampling of colour, each row of blocks is a row of units between markers
_CYCLE: Final = 8  # markers are numbered 0 to 7: parts of a multiple of 8 rows of blocks begin with 0
_PART_PIXELS: Final = 1 << 20  # at most: their copies then lie in memory that the process has already
_BASELINE, _SCAN = b"\xff\xc0", b"\xff\xda"  # the marker that tells the size, and the one before the pixels
_LAST_OF_CYCLE, _END = b"\xff\xd7", b"\xff\xd9"


def encode_large_jpeg(image: Image.Image, **options: Any) -> bytes:
    """Encode an RGB picture with full colour resolution.

    Args:
        image: at most 65,535 px a side.
        options: Pillow's for its JPEG writer; the Huffman tables have to be the standard ones, as they are by default.
    """
    threads = 1 if cores.is_worker() else cores.usable_cores()
    rows = _BLOCK * _CYCLE
    most = max(1, _PART_PIXELS // (rows * image.width))
    each = rows * min(most, -(-image.height // (rows * threads)))

    def encode(top: int) -> bytes:
        return _encode_rows(image, top, min(top + each, image.height), options)

    tops = range(0, image.height, each)
    if threads == 1 or len(tops) == 1:
        return _join([encode(top) for top in tops], image.height)
    with ThreadPoolExecutor(min(threads, len(tops)), "jpeg") as pool:
        return _join(list(pool.map(encode, tops)), image.height)


def _encode_rows(image: Image.Image, top: int, bottom: int, options: dict[str, Any]) -> bytes:
    part = image if bottom - top == image.height else image.crop((0, top, image.width, bottom))
    with _memory() as file:
        part.save(file, "JPEG", restart_marker_rows=1, **options)
        file.seek(0)
        content: bytes = file.read()
    return content


def _memory() -> Any:
    """Open a file in memory: with one that the system knows, Pillow lets go of Python's lock while it encodes."""
    try:
        return os.fdopen(os.memfd_create("jpeg"), "w+b")
    except (AttributeError, OSError):  # not on this system, or not allowed here
        return io.BytesIO()


def _join(parts: list[bytes], height: int) -> bytes:
    """Parts of a picture, from top to bottom, as one; what is not pixels is taken from the first."""
    scans = [part[_after_scan_header(part) : -len(_END)] for part in parts]
    head = bytearray(parts[0][: _after_scan_header(parts[0])])
    at = _find(head, _BASELINE)
    head[at + 5 : at + 7] = height.to_bytes(2, "big")
    return bytes(head) + _LAST_OF_CYCLE.join(scans) + _END


def _after_scan_header(content: bytes) -> int:
    at = _find(content, _SCAN)
    return at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def _find(content: bytes | bytearray, marker: bytes) -> int:
    """Where the segment with a marker begins: from the start of the file one segment follows the other.

    Raises:
        ValueError: there is none.
    """
    at = 2
    while content[at : at + 2] != marker:
        size = int.from_bytes(content[at + 2 : at + 4], "big")
        if not size:
            raise ValueError(f"a JPEG without a segment {marker.hex()}")
        at += 2 + size
    return at
