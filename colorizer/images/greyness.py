"""Whether a photo has colours of its own: decided here, for the app, `evaluate`, the ranking and training alike.

Grey is not "no pixel has a colour". A scan of a black-and-white print is sepia or blue from the paper, has the
scanner's noise in its channels, a date stamp in orange or a note in ink. What all these have in common: at each
lightness nearly all of the picture has one and the same tint. A colour photo, even one in fog, does not.

`python -m benchmarks.greyness` measures it. Of 374 colour photos (Kodak, BSDS, people) none is called toned; of 24,883
training photos 67 are, of which by eye 31 are toned prints, and 36 show sky, sea, snow or cloth in one light. Of scans
made of prints of Kodak and BSDS photos (toned, sepia, noisy, yellowed, stamped, signed) 96 to 100% are found of each
kind; of those of only 160 px, where JPEG smears tints over more of the picture, 67 to 100%.
"""

import functools
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageCms

Tone = Literal["colour", "grey", "toned"]
TONED: Final = "A toned black-and-white photo: nothing to compare with."
GREY: Final = "A black-and-white photo: nothing to compare with."

_ROUNDING_LEVELS: Final = 2  # of 255: what JPEG and a profile's conversion leave of a grey
_SIDE: Final = 128  # px: noise is averaged away, and a face still has its colour
_LARGEST_SCALE: Final = 0.5  # JPEG has halved the chroma
_LIGHTNESS_GROUPS: Final = 16
_STRONG_TINT: Final = 9.0  # Lab units of chroma: from here on a tint has a direction
_ALONG_TINT: Final = 0.8  # weight of differences in that direction: where JPEG halves the chroma, tints smear along it
_SEPIA_UNITS: Final = (18.0, 45.0)  # chroma of a strong sepia, which smears more
_SEPIA_HUES: Final = (30.0, 100.0)  # degrees in the plane of a and b
_ALONG_SEPIA: Final = 0.5
_APART: Final = 4.0  # Lab units from the common tint: the eye sees another colour
_FOREIGN_SHARE: Final = 0.02  # of the pixels: a date stamp
_STAMPED_SHARE: Final = 0.04  # a note in ink, where all the rest is as even as a scan is
_FLAT_LEVELS: Final = 24  # of 255: with less between its dark and light parts a strong colour is a plain surface
_EVEN_UNITS: Final = 0.3  # mean distance of that rest


def tone_of(image: Image.Image) -> Tone:
    """Tell whether an "RGB" picture has colours.

    Returns:
        "grey" where no pixel has any; "toned" where there is one tint, with noise and small stamps; else "colour".
    """
    if channel_spread(image) <= _ROUNDING_LEVELS:
        return "grey"
    lab = _small_lab(image)
    if _is_plain_surface(lab):
        return "colour"
    distances = np.sort(_distances(lab))
    foreign = float((distances > _APART).mean())
    rest = distances[: max(1, int(len(distances) * (1 - _STAMPED_SHARE)))]
    is_stamped = foreign <= _STAMPED_SHARE and float(rest.mean()) <= _EVEN_UNITS
    return "toned" if foreign <= _FOREIGN_SHARE or is_stamped else "colour"


def sentence_of(tone: Tone) -> str | None:
    """Say why there is nothing to hold a result against; None for a colour photo."""
    return {"colour": None, "grey": GREY, "toned": TONED}[tone]


def channel_spread(image: Image.Image) -> int:
    """Return the largest difference between two channels of an "RGB" picture at any pixel, 0..255."""
    red, green, blue = image.split()
    pairs = ((red, green), (green, blue), (red, blue))
    extrema = (ImageChops.difference(one, other).getextrema() for one, other in pairs)
    return max(int(highest) for _, highest in extrema)  # type: ignore[arg-type]


@functools.cache
def _to_lab() -> ImageCms.ImageCmsTransform:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.buildTransform(srgb, lab, "RGB", "LAB", ImageCms.Intent.RELATIVE_COLORIMETRIC)


def _small_lab(image: Image.Image) -> NDArray[np.float32]:
    """(N, 3): L in 0..255, a and b in Lab units, of the picture scaled down to 128 px."""
    scale = min(_SIDE / max(image.size), _LARGEST_SCALE)
    if min(image.size) * scale >= 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    converted = ImageCms.applyTransform(image, _to_lab())
    assert converted is not None  # None is for in-place conversion only
    levels = np.asarray(converted).reshape(-1, 3)
    lab = levels.astype(np.float32)
    lab[:, 1:] = levels[:, 1:].view(np.int8)
    return lab


def _is_plain_surface(lab: NDArray[np.float32]) -> bool:
    """Whether there is next to no picture in one strong colour, such as a cut of the sky."""
    dark, light = np.quantile(lab[:, 0], (0.02, 0.98))
    return bool(light - dark < _FLAT_LEVELS and np.hypot(*np.median(lab[:, 1:], axis=0)) >= _STRONG_TINT)


def _distances(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,): how far each pixel's a and b are from what is usual at its lightness."""
    lightness, ab = lab[:, 0], lab[:, 1:]
    groups = np.array_split(np.argsort(lightness, kind="stable"), min(_LIGHTNESS_GROUPS, len(lab)))
    centres = [float(lightness[group].mean()) for group in groups]
    tints = np.array([np.median(ab[group], axis=0) for group in groups])
    apart = ab - np.stack([np.interp(lightness, centres, tints[:, channel]) for channel in (0, 1)], 1)
    strongest = tints[int(np.argmax(np.hypot(*tints.T)))]
    strength = float(np.hypot(*strongest))
    if strength < _STRONG_TINT:
        return np.hypot(apart[:, 0], apart[:, 1]).astype(np.float32)
    along = apart @ (strongest / strength)
    across = apart @ (np.array([-strongest[1], strongest[0]]) / strength)
    hue = float(np.degrees(np.arctan2(strongest[1], strongest[0])))
    is_sepia = _SEPIA_UNITS[0] <= strength <= _SEPIA_UNITS[1] and _SEPIA_HUES[0] <= hue <= _SEPIA_HUES[1]
    return np.hypot((_ALONG_SEPIA if is_sepia else _ALONG_TINT) * along, across).astype(np.float32)
