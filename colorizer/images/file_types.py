"""What the first bytes of a file say it is; its name and its declared type are never asked.

One table, `_SIGNATURES`, maps the first bytes to a label for people and, where we can read the kind, to the name that
Pillow has for it. To read one more kind: give its row that name here, and add its opener to `decoding`.

Sources: the specifications of each format; WHATWG MIME Sniffing for HTML; ISO/IEC 14496-12 for the brands of `ftyp`.
"""

from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True)
class _Signature:
    offset: int
    magic: bytes
    kind: Kind


_SIGNATURES: Final = (
    _Signature(0, b"\xff\xd8\xff", Kind("a JPEG picture", "JPEG")),
    _Signature(0, b"\x89PNG\r\n\x1a\n", Kind("a PNG picture", "PNG")),
    _Signature(0, b"GIF87a", Kind("a GIF picture", "GIF")),
    _Signature(0, b"GIF89a", Kind("a GIF picture", "GIF")),
    _Signature(8, b"WEBP", Kind("a WebP picture", "WEBP")),
    _Signature(8, b"CR\x02\x00", Kind("a raw camera file")),  # Canon CR2, which starts like a TIFF
    _Signature(0, b"II*\x00", Kind("a TIFF picture", "TIFF")),
    _Signature(0, b"MM\x00*", Kind("a TIFF picture", "TIFF")),
    _Signature(0, b"II+\x00", Kind("a TIFF picture", "TIFF")),  # BigTIFF
    _Signature(0, b"MM\x00+", Kind("a TIFF picture", "TIFF")),
    _Signature(0, b"IIU\x00", Kind("a raw camera file")),
    _Signature(0, b"IIRO", Kind("a raw camera file")),
    _Signature(0, b"FUJIFILMCCD-RAW", Kind("a raw camera file")),
    _Signature(0, b"8BPS", Kind("a Photoshop document")),
    _Signature(0, b"gimp xcf", Kind("a GIMP document")),
    _Signature(0, b"\x00\x00\x01\x00", Kind("a Windows icon")),
    _Signature(0, b"\x00\x00\x02\x00", Kind("a Windows cursor")),
    _Signature(0, b"icns", Kind("a macOS icon")),
    _Signature(0, b"\x00\x00\x00\x0cjP  ", Kind("a JPEG 2000 picture")),
    _Signature(0, b"\xff\x4f\xff\x51", Kind("a JPEG 2000 picture")),
    _Signature(0, b"\x00\x00\x00\x0cJXL ", Kind("a JPEG XL picture")),
    _Signature(0, b"\xff\x0a", Kind("a JPEG XL picture")),
    _Signature(0, b"v/1\x01", Kind("an OpenEXR picture")),
    _Signature(0, b"#?RADIANCE", Kind("a Radiance HDR picture")),
    _Signature(0, b"DDS ", Kind("a DirectDraw texture")),
    _Signature(0, b"qoif", Kind("a QOI picture")),
    *(_Signature(0, b"P%d" % digit + space, Kind("a PNM picture")) for digit in range(1, 8) for space in (b"\n", b" ")),
    _Signature(0, b"%!PS", Kind("a PostScript document")),
    _Signature(0, b"%PDF-", Kind("a PDF document")),
    _Signature(0, b"\x1aE\xdf\xa3", Kind("a WebM or Matroska video")),
    _Signature(8, b"AVI ", Kind("an AVI video")),
    _Signature(8, b"WAVE", Kind("a sound file")),
    _Signature(0, b"\x00\x00\x01\xba", Kind("an MPEG video")),
    _Signature(0, b"\x00\x00\x01\xb3", Kind("an MPEG video")),
    _Signature(0, b"FLV\x01", Kind("a Flash video")),
    _Signature(0, b"OggS", Kind("an Ogg sound or video file")),
    _Signature(0, b"ID3", Kind("a sound file")),
    _Signature(0, b"fLaC", Kind("a sound file")),
    _Signature(0, b"PK\x03\x04", Kind("a ZIP archive or an office document")),
    _Signature(0, b"PK\x05\x06", Kind("a ZIP archive")),
    _Signature(0, b"\x1f\x8b", Kind("a gzip archive")),
    _Signature(0, b"7z\xbc\xaf\x27\x1c", Kind("a 7-Zip archive")),
    _Signature(0, b"Rar!", Kind("a RAR archive")),
    _Signature(257, b"ustar", Kind("a tar archive")),
    _Signature(0, b"MZ", Kind("a Windows program")),
    _Signature(0, b"\x7fELF", Kind("a program")),
)
_AVIF: Final = Kind("an AVIF picture", "AVIF")
_HEIC: Final = Kind("a HEIC photo", "HEIF")
_BMP: Final = Kind("a BMP picture", "BMP")
_HEIC_BRANDS: Final = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"))
_MARKUP: Final = (
    (b"<svg", Kind("an SVG drawing")),
    (b"<!doctype html", Kind("a web page")),
    (b"<html", Kind("a web page")),
    (b"<head", Kind("a web page")),
    (b"<body", Kind("a web page")),
    (b"<script", Kind("a web page")),
    (b"<?xml", Kind("an XML document")),
)


def sniff(data: bytes) -> Kind | None:
    """Return the kind of a file from its first bytes (`HEAD_BYTES` are enough), or None where nothing fits."""
    head = data[:HEAD_BYTES]
    for signature in _SIGNATURES:
        if head.startswith(signature.magic, signature.offset):
            return signature.kind
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    # Two letters prove little, so the reserved field or the size of the header that follows must fit as well.
    if head.startswith(b"BM") and (head[6:10] == bytes(4) or head[14:18] in (b"\x28\0\0\0", b"\x7c\0\0\0")):
        return _BMP
    if b"%PDF-" in head:  # readers of PDF accept rubbish before it
        return Kind("a PDF document")
    return _sniff_text(head)


def _sniff_brands(head: bytes) -> Kind:
    """Tell AVIF, HEIC and films apart: all are ISO base media files, with a list of brands in the first box."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[start : start + 4] for start in range(16, end - 3, 4))]
    if b"avif" in brands or b"avis" in brands:
        return _AVIF
    if _HEIC_BRANDS.intersection(brands):
        return _HEIC
    if b"crx " in brands:
        return Kind("a raw camera file")
    return Kind("a QuickTime film" if brands[0] == b"qt  " else "an MP4 video")


def _sniff_text(head: bytes) -> Kind | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for tag, kind in _MARKUP:
        if text.startswith(tag):
            return Kind("an SVG drawing") if b"<svg" in text else kind
    if text.startswith(b"<!--"):
        return Kind("an SVG drawing" if b"<svg" in text else "a web page")
    is_text = not any(byte < 32 and byte not in b"\t\n\f\r" for byte in head)
    return Kind("a text file") if is_text and text.isascii() and text else _sniff_unicode(head)


def _sniff_unicode(head: bytes) -> Kind | None:
    if any(byte < 9 for byte in head):
        return None
    try:
        head[:-3].decode("utf-8")  # the last character may be cut in two by HEAD_BYTES
    except UnicodeDecodeError:
        return None
    return Kind("a text file") if len(head) > 3 else None
