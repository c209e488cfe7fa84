"""What is saved is whole, in sRGB, says where its colours are from, and tells nothing of the input."""

import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageCms

from colorizer.errors import PictureError
from colorizer.images import encode_image, open_image, save_image
from tests.support.image_files import colourful, encoded, translucent

NOTE = "Colours made up by a model <photo> & friends – temperature 0.38"
FORMATS = ["PNG", "JPEG", "WEBP"]


def private_photo() -> Image.Image:
    """Make a photo as PIL opens it, with all the metadata that a phone writes."""
    exif = Image.Exif()
    exif[0x010F] = "SECRET-MAKER"
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 26.0), 3: "W", 4: (0.0, 7.0, 39.0)})
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SECRET-XMP</x:xmpmeta>"
    data = encoded(colourful(), "JPEG", quality=95, exif=exif.tobytes(), comment=b"SECRET-COMMENT", xmp=xmp)
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_of_the_input_s_metadata_is_saved(format: str) -> None:
    source = private_photo()
    assert source.getexif().get_ifd(0x8825)
    for image in (source, open_image(source).image):
        data = encode_image(image, format, NOTE)
        saved = Image.open(io.BytesIO(data))
        assert b"SECRET" not in data
        assert dict(saved.getexif()) == {}
        assert "exif" not in saved.info


@pytest.mark.parametrize("format", FORMATS)
def test_the_note_and_an_srgb_profile_are_embedded(format: str) -> None:
    saved = Image.open(io.BytesIO(encode_image(colourful(), format, NOTE)))
    saved.load()
    notes = {
        "PNG": lambda: saved.info["Description"],
        "JPEG": lambda: saved.info["comment"].decode(),
        "WEBP": lambda: "".join(ElementTree.fromstring(saved.info["xmp"]).itertext()),
    }
    assert notes[format]() == NOTE
    profile = ImageCms.ImageCmsProfile(io.BytesIO(saved.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)


@pytest.mark.parametrize("format", FORMATS)
def test_a_saved_photo_opens_as_it_was(format: str) -> None:
    photo = open_image(encode_image(colourful(), format, NOTE))
    difference = np.abs(np.asarray(photo.image).astype(int) - np.asarray(colourful()))
    assert difference.max() <= {"PNG": 1, "JPEG": 8, "WEBP": 20}[format]
    assert photo.notices == ()


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_transparency_is_saved(format: str) -> None:
    alpha = open_image(encode_image(translucent(), format, NOTE)).alpha
    assert alpha is not None
    assert np.array_equal(np.asarray(alpha), np.asarray(translucent().getchannel("A")))


def test_jpeg_lays_transparency_on_white() -> None:
    image = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    photo = open_image(encode_image(image, "JPEG", NOTE))
    assert photo.alpha is None
    assert min(photo.image.getpixel((5, 5))) >= 254


def test_jpeg_keeps_the_full_resolution_of_colour() -> None:
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (255, 0, 0), (0, 0, 255)
    saved = np.asarray(open_image(encode_image(Image.fromarray(stripes), "JPEG", NOTE)).image).astype(int)
    assert np.abs(saved - stripes).mean() < 12  # with halved colour resolution it is above 60


@pytest.mark.parametrize("format", FORMATS)
def test_equal_pictures_give_equal_files(format: str) -> None:
    assert encode_image(colourful(), format, NOTE) == encode_image(colourful(), format, NOTE)


def test_a_note_too_long_for_a_jpeg_is_shortened() -> None:
    saved = Image.open(io.BytesIO(encode_image(colourful(), "JPEG", "é" * 50_000)))
    assert saved.info["comment"].decode() == "é" * 32_766


@pytest.mark.parametrize(("format", "side"), [("WEBP", 16_384), ("JPEG", 65_536)])
def test_a_side_that_a_format_cannot_hold_is_refused(format: str, side: int) -> None:
    with pytest.raises(PictureError, match=r"at most .* pixels a side.*PNG\.$"):
        encode_image(Image.new("RGB", (side, 1)), format, NOTE)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".jpeg", ".webp", ".PNG", ".JPG"])
def test_the_ending_gives_the_format(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out{ending}"
    save_image(colourful(), path, NOTE)
    expected = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}[ending.lower()]
    assert Image.open(path).format == expected


@pytest.mark.parametrize("name", ["out.gif", "out", "out.png.txt"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PictureError, match=r"\.png, \.jpg, \.jpeg, \.webp"):
        save_image(colourful(), tmp_path / name, NOTE)
    assert list(tmp_path.iterdir()) == []


def test_saving_replaces_a_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    save_image(colourful(), str(path), NOTE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.png"]
    assert open_image(path).size == colourful().size


def test_a_place_that_cannot_be_written_is_named_and_left_clean(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"'out\.png' cannot be written"):
        save_image(colourful(), tmp_path / "missing" / "out.png", NOTE)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(PictureError, match=r"'folder\.png' cannot be written"):
        save_image(colourful(), tmp_path / "folder.png", NOTE)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.png"]
