"""Whatever a file's orientation, profile, depth or transparency, the photo is upright 8-bit sRGB with alpha aside."""

import io

import numpy as np
import pytest
from PIL import Image

from colorizer.errors import PictureError
from colorizer.images import open_image
from tests.support.icc_profiles import P3_COLORANTS, display_p3, grey_ink_printer, linear_grey
from tests.support.image_files import colourful, encoded, png, tiff, translucent

STORED_AS = {  # EXIF orientation -> how a camera that notes it stored the upright picture
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


def oriented(orientation: int, format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED_AS[orientation](np.asarray(colourful()))))
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(format, {})
    return encoded(stored, format, exif=exif.tobytes(), **options)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED_AS)
def test_every_orientation_comes_out_upright(orientation: int, format: str) -> None:
    image = open_image(oriented(orientation, format)).image
    assert image.size == colourful().size
    assert np.abs(np.asarray(image).astype(int) - np.asarray(colourful())).max() <= 4


@pytest.mark.parametrize("orientation", STORED_AS)
def test_alpha_is_turned_along(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED_AS[orientation](np.asarray(translucent()))))
    photo = open_image(encoded(stored, "PNG", exif=exif.tobytes()))
    assert photo.alpha is not None
    assert np.array_equal(np.asarray(photo.alpha), np.asarray(translucent().getchannel("A")))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_impossible_orientation_is_ignored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert open_image(encoded(colourful(), "JPEG", exif=exif.tobytes())).size == colourful().size


