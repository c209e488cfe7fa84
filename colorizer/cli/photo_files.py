"""The photos of folders that commands measure on: opened one at a time, as often as a measurement goes through them."""

import argparse
from collections.abc import Iterator

from PIL import Image

from colorizer import images
from colorizer.cli.colorize import LeftOutFiles, find_sources, progress, report, require_folders
from colorizer.errors import PictureError
from colorizer.images.limits import local_limits


class PhotoFiles:
    """The photos below folders that can be measured.

    The first time through, what cannot be measured is reported by name; from then on it is passed over. One photo at
    a time is held, so that a folder may have any number of them.

    Args:
        options: of a command line: `folders`, `verbose` and `max_pixels`.
        accepts_grey: whether photos without colours of their own count.

    Raises:
        PictureError: a folder is missing or holds no pictures.
    """

    def __init__(self, options: argparse.Namespace, accepts_grey: bool = False) -> None:
        require_folders(options.folders)
        self._names = ", ".join(map(str, options.folders))
        self._left_out = LeftOutFiles(options.verbose)
        self._limits = local_limits(options.max_pixels)
        self._accepts_grey = accepts_grey
        self._sources = list(enumerate(find_sources(options.folders, self._left_out)))
        self._is_known = False
        self.failed = False
        """Whether a picture could not be read; known after the first time through."""

    def __len__(self) -> int:
        """Count the photos; before the first time through, those that cannot be measured among them."""
        return len(self._sources)

    def __iter__(self) -> Iterator[Image.Image]:
        """Open each photo, an RGB picture."""
        return (image for *_, image in self.named())

    def named(self) -> Iterator[tuple[int, str, Image.Image]]:
        """Open each photo; it comes with its number among all pictures of the folders, and its path.

        Raises:
            PictureError: none can be measured, or one could be the first time and no more.
        """
        if self._is_known:
            for number, source in progress(self._sources):
                yield number, source, images.open_image(source, limits=self._limits).image
            return
        usable = []
        for number, source in progress(self._sources):
            if (image := self._try(source)) is not None:
                usable.append((number, source))
                yield number, source, image
        self._sources, self._is_known = usable, True
        self._left_out.tell()
        if not usable:
            raise PictureError(f"{self._names}: none of the pictures can be read and has colours.")

    def _try(self, source: str) -> Image.Image | None:
        """Open a photo that may not be one; why it cannot be measured is reported."""
        try:
            photo = images.open_image(source, limits=self._limits)
        except PictureError as error:
            report(f"{source}: {error}")
            self.failed = True
            return None
        if photo.why_no_truth and not self._accepts_grey:
            report(f"{source}: {photo.why_no_truth} It was left out.")
            return None
        return photo.image
