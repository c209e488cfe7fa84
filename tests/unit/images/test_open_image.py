"""Every kind of source opens to the same photo; what exceeds the limits is refused before it is decoded."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorizer import images
from colorizer.errors import PictureError
from colorizer.images import Limits, Source, open_image
from tests.support.image_files import colourful, encoded, every_format, png, translucent

FILES = every_format()


@pytest.mark.parametrize("variety", FILES)
def test_every_format_opens_from_bytes_alone(variety: str) -> None:
    expected = colourful().convert("L").convert("RGB") if "grey" in variety else colourful()
    photo = open_image(FILES[variety])
    assert photo.image.mode == "RGB"
    assert photo.alpha is None
    assert photo.is_grey == ("grey" in variety)
    assert np.abs(np.asarray(photo.image).astype(int) - np.asarray(expected)).max() <= 16


@pytest.mark.parametrize("wrong_name", ["a.txt", "a.png", "a.svg", "a"])
def test_the_name_of_a_file_does_not_say_what_it_is(tmp_path: Path, wrong_name: str) -> None:
    path = tmp_path / wrong_name
    path.write_bytes(FILES["JPEG"])
    assert open_image(path).size == colourful().size


def test_all_sources_give_the_same_photo(tmp_path: Path) -> None:
    path = tmp_path / "holiday.png"
    path.write_bytes(FILES["PNG"])
    array = np.asarray(colourful())
    sources: list[Source] = [path, str(path), FILES["PNG"], bytearray(FILES["PNG"]), memoryview(FILES["PNG"])]
    sources += [Image.open(path), colourful(), array, np.asfortranarray(array), array[::-1][::-1]]
    for source in sources:
        assert np.array_equal(np.asarray(open_image(source).image), array)


def test_arrays_of_grey_and_of_four_channels_open() -> None:
    grey = open_image(np.full((20, 30), 77, np.uint8))
    assert grey.size == (30, 20)
    assert grey.is_grey
    rgba = np.asarray(translucent())
    photo = open_image(rgba)
    assert photo.alpha is not None
    assert np.array_equal(np.dstack([np.asarray(photo.image), np.asarray(photo.alpha)]), rgba)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((32, 32), np.float32),
        np.zeros((32, 32), bool),
        np.zeros((32, 32), np.uint16),
        np.zeros((32, 32, 2), np.uint8),
        np.zeros((3, 32, 32), np.uint8),
        np.zeros(32, np.uint8),
        np.zeros((0, 32, 3), np.uint8),
    ],
)
def test_an_array_of_another_kind_is_refused(array: np.ndarray) -> None:
    with pytest.raises(PictureError, match=r"array.*\.$"):
        open_image(array)


def test_something_else_is_refused() -> None:
    with pytest.raises(PictureError, match="not float"):
        open_image(1.5)  # type: ignore[arg-type]


def test_the_source_keeps_its_pixels() -> None:
    source = colourful()
    photo = open_image(source)
    photo.image.paste("black", (0, 0, *photo.size))
    assert source.getpixel((20, 10)) != (0, 0, 0)


def test_a_photo_carries_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret"
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    photo = open_image(encoded(colourful(), "JPEG", exif=exif.tobytes(), comment=b"secret"))
    assert photo.image.info == {}
    assert dict(photo.image.getexif()) == {}


@pytest.mark.parametrize(
    ("variety", "notice"),
    [
        ("animated PNG", "Only the first frame of the animation is used."),
        ("animated GIF", "Only the first frame of the animation is used."),
        ("animated WebP", "Only the first frame of the animation is used."),
        ("HEIC of two", "Only the main picture of the file is used."),
    ],
)
def test_one_of_several_frames_is_used_with_a_notice(variety: str, notice: str) -> None:
    assert open_image(FILES[variety]).notices == (notice,)


def test_one_of_several_pages_is_used_with_a_notice() -> None:
    pages = encoded(colourful(), "TIFF", save_all=True, append_images=[colourful()])
    assert open_image(pages).notices == ("Only the first page of the file is used.",)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("IMG_1.jpg", "IMG_1"),
        ("C:\\photos\\Tante Käthe.heic", "Tante Käthe"),
        ("../../etc/passwd", "passwd"),
        ("<script>.png", "_script_"),
        ("http://a.example/b/c%20d.jpg?e=f.g#h", "c d"),
        ("http://a.example/b%2F..%2Fc.jpg", "c"),
        ("http://a.example", "photo"),
        ("...", "photo"),
        ("", "photo"),
        ("x" * 500 + ".png", "x" * 80),
    ],
)
def test_names_are_made_safe(given: str, name: str) -> None:
    assert open_image(FILES["PNG"], name=given).name == name


def test_a_path_gives_the_name(tmp_path: Path) -> None:
    (tmp_path / "holiday.2024.png").write_bytes(FILES["PNG"])
    assert open_image(tmp_path / "holiday.2024.png").name == "holiday.2024"
    assert open_image(FILES["PNG"]).name == "photo"


def test_paths_that_cannot_be_read_are_named_without_their_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    cases = {
        "missing.png": "no file 'missing.png'",
        "folder.png": "is a folder",
        "pipe.png": "not an ordinary file",
        "empty.png": "is empty",
        "nul\0.png": "cannot be read",
        "x" * 300 + ".png": "cannot be read",
        "empty.png/a.png": "cannot be read",
    }
    for name, words in cases.items():
        with pytest.raises(PictureError, match=words) as caught:
            open_image(tmp_path / name)
        assert str(tmp_path) not in str(caught.value)
        assert str(caught.value).endswith(".")


def test_a_large_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(10**12)  # a sparse file: reading it would take minutes and all memory
    with pytest.raises(PictureError, match=r"1000000\.0 MB"):
        open_image(path)


def test_more_bytes_than_the_limit_are_refused() -> None:
    data = FILES["PNG"]
    open_image(data, limits=Limits(max_bytes=len(data)))
    with pytest.raises(PictureError, match="MB"):
        open_image(data, limits=Limits(max_bytes=len(data) - 1))


@pytest.mark.parametrize("variety", FILES)
def test_pixels_beyond_the_limit_are_refused_in_every_format(variety: str) -> None:
    width, height = colourful().size
    open_image(FILES[variety], limits=Limits(max_pixels=width * height))
    with pytest.raises(PictureError, match="40 x 24"):
        open_image(FILES[variety], limits=Limits(max_pixels=width * height - 1))


@pytest.mark.parametrize("size", [(15, 100), (100, 15), (1, 1)])
def test_pictures_too_small_for_a_network_are_refused(size: tuple[int, int]) -> None:
    for source in (
        Image.new("RGB", size),
        np.zeros((size[1], size[0]), np.uint8),
        encoded(Image.new("L", size), "PNG"),
    ):
        with pytest.raises(PictureError, match="at least 16"):
            open_image(source)


def test_a_strip_that_no_photo_is_gets_refused() -> None:
    with pytest.raises(PictureError, match="no side may exceed"):
        open_image(np.zeros((16, 40_000), np.uint8))


@pytest.mark.parametrize("size", [(100_000, 100_000), (9_500, 9_500), (2**31 - 1, 2**31 - 1)])
def test_a_header_of_absurd_size_is_refused_without_a_warning(size: tuple[int, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PictureError, match=f"{size[0]} x {size[1]}"):
            open_image(png(np.zeros((16, 16, 3), np.uint8), size=size))


def test_the_limits_of_the_module_are_looked_up_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "LIMITS", Limits(max_pixels=100))
    with pytest.raises(PictureError, match="limit"):
        open_image(FILES["PNG"])


def test_pillow_s_own_limit_is_left_as_it_is_and_does_not_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert open_image(FILES["JPEG"]).size == colourful().size
    assert open_image(FILES["PNG"]).size == colourful().size
    assert Image.MAX_IMAGE_PIXELS == 10


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_a_size_is_read_from_the_header_of_each_kind(tmp_path: Path, format: str) -> None:
    Image.new("L", (70, 50)).save(tmp_path / "named.wrongly", format)
    assert images.header_size(tmp_path / "named.wrongly") == (70, 50)


def test_what_has_no_header_has_no_size(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no picture")
    (tmp_path / "cut").write_bytes(images.encode_image(Image.new("RGB", (70, 50)), "JPEG", "")[:20])
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    for name in ("text", "cut", "pipe", "nowhere", "."):
        assert images.header_size(tmp_path / name) is None


def test_a_picture_of_the_callers_stays_his_and_one_from_a_file_is_plain() -> None:
    mine = Image.new("RGB", (40, 30), "red")
    opened = images.open_image(mine).image
    opened.paste("blue", (0, 0, 40, 30))
    assert mine.getpixel((5, 5)) == (255, 0, 0)
    from_file = images.open_image(images.encode_image(mine, "JPEG", "a note")).image
    assert type(from_file) is Image.Image and not from_file.info and not from_file.getexif()
    from_file.paste("blue", (0, 0, 40, 30))
    assert from_file.getpixel((5, 5)) == (0, 0, 255)
