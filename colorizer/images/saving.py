"""Saving coloured photos: PNG, JPEG or WebP in sRGB, with a note on the colours and nothing of the input's metadata.

Reached through `colorizer.images`. What is embedded: an sRGB profile, and the note - as "Description" text in PNG, as
the comment of a JPEG, as XMP dc:description in WebP.
"""

import functools
import io
from pathlib import Path
from typing import Any, Final, Literal, get_args
from xml.sax.saxutils import escape

from PIL import Image, PngImagePlugin

from colorizer.errors import PictureError
from colorizer.images import normalize
from colorizer.images.large_jpegs import encode_large_jpeg
from colorizer.utils.atomic_write import write_atomically

OutputFormat = Literal["PNG", "JPEG", "WEBP"]

_FORMAT_OF_ENDING: Final[dict[str, OutputFormat]] = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
MAX_SIDE_PX: Final[dict[OutputFormat, int]] = {"PNG": 2**31 - 1, "JPEG": 65_535, "WEBP": 16_383}  # of the formats
QUALITY: Final = 92  # of 100: no visible loss, at about a tenth of the PNG
_MAX_COMMENT_BYTES: Final = 65_533  # of a JPEG segment
LARGE_PIXELS: Final = 1 << 19
"""Of a JPEG: from here on it is worth while to wake other threads."""
_XMP: Final = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
    '<rdf:li xml:lang="x-default">{note}</rdf:li>'
    "</rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def encode_image(image: Image.Image, format: OutputFormat, note: str, *, quality: int = QUALITY) -> bytes:
    """Encode a picture.

    Args:
        image: mode "RGB" or "RGBA", sRGB. JPEG has no transparency, so there RGBA is laid on white.
        format: JPEG is written with full colour resolution (4:4:4).
        note: what the colours are, for whoever meets the file later.
        quality: of JPEG and WebP, 1 to 100; PNG has none, it keeps every pixel.

    Raises:
        PictureError: a side is longer than the format can hold.
        ValueError: another mode, format or quality.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"quality is {quality}; it must be between 1 and 100")
    if image.mode not in ("RGB", "RGBA") or format not in get_args(OutputFormat):
        raise ValueError(f"an RGB or RGBA picture as {get_args(OutputFormat)}, not {image.mode} as {format}")
    if max(image.size) > MAX_SIDE_PX[format]:
        raise PictureError(
            f"{format} holds at most {MAX_SIDE_PX[format]} pixels a side, and the picture has "
            f"{image.width} x {image.height}; save it as PNG."
        )
    clean = _on_white(image) if format == "JPEG" and image.mode == "RGBA" else image
    if clean.info:  # Pillow would write comments and profiles that it finds there
        clean = clean.copy()
        clean.info = {}
    options = {"icc_profile": srgb_profile_bytes(), **save_options(format, note, quality)}
    if format == "JPEG" and clean.width * clean.height >= LARGE_PIXELS:
        return encode_large_jpeg(clean, **options)
    stream = io.BytesIO()
    clean.save(stream, format, **options)
    return stream.getvalue()


def save_image(image: Image.Image, path: Path | str, note: str, *, quality: int = QUALITY) -> None:
    """Write a picture in the format of the path's ending (.png, .jpg, .jpeg, .webp).

    The file appears at once and whole, or not at all: it is written beside its place, to the disk, and then renamed.

    Args:
        image: mode "RGB" or "RGBA", sRGB.
        path: where to; an existing file is replaced.
        note: as for `encode_image`.
        quality: likewise.

    Raises:
        PictureError: an unknown ending, a side too long for the format, or a place that cannot be written.
    """
    path = Path(path)
    format = _FORMAT_OF_ENDING.get(path.suffix.lower())
    if format is None:
        raise PictureError(f"'{path.name}' must end in one of {', '.join(_FORMAT_OF_ENDING)}.")
    data = encode_image(image, format, note, quality=quality)
    try:
        write_atomically(path, data, make_folder=False)
    except OSError as error:
        raise PictureError(f"'{path.name}' cannot be written ({error.strerror}); choose another place.") from error


def save_options(format: OutputFormat, note: str, quality: int = QUALITY) -> dict[str, Any]:
    """Return the keywords of Pillow's writer for each format."""
    if format == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("Description", note)
        return {"pnginfo": text}
    if format == "JPEG":
        comment = note.encode()[:_MAX_COMMENT_BYTES].decode(errors="ignore").encode()
        return {"quality": quality, "subsampling": "4:4:4", "comment": comment}
    return {"quality": quality, "xmp": _XMP.format(note=escape(note)).encode()}


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


@functools.cache
def srgb_profile_bytes() -> bytes:
    """Date the profile alike each time (ICC.1:2022, 7.2: bytes 24 to 35), so that equal pictures give equal files."""
    profile = normalize.srgb_profile().tobytes()
    date = b"".join(part.to_bytes(2, "big") for part in (2000, 1, 1, 0, 0, 0))
    return profile[:24] + date + profile[36:]
