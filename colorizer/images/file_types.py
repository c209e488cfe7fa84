"""What the first bytes of a file say it is; its name and its declared type are never asked.

`_SIGNATURES` has the kinds that people really send: those that are read, with Pillow's name of their format, and those
that deserve a sentence of their own. Whatever else Pillow can tell by the first bytes is named as Pillow names it, and
refused: fewer decoders, fewer doors.

Sources: the specifications of each format; WHATWG MIME Sniffing for HTML; ISO/IEC 14496-12 for the brands of `ftyp`.
"""

from dataclasses import dataclass
from typing import Final

from PIL import Image

HEAD_BYTES: Final = 1024  # enough for every signature, and for a `ftyp` box with many brands
READABLE: Final = "JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC"


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        label: with its article, as it stands in a sentence, for example "a PDF document".
        pillow_format: Pillow's name of the format, or None where we do not read it.
    """

    label: str
    pillow_format: str | None = None


_RAW: Final = Kind("a raw camera file")
_WEB_PAGE: Final = Kind("a web page")
_DRAWING: Final = Kind("an SVG drawing")
_TIFF: Final = Kind("a TIFF picture", "TIFF")
_BMP: Final = Kind("a BMP picture", "BMP")
_HEADERLESS_BMP: Final = Kind("a BMP picture without its header", "DIB")
_AVIF: Final = Kind("an AVIF picture", "AVIF")
_HEIF: Final = Kind("a HEIC photo", "HEIF")

_SIGNATURES: Final[tuple[tuple[int, bytes, Kind], ...]] = (
    (0, b"\xff\xd8\xff", Kind("a JPEG picture", "JPEG")),
    (0, b"\x89PNG\r\n\x1a\n", Kind("a PNG picture", "PNG")),
    (0, b"GIF87a", Kind("a GIF picture", "GIF")),
    (0, b"GIF89a", Kind("a GIF picture", "GIF")),
    (8, b"WEBP", Kind("a WebP picture", "WEBP")),
    (8, b"CR\x02\x00", _RAW),  # Canon CR2, which starts like a TIFF
    (0, b"II*\x00", _TIFF),
    (0, b"MM\x00*", _TIFF),
    (0, b"II+\x00", _TIFF),  # BigTIFF
    (0, b"MM\x00+", _TIFF),
    (0, b"IIU\x00", _RAW),
    (0, b"IIRO", _RAW),
    (0, b"FUJIFILMCCD-RAW", _RAW),
    (0, b"8BPS", Kind("a Photoshop document")),
    (0, b"\x1aE\xdf\xa3", Kind("a WebM or Matroska video")),
    (8, b"AVI ", Kind("an AVI video")),
    (8, b"WAVE", Kind("a sound file")),
    (0, b"ID3", Kind("a sound file")),
    (0, b"PK\x03\x04", Kind("a ZIP archive or an office document")),
    (0, b"\x1f\x8b", Kind("a gzip archive")),
    (0, b"\x00\x00\x00\x0cJXL ", Kind("a JPEG XL picture")),
    (0, b"\xff\x0a", Kind("a JPEG XL picture")),
    (0, b"MZ", Kind("a program")),
    (0, b"\x7fELF", Kind("a program")),
)
"""Offset, bytes there, kind."""
_AVIF_BRANDS: Final = frozenset((b"avif", b"avis"))
_HEIF_BRANDS: Final = frozenset(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"mif2", b"mif3", b"msf1")
)
"""Of the codecs, and of the container alone: some programs write `mif1` and nothing else."""
_DIB_HEADERS: Final = (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0")
_MARKUP: Final = (
    (b"<svg", _DRAWING),
    (b"<!doctype html", _WEB_PAGE),
    (b"<html", _WEB_PAGE),
    (b"<head", _WEB_PAGE),
    (b"<body", _WEB_PAGE),
    (b"<script", _WEB_PAGE),
    (b"<?xml", Kind("an XML document")),
)


def sniff(data: bytes) -> Kind | None:
    """Return the kind of a file from its first bytes (`HEAD_BYTES` are enough), or None where nothing fits."""
    head = data[:HEAD_BYTES]
    for offset, magic, kind in _SIGNATURES:
        if head.startswith(magic, offset):
            return kind
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    # Two letters prove little, so the reserved field or the size of the header that follows must fit as well.
    if head.startswith(b"BM") and (head[6:10] == bytes(4) or head[14:18] in _DIB_HEADERS):
        return _BMP
    if head[:4] in _DIB_HEADERS and head[12:14] == b"\1\0":  # its one plane
        return _HEADERLESS_BMP
    if b"%PDF-" in head:  # readers of PDF accept rubbish before it
        return Kind("a PDF document")
    return _sniff_text(head) or _ask_pillow(head)


def _sniff_brands(head: bytes) -> Kind:
    """Tell AVIF, HEIC and films apart: all are ISO base media files, with a list of brands in the first box."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[start : start + 4] for start in range(16, end - 3, 4))]
    if _AVIF_BRANDS.intersection(brands):
        return _AVIF
    if _HEIF_BRANDS.intersection(brands):
        return _HEIF
    if b"crx " in brands:
        return _RAW
    return Kind("a QuickTime film" if brands[0] == b"qt  " else "an MP4 video")


def _sniff_text(head: bytes) -> Kind | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for tag, kind in _MARKUP:
        if text.startswith(tag):
            return _DRAWING if b"<svg" in text else kind
    if text.startswith(b"<!--"):
        return _DRAWING if b"<svg" in text else _WEB_PAGE
    is_text = text and not any(byte < 32 and byte not in b"\t\n\f\r" for byte in head)
    if is_text and _ask_pillow(head) is None and _is_unicode(head):
        return Kind("a text file")
    return None


def _is_unicode(head: bytes) -> bool:
    try:
        head[:-3].decode("utf-8")  # the last character may be cut in two by HEAD_BYTES
    except UnicodeDecodeError:
        return False
    return len(head) > 3


def _ask_pillow(head: bytes) -> Kind | None:
    """Name what one of Pillow's readers says it knows by its first bytes; nothing is parsed for it."""
    Image.init()
    for name, (_, accept) in Image.OPEN.items():
        if accept is not None and _accepts(accept, head):
            description = getattr(Image.OPEN[name][0], "format_description", None) or name
            return Kind(f"of another kind ({description})")
    return None


def _accepts(accept: object, head: bytes) -> bool:
    try:
        return accept(head) is True  # type: ignore[operator]
    except Exception:  # they index into bytes that may be too few
        return False
