"""Photos for the browser tests, made when needed."""

import io

import numpy as np
from PIL import Image

_ORIENTATION, _GPS, _MAKE = 0x0112, 0x8825, 0x010F
_ROTATE_90 = 6  # stored lying on its side: to be turned clockwise to stand upright


def holiday_photo(width: int, height: int) -> bytes:
    """Make an upright scene of `width` x `height` px, as a phone saves it.

    Bright sky above, grass and a red roof below, a light mark in the upper left corner; stored on its side with EXIF
    orientation 6, with its place on earth and its maker.
    """
    rows, columns = np.mgrid[0:height, 0:width]
    sky = rows < height / 2
    scene = np.stack([np.where(sky, 120, 70), np.where(sky, 170, 90), np.where(sky, 230, 40)], -1).astype(np.uint8)
    roof = ~sky & (columns > width / 2)  # as light as the grass, so that lightness does not tell the colour
    scene[roof] = 130, 66, 60
    scene += ((columns // 7 + rows // 5) % 23).astype(np.uint8)[..., None]
    scene[: height // 4, : width // 4] = 250
    exif = Image.Exif()
    exif[_ORIENTATION] = _ROTATE_90
    exif[_MAKE] = "Phone"
    exif.get_ifd(_GPS)[1] = "N"
    exif.get_ifd(_GPS)[2] = (53.0, 33.0, 0.0)
    stream = io.BytesIO()
    stored = Image.fromarray(scene).transpose(Image.Transpose.ROTATE_90)
    stored.save(stream, "JPEG", quality=85, exif=exif)
    return stream.getvalue()


def assert_upright_and_anonymous(content: bytes, size: tuple[int, int]) -> None:
    """Check a saved result: of the photo's size, the right way up, without orientation, place or maker."""
    with Image.open(io.BytesIO(content)) as result:
        assert result.size == size
        assert dict(result.getexif()) == {}
        assert b"Phone" not in content
        assert b"made up by a neural network" in content
        light = np.asarray(result.convert("L")).astype(float)
    height, width = light.shape
    assert light[: height // 4, : width // 4].mean() > 240
    assert light[: height // 4, width // 2 :].mean() > light[3 * height // 4 :].mean() + 50
