"""Which page of a TIFF is the picture, and what in a TIFF cannot be read rightly.

Source: TIFF 6.0, NewSubfileType (254) and SubfileType (255): thumbnails and masks are told from pages.
"""

from typing import Final

from PIL import TiffImagePlugin

from colorizer.errors import PictureError

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _TILE_WIDTH, _TILE_HEIGHT, _SUB_DIRECTORIES = 254, 255, 322, 323, 330
_DNG_VERSION, _PLANAR_CONFIGURATION, _SEPARATE_PLANES = 50706, 284, 2
_REDUCED_OR_MASK: Final = 1 | 4
_OLD_REDUCED: Final = 2
MAX_PAGES: Final = 64  # that are looked at
FIRST_PAGE: Final = "Only the first page of the file is used."


def choose_page(picture: TiffImagePlugin.TiffImageFile) -> str | None:
    """Turn to the first page that is neither a thumbnail nor a mask; returns a notice where there are more.

    Raises:
        PictureError: it is a raw camera file, or has planes of 16 bits.
    """
    _refuse_raw_camera_file(picture)
    chosen, full = 0, 0
    for page in range(MAX_PAGES):
        try:
            picture.seek(page)
        except Exception:  # the end, or a damaged directory behind good ones
            break
        if not is_reduced(picture):
            chosen = page if not full else chosen
            full += 1
            if full == 2:
                break
    picture.seek(chosen)
    _refuse_sixteen_bit_planes(picture)
    return FIRST_PAGE if full > 1 else None


def is_reduced(picture: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether the page is a smaller copy of another one, or a mask for it."""
    return bool(_tag(picture, _NEW_SUBFILE_TYPE) & _REDUCED_OR_MASK) or _tag(picture, _SUBFILE_TYPE) == _OLD_REDUCED


def largest_tile(picture: TiffImagePlugin.TiffImageFile) -> tuple[int, int]:
    """(width, height) in px of a tile, which may be larger than the picture; (0, 0) without tiles."""
    return _tag(picture, _TILE_WIDTH), _tag(picture, _TILE_HEIGHT)


def _refuse_raw_camera_file(picture: TiffImagePlugin.TiffImageFile) -> None:
    """DNG, NEF and their like are TIFFs whose first picture is only a thumbnail."""
    is_thumbnail = _tag(picture, _NEW_SUBFILE_TYPE) == 1 and _SUB_DIRECTORIES in picture.tag_v2
    if is_thumbnail or _DNG_VERSION in picture.tag_v2:
        raise PictureError("The file is a raw camera file, which cannot be read here; develop it and save it as JPEG.")


def _refuse_sixteen_bit_planes(picture: TiffImagePlugin.TiffImageFile) -> None:
    """Pillow reads the planes of such a file as if they had 8 bits, and shows nonsense without an error."""
    is_planar = _tag(picture, _PLANAR_CONFIGURATION) == _SEPARATE_PLANES
    if is_planar and picture.mode in ("RGB", "RGBA", "CMYK") and max(picture.tag_v2[TiffImagePlugin.BITSPERSAMPLE]) > 8:
        raise PictureError(
            "The TIFF keeps its 16-bit channels in separate planes, which cannot be read here; "
            "save it with interleaved channels, or as PNG."
        )


def _tag(picture: TiffImagePlugin.TiffImageFile, number: int) -> int:
    """Read a whole number of a TIFF's directory, or 0 where it is missing or of another type."""
    try:
        value = picture.tag_v2.get(number)
    except Exception:  # tags are unpacked when asked for, from hostile bytes
        return 0
    return value if isinstance(value, int) else 0
