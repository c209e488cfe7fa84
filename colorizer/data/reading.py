"""Files, or their bytes, to uint8 tensors; many of them through worker processes, in order.

What cannot be read, and what has no colours to learn from, is told and left out.
"""

import dataclasses
import errno
import hashlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from colorizer import images
from colorizer.errors import DataError, PalePictureError, PictureError
from colorizer.evaluation import metrics

_WORKER_GRACE_SECONDS = 10
_FEW_PICTURES = 64
Bytes = NDArray[np.uint8]
Item = TypeVar("Item")
MAX_ASPECT = 2.0  # longer pictures are cut to it around their centre: what is held stays bounded


def _resized(picture: Image.Image, side: int) -> Bytes:
    """PIL RGB -> uint8 (h, w, 3) with short side `side`, no longer than MAX_ASPECT."""
    width, height = picture.size
    limit = MAX_ASPECT * min(width, height)
    left, top = max(0.0, (width - limit) / 2), max(0.0, (height - limit) / 2)
    box = (left, top, width - left, height - top)
    scale = side / min(width, height)
    size = (max(side, round((box[2] - box[0]) * scale)), max(side, round((box[3] - box[1]) * scale)))
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS, box=box))


def read_picture(source: Path | bytes, side: int) -> Tensor:
    """Decode a file, or its bytes, to uint8 (3, h, w) with short side `side`, at most MAX_ASPECT long.

    Raises:
        PictureError: as `images.open_image`.
    """
    return resize(images.open_image(source).image, side)


def resize(picture: Image.Image, side: int) -> Tensor:
    """Return a picture, PIL RGB, as uint8 (3, h, w) with short side `side`, at most MAX_ASPECT long."""
    return torch.from_numpy(_resized(picture, side).transpose(2, 0, 1).copy())


def read_colorful(source: Path | bytes, side: int, min_colorfulness: float) -> Tensor:
    """As `read_picture`, of pictures that have colours to learn from.

    Raises:
        PictureError: as `images.open_image`.
        PalePictureError: for a black-and-white photo, toned or not, and for a picture whose `metrics.colorfulness` is
            below `min_colorfulness`.
    """
    picture = resize(_open_colour_photo(source), side)
    if min_colorfulness and (found := metrics.colorfulness(picture[None].float() / 255).item()) < min_colorfulness:
        raise PalePictureError(f"its colourfulness is {found:.0f}, below data.min_colorfulness.")
    return picture


def _open_colour_photo(source: Path | bytes) -> Image.Image:
    photo = images.open_image(source)
    if photo.why_no_truth:
        raise PalePictureError(photo.why_no_truth)
    return photo.image


def read_square(source: Path | bytes, side: int) -> Tensor:
    """Decode a file, or its bytes, to the uint8 (3, side, side) of its centre.

    Raises:
        PictureError: as `images.open_image`.
        PalePictureError: for a black-and-white photo, toned or not: it is no truth to validate on.
    """
    return cut_square(resize(_open_colour_photo(source), side), 0.5)


def cut_square(picture: Tensor, position: float) -> Tensor:
    """uint8 (3, h, w) -> the (3, s, s) with s = min(h, w) that lies at `position`, 0..1, along the longer side."""
    height, width = picture.shape[1:]
    side = min(height, width)
    top, left = round((height - side) * position), round((width - side) * position)
    return picture[:, top : top + side, left : left + side]


@dataclass(frozen=True)
class Decoded:
    """What a worker gives back of one file: the picture, or why there is none."""

    path: Path
    sha256: str
    picture: Tensor | None
    problem: str = ""
    is_pale: bool = False
    """Whether the problem is that it has too little colour."""


Reader = Callable[[bytes], Tensor]
"""Decodes the content of a file; raises a PictureError."""


def try_to_read(path: Path, content: bytes, read: Reader) -> Decoded:
    """Decode the content of a file; `path` names it."""
    try:
        return Decoded(path, hashlib.sha256(content).hexdigest(), read(content))
    except PictureError as error:
        return _unreadable(path, error)


