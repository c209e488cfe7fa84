"""Image folders of any size -> batches of uint8 squares. Worker processes decode; what fits is held in memory.

The order of everything follows from seeds alone: which pictures are for validation, which for training, what each epoch
shows in which order. So a resumed run, and a run on several processes, sees exactly what a whole one would have seen.
"""

import dataclasses
import errno
import hashlib
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from colorizer import images
from colorizer.errors import DataError, PalePictureError, PictureError
from colorizer.evaluation import metrics
from colorizer.images import folders as folder_walk
from colorizer.images.folders import LeftOut, describe_left_out
from colorizer.utils.seeding import seeded

_WORKER_GRACE_SECONDS = 10
_FEW_PICTURES = 64
Bytes = NDArray[np.uint8]
Item = TypeVar("Item")
MAX_ASPECT = 2.0  # longer pictures are cut to it around their centre: what is held stays bounded


def _ignore(message: str) -> None:
    """For whoever does not ask what was left out."""


def find_pictures(folders: Sequence[Path], report: Callable[[str], None] = _ignore) -> list[Path]:
    """Find every picture file in the folders and below, sorted by its path inside its folder.

    The order does not depend on where the folders lie nor on their order; of two equal paths that in the folder whose
    name comes first is first. A file that several folders hold is there once, and so are copies of one content: what
    is seen in training must not be validated on.

    Args:
        folders: where to look.
        report: called with one sentence on what was left out, and one on copies.

    Raises:
        DataError: for a folder that is missing or holds no picture.
    """
    found: dict[Path, tuple[str, str, Path]] = {}
    left_out: list[LeftOut] = []
    for folder in folders:
        if not folder.is_dir():
            raise DataError(
                f"{folder}: there is no such folder; --data and --validation take folders of pictures, --data also tar "
                'shards ("shards/*.tar").'
            )
        walked = folder_walk.find_pictures(folder)
        left_out += walked.left_out
        if not walked.pictures:
            hint = f'; for its tar shards write "{folder}/*.tar"' if any(folder.glob("*.tar")) else ""
            raise DataError(f"{folder}: the folder holds no pictures ({', '.join(sorted(images.SUFFIXES))}){hint}.")
        for path in walked.pictures:
            key, entry = path.resolve(), (path.relative_to(folder).as_posix(), folder.resolve().name, path)
            found[key] = min(entry, found.get(key, entry))
    paths = [path for *_, path in sorted(found.values())]
    different = distinct_contents(paths)
    for sentence in (describe_left_out(left_out), _describe_copies(len(paths) - len(different))):
        if sentence:
            report(sentence)
    return different


def _describe_copies(count: int) -> str:
    if not count:
        return ""
    return (
        f"{count:,} {'picture is a copy of another one' if count == 1 else 'pictures are copies of others'}; left out."
    )


def distinct_contents(paths: Sequence[Path]) -> list[Path]:
    """Keep the first of all files with the same bytes; only files of equal length are read for it."""
    sizes = Counter(map(_size_of, paths))
    kept, seen = [], set()
    for path in paths:
        if (size := _size_of(path)) and sizes[size] > 1:
            if (digest := _sha256_of(path)) in seen:
                continue
            seen.add(digest or str(path))
        kept.append(path)
    return kept


def shared_contents(paths: Sequence[Path], others: Sequence[Path]) -> list[Path]:
    """Return those of the paths whose bytes are also those of one of the others."""
    by_size: defaultdict[int, list[Path]] = defaultdict(list)
    for other in others:
        by_size[_size_of(other)].append(other)
    digests: dict[int, set[str]] = {}
    shared = []
    for path in paths:
        size = _size_of(path)
        if not size or size not in by_size:
            continue
        if size not in digests:
            digests[size] = {_sha256_of(other) for other in by_size[size]} - {""}
        if _sha256_of(path) in digests[size]:
            shared.append(path)
    return shared


def _size_of(path: Path) -> int:
    """In bytes; 0 for a file that cannot be asked, or that is too large for a picture."""
    try:
        size = path.stat().st_size
    except OSError:
        return 0
    return size if size <= images.LIMITS.max_bytes else 0


def _sha256_of(path: Path) -> str:
    """Of the content; "" where it cannot be read, which is told when it is decoded."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def shuffled(items: Sequence[Item], seed: int) -> list[Item]:
    """The pictures in the order in which those of validation, then those of training, are taken."""
    return [items[index] for index in torch.randperm(len(items), generator=seeded(seed, "split")).tolist()]


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
    """A picture, PIL RGB, as uint8 (3, h, w) with short side `side`, at most MAX_ASPECT long."""
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


class _Files(Dataset[Decoded]):
    def __init__(self, paths: Sequence[Path], read: Callable[[Path], Tensor]) -> None:
        self.paths = [str(path) for path in paths]
        self.read = read

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Decoded:
        path = Path(self.paths[index])
        try:
            picture = self.read(path)  # first, as it refuses files that are too large to be read for their sha256
            return Decoded(path, hashlib.sha256(path.read_bytes()).hexdigest(), picture)
        except PictureError as error:
            return Decoded(path, "", None, str(error), isinstance(error, PalePictureError))
        except OSError as error:
            return Decoded(path, "", None, f"the file cannot be read: {error.strerror}")


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
    """What a data set gives, in order, through so many worker processes (0: in this one).

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


