"""How large a picture, an upload and a set of pictures may be: the one home of every such limit.

`.streamlit/config.toml` repeats `MAX_UPLOAD_MEGABYTES`, as Streamlit reads no Python; a test holds them together.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

from colorizer.errors import PictureError

MAX_UPLOAD_MEGABYTES: Final = 32  # of one file: an uncompressed scan of 10 x 15 cm at 600 dpi has 25.1


@dataclass(frozen=True)
class Limits:
    """How large and how small a picture may be; checked before it is decoded."""

    max_pixels: int = 52_000_000  # "50 megapixels" are 8160 x 6144; in Pillow's 4 bytes a pixel 208 MB
    max_bytes: int = MAX_UPLOAD_MEGABYTES * 1_000_000  # of the file
    min_side: int = 16  # px; below, a network of stride 16 or 32 sees nothing but padding
    max_side: int = 32_768  # px; a strip of 16 x 3 million px is no photo, and most programs cannot show it


LIMITS: Final = Limits()

MAX_LINK_BYTES: Final = MAX_UPLOAD_MEGABYTES * 1_000_000
"""Of the file behind a link: as of an upload, and on one's own computer too, as the server is a stranger's."""

_LOCAL_BYTES_PER_PIXEL: Final = 8  # 16-bit RGBA without compression: no file of a photo needs more
_LOCAL_SPARE_BYTES: Final = 64_000_000  # for metadata, thumbnails and further pages

MAX_SET_PICTURES: Final = 500
MAX_SET_BYTES: Final = 200_000_000  # of one set, as it came: the host's memory holds them until they are measured
MAX_UNPACKED_BYTES: Final = 1_000_000_000  # of one archive: time, not memory, is what this limits
MAX_DIRECTORY_BYTES: Final = 2_000_000  # of an archive's list of members: about 20,000 of them
MAX_PROFILE_BYTES: Final = 16_000_000  # of an unpacked colour profile: those of printers have 1 to 4 MB


def local_limits(max_pixels: int | None = None) -> Limits:
    """Return the limits for files on one's own computer, where bytes count only by what they decode to.

    Args:
        max_pixels: the user's own limit; by default that of `LIMITS`.
    """
    pixels = max_pixels or LIMITS.max_pixels
    max_bytes = pixels * _LOCAL_BYTES_PER_PIXEL + _LOCAL_SPARE_BYTES
    return dataclasses.replace(LIMITS, max_pixels=pixels, max_bytes=max(LIMITS.max_bytes, max_bytes))


def require_bytes(count: int, limits: Limits) -> None:
    """Refuse a file that is too large.

    Raises:
        PictureError: it has more bytes than `limits` allow.
    """
    if count > limits.max_bytes:
        raise PictureError(
            f"The file has {count / 1e6:.1f} MB, more than the limit of {limits.max_bytes / 1e6:.1f} MB; "
            "make the picture smaller, or save it as JPEG."
        )


def require_pixels(size: tuple[int, int], limits: Limits) -> None:
    """Refuse what would fill the memory once it is decoded.

    Args:
        size: (width, height) in px of a picture, or of a part that is decoded as a whole.
        limits: what is allowed.

    Raises:
        PictureError: it has more pixels than `limits` allow.
    """
    width, height = size
    if width * height > limits.max_pixels:
        raise PictureError(
            f"The picture has {width} x {height} pixels, {width * height / 1e6:.1f} million, more than the limit of "
            f"{limits.max_pixels / 1e6:.1f} million; make it smaller."
        )


def require_size(size: tuple[int, int], limits: Limits) -> None:
    """Refuse a picture of a size that is not worked on.

    Raises:
        PictureError: it has too many pixels, or a side, in px, that is too short or too long.
    """
    require_pixels(size, limits)
    width, height = size
    if min(size) < limits.min_side:
        raise PictureError(
            f"The picture has {width} x {height} pixels, and each side needs at least {limits.min_side}; "
            "choose a larger one."
        )
    if max(size) > limits.max_side:
        raise PictureError(
            f"The picture has {width} x {height} pixels, and no side may exceed {limits.max_side}; "
            "crop it or make it smaller."
        )