def _unreadable(path: Path, error: PictureError) -> Decoded:
    return Decoded(path, "", None, str(error), isinstance(error, PalePictureError))


class _Files(Dataset[Decoded]):
    def __init__(self, paths: Sequence[Path], read: Reader) -> None:
        self.paths = [str(path) for path in paths]
        self.read = read

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Decoded:
        path = Path(self.paths[index])
        try:
            content = images.read_file(path)
        except PictureError as error:
            return _unreadable(path, error)
        return try_to_read(path, content, self.read)


def worker_count() -> int:
    """How many decoding processes: the cores this process may use, at most 8."""
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def workers_for(pictures: int) -> int:
    """How many decoding processes for so many pictures; none, where starting one would cost more than it saves."""
    return worker_count() if pictures > _FEW_PICTURES else 0


def _start_worker(number: int) -> None:
    """Leave it to the main process to answer Ctrl-C or a request to end, which often reach every process.

    It ends its workers when it has saved; one that is still there after a while ends by itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: signal.alarm(_WORKER_GRACE_SECONDS))


Request = tuple[int, float]
"""Which picture, and where along its longer side (0..1) its square is cut."""


def load(
    dataset: Dataset[Item], workers: int, pin_memory: bool = False, batches: list[list[Request]] | None = None
) -> Iterator[Any]:
    """Yield what a data set gives, in order, through so many worker processes (0: in this one).

    Args:
        dataset: its items are given one by one, or, where there are `batches`, stacked.
        workers: how many processes.
        pin_memory: for a GPU.
        batches: which items, of a data set that is asked for each.

    Raises:
        DataError: where a picture cannot be read that could be before.
    """
    how: dict[str, Any] = {"batch_size": None} if batches is None else {"batch_sampler": batches}
    try:
        yield from DataLoader(dataset, num_workers=workers, pin_memory=pin_memory, worker_init_fn=_start_worker, **how)
    except (RuntimeError, OSError) as error:
        if not _is_full_shared_memory(error):
            raise
        error.__traceback__ = None
        raise DataError(
            "The shared memory (/dev/shm) is full, through which decoding processes hand over pictures; in a container "
            "start it with --shm-size=1g, elsewhere free some or raise its size."
        ) from None
    except PictureError as error:  # from a worker it comes with the traceback there, its own sentence last
        problem = str(error).rpartition("PictureError: ")[2].strip()
        error.__traceback__ = None  # it holds the loader, and the workers' end would wait for its garbage collection
        raise DataError(f"A picture that was readable when the run began is not any more: {problem}") from None


def _is_full_shared_memory(error: Exception) -> bool:
    """torch tells it in several ways: a worker that could not write, or that the system ended for it."""
    words = str(error)
    is_full = "No space left on device" in words or getattr(error, "errno", None) == errno.ENOSPC
    return "shared memory" in words or "Bus error" in words or (is_full and ("torch_" in words or "shm" in words))


@dataclass
class Omissions:
    """What is left out of a set, told to `report`: one sentence each for broken files, one for all that are pale."""

    report: Callable[[str], None]
    pale: int = 0

    def add(self, name: str, item: Decoded) -> None:
        """Note a picture that is not there."""
        self.pale += item.is_pale
        if not item.is_pale:
            self.report(f"{name} is left out: {item.problem}")

    def finish(self) -> None:
        """Tell what was only counted."""
        if self.pale:
            one = self.pale == 1
            self.report(
                f"{self.pale} {'picture is' if one else 'pictures are'} black and white, toned, or "
                f"{'has' if one else 'have'} less colour than data.min_colorfulness, and {'is' if one else 'are'} left "
                "out."
            )


def decode(paths: Sequence[Path], read: Reader) -> Iterator[Decoded]:
    """Decode files in worker processes, in order."""
    for item in load(_Files(paths, read), workers_for(len(paths))):
        # What a worker sends lies in shared memory, one open file each: copied, or thousands would exceed the limit.
        yield item if item.picture is None else dataclasses.replace(item, picture=item.picture.clone())
