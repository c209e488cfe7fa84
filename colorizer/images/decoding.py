"""From the bytes of a picture to its pixels; every fault of a decoder becomes one PictureError.

`colorizer.images` is the door; this file is what lies behind it. The size is read from the header and checked before
a pixel is decoded. Decoders are asked by name for the kind that the bytes show, never tried one after the other, and
without `Image.open`, whose own limit on pixels is one for the whole process.
"""

import io
from collections.abc import Callable
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from colorizer.errors import PictureError
from colorizer.images.file_types import READABLE, Kind, sniff

CUT_OFF: Final = "The file is cut off; what there is of the picture is shown."


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
    "DIB": BmpImagePlugin.DibImageFile,
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


def open_stream(stream: IO[bytes], kind: Kind) -> ImageFile.ImageFile:
    """Open a picture without decoding a pixel; its size is known then.

    Raises:
        PictureError: the header is cut off or damaged.
    """
    assert kind.pillow_format is not None
    try:
        return _OPENERS[kind.pillow_format](stream)
    except PictureError:
        raise
    except Exception as error:  # decoders raise nearly every exception there is on hostile bytes
        raise fault(kind, error) from error


def decode(picture: Image.Image, kind: Kind) -> None:
    """Decode all pixels of an opened picture in place.

    Raises:
        PictureError: it is cut off, damaged, or larger than the memory.
    """
    try:
        picture.load()
    except Exception as error:  # as in open_stream
        raise fault(kind, error) from error


def decode_what_is_there(picture: Image.Image, kind: Kind) -> None:
    """As `decode`, of a picture that is cut off; what is missing stays black or grey.

    Pillow's switch for it is one for the whole process: no other picture may be decoded meanwhile.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        decode(picture, kind)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def have_same_pixels(one: Image.Image, other: Image.Image) -> bool:
    """Whether two decoded pictures of one size and mode are equal."""
    return one.size == other.size and ImageChops.difference(one, other).getbbox(alpha_only=False) is None


def read_heif_levels(data: bytes) -> NDArray[np.uint16] | None:
    """(H, W, 3) of a HEIC photo of more than 8 bits, 0..65535; None for one of 8."""
    import pillow_heif

    found = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    levels = np.asarray(found)
    return levels[..., :3] if levels.dtype == np.uint16 and levels.ndim == 3 and levels.shape[2] >= 3 else None


def frames_notice(picture: Image.Image) -> str | None:
    """Say which one of several frames is used, or None for a picture of one frame."""
    try:
        has_frames = bool(getattr(picture, "is_animated", False))
    except Exception:  # damage behind the first frame is no fault of the first frame
        has_frames = False
    if not has_frames:
        return None
    if picture.format == "HEIF":
        return "Only the main picture of the file is used."
    return "Only the first frame of the animation is used."


def fault(kind: Kind, error: Exception) -> PictureError:
    """Make the one sentence for what a decoder raised."""
    if isinstance(error, MemoryError):
        return PictureError("There is not enough memory to decode the picture; make it smaller.")
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return PictureError("The picture unpacks to far more pixels than a photo has; make it smaller.")
    return PictureError(
        f"The file is {kind.label} that is cut off, damaged, or of a rare variety; get it again or save it anew as PNG."
    )
