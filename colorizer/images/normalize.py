"""Decoded pixels of any mode to upright 8-bit sRGB, with transparency kept aside.

Sources: EXIF 2.32 section 4.6.4 (orientation); ICC.1:2022 (profiles), applied by LittleCMS with relative colorimetric
intent and black point compensation, as browsers and photo editors do by default.
"""

import functools
import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from colorizer.errors import PictureError
from colorizer.images import color_numbers, sample_range
from colorizer.images.greyness import channel_spread
from colorizer.images.picture_file import Levels, Opened
from colorizer.images.png_chunks import DAMAGED_PROFILE
from colorizer.images.sample_range import SIXTEEN_BIT_MODES

_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_WITH_ALPHA: Final = ("LA", "La", "PA", "RGBA", "RGBa")
_DARK_LEVELS: Final = 255 // 16


@dataclass(frozen=True)
class Normalized:
    """Upright sRGB pixels.

    Attributes:
        image: mode "RGB", without anything of the file's but pixels.
        alpha: mode "L" or None.
        notices: on what could not be done.
    """

    image: Image.Image
    alpha: Image.Image | None
    notices: tuple[str, ...]


def normalize(opened: Opened) -> Normalized:
    """Convert a decoded picture.

    Raises:
        PictureError: the pixels are floating-point numbers or 32-bit integers, whose range nobody knows.
    """
    orientation = orientation_of(opened.picture)
    is_deep = _has_sixteen_bits(opened)
    levels = opened.read_levels() if opened.read_levels is not None and _asks_for_levels(opened) else None
    colour, alpha = _colour_and_alpha(opened, levels)
    notices = []
    if is_deep and _is_dark(colour):
        notices.append(sample_range.DARK)
    image, damage = _to_srgb(opened, colour, levels)
    if damage:
        notices.append(damage)
    turned_alpha = None if alpha is None else _plain(upright(alpha, orientation))
    return Normalized(_plain(upright(image, orientation)), turned_alpha, tuple(notices))


def _plain(image: Image.Image) -> Image.Image:
    image.info = {}  # EXIF, GPS, XMP, text and the old profile end here
    return image


def _asks_for_levels(opened: Opened) -> bool:
    if opened.needs_levels:
        return True
    numbers = None if opened.profile else opened.numbers
    is_coarse = opened.kind.pillow_format == "HEIF"  # 8 of 10 bits do for the gentle curves
    return numbers is not None and not numbers.is_srgb and (numbers.is_hdr or not is_coarse)


def _has_sixteen_bits(opened: Opened) -> bool:
    """Whether the file has 16 bits in a sample, so that it may lie in their lowest sixteenth."""
    if opened.needs_levels or opened.kind.pillow_format not in ("PNG", "TIFF"):
        return False
    return opened.picture.mode in SIXTEEN_BIT_MODES or opened.is_sixteen_bit_colour


def _is_dark(colour: Image.Image) -> bool:
    extrema = colour.getextrema()
    pairs = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return 0 < max(int(highest) for _, highest in pairs) <= _DARK_LEVELS


def _colour_and_alpha(opened: Opened, levels: NDArray[np.uint16] | None) -> tuple[Image.Image, Image.Image | None]:
    if opened.needs_levels and levels is not None:
        colour = Image.fromarray(_eight_bits(levels))
        has_alpha = opened.picture.mode == "RGBA"
        return colour, opened.picture.getchannel("A") if has_alpha else None
    return split_alpha(opened.picture, opened.is_sixteen_bit_colour)


