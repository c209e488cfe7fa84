"""The only door for pictures: a path, a link, bytes, a PIL image or an array in; a safe upright sRGB photo out.

    photo = open_image("holiday.heic")
    photo.image      # PIL "RGB", upright, sRGB
    photo.alpha      # PIL "L" or None
    save_image(photo.image, Path("out.png"), note="...")
    header_size(Path("holiday.heic"))      # (width, height) without decoding, or None

Bytes are judged by what they are. Nothing is decoded before its size is known to be within `LIMITS`. Whatever goes
wrong with a picture is one PictureError (or its child LinkError) of one sentence.
"""

import dataclasses
import re
import stat
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from colorizer.errors import PictureError
from colorizer.images import decoding, normalize
from colorizer.images.file_types import HEAD_BYTES, Kind
from colorizer.images.saving import encode_image, save_image

if TYPE_CHECKING:
    from colorizer.images.fetch import LinkPolicy

__all__ = [
    "LIMITS",
    "SUFFIXES",
    "Limits",
    "Photo",
    "Source",
    "encode_image",
    "header_size",
    "open_image",
    "safe_name",
    "save_image",
]

Source = str | Path | bytes | bytearray | memoryview | Image.Image | NDArray[np.uint8]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif", ".heic", ".heif"})
"""What a folder's pictures are found by; whether a file is one is judged by its bytes."""
_LINK = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_UNSAFE_IN_NAMES = re.compile(r"[^\w .()+-]+")
_MAX_NAME_LENGTH = 80
_GREY_TOLERANCE_LEVELS = 2  # what rounding in JPEG and in a profile's conversion leaves of a grey


@dataclass(frozen=True)
class Limits:
    """How large and how small a picture may be; checked before it is decoded."""

    max_pixels: int = 50_000_000  # as RGB, 200 MB in Pillow's 4 bytes a pixel: what a small host can hold
    max_bytes: int = 25_000_000  # of the file
    min_side: int = 16  # px; below, a network of stride 16 or 32 sees nothing but padding
    max_side: int = 32_768  # px; a strip of 16 x 3 million px is no photo, and most programs cannot show it


LIMITS = Limits()


