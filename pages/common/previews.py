"""Previews of a photo: small enough for the screen and for memory."""

import io
from typing import Final

from PIL import Image

from colorizer.images import Photo, encode_image
from colorizer.inference.full_resolution import LightnessPlane, read_lightness, with_alpha
from pages.common.model_cache import shared_results

_PREVIEW_SIDE: Final = 1600  # px: sharp on a wide screen, 5 MB in memory
_CANVAS_SIDE: Final = 1200  # px: sharp at the size that a single large photo has on a wide screen
_PREVIEW_NOTE: Final = "A preview."


def _small(image: Image.Image) -> Image.Image:
    scale = min(1.0, _PREVIEW_SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0) if scale < 1 else image


def canvas_of(preview: Image.Image) -> LightnessPlane:
    """Read L at the size of the first page's large picture."""
    small = preview.copy()
    small.thumbnail((_CANVAS_SIDE, _CANVAS_SIDE))
    return read_lightness(small)


def encode_preview(image: Image.Image, alpha: Image.Image | None) -> bytes:
    """Encode a picture with its transparency, which may be of another size."""
    if alpha is not None and alpha.size != image.size:
        alpha = alpha.resize(image.size)
    return encode_image(with_alpha(image, alpha), "JPEG" if alpha is None else "WEBP", _PREVIEW_NOTE)


def encode_thumbnail(image: Image.Image, most: tuple[int, int]) -> bytes:
    """Encode a picture as a JPEG that fits into so many pixels of width and height."""
    small = image.convert("RGB")
    small.thumbnail(most, Image.Resampling.LANCZOS, reducing_gap=2.0)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=80)
    return stream.getvalue()


def previews_of(decoded: Photo) -> tuple[Image.Image, Image.Image | None]:
    """Shrink an opened photo's colour and transparency to the size of previews."""
    results = shared_results()
    colour = results.make("preview", (decoded.image,), (), lambda: _small(decoded.image))
    alpha = decoded.alpha
    return colour, None if alpha is None else results.make("preview", (alpha,), (), lambda: _small(alpha))
