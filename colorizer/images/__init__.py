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
import functools
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
from colorizer.images import decoding, greyness, normalize, picture_file
from colorizer.images.file_types import HEAD_BYTES
from colorizer.images.folders import SUFFIXES
from colorizer.images.greyness import Tone
from colorizer.images.limits import LIMITS, Limits, require_bytes, require_pixels, require_size
from colorizer.images.picture_file import Opened
from colorizer.images.salvage import decode
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
    "read_file",
    "safe_name",
    "save_image",
]

Source = str | Path | bytes | bytearray | memoryview | Image.Image | NDArray[np.uint8]

_LINK = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_UNSAFE_IN_NAMES = re.compile(r"[^\w .()+-]+")
_MAX_NAME_LENGTH = 80


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

    @functools.cached_property
    def tone(self) -> Tone:
        """Whether it has colours of its own, or is grey, or a toned black-and-white photo; see `images.greyness`."""
        return greyness.tone_of(self.image)

    @property
    def is_grey(self) -> bool:
        """True for a black-and-white photo, toned or not: its colours are no truth to hold a result against."""
        return self.tone != "colour"

    @property
    def why_no_truth(self) -> str | None:
        """One sentence for a black-and-white photo, None for a colour photo."""
        return greyness.sentence_of(self.tone)


def open_image(
    source: Source,
    *,
    name: str | None = None,
    limits: Limits | None = None,
    link_policy: "LinkPolicy | None" = None,
    salvage: bool = False,
) -> Photo:
    """Open a picture from wherever it comes.

    Args:
        source: a path; a link (any string with "://"); the bytes of a file; a PIL image (its current frame is used);
            or a uint8 array (H, W), (H, W, 3) RGB or (H, W, 4) RGBA.
        name: the file name that the user knows it by; by default that of the path or link, else "photo".
        limits: by default the module's `LIMITS` at the time of the call.
        link_policy: by default `colorizer.images.fetch.POLICY` at the time of the call.
        salvage: of a file that is cut off, take what is there. Pillow's switch for it is one for the process, so no
            picture may be opened without it meanwhile.

    Raises:
        PictureError: it cannot be read, is no picture, or exceeds the limits.
        LinkError: the link is refused, or gives nothing in time.
    """
    limits = limits or LIMITS
    if name is None:
        name = str(source) if isinstance(source, (str, Path)) else ""
    name = safe_name(name)
    if isinstance(source, Image.Image):
        return _finish(Opened(source), name, limits)
    if isinstance(source, np.ndarray):
        return _finish(Opened(_from_array(source)), name, limits)
    data = _read(source, limits, link_policy)
    return _finish(
        picture_file.open_file(data, functools.partial(require_pixels, limits=limits)), name, limits, salvage
    )


def header_size(path: Path, limits: Limits | None = None) -> tuple[int, int] | None:
    """(width, height) in px as a file's header tells, before its EXIF orientation turns the picture upright; None for
    whatever `open_image` may refuse, or has to read as a whole. The pixels are not looked at."""
    limits = limits or LIMITS
    try:
        if not path.is_file() or path.stat().st_size > limits.max_bytes:
            return None
        with path.open("rb") as file:
            kind = decoding.require_readable(file.read(HEAD_BYTES))
            file.seek(0)
            width, height = decoding.open_stream(file, kind).size
    except (PictureError, OSError, ValueError):  # ValueError: a null character in the path
        return None
    return (width, height) if min(width, height) > 0 else None


def _read(source: Source, limits: Limits, link_policy: "LinkPolicy | None") -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        require_bytes(memoryview(source).nbytes, limits)
        return bytes(source)
    if isinstance(source, str) and _LINK.match(source):
        return _fetch(source, limits, link_policy)
    if isinstance(source, (str, Path)):
        return read_file(Path(source), limits)
    raise PictureError(
        f"A picture must be a path, a link, bytes, a PIL image or a uint8 array, not {type(source).__name__}."
    )


def _fetch(link: str, limits: Limits, link_policy: "LinkPolicy | None") -> bytes:
    from colorizer.images import fetch  # ssl and http are slow to import, and most pictures are files

    policy = link_policy or fetch.POLICY
    return fetch.fetch(link, dataclasses.replace(policy, max_bytes=min(policy.max_bytes, limits.max_bytes)))


def read_file(path: Path, limits: Limits | None = None) -> bytes:
    """Read a file that may be a picture, for `open_image`: nothing of it is judged yet.

    Raises:
        PictureError: it cannot be read, or has more bytes than the limits allow.
    """
    limits = limits or LIMITS
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PictureError(f"'{path.name}' is a folder; give a picture in it.")
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(f"'{path.name}' is not an ordinary file; give a picture.")
        require_bytes(status.st_size, limits)
        with path.open("rb") as file:
            data = file.read(limits.max_bytes + 1)  # a file may grow after its size was read
    except FileNotFoundError:
        raise PictureError(f"There is no file '{path.name}'; check its name and folder.") from None
    except PermissionError:
        raise PictureError(f"'{path.name}' may not be read; change its permissions.") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise PictureError(f"'{path.name}' cannot be read ({reason}); check the path.") from None
    require_bytes(len(data), limits)
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


def _finish(picture: Opened, name: str, limits: Limits, salvage: bool = False) -> Photo:
    """Check the size, decode, and bring to upright sRGB; the order is the point."""
    require_size(picture.size, limits)
    require_pixels(picture.tile, limits)
    decode(picture, salvage)
    if picture.size == picture.picture.size or not picture.needs_levels:
        require_size(picture.picture.size, limits)  # a decoder may find another size than the header told
    try:
        found = normalize.normalize(picture)
    except PictureError:
        raise
    except Exception as error:  # palettes and transparency are hostile bytes as well
        raise decoding.fault(picture.kind, error) from error
    return Photo(found.image, found.alpha, name, (*picture.notices, *found.notices))


def safe_name(source: str) -> str:
    """Make a name for titles and downloads from a path of any system, or from a link.

    It is the last part, without its ending and without what a file system or a page refuses; "photo" where nothing is
    left of it.
    """
    if _LINK.match(source):
        path = re.split(r"[?#]", source, maxsplit=1)[0].split("://", 1)[1]
        source = urllib.parse.unquote(path.rpartition("/")[2]) if "/" in path else ""
    stem = Path(re.split(r"[/\\]", source)[-1]).stem
    safe = _UNSAFE_IN_NAMES.sub("_", stem).strip(" .")[:_MAX_NAME_LENGTH].strip(" .")
    return safe if safe.strip("_") else "photo"
