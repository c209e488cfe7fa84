"""Files that are cut off, damaged, hostile or no pictures are refused with one sentence that says what they are."""

import io
import random
import struct
import threading
import tracemalloc
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from colorizer.errors import PictureError
from colorizer.images import Limits, Photo, open_image
from colorizer.images.picture_file import NO_END
from tests.support.image_files import colourful, encoded, every_format, png, png_chunk, tiff

# Pillow tells of damage in a TIFF's or EXIF's tags by a warning, before it raises or reads on.
pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning:PIL")

FILES = every_format()
PIXELS = np.asarray(colourful())


def refusal(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(PictureError) as caught:
        open_image(data, limits=limits)
    return str(caught.value)


def is_one_sentence(message: str) -> bool:
    return message.endswith(".") and ". " not in message and "\n" not in message and "0x" not in message


@pytest.mark.parametrize("variety", FILES)
def test_a_file_cut_off_anywhere_is_refused_unless_all_of_its_picture_is_there(variety: str) -> None:
    whole = FILES[variety]
    pixels = np.asarray(open_image(whole).image)
    step = max(len(whole) // 60, 1)
    for length in sorted({*range(0, 40, 3), *range(0, len(whole), step), *range(len(whole) - 8, len(whole))}):
        try:
            photo = open_image(whole[:length])
        except PictureError as error:
            assert is_one_sentence(str(error))
        else:
            assert NO_END in photo.notices
            assert np.array_equal(np.asarray(photo.image), pixels)


@pytest.mark.parametrize(("variety", "mark"), [("JPEG", 2), ("progressive JPEG", 2), ("PNG", 12), ("GIF", 1)])
def test_a_file_without_its_end_mark_is_shown_with_a_notice(variety: str, mark: int) -> None:
    photo = open_image(FILES[variety][:-mark])
    assert NO_END in photo.notices
    assert np.array_equal(np.asarray(photo.image), np.asarray(open_image(FILES[variety]).image))


@pytest.mark.parametrize("variety", ["JPEG", "progressive JPEG", "16-bit PNG", "interlaced PNG", "GIF", "BMP", "TIFF"])
def test_of_a_picture_cut_in_the_middle_there_is_something_to_salvage(variety: str) -> None:
    cut = FILES[variety][: len(FILES[variety]) * 9 // 10]
    assert "cut off" in refusal(cut)
    photo = open_image(cut, salvage=True)
    assert photo.size == colourful().size
    assert any("cut off" in notice for notice in photo.notices)
    apart = np.abs(np.asarray(photo.image).astype(int) - np.asarray(colourful()))
    assert np.median(apart) <= 40
    assert open_image(FILES[variety], salvage=True).notices == open_image(FILES[variety]).notices


def test_an_animation_cut_off_behind_its_first_frame_gives_that_frame() -> None:
    for variety in ("animated PNG", "animated GIF"):
        photo = open_image(FILES[variety][: len(FILES[variety]) * 9 // 10])
        assert NO_END in photo.notices
        assert np.array_equal(np.asarray(photo.image), np.asarray(open_image(FILES[variety]).image))


@pytest.mark.parametrize("variety", FILES)
def test_damaged_bytes_give_a_photo_or_a_refusal_and_nothing_else(variety: str) -> None:
    dice = random.Random(variety)
    for _ in range(25):
        damaged = bytearray(FILES[variety])
        for _ in range(dice.choice((1, 2, 5))):
            damaged[dice.randrange(min(len(damaged), dice.choice((64, 400, len(damaged)))))] = dice.randrange(256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                assert isinstance(open_image(bytes(damaged)), Photo)
            except PictureError as error:
                assert is_one_sentence(str(error))


def test_junk_behind_the_end_does_no_harm() -> None:
    for variety in ("JPEG", "PNG", "GIF", "WebP", "TIFF", "BMP"):
        assert open_image(FILES[variety] + b"junk" * 100).size == colourful().size


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_photo() -> None:
    exif = b"Exif\0\0" + FILES["JPEG"]  # where a camera puts it: in a segment before the pixels
    photo = encoded(colourful(), "JPEG", exif=exif)
    assert open_image(photo).size == colourful().size
    assert "cut off" in refusal(photo[:-200])


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("photo.png", FILES["PNG"])
    return stream.getvalue()


NO_PICTURES = {
    "a web page": b"\xef\xbb\xbf\n <!DOCTYPE HTML><html><img src='a.png'></html>",
    "an SVG drawing": b"<?xml version='1.0'?><!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>",
    "an XML document": b"<?xml version='1.0'?><a/>",
    "a PDF document": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "an MP4 video": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100),
    "a QuickTime film": b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(100),
    "a WebM or Matroska video": b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x86\x81\x01webm",
    "an AVI video": b"RIFF\0\1\0\0AVI LIST" + bytes(100),
    "a sound file": b"RIFF\0\1\0\0WAVEfmt " + bytes(100),
    "a ZIP archive": archive(),
    "a gzip archive": b"\x1f\x8b\x08\0" + bytes(50),
    "a text file": "Grüße aus Zürich, hier ist kein Bild.\n".encode() * 40,
    "a Photoshop document": b"8BPS\0\1" + bytes(100),
    "of another kind (Windows Icon)": encoded(colourful(), "ICO"),
    "of another kind (JPEG 2000 (ISO 15444))": encoded(colourful(), "JPEG2000"),
    "a JPEG XL picture": b"\xff\x0a" + bytes(50),
    "a raw camera file": b"II*\0\x10\0\0\0CR\2\0" + bytes(100),
    "of another kind (Pbmplus image)": encoded(colourful(), "PPM"),
    "a program": b"\x7fELF\2\1\1" + bytes(100),
    "is empty": b"",
    "is not a picture that can be read": bytes(range(200, 256)) * 9,
}


@pytest.mark.parametrize("words", NO_PICTURES)
def test_what_is_no_picture_is_named(words: str) -> None:
    message = refusal(NO_PICTURES[words])
    assert words in message
    assert is_one_sentence(message)


def test_a_thumbnail_is_not_taken_for_the_raw_photo_around_it() -> None:
    raw = tiff(PIXELS, photometric="rgb", extratags=[(50706, "B", 4, (1, 4, 0, 0), True)])
    assert "raw camera file" in refusal(raw)


def test_no_text_or_profile_of_a_png_is_unpacked_beyond_all_measure_and_the_picture_opens() -> None:
    bomb = zlib.compress(bytes(100_000_000), 9)
    texts = [(b"zTXt", b"Comment\0\0" + bomb), (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)]
    for chunk in texts:
        photo = open_image(png(PIXELS, [chunk]))
        assert np.array_equal(np.asarray(photo.image), PIXELS) and photo.notices == ()
    tracemalloc.start()
    photo = open_image(png(PIXELS, [(b"iCCP", b"profile\0\0" + bomb)]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000
    assert photo.notices == ("The colour profile of the file is damaged and was ignored.",)


def test_a_wrong_checksum_counts_in_what_makes_the_picture_and_nowhere_else() -> None:
    text = bytearray(png_chunk(b"tEXt", b"Title\0a holiday"))
    text[-1] ^= 1
    header = 8 + 25
    data = png(PIXELS)
    assert np.array_equal(np.asarray(open_image(data[:header] + bytes(text) + data[header:]).image), PIXELS)
    damaged = bytearray(data)
    damaged[header - 1] ^= 1  # the checksum of the header
    assert "damaged" in refusal(bytes(damaged))


def test_a_png_with_more_pixels_than_declared_gives_those_declared() -> None:
    larger = png(np.zeros((2000, 40, 3), np.uint8), size=(40, 24))
    assert open_image(larger).size == (40, 24)


def test_a_png_with_fewer_pixels_than_declared_is_refused() -> None:
    assert "cut off" in refusal(png(PIXELS, size=(400, 240)))


def test_a_gif_frame_larger_than_its_screen_is_held_to_the_limits() -> None:
    data = bytearray(FILES["GIF"])
    descriptor = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", 40, 24))
    data[descriptor + 5 : descriptor + 9] = struct.pack("<HH", 60_000, 60_000)
    assert is_one_sentence(refusal(bytes(data)))


def test_a_tiff_tile_larger_than_the_picture_is_held_to_the_limits() -> None:
    tiled = tiff(PIXELS, photometric="rgb", tile=(64, 64))
    assert open_image(tiled).size == (40, 24)
    assert "64 x 64" in refusal(tiled, Limits(max_pixels=4000))


@pytest.mark.parametrize("size", [(16_000, 16_000), (2**24, 255)])
def test_a_webp_canvas_of_absurd_size_is_refused(size: tuple[int, int]) -> None:
    data = bytearray(encoded(colourful(), "WEBP", lossless=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"))
    assert data[12:16] == b"VP8X"
    data[24:30] = (size[0] - 1).to_bytes(3, "little") + (size[1] - 1).to_bytes(3, "little")
    assert is_one_sentence(refusal(bytes(data)))


def test_text_of_a_usual_length_in_a_png_does_no_harm() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("prompt", "x" * 200_000, zip=True)
    assert open_image(encoded(colourful(), "PNG", pnginfo=text)).size == colourful().size


def test_a_png_with_an_unknown_chunk_opens() -> None:
    assert np.array_equal(np.asarray(open_image(png(PIXELS, [(b"prIv", b"abc")])).image), PIXELS)
    assert png_chunk(b"IEND", b"") == b"\0\0\0\0IEND\xaeB`\x82"


def test_threads_open_pictures_side_by_side() -> None:
    wrong: list[str] = []

    def open_many() -> None:
        for variety, data in FILES.items():
            if open_image(data).size != Image.open(io.BytesIO(FILES["PNG"])).size:
                wrong.append(variety)

    threads = [threading.Thread(target=open_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
