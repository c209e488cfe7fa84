"""The range of a sample comes from the file: 9 to 16 bits, packed or not, and a white below the full range."""

import struct

import numpy as np
import pytest

from colorizer.images import open_image
from colorizer.images.sample_range import DARK
from tests.support.image_files import colourful, png, tiff

GREY = np.asarray(colourful().convert("L"))
COLOUR = np.asarray(colourful())


def packed_tiff(levels: np.ndarray, bits: int, order: str = "<", photometric: int | None = None) -> bytes:
    """Make an uncompressed TIFF of one strip, the bits of its samples in a row."""
    height, width = levels.shape[:2]
    samples = 1 if levels.ndim == 2 else 3
    spread = (levels.reshape(height, -1, 1).astype(int) >> np.arange(bits - 1, -1, -1)) & 1
    rows = np.packbits(spread.reshape(height, -1).astype(np.uint8), axis=1).tobytes()
    photometric = photometric if photometric is not None else (1 if samples == 1 else 2)
    entries = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, 1), (262, 3, photometric), (273, 4, 0),
               (277, 3, samples), (278, 4, height), (279, 4, len(rows))]  # fmt: skip
    directory = 8
    after = directory + 2 + 12 * len(entries) + 4
    extra = struct.pack(order + "3H", bits, bits, bits) if samples == 3 else b""
    content = struct.pack(order + "H", len(entries))
    for number, kind, value in entries:
        if number == 258 and samples == 3:
            content += struct.pack(order + "HHII", number, kind, 3, after)
        else:
            value = after + len(extra) if number == 273 else value
            field = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
            content += struct.pack(order + "HHI", number, kind, 1) + field
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "I", directory) + content + bytes(4) + extra + rows


def in_bits(levels: np.ndarray, bits: int) -> np.ndarray:
    return np.rint(levels / 255 * ((1 << bits) - 1)).astype(np.uint16)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [9, 10, 12, 14, 15])
def test_packed_samples_of_every_depth_are_read(bits: int, order: str) -> None:
    for truth in (GREY, COLOUR):
        image = np.asarray(open_image(packed_tiff(in_bits(truth, bits), bits, order)).image).astype(int)
        wanted = truth if truth.ndim == 3 else truth[..., None]
        assert np.abs(image - wanted).max() <= 1


@pytest.mark.parametrize(("bits", "order"), [(12, "<"), (12, ">"), (16, ">")])
def test_samples_with_white_as_zero_are_turned(bits: int, order: str) -> None:
    packed = packed_tiff(in_bits(255 - GREY, bits), bits, order, photometric=0)
    image = np.asarray(open_image(packed).image).astype(int)
    assert np.abs(image - GREY[..., None]).max() <= 1


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("white", [1023, 4095, 10_000])
def test_the_white_that_a_file_tells_counts(white: int, compression: str | None) -> None:
    for truth, photometric in ((GREY, "minisblack"), (COLOUR, "rgb")):
        levels = np.rint(truth / 255 * white).astype(np.uint16)
        count = 1 if truth.ndim == 2 else 3
        tags = [(281, "H", count, white if count == 1 else (white,) * 3, True)]
        for order in "<>":
            data = tiff(levels, photometric=photometric, extratags=tags, compression=compression, byteorder=order)
            image = np.asarray(open_image(data).image).astype(int)
            assert np.abs(image - (truth if truth.ndim == 3 else truth[..., None])).max() <= 1


def test_a_white_below_what_is_there_is_not_believed() -> None:
    data = tiff(GREY.astype(np.uint16) * 257, extratags=[(281, "H", 1, 1000, True)])
    assert np.abs(np.asarray(open_image(data).image).astype(int) - GREY[..., None]).max() <= 1


def test_sixteen_bits_of_which_only_the_lowest_sixteenth_is_used_are_told() -> None:
    for truth, options in ((GREY, {}), (COLOUR, {"photometric": "rgb"})):
        dark = np.rint(truth / 255 * 4000).astype(np.uint16)
        assert open_image(tiff(dark, **options)).notices == (DARK,)
        assert open_image(png(dark if dark.ndim == 3 else dark[..., None])).notices == (DARK,)
        assert open_image(tiff(truth.astype(np.uint16) * 257, **options)).notices == ()
    assert open_image(np.zeros((20, 20), np.uint8)).notices == ()