def _eight_bits(levels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """0..65535 to 0..255, rounded."""
    return ((levels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _to_srgb(opened: Opened, colour: Image.Image, levels: NDArray[np.uint16] | None) -> tuple[Image.Image, str | None]:
    """Convert by the profile, else by the numbers, to "RGB"."""
    numbers = opened.numbers
    if opened.profile is None and numbers is not None and not numbers.is_srgb:
        if colour.mode not in ("L", "RGB"):
            colour = colour.convert("RGB")
        source: Levels = np.asarray(colour) if levels is None else levels
        return color_numbers.to_srgb(source, numbers).convert("RGB"), None
    return to_srgb(colour, opened.profile, opened.is_from_file)


def orientation_of(picture: Image.Image) -> int:
    """Read the EXIF orientation, 1..8, as a browser does: of the EXIF block or a TIFF's own tag, never of XMP or texts.

    A damaged block tells nothing.
    """
    try:
        if hasattr(picture, "tag_v2"):
            value = picture.tag_v2.get(ExifTags.Base.Orientation)
        else:
            exif = Image.Exif()
            exif.load(picture.info["exif"])
            value = exif.get(ExifTags.Base.Orientation)
    except Exception:  # EXIF is parsed from hostile bytes; without it the picture stands as it is stored
        value = None
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """Turn and mirror a picture as its EXIF orientation, 1..8, tells."""
    method = _UPRIGHT.get(orientation)
    return picture if method is None else picture.transpose(method)


def split_alpha(picture: Image.Image, sixteen_bit_key: bool = False) -> tuple[Image.Image, Image.Image | None]:
    """Separate a decoded picture into colour and transparency.

    Args:
        picture: any mode that Pillow decodes to.
        sixteen_bit_key: the one transparent colour of an RGB picture is given in 16 bits (PNG's tRNS).

    Returns:
        Colour in mode "L", "RGB", "CMYK", "YCbCr" or "LAB", and alpha in mode "L" or None.

    Raises:
        PictureError: the pixels are floating-point numbers or 32-bit integers, whose range nobody knows.
    """
    if picture.mode in SIXTEEN_BIT_MODES:
        return _split_sixteen_bit(picture)
    if picture.mode in ("I", "F"):
        raise PictureError(
            "The picture has 32-bit, signed or floating-point pixels, whose black and white are not defined; "
            "save it with 8 or 16 bits per channel."
        )
    key = picture.info.get("transparency")
    if picture.mode in _WITH_ALPHA or (key is not None and picture.mode in ("1", "L", "P", "RGB")):
        if sixteen_bit_key and isinstance(key, tuple):
            picture.info["transparency"] = tuple(value >> 8 for value in key)
        rgba = picture.convert("RGBA")
        return rgba.convert("RGB"), rgba.getchannel("A")
    if picture.mode in ("L", "RGB", "CMYK", "YCbCr", "LAB"):
        return picture, None
    return picture.convert("L" if picture.mode == "1" else "RGB"), None


def _split_sixteen_bit(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """(H, W) in 0..65535 to 0..255 by the full range; alpha from PNG's one transparent grey."""
    values = np.asarray(picture).astype(np.uint16)
    if sample_range.is_white_zero(picture):
        values = 65535 - values
    grey = Image.fromarray(_eight_bits(values))
    key = picture.info.get("transparency")
    if not isinstance(key, int):
        return grey, None
    return grey, Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8))


@functools.cache
def srgb_profile() -> ImageCms.ImageCmsProfile:
    """Return the sRGB profile that LittleCMS makes."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def to_srgb(colour: Image.Image, profile: bytes | None, may_keep: bool = False) -> tuple[Image.Image, str | None]:
    """Convert to "RGB" in sRGB.

    Args:
        colour: mode "L", "RGB", "CMYK", "YCbCr" or "LAB".
        profile: the embedded ICC profile; without one, sRGB (or uncalibrated CMYK) is assumed.
        may_keep: nobody else is going to use or change these pixels, so they need not be copied.

    Returns:
        A picture without anything of the file's but pixels, and a notice where the profile was ignored.
    """
    notice = None
    if profile:
        try:
            return _apply_profile(colour, profile), None
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError, MemoryError):
            notice = DAMAGED_PROFILE
    if colour.mode != "RGB":
        return colour.convert("RGB"), notice
    # Pillow has no public name for a plain picture of the same pixels: for 12 megapixels a copy takes 45 ms.
    return (colour._new(colour.im) if may_keep else colour.copy()), notice


def _apply_profile(colour: Image.Image, profile: bytes) -> Image.Image:
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = str(opened.profile.xcolor_space).strip()
    if space == "RGB" and colour.mode != "RGB":  # a grey or YCbCr file may carry the profile of its RGB colours
        colour = colour.convert("RGB")
    if space == "GRAY" and colour.mode == "RGB" and channel_spread(colour) == 0:
        colour = colour.getchannel("G")  # a grey file with a transparent colour was expanded to RGB
    converted = ImageCms.profileToProfile(
        colour,
        opened,
        srgb_profile(),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None  # None is for in-place conversion only
    return converted
