"""Decoding an opened picture, where the end of its file may be missing: all of it, or on request what there is."""

import threading

from colorizer.errors import PictureError
from colorizer.images import decoding
from colorizer.images.picture_file import NO_END, Opened

_salvaging = threading.Lock()


def decode(opened: Opened, salvage: bool = False) -> None:
    """Decode all pixels in place.

    Args:
        opened: the picture, whose size was checked.
        salvage: take what is there of a picture that is cut off, with a notice.

    Raises:
        PictureError: it is cut off, damaged, or larger than the memory.
    """
    if salvage:
        with _salvaging:
            return _salvage(opened)
    decoding.decode(opened.picture, opened.kind)
    if not opened.is_whole:
        if not _is_complete_jpeg(opened):
            raise decoding.fault(opened.kind, EOFError())
        opened.note(NO_END)
    return None


def _salvage(opened: Opened) -> None:
    try:
        decoding.decode(opened.picture, opened.kind)
        is_complete = opened.is_whole or _is_complete_jpeg(opened)
    except PictureError:
        if opened.reopen is None:
            raise
        opened.picture, is_complete = opened.reopen(), False
        decoding.decode_what_is_there(opened.picture, opened.kind)
    if not is_complete:
        opened.notices = [notice for notice in opened.notices if notice != NO_END]
        opened.note(decoding.CUT_OFF)
    elif not opened.is_whole:
        opened.note(NO_END)


def _is_complete_jpeg(opened: Opened) -> bool:
    """Of a JPEG without its end: other bytes behind it change nothing where all pixels are there."""
    assert opened.reopen is not None
    other = opened.reopen()
    decoding.decode(other, opened.kind)
    return opened.has_all_scans and decoding.have_same_pixels(opened.picture, other)