def decode(paths: Sequence[Path], read: Callable[[Path], Tensor]) -> Iterator[Decoded]:
    """Decode files in worker processes, in order."""
    for item in load(_Files(paths, read), workers_for(len(paths))):
        # What a worker sends lies in shared memory, one open file each: copied, or thousands would exceed the limit.
        yield item if item.picture is None else dataclasses.replace(item, picture=item.picture.clone())


class Pictures(Dataset[Tensor]):
    """A training set: `pictures[index, position]` is a uint8 square (3, side, side).

    `held` are the decoded pictures, or None where they do not fit and each access decodes `paths` anew.
    """

    def __init__(self, paths: Sequence[Path], side: int, held: list[Tensor] | None) -> None:
        self.paths = [str(path) for path in paths]
        self.side = side
        self.held = held

    def __len__(self) -> int:
        return len(self.paths if self.held is None else self.held)

    def __getitem__(self, request: Request) -> Tensor:
        index, position = request
        picture = self.held[index] if self.held is not None else read_picture(Path(self.paths[index]), self.side)
        return cut_square(picture, position)


def epoch_requests(pictures: int, shown: int, seed: int, epoch: int) -> list[Request]:
    """What one epoch shows, in order: every picture once, newly shuffled, repeated until `shown` are reached."""
    generator = seeded(seed, "order", epoch)
    rounds = [torch.randperm(pictures, generator=generator) for _ in range(-(-shown // pictures))]
    positions = torch.rand(shown, generator=generator).tolist()
    return list(zip(torch.cat(rounds)[:shown].tolist(), positions, strict=True))


def make_batches(pictures: Pictures, batches: list[list[Request]], pin_memory: bool) -> Iterator[Tensor]:
    """Load uint8 (batch, 3, side, side), one for each list of requests.

    Raises:
        DataError: where a picture that is decoded anew can no longer be read.
    """
    workers = 0 if pictures.held is not None else worker_count()
    yield from load(pictures, workers, pin_memory, batches)


def zoomed(squares: Tensor, crop: int, zoom: float, flip: bool, generator: torch.Generator) -> Tensor:
    """As `augment`, but what is cut out is of another size each time, and scaled to `crop` by bilinear interpolation.

    Args:
        squares: uint8 (N, 3, side, side).
        crop: side of the result.
        zoom: the smallest cut has the side crop / zoom, the largest that of the squares; logarithms are uniform.
        flip: mirror every second.
        generator: a CPU generator.

    Returns:
        uint8 (N, 3, crop, crop).
    """
    count, _, side, _ = squares.shape
    chance, top, left, mirror = torch.rand(4, count, generator=generator)
    smallest = min(1.0, crop / zoom / side)
    scale = smallest**chance  # of the square's side
    turn = torch.where((mirror < 0.5) & flip, -1.0, 1.0)
    zero = torch.zeros(count)
    rows = [torch.stack([scale * turn, zero, (1 - scale) * (2 * left - 1)], 1)]
    rows += [torch.stack([zero, scale, (1 - scale) * (2 * top - 1)], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), [count, 3, crop, crop], align_corners=False).to(squares.device)
    cut = F.grid_sample(squares.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    return cut.round().clamp(0, 255).to(torch.uint8)


def augment(squares: Tensor, crop: int, flip: bool, generator: torch.Generator) -> Tensor:
    """Cut a random crop out of each square, and mirror every second at random; on the squares' own device.

    Args:
        squares: uint8 (N, 3, side, side).
        crop: side of the result, at most the squares'.
        generator: a CPU generator, so that the choice is the same on every device.

    Returns:
        uint8 (N, 3, crop, crop).
    """
    count, _, side, _ = squares.shape
    tops, lefts = torch.randint(0, side - crop + 1, (2, count, 1), generator=generator)
    mirrored = (torch.rand(count, 1, generator=generator) < 0.5) & flip
    span = torch.arange(crop)
    columns = torch.where(mirrored, lefts + crop - 1 - span, lefts + span).to(squares.device)  # (N, crop)
    rows = (tops + span).to(squares.device)
    pick = torch.arange(count, device=squares.device)
    return squares.permute(0, 2, 3, 1)[pick[:, None, None], rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
