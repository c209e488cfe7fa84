"""What stands around a picture, or before it, does not decide over it: marks, boxes, brands, pages, texts."""

import io
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from colorizer.errors import PictureError
from colorizer.images import Limits, open_image
from colorizer.images.iso_boxes import read_iso_file
from tests.support.image_files import colourful, encoded, heic, png, tiff

TRUTH = np.asarray(colourful())
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF", "PNG"])
def test_an_orientation_in_xmp_alone_turns_nothing(format: str) -> None:
    if format == "PNG":
        data = png(TRUTH, [(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)])
    else:
        data = encoded(colourful(), format, xmp=XMP, quality=95)
    assert b"Orientation" in data
    assert open_image(data).size == colourful().size


@pytest.mark.parametrize("keyword", [b"Raw profile type exif", b"Raw profile type APP1"])
@pytest.mark.parametrize("packed", [True, False])
def test_an_orientation_in_a_text_of_imagemagick_turns_nothing(keyword: bytes, packed: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes()
    text = b"\nexif\n%8d\n" % len(block) + block.hex().encode() + b"\n"
    chunk = (b"zTXt", keyword + b"\0\0" + zlib.compress(text)) if packed else (b"tEXt", keyword + b"\0" + text)
    assert open_image(png(TRUTH, [chunk])).size == colourful().size


@pytest.mark.parametrize("make", ["HEIC", "AVIF"])
@pytest.mark.parametrize("junk", [b"<?xml version='1.0'?><a/>", bytes(100), b"\xff" * 31, b"\0\0\xff\xffsefd1234"])
def test_bytes_behind_a_whole_file_do_no_harm(make: str, junk: bytes) -> None:
    data = heic(colourful()) if make == "HEIC" else encoded(colourful(), "AVIF", quality=95)
    assert np.array_equal(np.asarray(open_image(data + junk).image), np.asarray(open_image(data).image))
    with pytest.raises(PictureError, match="cut off"):
        open_image(data[:-20])


@pytest.mark.parametrize("make", ["HEIC", "AVIF"])
def test_the_brand_of_the_container_is_enough(make: str) -> None:
    data = heic(colourful()) if make == "HEIC" else encoded(colourful(), "AVIF", quality=95)
    length = int.from_bytes(data[:4], "big")
    brands = b"mif1" + bytes(4) + b"mif1" * ((length - 16) // 4)
    changed = data[:8] + brands + data[length:]
    assert np.array_equal(np.asarray(open_image(changed).image), np.asarray(open_image(data).image))


def test_the_first_page_that_is_no_thumbnail_is_the_picture() -> None:
    small = np.asarray(colourful(20, 16))
    stream = io.BytesIO()
    import tifffile

    with tifffile.TiffWriter(stream) as file:
        file.write(small, photometric="rgb", subfiletype=1)
        file.write(TRUTH, photometric="rgb")
        file.write(np.zeros(TRUTH.shape[:2], bool), photometric="mask", subfiletype=4)
    photo = open_image(stream.getvalue())
    assert np.array_equal(np.asarray(photo.image), TRUTH)
    assert photo.notices == ()


def test_of_several_real_pages_the_first_is_used_with_a_notice() -> None:
    pages = encoded(colourful(), "TIFF", save_all=True, append_images=[colourful(), colourful()])
    assert open_image(pages).notices == ("Only the first page of the file is used.",)
    assert open_image(tiff(TRUTH, photometric="rgb")).notices == ()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_transparent_grey_of_every_depth_is_transparent(bits: int) -> None:
    largest = (1 << bits) - 1
    levels = (np.arange(32 * 20).reshape(20, 32) % (largest + 1)).astype(np.uint8)
    spread = (levels.reshape(20, 32, 1) >> np.arange(bits - 1, -1, -1)) & 1
    rows = np.packbits(spread.reshape(20, -1).astype(np.uint8), axis=1)
    key = 1
    data = bytearray(png(np.zeros((20, 32, 1), np.uint8), [(b"tRNS", key.to_bytes(2, "big"))]))
    from tests.support.image_files import png_chunk

    header = png_chunk(b"IHDR", (32).to_bytes(4, "big") + (20).to_bytes(4, "big") + bytes((bits, 0, 0, 0, 0)))
    pixels = png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows)))
    transparent = png_chunk(b"tRNS", key.to_bytes(2, "big"))
    data = b"\x89PNG\r\n\x1a\n" + header + transparent + pixels + png_chunk(b"IEND", b"")
    photo = open_image(data)
    assert photo.alpha is not None
    assert np.array_equal(np.asarray(photo.alpha) == 0, levels == key)
    assert np.array_equal(np.asarray(photo.image)[..., 0], levels * (255 // largest))


def huge_frame_in_a_small_box(animated: bool) -> bytes:
    """Make an AVIF of 1200 x 1000 px that declares 40 x 24."""
    image = Image.new("RGB", (1200, 1000), "grey")
    more = {"save_all": True, "append_images": [Image.new("RGB", (1200, 1000), "red")]} if animated else {}
    data = bytearray(encoded(image, "AVIF", **more))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = (40).to_bytes(4, "big") + (24).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize("animated", [False, True])
def test_an_avif_with_a_huge_frame_behind_a_small_size_is_refused_before_it_is_decoded(animated: bool) -> None:
    data = huge_frame_in_a_small_box(animated)
    assert (1200, 1000) in read_iso_file(data).coded_sizes()
    with pytest.raises(PictureError, match="1200 x 1000"):
        open_image(data, limits=Limits(max_pixels=100_000))


@pytest.mark.parametrize("size", [(16, 16), (40, 24), (513, 300), (1000, 18)])
@pytest.mark.parametrize("options", [{}, {"subsampling": "4:4:4"}, {"codec": "aom", "speed": 9}])
def test_the_coded_size_of_an_avif_is_read_from_its_stream(size: tuple[int, int], options: dict[str, object]) -> None:
    sizes = read_iso_file(encoded(Image.new("RGB", size, "teal"), "AVIF", **options)).coded_sizes()
    assert sizes and set(sizes) == {size}


def test_a_heic_of_a_phone_in_10_bits_opens() -> None:
    file = pillow_heif.from_bytes("RGB;16", (40, 24), (TRUTH.astype("<u2") * 257).tobytes())
    stream = io.BytesIO()
    file.save(stream, quality=95)
    assert np.quantile(np.abs(np.asarray(open_image(stream.getvalue()).image).astype(int) - TRUTH), 0.99) <= 16
