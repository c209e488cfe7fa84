"""How often `colorizer.images.greyness` errs: colour photos that it calls grey or toned, and scans that it overlooks.

    python -m benchmarks.greyness FOLDER... [--every N] [--sheet called.png]

The folders hold colour photos. Each is judged as it is, and as a JPEG of a scan of its black-and-white print: toned in
a colour drawn at random, sepia, with a scanner's noise, unevenly yellowed, date-stamped, or signed in ink.
"""

import argparse
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from colorizer import images
from colorizer.images import greyness
from colorizer.images.folders import find_pictures

Scan = Callable[[Image.Image, np.random.Generator], Image.Image]
_SEPIA: Final = np.array([(0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131)])  # W3C filter effects
_SHEET_SIDE: Final = 160  # px


def _grey(photo: Image.Image) -> Image.Image:
    return photo.convert("L").convert("RGB")


def _toned(photo: Image.Image, dice: np.random.Generator) -> Image.Image:
    """Black and white each get a tint: sepia, selenium, cyanotype, or any other."""
    black, white = dice.integers(0, 45, 3), dice.integers(195, 256, 3)
    return ImageOps.colorize(photo.convert("L"), tuple(black.tolist()), tuple(white.tolist()))


def _sepia(photo: Image.Image, dice: np.random.Generator) -> Image.Image:
    strength = dice.uniform(0.2, 1.0)
    grey = np.asarray(_grey(photo)).astype(float)
    toned = 0.74 * grey @ _SEPIA.T
    return Image.fromarray((grey + strength * (toned - grey)).clip(0, 255).astype(np.uint8))


def _noisy(photo: Image.Image, dice: np.random.Generator) -> Image.Image:
    grey = np.asarray(_toned(photo, dice)).astype(float)
    return Image.fromarray((grey + dice.normal(0, dice.uniform(2, 8), grey.shape)).clip(0, 255).astype(np.uint8))


def _yellowed(photo: Image.Image, dice: np.random.Generator) -> Image.Image:
    """Paper that is yellower at one side, by up to 6 levels of blue of 100."""
    pixels = np.asarray(_sepia(photo, dice)).astype(float)
    fade = np.linspace(1.0, dice.uniform(0.94, 1.0), photo.width)[None, :]
    pixels[..., 2] *= fade
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _written(photo: Image.Image, text: str, color: tuple[int, int, int], share: float) -> Image.Image:
    size = max(8, round(share * min(photo.size)))
    ImageDraw.Draw(photo).text((photo.width - 5 * size, photo.height - 1.5 * size), text, color, font_size=size)
    return photo


def _stamped(photo: Image.Image, dice: np.random.Generator) -> Image.Image:
    return _written(_grey(photo), "'94  7 12", (255, int(dice.integers(90, 170)), 20), 0.06)


def _stamped_sepia(photo: Image.Image, dice: np.random.Generator) -> Image.Image:
    return _written(_sepia(photo, dice), "'94  7 12", (255, int(dice.integers(90, 170)), 20), 0.06)


def _signed(photo: Image.Image, dice: np.random.Generator) -> Image.Image:
    return _written(_grey(photo), "for Anna 1951", (40, 50, int(dice.integers(120, 200))), 0.07)


SCANS: Final[dict[str, Scan]] = {
    "toned": _toned,
    "sepia": _sepia,
    "noisy": _noisy,
    "yellowed": _yellowed,
    "stamped": _stamped,
    "stamped sepia": _stamped_sepia,
    "signed": _signed,
}


def scanned(photo: Image.Image, name: str, seed: int) -> Image.Image:
    """Make the scan of an "RGB" photo's print, as it comes out of a JPEG."""
    dice = np.random.default_rng((seed, list(SCANS).index(name)))
    stream = io.BytesIO()
    SCANS[name](photo, dice).save(stream, "JPEG", quality=int(dice.integers(75, 96)))
    return images.open_image(stream.getvalue()).image


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take one photo of so many")
    parser.add_argument("--without-scans", action="store_true", help="judge the photos alone")
    parser.add_argument("--sheet", type=Path, help="write the photos that were called grey or toned, to look at")
    options = parser.parse_args(arguments)
    called: list[tuple[str, Image.Image]] = []
    for folder in options.folders:
        counts: Counter[str] = Counter()
        for number, path in enumerate(find_pictures(folder).pictures[:: options.every]):
            photo = images.open_image(path)
            counts["photos"] += 1
            counts[f"is {photo.tone}"] += 1
            if photo.tone != "colour":
                called.append((path.name, photo.image))
                continue
            for name in () if options.without_scans else SCANS:
                counts[name] += greyness.tone_of(scanned(photo.image, name, number)) != "colour"
        print(f"{folder.name}: {_line(counts, options.without_scans)}", flush=True)
    if options.sheet and called:
        _write_sheet(called, options.sheet)


def _line(counts: Counter[str], without_scans: bool) -> str:
    photos = f"{counts['photos']} photos, {counts['is grey']} called grey, {counts['is toned']} called toned"
    if without_scans:
        return photos
    found = ", ".join(f"{name} {counts[name] / max(1, counts['is colour']):.1%}" for name in SCANS)
    return f"{photos}; of the scans were found: {found}"


def _write_sheet(called: Sequence[tuple[str, Image.Image]], path: Path) -> None:
    columns = min(8, len(called))
    rows = -(-len(called) // columns)
    sheet = Image.new("RGB", (columns * _SHEET_SIDE, rows * (_SHEET_SIDE + 14)), (128, 128, 128))
    for number, (name, photo) in enumerate(called):
        left, top = number % columns * _SHEET_SIDE, number // columns * (_SHEET_SIDE + 14)
        photo.thumbnail((_SHEET_SIDE, _SHEET_SIDE))
        sheet.paste(photo, (left, top))
        ImageDraw.Draw(sheet).text((left, top + _SHEET_SIDE), name[:28], (0, 0, 0))
    sheet.save(path)


if __name__ == "__main__":
    main()
