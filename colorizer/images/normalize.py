"""Decoded pixels of any mode to upright 8-bit sRGB, with transparency kept aside.

Sources: EXIF 2.32 section 4.6.4 (orientation); ICC.1:2022 (profiles), applied by LittleCMS with relative colorimetric
intent and black point compensation, as browsers and photo editors do by default.
"""

import functools
import io
from typing import Final

import numpy as np
from PIL import ExifTags, Image, ImageChops, ImageCms

from colorizer.errors import PictureError

DAMAGED_PROFILE: Final = "The colour profile of the file is damaged and was ignored."
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIXTEEN_BIT: Final = ("I;16", "I;16L", "I;16B", "I;16N")
_WITH_ALPHA: Final = ("LA", "La", "PA", "RGBA", "RGBa")
_TIFF_PHOTOMETRIC, _TIFF_WHITE_IS_ZERO = 262, 0


def is_sixteen_bit_colour(picture: Image.Image) -> bool:
    """True for a file with 16 bits in each of three channels; asked before decoding, which keeps the upper 8."""
    return any("16" in str(tile.args) for tile in getattr(picture, "tile", ())) and picture.mode == "RGB"


def upright(picture: Image.Image) -> Image.Image:
    """Turn and mirror a decoded picture as its EXIF orientation tells; a damaged EXIF block tells nothing."""
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # EXIF is parsed from hostile bytes; without it the picture stands as it is stored
        orientation = None
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
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
    if picture.mode in _SIXTEEN_BIT:
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
    """(H, W) in 0..65535 to 0..255 by the full range, rounded; alpha from PNG's one transparent grey."""
    values = np.asarray(picture).astype(np.uint16)
    if getattr(picture, "tag_v2", {}).get(_TIFF_PHOTOMETRIC) == _TIFF_WHITE_IS_ZERO:
        values = 65535 - values  # Pillow does this for 8 bits, and forgets it for 16
    grey = Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))
    key = picture.info.get("transparency")
    if not isinstance(key, int):
        return grey, None
    return grey, Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8))


@functools.cache
def srgb_profile() -> ImageCms.ImageCmsProfile:
    """The sRGB profile that LittleCMS makes."""
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
    if space == "GRAY" and colour.mode == "RGB" and is_grey(colour):
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


def is_grey(image: Image.Image, tolerance_levels: int = 0) -> bool:
    """True where the channels of an "RGB" picture differ by no more than `tolerance_levels` of 0..255 anywhere."""
    red, green, blue = image.split()
    pairs = ((red, green), (green, blue), (red, blue))
    histograms = (ImageChops.difference(one, other).histogram() for one, other in pairs)
    return not any(any(histogram[tolerance_levels + 1 :]) for histogram in histograms)
