"""Colours told by numbers come out as a browser shows them: PQ, HLG, wide gamut, linear light, and their precedence."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from colorizer.images import open_image
from colorizer.images.color_numbers import UNKNOWN_NUMBERS, matrix_to_srgb
from tests.support.icc_profiles import display_p3
from tests.support.image_files import colourful, encoded, png

P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290))
BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290))
TRUTH = np.asarray(colourful())
SIXTEEN = TRUTH.astype(np.uint16) * 257


def linear(levels: np.ndarray) -> np.ndarray:
    level = levels / 255
    return np.where(level > 0.04045, ((level + 0.055) / 1.055) ** 2.4, level / 12.92)


def srgb(light: np.ndarray) -> np.ndarray:
    return np.where(light > 0.0031308, 1.055 * np.clip(light, 0, 1) ** (1 / 2.4) - 0.055, 12.92 * light)


def pq(light: np.ndarray) -> np.ndarray:
    """BT.2100 table 4: level of light in cd/m2."""
    root = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * root) / (1 + 18.6875 * root)) ** 78.84375


def hlg(light: np.ndarray, primaries: tuple) -> np.ndarray:
    """BT.2100 table 5: level of light of a screen of 1000 cd/m2, 1 being 203 of them."""
    shown = light * 203 / 1000
    weights = np.array([0.2627, 0.6780, 0.0593]) if primaries == BT2020 else np.array([0.2290, 0.6917, 0.0793])
    scene = shown * np.maximum(shown @ weights, 1e-9)[..., None] ** (1 / 1.2 - 1)
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    )


def in_primaries(light: np.ndarray, primaries: tuple) -> np.ndarray:
    return np.clip(light @ np.linalg.inv(matrix_to_srgb(primaries)).T, 0, None)


def as_levels(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * 65535).astype(np.uint16)


def cicp(primaries: int, transfer: int, full: int = 1) -> tuple[bytes, bytes]:
    return b"cICP", bytes((primaries, transfer, 0, full))


def gama(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(value * 100_000))


def chrm(primaries: tuple) -> tuple[bytes, bytes]:
    red, green, blue, white = primaries
    return b"cHRM", struct.pack(">8I", *(round(v * 100_000) for point in (white, red, green, blue) for v in point))


def apart(data: bytes) -> float:
    return float(np.abs(np.asarray(open_image(data).image).astype(int) - TRUTH).max())


def test_the_matrices_are_those_of_the_standards() -> None:
    p3 = [[1.2249, -0.2249, 0], [-0.0420, 1.0420, 0], [-0.0196, -0.0786, 1.0982]]  # CSS Color 4
    assert np.abs(matrix_to_srgb(P3) - p3).max() < 2e-4
    bt2020 = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]  # BT.2087
    assert np.abs(matrix_to_srgb(BT2020) - bt2020).max() < 2e-4


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("code", "primaries"), [(12, P3), (9, BT2020)])
def test_wide_primaries_are_converted(code: int, primaries: tuple, bits: int) -> None:
    levels = as_levels(srgb(in_primaries(linear(TRUTH), primaries)))
    pixels = levels if bits == 16 else ((levels + 128.0) // 257).astype(np.uint8)
    assert apart(png(pixels, [cicp(code, 13)])) <= (1 if bits == 16 else 7)
    assert apart(png(pixels, [gama(1 / 2.2), chrm(primaries)])) <= (1 if bits == 16 else 7)


@pytest.mark.parametrize("peak", [0.6, 1.0])
def test_pq_and_hlg_below_the_reference_white_come_out_as_they_are_and_above_are_brought_back(peak: float) -> None:
    light = in_primaries(linear(TRUTH) * peak, BT2020)
    for data in (
        png(as_levels(pq(light * 203)), [cicp(9, 16)]),
        png(as_levels(hlg(light, BT2020)), [cicp(9, 18)]),
    ):
        image = np.asarray(open_image(data).image).astype(int)
        wanted = 255 * srgb(linear(TRUTH) * peak)
        assert np.abs(image - wanted).max() <= 2  # no channel of the picture is above 0.8 of white
    bright = np.full((20, 20, 3), 4.0)
    levels = [np.asarray(open_image(png(as_levels(pq(bright * factor * 203)), [cicp(9, 16)])).image)[0, 0, 0]
              for factor in (0.3, 1, 4, 12)]  # fmt: skip
    assert 240 < levels[0] < levels[1] < levels[2] <= levels[3] <= 255


def test_linear_light_is_read_in_all_its_bits() -> None:
    assert apart(png(as_levels(linear(TRUTH)), [gama(1.0)])) <= 1
    grey = TRUTH.mean(2, keepdims=True).round()
    image = np.asarray(open_image(png(as_levels(linear(grey)), [gama(1.0)])).image).astype(int)
    assert np.abs(image - grey).max() <= 1


def test_what_says_srgb_is_left_as_it_is() -> None:
    for chunks in ([], [gama(1 / 2.2)], [cicp(1, 13)], [(b"sRGB", b"\0"), gama(1.0)], [cicp(1, 1)]):
        assert apart(png(TRUTH, chunks)) == 0


def test_cicp_comes_before_a_profile_and_that_before_gamma() -> None:
    converted = np.asarray(open_image(encoded(colourful(), "PNG", icc_profile=display_p3())).image)
    profile = b"iCCP", b"P3\0\0" + zlib.compress(display_p3())
    assert apart(png(TRUTH, [cicp(1, 13), profile, gama(1.0)])) == 0
    assert np.array_equal(np.asarray(open_image(png(TRUTH, [profile, gama(1.0)])).image), converted)


def test_levels_of_video_are_spread() -> None:
    narrow = np.rint(16 + TRUTH / 255 * 219).astype(np.uint8)
    assert apart(png(narrow, [cicp(1, 13, full=0)])) <= 1


@pytest.mark.parametrize("chunks", [[cicp(77, 13)], [cicp(1, 99)], [gama(0.001)], [(b"cHRM", bytes(32))]])
def test_numbers_that_nobody_knows_are_told(chunks: list[tuple[bytes, bytes]]) -> None:
    photo = open_image(png(TRUTH, chunks))
    assert photo.notices == (UNKNOWN_NUMBERS,)
    assert np.array_equal(np.asarray(photo.image), TRUTH)


def test_transparency_stays_beside_converted_colours() -> None:
    alpha = np.tile(np.linspace(0, 65535, TRUTH.shape[1]).astype(np.uint16), (len(TRUTH), 1))
    photo = open_image(png(np.dstack([as_levels(linear(TRUTH)), alpha]), [gama(1.0)]))
    assert photo.alpha is not None
    assert np.abs(np.asarray(photo.alpha).astype(int) - alpha / 257).max() <= 1
    assert np.abs(np.asarray(photo.image).astype(int) - TRUTH).max() <= 1


def heic(levels: np.ndarray, primaries: int, transfer: int) -> bytes:
    size = levels.shape[1::-1]
    file = pillow_heif.from_bytes("RGB;16", size, levels.astype("<u2").tobytes())
    stream = io.BytesIO()
    numbers = {"color_primaries": primaries, "transfer_characteristics": transfer, "matrix_coefficients": 0}
    file.save(stream, quality=-1, chroma=444, **numbers)
    return stream.getvalue()


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_photos_of_phones_have_their_contrast(transfer: int) -> None:
    light = in_primaries(linear(TRUTH), BT2020)
    levels = as_levels(pq(light * 203) if transfer == 16 else hlg(light, BT2020))
    image = np.asarray(open_image(heic(levels, 9, transfer)).image).astype(int)
    assert np.quantile(np.abs(image - TRUTH), 0.99) <= 12


@pytest.mark.parametrize("make", ["HEIC", "AVIF"])
def test_p3_by_numbers_is_not_dull(make: str) -> None:
    levels = as_levels(srgb(in_primaries(linear(TRUTH), P3)))
    if make == "HEIC":
        data = heic(levels, 12, 13)
    else:
        eight = Image.fromarray(((levels + 128.0) // 257).astype(np.uint8))
        whole = bytearray(encoded(eight, "AVIF", quality=100, subsampling="4:4:4"))
        at = whole.index(b"nclx") + 4
        whole[at : at + 2] = (12).to_bytes(2, "big")
        data = bytes(whole)
    image = np.asarray(open_image(data).image).astype(int)
    assert np.quantile(np.abs(image - TRUTH), 0.99) <= 6
