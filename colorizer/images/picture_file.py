"""A picture file that is open and not decoded yet: its size, how its colours are meant, and the way to its pixels.

Each kind of container has its own few lines here: what is left aside of it, which of its pictures counts, and what is
refused before a decoder sees it.
"""

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

from colorizer.errors import PictureError
from colorizer.images import decoding, end_marks, sample_range, tiff_pages
from colorizer.images.color_numbers import UNKNOWN_NUMBERS, ColorNumbers, from_code_points
from colorizer.images.file_types import HEAD_BYTES, Kind
from colorizer.images.iso_boxes import IsoFile, read_iso_file
from colorizer.images.png_chunks import read_png
from colorizer.images.sample_range import OddTiff

NO_END: Final = "The end of the file is missing, but all of the picture is there."
_CALLERS: Final = Kind("a picture")
Levels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass
class Opened:
    """A picture to decode.

    Attributes:
        picture: as Pillow opened it.
        kind: of the file.
        reopen: opens the same anew.
        size: (width, height) in px as it is stored.
        profile: the ICC profile that counts.
        numbers: else how the colours are meant; None for sRGB.
        notices: sentences for the user.
        is_whole: False where the end mark is missing, so that pixels may be.
        has_all_scans: False where a JPEG's later passes are missing.
        read_levels: gives more than Pillow's 8 bits of a channel, (H, W) or (H, W, 3), black 0, or None.
        needs_levels: whether Pillow's 8 bits are not the right ones.
        tile: (width, height) in px of the largest piece that the decoder fills.
        is_sixteen_bit_colour: whether there are 16 bits in each of three channels, of which Pillow keeps the upper 8.
    """

    picture: Image.Image
    kind: Kind = _CALLERS
    reopen: Callable[[], ImageFile.ImageFile] | None = None
    size: tuple[int, int] = (0, 0)
    profile: bytes | None = None
    numbers: ColorNumbers | None = None
    notices: list[str] = field(default_factory=list)
    is_whole: bool = True
    has_all_scans: bool = True
    read_levels: Callable[[], NDArray[np.uint16] | None] | None = None
    needs_levels: bool = False
    tile: tuple[int, int] = (0, 0)
    is_sixteen_bit_colour: bool = False

    def __post_init__(self) -> None:
        self.size = self.size if self.size != (0, 0) else self.picture.size
        self.is_sixteen_bit_colour = sample_range.has_sixteen_bit_colour(self.picture)
        profile = self.picture.info.get("icc_profile")
        if self.profile is None and self.kind.pillow_format != "PNG" and isinstance(profile, bytes):
            self.profile = profile

    @property
    def is_from_file(self) -> bool:
        """And not a picture or an array of the caller's."""
        return self.reopen is not None

    def note(self, sentence: str | None) -> None:
        """Keep a sentence for the user, if there is one."""
        if sentence:
            self.notices.append(sentence)


def open_file(data: bytes, check_size: Callable[[tuple[int, int]], None]) -> Opened:
    """Open a file by what its bytes are.

    Args:
        data: the whole file.
        check_size: raises PictureError for a size of coded frames that must not be decoded.

    Raises:
        PictureError: it is of another kind, or its header is damaged.
    """
    kind = decoding.require_readable(data[:HEAD_BYTES])
    if kind.pillow_format == "PNG":
        return _open_png(data, kind)
    if kind.pillow_format in ("HEIF", "AVIF"):
        return _open_iso_file(data, kind, check_size)
    if kind.pillow_format == "TIFF":
        return _open_tiff(data, kind)
    if kind.pillow_format == "JPEG" and not end_marks.jpeg_has_end(data):
        return _open_jpeg_without_end(data, kind)
    opened = _open_plain(data, kind)
    if kind.pillow_format == "GIF" and not end_marks.gif_has_end(data):
        opened.note(NO_END)  # the decoder refuses a first frame with pixels missing
    return opened


def _open_plain(data: bytes, kind: Kind) -> Opened:
    reopen = functools.partial(_open_again, data, kind)
    opened = Opened(reopen(), kind, reopen)
    opened.note(decoding.frames_notice(opened.picture))
    return opened


def _open_again(data: bytes, kind: Kind) -> ImageFile.ImageFile:
    return decoding.open_stream(io.BytesIO(data), kind)


def _open_jpeg_without_end(data: bytes, kind: Kind) -> Opened:
    opened = _open_plain(end_marks.with_jpeg_end(data), kind)
    opened.is_whole, opened.has_all_scans = False, end_marks.jpeg_has_all_scans(data)
    opened.reopen = functools.partial(_open_again, end_marks.with_jpeg_end(data, end_marks.OTHER_PIXELS), kind)
    return opened


