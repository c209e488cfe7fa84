"""Small real picture files in every format and variety, made on the spot for the tests; no picture is committed."""

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import pillow_heif
import tifffile
from PIL import Image

WIDTH, HEIGHT = 40, 24


def colourful(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Make a smooth picture without any symmetry, so that each turn and mirroring of it is another picture."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    channels = (200 * x + 30, 180 * y + 40, 120 * x * y + 60)
    return Image.fromarray(np.stack(channels, 2).astype(np.uint8))


def translucent() -> Image.Image:
    image = colourful().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def heic(*images: Image.Image) -> bytes:
    file = pillow_heif.HeifFile()
    for image in images:
        file.add_from_pillow(image)
    stream = io.BytesIO()
    file.save(stream, quality=90)
    return stream.getvalue()


def tiff(array: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **options)
    return stream.getvalue()


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    pixels: np.ndarray, chunks: Sequence[tuple[bytes, bytes]] = (), interlaced: bool = False, size: object = None
) -> bytes:
    """(H, W, C) uint8 or uint16 as PNG, with more chunks before the pixels, and a declared (width, height) if any."""
    height, width, channels = pixels.shape
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    parts = [pixels[top::down, left::right] for top, left, down, right in passes]
    rows = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for part in parts for row in part)
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", *(size or (width, height)), pixels.itemsize * 8, colour_type, 0, 0, interlaced)
    content = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in content)


_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def every_format() -> dict[str, bytes]:
    """One file of each format and variety, all of which show `colourful()`, some in grey."""
    image, other = colourful(), colourful().rotate(180)
    grey = image.convert("L")
    sixteen = np.asarray(image).astype(np.uint16) * 257
    frames = {"save_all": True, "append_images": [other]}
    return {
        "JPEG": encoded(image, "JPEG", quality=95, subsampling=0),
        "progressive JPEG": encoded(image, "JPEG", quality=95, progressive=True),
        "grey JPEG": encoded(grey, "JPEG", quality=95),
        "CMYK JPEG": encoded(image.convert("CMYK"), "JPEG", quality=95),
        "PNG": encoded(image, "PNG"),
        "grey PNG": encoded(grey, "PNG"),
        "16-bit PNG": png(sixteen),
        "16-bit grey PNG": png(np.asarray(grey).astype(np.uint16)[..., None] * 257),
        "interlaced PNG": png(np.asarray(image), interlaced=True),
        "palette PNG": encoded(image.quantize(256), "PNG"),
        "animated PNG": encoded(image, "PNG", **frames),
        "GIF": encoded(image, "GIF"),
        "animated GIF": encoded(image, "GIF", **frames),
        "WebP": encoded(image, "WEBP", quality=95),
        "lossless WebP": encoded(image, "WEBP", lossless=True),
        "animated WebP": encoded(image, "WEBP", quality=95, **frames),
        "TIFF": encoded(image, "TIFF"),
        "LZW TIFF": encoded(image, "TIFF", compression="tiff_lzw"),
        "deflate TIFF": encoded(image, "TIFF", compression="tiff_adobe_deflate"),
        "JPEG TIFF": encoded(image, "TIFF", compression="jpeg", quality=95),
        "16-bit TIFF": tiff(sixteen, photometric="rgb"),
        "16-bit deflate TIFF": tiff(sixteen, photometric="rgb", compression="zlib"),
        "16-bit grey TIFF": tiff(np.asarray(grey).astype(np.uint16) * 257, photometric="minisblack"),
        "big-endian 16-bit grey TIFF": tiff(np.asarray(grey).astype(np.uint16) * 257, byteorder=">"),
        "16-bit grey TIFF with white as zero": tiff(
            65535 - np.asarray(grey).astype(np.uint16) * 257, photometric="miniswhite"
        ),
        "BigTIFF": encoded(image, "TIFF", big_tiff=True),
        "BMP": encoded(image, "BMP"),
        "palette BMP": encoded(image.quantize(256), "BMP"),
        "AVIF": encoded(image, "AVIF", quality=95),
        "HEIC": heic(image),
        "HEIC of two": heic(image, other),
    }