@dataclass(frozen=True)
class Photo:
    """A picture that is safe to work with.

    Attributes:
        image: mode "RGB", sRGB, upright, without metadata.
        alpha: mode "L", 0 transparent to 255 opaque, of the same size; None where the source had no transparency.
        name: for titles and downloads: no folder, no ending, no characters that a file system refuses.
        notices: full sentences on what the user may not expect, for example that only the first frame is used.
    """

    image: Image.Image
    alpha: Image.Image | None
    name: str
    notices: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in px."""
        return self.image.size

    @property
    def is_grey(self) -> bool:
        """True where no pixel has a colour, up to 2 levels of 255 that rounding leaves."""
        return normalize.is_grey(self.image, _GREY_TOLERANCE_LEVELS)


def open_image(
    source: Source,
    *,
    name: str | None = None,
    limits: Limits | None = None,
    link_policy: "LinkPolicy | None" = None,
) -> Photo:
    """Open a picture from wherever it comes.

    Args:
        source: a path; a link (any string with "://"); the bytes of a file; a PIL image (its current frame is used);
            or a uint8 array (H, W), (H, W, 3) RGB or (H, W, 4) RGBA.
        name: the file name that the user knows it by; by default that of the path or link, else "photo".
        limits: by default the module's `LIMITS` at the time of the call.
        link_policy: by default `colorizer.images.fetch.POLICY` at the time of the call.

    Raises:
        PictureError: it cannot be read, is no picture, or exceeds the limits.
        LinkError: the link is refused, or gives nothing in time.
    """
    limits = limits or LIMITS
    if name is None:
        name = str(source) if isinstance(source, (str, Path)) else ""
    name = safe_name(name)
    if isinstance(source, Image.Image):
        return _finish(source, Kind("a picture"), name, limits)
    if isinstance(source, np.ndarray):
        return _finish(_from_array(source), Kind("an array"), name, limits)
    data = _read(source, limits, link_policy)
    kind = decoding.require_readable(data[:HEAD_BYTES])
    return _finish(decoding.read_header(data, kind), kind, name, limits)


def header_size(path: Path) -> tuple[int, int] | None:
    """(width, height) in px as a file's header tells, before its EXIF orientation turns the picture upright; None for
    whatever `open_image` may refuse. The pixels are not looked at."""
    try:
        if not path.is_file() or path.stat().st_size > LIMITS.max_bytes:
            return None
        with path.open("rb") as file:
            width, height = decoding.read_size(file)
    except (PictureError, OSError, ValueError):  # ValueError: a null character in the path
        return None
    return (width, height) if min(width, height) > 0 else None


def _read(source: Source, limits: Limits, link_policy: "LinkPolicy | None") -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        _require_bytes(memoryview(source).nbytes, limits)
        return bytes(source)
    if isinstance(source, str) and _LINK.match(source):
        return _fetch(source, limits, link_policy)
    if isinstance(source, (str, Path)):
        return _read_file(Path(source), limits)
    raise PictureError(
        f"A picture must be a path, a link, bytes, a PIL image or a uint8 array, not {type(source).__name__}."
    )


def _fetch(link: str, limits: Limits, link_policy: "LinkPolicy | None") -> bytes:
    from colorizer.images import fetch  # ssl and http are slow to import, and most pictures are files

    policy = link_policy or fetch.POLICY
    return fetch.fetch(link, dataclasses.replace(policy, max_bytes=min(policy.max_bytes, limits.max_bytes)))


def _read_file(path: Path, limits: Limits) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PictureError(f"'{path.name}' is a folder; give a picture in it.")
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(f"'{path.name}' is not an ordinary file; give a picture.")
        _require_bytes(status.st_size, limits)
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)  # a file may grow after its size was read
    except FileNotFoundError:
        raise PictureError(f"There is no file '{path.name}'; check its name and folder.") from None
    except PermissionError:
        raise PictureError(f"'{path.name}' may not be read; change its permissions.") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise PictureError(f"'{path.name}' cannot be read ({reason}); check the path.") from None
    _require_bytes(len(data), limits)
    return data


def _from_array(array: NDArray[np.uint8]) -> Image.Image:
    is_image = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if array.dtype != np.uint8 or not is_image:
        raise PictureError(
            f"An array must be uint8 of shape (H, W), (H, W, 3) or (H, W, 4), not {array.dtype} {array.shape}."
        )
    if array.size == 0:
        raise PictureError(f"The array of shape {array.shape} has no pixels; give one that has.")
    return Image.fromarray(np.ascontiguousarray(array))


def _finish(picture: Image.Image, kind: Kind, name: str, limits: Limits) -> Photo:
    """Check the size, decode, and bring to upright sRGB; the order is the point."""
    _require_size(picture.size, limits)
    _require_pixels(decoding.largest_buffer(picture), limits)
    frames = decoding.frames_notice(picture) if kind.pillow_format else None
    sixteen_bit_key = normalize.is_sixteen_bit_colour(picture)
    decoding.decode(picture, kind)
    _require_size(picture.size, limits)  # a decoder may find another size than the header told
    image, alpha, damage = _convert(picture, kind, sixteen_bit_key)
    return Photo(image, alpha, name, tuple(notice for notice in (frames, damage) if notice))


def _convert(
    picture: Image.Image, kind: Kind, sixteen_bit_key: bool
) -> tuple[Image.Image, Image.Image | None, str | None]:
    """Decoded picture to (RGB, alpha, notice on the colour profile)."""
    profile = picture.info.get("icc_profile")
    try:
        colour, alpha = normalize.split_alpha(normalize.upright(picture), sixteen_bit_key)
        is_from_file = kind.pillow_format is not None  # and not a picture or an array of the caller's
        image, damage = normalize.to_srgb(colour, profile if isinstance(profile, bytes) else None, is_from_file)
    except PictureError:
        raise
    except Exception as error:  # palettes and transparency are hostile bytes as well
        raise decoding.fault(kind, error) from error
    for part in (image, alpha):
        if part is not None:
            part.info = {}  # EXIF, GPS, XMP, text and the old profile end here
    return image, alpha, damage


def _require_bytes(count: int, limits: Limits) -> None:
    if count > limits.max_bytes:
        raise PictureError(
            f"The file has {count / 1e6:.1f} MB, more than the limit of {limits.max_bytes / 1e6:.1f} MB; "
            "make the picture smaller, or save it as JPEG."
        )


def _require_pixels(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise PictureError(
            f"The picture has {width} x {height} pixels, {width * height / 1e6:.1f} million, more than the limit of "
            f"{limits.max_pixels / 1e6:.1f} million; make it smaller."
        )


def _require_size(size: tuple[int, int], limits: Limits) -> None:
    _require_pixels(size, limits)
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


def safe_name(source: str) -> str:
    """A name for titles and downloads from a path of any system, or from a link.

    It is the last part, without its ending and without what a file system or a page refuses; "photo" where nothing is
    left of it.
    """
    if _LINK.match(source):
        path = re.split(r"[?#]", source, maxsplit=1)[0].split("://", 1)[1]
        source = urllib.parse.unquote(path.rpartition("/")[2]) if "/" in path else ""
    stem = Path(re.split(r"[/\\]", source)[-1]).stem
    safe = _UNSAFE_IN_NAMES.sub("_", stem).strip(" .")[:_MAX_NAME_LENGTH].strip(" .")
    return safe if safe.strip("_") else "photo"