@pytest.mark.filterwarnings("ignore:.*EXIF")
def test_damaged_exif_is_ignored() -> None:
    assert open_image(encoded(colourful(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xffrubbish")).size == (40, 24)


def srgb_of_p3(colour: tuple[int, int, int]) -> np.ndarray:
    """Convert by the textbook, with the D50 colorants of both spaces."""
    srgb_colorants = np.array([(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)])
    encoded_ = np.array(colour) / 255
    linear = np.where(encoded_ > 0.04045, ((encoded_ + 0.055) / 1.055) ** 2.4, encoded_ / 12.92)
    linear = np.clip(linear @ np.array(P3_COLORANTS) @ np.linalg.inv(srgb_colorants), 0, 1)
    return 255 * np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP", "AVIF", "JPEG"])
@pytest.mark.parametrize("colour", [(200, 120, 90), (90, 160, 110), (120, 120, 120)])
def test_display_p3_becomes_srgb(colour: tuple[int, int, int], format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {"quality": 100, "subsampling": "4:4:4"}
    data = encoded(Image.new("RGB", (32, 32), colour), format, icc_profile=display_p3(), **options)
    photo = open_image(data)
    assert np.abs(np.array(photo.image.getpixel((5, 5))) - srgb_of_p3(colour)).max() <= 2.5
    assert photo.notices == ()


def test_a_grey_profile_is_applied_and_leaves_grey() -> None:
    photo = open_image(encoded(Image.new("L", (32, 32), 128), "PNG", icc_profile=linear_grey()))
    assert photo.is_grey
    assert abs(photo.image.getpixel((0, 0))[0] - 188) <= 1  # half the light is level 188 of sRGB


def test_a_grey_file_with_the_profile_of_its_rgb_colours_is_converted() -> None:
    photo = open_image(encoded(Image.new("L", (32, 32), 128), "PNG", icc_profile=display_p3()))
    assert abs(photo.image.getpixel((0, 0))[0] - 128) <= 1
    assert photo.notices == ()


@pytest.mark.parametrize("damaged", [b"rubbish", display_p3()[:150], bytes(4000), linear_grey()])
def test_a_damaged_or_foreign_profile_is_ignored_with_a_notice(damaged: bytes) -> None:
    photo = open_image(encoded(colourful(), "PNG", icc_profile=damaged))
    assert np.array_equal(np.asarray(photo.image), np.asarray(colourful()))
    assert photo.notices == ("The colour profile of the file is damaged and was ignored.",)


CYAN = Image.new("CMYK", (32, 32), (255, 0, 0, 0))


def test_cmyk_without_a_profile_is_converted_plainly() -> None:
    red, green, blue = open_image(encoded(CYAN, "JPEG", quality=95)).image.getpixel((5, 5))
    assert red <= 3
    assert min(green, blue) >= 252


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_is_printed_by_its_profile(format: str) -> None:
    photo = open_image(encoded(CYAN, format, icc_profile=grey_ink_printer()))
    assert photo.is_grey
    assert abs(photo.image.getpixel((5, 5))[0] - 171) <= 3  # L = 70


def test_ycck_is_told_from_cmyk_by_the_adobe_marker() -> None:
    planes = Image.new("CMYK", (32, 32), (55, 127, 127, 0))  # Pillow stores 255 less each: Y = 200, no chroma, K = 255
    data = bytearray(encoded(planes, "JPEG", quality=100))
    data[data.index(b"Adobe") + 11] = 2  # the marker's transform: YCCK
    as_ycck = open_image(bytes(data)).image.getpixel((5, 5))
    # libjpeg makes C = M = Y = 255 - 200 of it, Adobe means 255 less that: 200 of each ink and no black.
    assert np.abs(np.array(as_ycck) - 55).max() <= 3


RAMP = np.linspace(0, 65535, 32 * 32).round().astype(np.uint16).reshape(32, 32)
SIXTEEN_BIT = {
    "grey PNG": png(RAMP[..., None]),
    "grey PNG with alpha": png(np.dstack([RAMP, RAMP])),
    "RGB PNG": png(np.dstack([RAMP] * 3)),
    "RGBA PNG": png(np.dstack([RAMP] * 4)),
    "grey TIFF": tiff(RAMP),
    "big-endian TIFF": tiff(RAMP, byteorder=">"),
    "deflate TIFF": tiff(RAMP, compression="zlib"),
    "RGB TIFF": tiff(np.dstack([RAMP] * 3), photometric="rgb"),
    "big-endian RGB TIFF": tiff(np.dstack([RAMP] * 3), photometric="rgb", byteorder=">"),
    "big-endian deflate RGB TIFF": tiff(np.dstack([RAMP] * 3), photometric="rgb", byteorder=">", compression="zlib"),
    "RGBA TIFF": tiff(np.dstack([RAMP, RAMP, RAMP, 65535 - 0 * RAMP]), photometric="rgb", extrasamples=["unassalpha"]),
}


@pytest.mark.parametrize("variety", SIXTEEN_BIT)
def test_sixteen_bits_are_scaled_by_their_full_range(variety: str) -> None:
    image = np.asarray(open_image(SIXTEEN_BIT[variety]).image).astype(int)
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[-1, -1].tolist() == [255, 255, 255]
    assert np.abs(image - RAMP[..., None] / 257).max() <= 1


@pytest.mark.parametrize("pixels", [RAMP.astype(np.float32), RAMP.astype(np.int16), RAMP.astype(np.uint32)])
def test_pixels_without_a_defined_white_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(PictureError, match="8 or 16 bits"):
        open_image(tiff(pixels))


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_planes_of_sixteen_bits_are_refused_and_of_eight_are_read(compression: str | None) -> None:
    planes = np.asarray(colourful()).transpose(2, 0, 1)
    options = {"photometric": "rgb", "planarconfig": "separate", "compression": compression}
    assert np.array_equal(np.asarray(open_image(tiff(planes, **options)).image), np.asarray(colourful()))
    with pytest.raises(PictureError, match="separate planes"):
        open_image(tiff(planes.astype(np.uint16) * 257, **options))


def test_transparency_of_each_kind_is_kept_aside() -> None:
    grey = np.tile(np.arange(32, dtype=np.uint8) * 8, (32, 1))
    rgb = np.dstack([grey] * 3)
    key = (8).to_bytes(2, "big")
    sixteen_key = (8 * 257).to_bytes(2, "big")
    files = {
        "grey": png(grey[..., None], [(b"tRNS", key)]),
        "RGB": png(rgb, [(b"tRNS", key * 3)]),
        "16-bit grey": png(grey[..., None].astype(np.uint16) * 257, [(b"tRNS", sixteen_key)]),
        "16-bit RGB": png(rgb.astype(np.uint16) * 257, [(b"tRNS", sixteen_key * 3)]),
    }
    for name, data in files.items():
        photo = open_image(data)
        assert photo.alpha is not None, name
        assert np.array_equal(np.asarray(photo.alpha) == 0, grey == 8), name
        assert np.array_equal(np.asarray(photo.image), rgb), name


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_an_alpha_channel_is_kept_aside(format: str) -> None:
    if format == "HEIF":
        import pillow_heif

        stream = io.BytesIO()
        pillow_heif.from_pillow(translucent()).save(stream)
        data = stream.getvalue()
    else:
        data = encoded(translucent(), format)
    photo = open_image(data)
    assert photo.image.mode == "RGB"
    assert photo.alpha is not None
    assert np.abs(np.asarray(photo.alpha).astype(int) - np.asarray(translucent().getchannel("A"))).max() <= 12


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_kept_aside(format: str) -> None:
    palette = colourful().quantize(16)
    photo = open_image(encoded(palette, format, transparency=3))
    assert photo.alpha is not None
    assert np.array_equal(np.asarray(photo.alpha) == 0, np.asarray(palette) == 3)
