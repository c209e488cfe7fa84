"""From the bytes of a picture to upright 8-bit sRGB pixels; every fault of a decoder becomes one PictureError.

`colorizer.images` is the door; this file is what lies behind it. The size is read from the header and checked before
a pixel is decoded. Decoders are asked by name for the kind that the bytes show, never tried one after the other, and
without `Image.open`, whose own limit on pixels is one for the whole process.
"""

import io
from collections.abc import Callable
from typing import IO, Final

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from colorizer.errors import PictureError
from colorizer.images.containers import is_whole
from colorizer.images.file_types import HEAD_BYTES, READABLE, Kind, sniff

_TIFF_SUBFILE_TYPE, _TIFF_TILE_WIDTH, _TIFF_TILE_HEIGHT, _TIFF_SUB_DIRECTORIES = 254, 322, 323, 330
_TIFF_DNG_VERSION, _TIFF_PLANAR_CONFIGURATION, _TIFF_SEPARATE_PLANES = 50706, 284, 2


def _open_heif(stream: IO[bytes]) -> ImageFile.ImageFile:
    try:
        import pillow_heif  # optional, and slow to import
    except ImportError:
        raise PictureError(
            "HEIC photos cannot be read here, because the package pillow-heif is not installed; "
            "install it, or save the photo as JPEG."
        ) from None
    return pillow_heif.HeifImageFile(stream)


def _open_avif(stream: IO[bytes]) -> ImageFile.ImageFile:
    try:
        from PIL import AvifImagePlugin  # training may run beside a Pillow from before it read AVIF
    except ImportError:
        raise PictureError(
            "AVIF photos cannot be read here, because the installed Pillow is too old; install a newer one, or save "
            "the photo as JPEG."
        ) from None
    return AvifImagePlugin.AvifImageFile(stream)


_OPENERS: Final[dict[str, Callable[[IO[bytes]], ImageFile.ImageFile]]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "AVIF": _open_avif,
    "HEIF": _open_heif,
}


def require_readable(head: bytes) -> Kind:
    """Return the kind of picture that the first bytes show.

    Raises:
        PictureError: they are empty, or of a kind that we do not read.
    """
    if not head:
        raise PictureError("The file is empty; choose another one, or get it again from where it came.")
    kind = sniff(head)
    if kind is None:
        raise PictureError(f"The file is not a picture that can be read; use {READABLE}.")
    if kind.pillow_format is None:
        raise PictureError(f"The file is {kind.label}, which cannot be read here; use {READABLE}.")
    return kind


def read_header(data: bytes, kind: Kind) -> ImageFile.ImageFile:
    """Open a picture without decoding a pixel; its size is known then.

    Raises:
        PictureError: the header is cut off or damaged, or the file holds something else than a finished picture.
    """
    assert kind.pillow_format is not None
    if not is_whole(data, kind.pillow_format):
        raise fault(kind, EOFError())
    picture = _opened(io.BytesIO(data), kind)
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        _refuse_raw_camera_file(picture)
        _refuse_sixteen_bit_planes(picture)
    return picture


def read_size(stream: IO[bytes]) -> tuple[int, int]:
    """(width, height) in px that the header of a file tells, before the picture is turned upright.

    Raises:
        PictureError: it is of a kind that we do not read, or its header is damaged.
    """
    kind = require_readable(stream.read(HEAD_BYTES))
    stream.seek(0)
    return _opened(stream, kind).size


def _opened(stream: IO[bytes], kind: Kind) -> ImageFile.ImageFile:
    assert kind.pillow_format is not None
    try:
        return _OPENERS[kind.pillow_format](stream)
    except PictureError:
        raise
    except Exception as error:  # decoders raise nearly every exception there is on hostile bytes
        raise fault(kind, error) from error


def largest_buffer(picture: Image.Image) -> tuple[int, int]:
    """(width, height) in px of the largest piece that its decoder fills: the picture, or a tile of a TIFF beyond it."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return picture.size
    tile = (_tag(picture, _TIFF_TILE_WIDTH), _tag(picture, _TIFF_TILE_HEIGHT))
    return max(picture.size, tile, key=lambda size: size[0] * size[1])


def decode(picture: Image.Image, kind: Kind) -> None:
    """Decode all pixels of an opened picture in place.

    Raises:
        PictureError: it is cut off, damaged, or larger than the memory.
    """
    try:
        picture.load()
    except Exception as error:  # as in read_header
        raise fault(kind, error) from error


def frames_notice(picture: Image.Image) -> str | None:
    """Say which one of several frames is used, or None for a picture of one frame."""
    try:
        has_frames = bool(getattr(picture, "is_animated", False))
    except Exception:  # damage behind the first frame is no fault of the first frame
        has_frames = False
    if not has_frames:
        return None
    if picture.format == "TIFF":
        return "Only the first page of the file is used."
    if picture.format == "HEIF":
        return "Only the main picture of the file is used."
    return "Only the first frame of the animation is used."


def fault(kind: Kind, error: Exception) -> PictureError:
    """The one sentence for what a decoder raised."""
    if isinstance(error, MemoryError):
        return PictureError("There is not enough memory to decode the picture; make it smaller.")
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return PictureError("The picture unpacks to far more pixels than a photo has; make it smaller.")
    return PictureError(
        f"The file is {kind.label} that is cut off, damaged, or of a rare variety; get it again or save it anew as PNG."
    )


def _refuse_raw_camera_file(picture: TiffImagePlugin.TiffImageFile) -> None:
    """DNG, NEF and their like are TIFFs whose first picture is only a thumbnail."""
    is_thumbnail = _tag(picture, _TIFF_SUBFILE_TYPE) == 1 and _TIFF_SUB_DIRECTORIES in picture.tag_v2
    if is_thumbnail or _TIFF_DNG_VERSION in picture.tag_v2:
        raise PictureError("The file is a raw camera file, which cannot be read here; develop it and save it as JPEG.")


def _refuse_sixteen_bit_planes(picture: TiffImagePlugin.TiffImageFile) -> None:
    """Pillow reads the planes of such a file as if they had 8 bits, and shows nonsense without an error."""
    is_planar = _tag(picture, _TIFF_PLANAR_CONFIGURATION) == _TIFF_SEPARATE_PLANES
    if is_planar and picture.mode in ("RGB", "RGBA", "CMYK") and max(picture.tag_v2[TiffImagePlugin.BITSPERSAMPLE]) > 8:
        raise PictureError(
            "The TIFF keeps its 16-bit channels in separate planes, which cannot be read here; "
            "save it with interleaved channels, or as PNG."
        )


def _tag(picture: TiffImagePlugin.TiffImageFile, number: int) -> int:
    """A whole number of a TIFF's header, or 0 where it is missing or of another type."""
    try:
        value = picture.tag_v2.get(number)
    except Exception:  # tags are unpacked when asked for, from hostile bytes
        return 0
    return value if isinstance(value, int) else 0
