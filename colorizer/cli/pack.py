"""Pack photos small, into a few tar files that travel: for a machine that is lent for minutes and has no network."""

import argparse
import io
import tarfile
from collections.abc import Iterator, Sequence

from PIL import Image

from colorizer import images
from colorizer.cli.colorize import LeftOutFiles, find_sources, progress, report, require_folders
from colorizer.errors import PictureError
from colorizer.images.limits import local_limits
from colorizer.utils import messages
from colorizer.utils.atomic_write import write_atomically

_BLOCK = 512  # bytes: a tar's header, and what each file is rounded up to


def shrink(picture: Image.Image, side: int, quality: int) -> bytes:
    """Return a picture of short side `side` as WebP; one that is smaller stays as large as it is."""
    scale = min(1.0, side / min(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    file = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).save(file, "WEBP", quality=quality)
    return file.getvalue()


def _packed(sources: Sequence[str], options: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    limits = local_limits(options.max_pixels)
    for number, source in enumerate(progress(sources)):
        try:
            photo = images.open_image(source, limits=limits)
            yield f"{number:06d}.webp", shrink(photo.image, options.side, options.quality)
        except PictureError as error:
            report(f"{source}: {error}")


def _in_parts(packed: Iterator[tuple[str, bytes]], megabytes: int) -> Iterator[list[tuple[str, bytes]]]:
    """Group files so that the tar of each group stays below a size."""
    limit = megabytes * 1_000_000 - 20 * _BLOCK  # a tar ends in up to 20 empty blocks
    part: list[tuple[str, bytes]] = []
    size = 0
    for name, content in packed:
        needed = _BLOCK + -(-len(content) // _BLOCK) * _BLOCK
        if part and size + needed > limit:
            yield part
            part, size = [], 0
        part.append((name, content))
        size += needed
    if part:
        yield part


def _as_tar(part: Sequence[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in part:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def pack_command(options: argparse.Namespace) -> int:
    """Write `OUT/photos-NN.tar`, each at most so many megabytes; prints how many photos went in."""
    require_folders(options.folders)
    options.out.mkdir(parents=True, exist_ok=True)
    left_out = LeftOutFiles(options.verbose)
    sources = find_sources(options.folders, left_out)
    counts = []
    for number, part in enumerate(_in_parts(_packed(sources, options), options.megabytes)):
        write_atomically(options.out / f"photos-{number:02d}.tar", _as_tar(part))
        counts.append(len(part))
    left_out.tell()
    if not counts:
        raise PictureError(f"{', '.join(map(str, options.folders))}: none of the pictures can be read.")
    messages.write_line(f"{sum(counts)} photos in {len(counts)} files in {options.out}.")
    return 0 if sum(counts) == len(sources) else 1
