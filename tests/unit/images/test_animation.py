"""Films are whole animations and tidy sheets, say where their colours are from, and tell nothing of the photo."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageSequence

from colorizer.images.animation import FRAME_MILLISECONDS, LAST_MILLISECONDS, Frame, encode_animation, encode_sheet
from tests.support.image_files import colourful, encoded

NOTE = "Colours made up by a model <photo> & friends. " * 8  # longer than one block of a GIF's comment
FORMATS = ["WEBP", "GIF"]
SIZES = [(320, 200), (200, 320), (1, 1), (640, 1), (1, 640), (37, 53)]


def film(count: int, size: tuple[int, int] = (320, 200)) -> list[Frame]:
    """Pictures that differ, captioned with their epoch."""
    picture = np.asarray(colourful(*size)).astype(int)
    shades = [Image.fromarray(((picture + 29 * number) % 256).astype(np.uint8)) for number in range(count)]
    return [Frame(shade, f"Epoch {number}: {5000 * number:,} pictures seen") for number, shade in enumerate(shades)]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def decoded(data: bytes) -> list[Image.Image]:
    return [frame.convert("RGB") for frame in ImageSequence.Iterator(opened(data))]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("count", [1, 2, 7])
def test_an_animation_has_every_frame_and_holds_the_last(format: str, count: int) -> None:
    animation = opened(encode_animation(film(count), format, NOTE))
    assert animation.format == format
    assert getattr(animation, "n_frames", 1) == count
    durations = []
    for number in range(count if count > 1 else 0):
        animation.seek(number)
        animation.load()
        durations.append(animation.info["duration"])
    assert durations == ([FRAME_MILLISECONDS] * (count - 1) + [LAST_MILLISECONDS] if count > 1 else [])


@pytest.mark.parametrize("format", FORMATS)
def test_an_animation_runs_for_ever(format: str) -> None:
    assert opened(encode_animation(film(3), format, NOTE)).info["loop"] == 0


@pytest.mark.parametrize(("format", "tolerance"), [("WEBP", 6), ("GIF", 6)])
def test_each_frame_shows_its_own_picture(format: str, tolerance: float) -> None:
    frames = film(4)
    for frame, shown in zip(frames, decoded(encode_animation(frames, format, NOTE)), strict=True):
        expected = np.asarray(frame.image).astype(int)
        actual = np.asarray(shown.crop((0, 0, *frame.image.size))).astype(int)
        assert np.abs(actual - expected).mean() < tolerance


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", SIZES)
def test_pictures_of_any_size_have_a_caption_under_them(format: str, size: tuple[int, int]) -> None:
    pages = decoded(encode_animation(film(2, size), format, NOTE))
    assert len(pages) == 2
    assert len({page.size for page in pages}) == 1
    assert pages[0].width == max(240, size[0])
    assert 16 <= pages[0].height - size[1] <= 44
    for page in pages:
        band = np.asarray(page.convert("L").crop((0, size[1] + 2, *page.size))).astype(int)
        written = np.flatnonzero((band < 110).any(0))
        assert len(written) > 60  # columns of pixels with ink
        assert written[0] > 2
        assert written[-1] < page.width - 3


def test_equal_pictures_stay_frames_of_their_own() -> None:
    frames = [Frame(Image.new("RGB", (1, 1), "teal"), f"Epoch {number}") for number in range(5)]
    for format in FORMATS:
        assert opened(encode_animation(frames, format, NOTE)).n_frames == 5


def test_a_long_caption_is_written_smaller_rather_than_cut() -> None:
    frame = Frame(colourful(300, 40), "Epoch 49 (counted from 0): 1,250,000 pictures")
    page = decoded(encode_animation([frame], "WEBP", NOTE))[0]
    ink = np.flatnonzero((np.asarray(page.convert("L"))[42:] < 110).any(0))
    assert ink[0] > 2
    assert ink[-1] < page.width - 3


def private_picture() -> Image.Image:
    """Make a picture with metadata, as PIL opens it."""
    exif = Image.Exif()
    exif[0x010F] = "SECRET-MAKER"
    data = encoded(colourful(), "JPEG", exif=exif.tobytes(), comment=b"SECRET-COMMENT", xmp=b"<x>SECRET-XMP</x>")
    return opened(data)


def test_nothing_of_the_photo_s_metadata_is_saved() -> None:
    frames = [Frame(private_picture(), "Epoch 0"), Frame(private_picture(), "Epoch 1")]
    for data in (*(encode_animation(frames, format, NOTE) for format in FORMATS), encode_sheet(frames, NOTE)):
        assert b"SECRET" not in data
        saved = opened(data)
        saved.load()
        assert dict(saved.getexif()) == {}


def test_the_note_and_where_possible_a_profile_are_embedded() -> None:
    webp, gif, sheet = (
        opened(encode_animation(film(2), "WEBP", NOTE)),
        opened(encode_animation(film(2), "GIF", NOTE)),
        opened(encode_sheet(film(2), NOTE)),
    )
    sheet.load()
    assert "".join(ElementTree.fromstring(webp.info["xmp"]).itertext()) == NOTE
    assert gif.info["comment"].decode() == NOTE
    assert sheet.info["Description"] == NOTE
    for image in (webp, sheet):
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)


def places(sheet: Image.Image, frames: list[Frame]) -> list[tuple[int, int]]:
    """Where each picture lies on a sheet, (top, left), found by its pixels."""
    pixels = np.asarray(sheet.convert("RGB"))
    found = []
    for frame in frames:
        corner = np.asarray(frame.image)[:8, :8]
        views = np.lib.stride_tricks.sliding_window_view(pixels, corner.shape)[:, :, 0]
        ((top, left),) = np.argwhere((views == corner).all((2, 3, 4)))
        found.append((int(top), int(left)))
    return found


def test_a_sheet_has_every_picture_whole_and_in_order() -> None:
    frames = film(9, (96, 64))
    sheet = opened(encode_sheet(frames, NOTE))
    corners = places(sheet, frames)
    assert corners == sorted(corners)
    for (top, left), frame in zip(corners, frames, strict=True):
        shown = np.asarray(sheet.crop((left, top, left + 96, top + 64)))
        assert np.array_equal(shown, np.asarray(frame.image))
    assert len({left for _, left in corners}) * len({top for top, _ in corners}) == 9


@pytest.mark.parametrize(("size", "wide"), [((640, 8), 1), ((320, 200), 3), ((240, 640), 5)])
def test_wide_pictures_lie_over_one_another_and_tall_ones_beside(size: tuple[int, int], wide: int) -> None:
    sheet = opened(encode_sheet(film(9, size), NOTE))
    assert round(sheet.width / max(240, size[0])) == wide


@pytest.mark.parametrize(("columns", "rows"), [(3, 1), (2, 2), (1, 3)])
def test_a_sheet_has_as_many_columns_as_are_asked_for(columns: int, rows: int) -> None:
    sheet = opened(encode_sheet(film(3), NOTE, columns=columns))
    assert (sheet.width // 320, sheet.height // 200) == (columns, rows)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 9, 11])
@pytest.mark.parametrize("size", SIZES)
def test_a_sheet_wastes_little_room(count: int, size: tuple[int, int]) -> None:
    sheet = opened(encode_sheet(film(count, size), NOTE))
    cell = (max(240, size[0]) + 12) * (size[1] + 44 + 12)
    assert sheet.width * sheet.height < 1.6 * (count + 1) * cell


def test_transparent_parts_lie_on_white() -> None:
    glass = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    for data in (encode_animation([Frame(glass, "Epoch 0")], "WEBP", NOTE), encode_sheet([Frame(glass, "a")], NOTE)):
        page = decoded(data)[0]
        assert page.getpixel((150, 50)) == (255, 255, 255)


def test_a_film_without_frames_or_of_several_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="of one size"):
        encode_sheet([], NOTE)
    with pytest.raises(ValueError, match="of one size"):
        encode_animation([*film(1, (3, 4)), *film(1, (4, 3))], "GIF", NOTE)
    with pytest.raises(ValueError, match="not PNG"):
        encode_animation(film(1), "PNG", NOTE)  # type: ignore[arg-type]
