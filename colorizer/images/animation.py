"""Films: pictures of one size in a row, saved as an animation (WebP, GIF) or side by side on a sheet (PNG).

    frames = [Frame(first, "Epoch 0"), Frame(second, "Epoch 1")]
    Path("film.webp").write_bytes(encode_animation(frames, "WEBP", note))

Each caption stands on a band under its picture. As in other results, what is embedded is the note on the colours - as
the comment of a GIF, XMP dc:description in WebP, "Description" text in PNG -, an sRGB profile where the format has a
place for one (GIF has none), and nothing of the photo's metadata. Transparent parts lie on white.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from PIL import Image, ImageDraw, ImageFont

from colorizer.images import saving

FilmFormat = Literal["WEBP", "GIF"]
FRAME_MILLISECONDS: Final = 800
LAST_MILLISECONDS: Final = 2000
_MIN_WIDTH: Final = 240  # px: a narrower picture stands in the middle of a frame that has room for the caption
_MAX_SIZE: Final = 22  # px, height of the captions' font; a long caption is written smaller
_MIN_SIZE: Final = 9
_BAND: Final = 1.8  # height of the band, in heights of the font
_SHEET_ASPECT: Final = 1.4  # width to height that the grid of a sheet comes near to
_GAP: Final = 12  # px between the pictures of a sheet
_SURFACE: Final = (228, 228, 228)  # neutral, as in the app
_INK: Final = (28, 28, 28)


@dataclass(frozen=True)
class Frame:
    """One picture, RGB or RGBA, and what is written under it."""

    image: Image.Image
    caption: str


def encode_animation(frames: Sequence[Frame], format: FilmFormat, note: str) -> bytes:
    """Encode pictures as an animation that runs for ever: 0.8 s each, the last one 2 s.

    Args:
        frames: at least one; all of one size, which the animation has as well, with the band added at the bottom.
        format: WebP is written with quality 92; GIF with 256 colours a picture, dithered.
        note: what the colours are, for whoever meets the file later.

    Raises:
        ValueError: no frames, pictures of several sizes, or another format.
    """
    if format not in get_args(FilmFormat):
        raise ValueError(f"a film is one of {get_args(FilmFormat)}, not {format}")
    pages = _pages(frames)
    durations = [FRAME_MILLISECONDS] * (len(pages) - 1) + [LAST_MILLISECONDS]
    stream = io.BytesIO()
    if format == "GIF":
        first, *others = (_in_256_colors(page) for page in pages)
        first.save(
            stream, "GIF", save_all=True, append_images=others, duration=durations, loop=0, comment=note, optimize=False
        )
    else:
        first, *others = pages
        profile = saving.srgb_profile_bytes()
        first.save(
            stream, "WEBP", save_all=True, append_images=others, duration=durations, loop=0, icc_profile=profile,
            **saving.save_options("WEBP", note),
        )  # fmt: skip
    return stream.getvalue()


def encode_sheet(frames: Sequence[Frame], note: str, columns: int | None = None) -> bytes:
    """Lay pictures out in a grid, row by row, and encode it as PNG.

    Args:
        frames: at least one; all of one size.
        note: as for `encode_animation`.
        columns: of the grid; by default as many as make its shape good to look at.

    Raises:
        ValueError: no frames, or pictures of several sizes.
    """
    pages = _pages(frames)
    width, height = pages[0].width + _GAP, pages[0].height + _GAP
    columns = columns or _columns(len(pages), width / height)
    rows = math.ceil(len(pages) / columns)
    sheet = Image.new("RGB", (columns * width + _GAP, rows * height + _GAP), _SURFACE)
    for place, page in enumerate(pages):
        row, column = divmod(place, columns)
        sheet.paste(page, (_GAP + column * width, _GAP + row * height))
    return saving.encode_image(sheet, "PNG", note)


def _columns(count: int, cell_aspect: float) -> int:
    """Choose the columns of a grid: near to the sheet's aspect, and with few empty places."""

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        empty = columns * rows / count
        return abs(math.log(columns * cell_aspect / rows / _SHEET_ASPECT)) + 2 * math.log(empty)

    return min(range(1, count + 1), key=badness)


def _pages(frames: Sequence[Frame]) -> list[Image.Image]:
    """Draw the pictures with their bands: RGB, all of one size."""
    sizes = {frame.image.size for frame in frames}
    if len(sizes) != 1:
        raise ValueError(f"a film has pictures of one size, not of {sorted(sizes) or 'none'}")
    width = max(_MIN_WIDTH, frames[0].image.width)
    font = _font([frame.caption for frame in frames], width)
    return [_page(frame, width, font) for frame in frames]


def _font(captions: Sequence[str], width: int) -> ImageFont.FreeTypeFont:
    """Find the largest font in which every caption fits the width."""
    for size in range(_MAX_SIZE, _MIN_SIZE, -1):
        font = _scalable(size)
        if max(font.getlength(caption) for caption in captions) <= width - size:
            return font
    return _scalable(_MIN_SIZE)


def _scalable(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, which is scalable where a size is named."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _page(frame: Frame, width: int, font: ImageFont.FreeTypeFont) -> Image.Image:
    """Put a picture in the middle of a page `width` px wide, its caption in the middle of the band under it."""
    image = frame.image
    band = round(_BAND * font.size)
    page = Image.new("RGB", (width, image.height + band), _SURFACE)
    left = (width - image.width) // 2
    page.paste("white", (left, 0, left + image.width, image.height))
    page.paste(image, (left, 0), image.getchannel("A") if image.mode == "RGBA" else None)
    middle = (width / 2, image.height + band / 2)
    ImageDraw.Draw(page).text(middle, frame.caption, _INK, font, anchor="mm")
    return page


def _in_256_colors(page: Image.Image) -> Image.Image:
    """Reduce the page to a palette of its own; dithered, so that faint colours do not vanish."""
    palette = page.quantize(256, Image.Quantize.MEDIANCUT)
    return page.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