def _open_png(data: bytes, kind: Kind) -> Opened:
    png = read_png(data)
    reopen = functools.partial(_open_again, png.data, kind)
    picture = reopen()
    key = picture.info.get("transparency")
    if png.is_grey and png.bits in (2, 4) and isinstance(key, int):
        picture.info["transparency"] = key * 255 // ((1 << png.bits) - 1)  # Pillow spreads the pixels, and not the key
    opened = Opened(picture, kind, reopen, profile=png.profile, numbers=png.numbers)
    opened.note(decoding.frames_notice(picture))
    opened.note(png.notice)
    if not png.has_end:
        opened.note(NO_END)  # the decoder refuses one with pixels missing
    opened.read_levels = functools.partial(_read_sixteen_bits, picture, reopen, 65535)
    return opened


def _read_sixteen_bits(
    picture: ImageFile.ImageFile, reopen: Callable[[], ImageFile.ImageFile], white: int
) -> NDArray[np.uint16] | None:
    """Of a decoded PNG or TIFF: (H, W) or (H, W, 3), spread to 0..65535; None where it has 8 bits, or 32."""
    if picture.mode in sample_range.SIXTEEN_BIT_MODES:
        return sample_range.spread(np.asarray(picture).astype(np.uint16), white)
    other = reopen()
    if not sample_range.has_sixteen_bit_colour(other):
        return None
    return sample_range.spread(sample_range.read_sixteen_bit_colour(picture, lambda: other), white)


def _open_iso_file(data: bytes, kind: Kind, check_size: Callable[[tuple[int, int]], None]) -> Opened:
    file = read_iso_file(data)
    if file.ends_beyond():
        raise decoding.fault(kind, EOFError())
    if kind.pillow_format == "HEIF" and file.primary_kind() == b"av01":  # only the container's brand tells nothing
        kind, data = Kind("an AVIF picture", "AVIF"), data[:8] + b"avif" + data[12:]
    for size in file.coded_sizes():
        check_size(size)
    opened = _open_plain(data, kind)
    _note_colours(opened, file)
    if kind.pillow_format == "HEIF":
        opened.read_levels = functools.partial(decoding.read_heif_levels, data)
    return opened


def _note_colours(opened: Opened, file: IsoFile) -> None:
    """Read colours told by numbers, unless there is a profile, which counts first (ISO/IEC 23000-22, 7.3.6.4)."""
    nclx = file.nclx()
    if opened.profile is not None or nclx is None:
        return
    primaries, transfer, _ = nclx  # the decoder has done what the range and the matrix ask for
    opened.numbers = from_code_points(primaries, transfer)
    opened.note(None if opened.numbers else UNKNOWN_NUMBERS)


def _open_tiff(data: bytes, kind: Kind) -> Opened:
    for page, place in enumerate(sample_range.directories(data, tiff_pages.MAX_PAGES)):
        try:
            odd = OddTiff(data, place)
        except Exception:  # of the usual depths, for Pillow to read; or damaged
            break
        if not odd.is_reduced:
            return _open_odd_tiff(odd, page, kind)
    reopen = functools.partial(_open_page, data, kind)
    picture, notice = _open_first_page(data, kind)
    opened = Opened(picture, kind, reopen, tile=tiff_pages.largest_tile(picture))
    opened.note(notice)
    white = sample_range.tiff_white(picture)
    opened.needs_levels = 255 < white < 65535
    opened.read_levels = functools.partial(_read_tiff_levels, picture, reopen, white)
    return opened


def _read_tiff_levels(
    picture: TiffImagePlugin.TiffImageFile, reopen: Callable[[], ImageFile.ImageFile], white: int
) -> NDArray[np.uint16] | None:
    levels = _read_sixteen_bits(picture, reopen, white)
    return 65535 - levels if levels is not None and sample_range.is_white_zero(picture) else levels


def _open_odd_tiff(odd: OddTiff, page: int, kind: Kind) -> Opened:
    try:
        rows = sample_range.open_rows(odd, page)
    except Exception as error:
        raise decoding.fault(kind, error) from error
    reopen = functools.partial(sample_range.open_rows, odd, page)
    opened = Opened(rows, kind, reopen, (odd.width, rows.height), needs_levels=True)
    opened.read_levels = lambda: sample_range.spread(odd.unpack(np.asarray(opened.picture)), (1 << odd.bits) - 1)
    return opened


def _open_first_page(data: bytes, kind: Kind) -> tuple[TiffImagePlugin.TiffImageFile, str | None]:
    picture = _open_again(data, kind)
    assert isinstance(picture, TiffImagePlugin.TiffImageFile)
    try:
        return picture, tiff_pages.choose_page(picture)
    except PictureError:
        raise
    except Exception as error:
        raise decoding.fault(kind, error) from error


def _open_page(data: bytes, kind: Kind) -> TiffImagePlugin.TiffImageFile:
    return _open_first_page(data, kind)[0]
