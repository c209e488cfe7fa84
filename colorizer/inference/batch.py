"""Many pictures coloured by several processes or threads, in groups that the network takes at once.

    if __name__ == "__main__":       # the processes of a large batch import the script that starts them
        tasks = output_paths.plan(["holiday"], Path("coloured"))
        with contextlib.closing(colorize_files(colorizer.load("photo"), tasks)) as outcomes:
            for outcome in outcomes:
                print(outcome.source, outcome.problem or "done")

Each takes a group of pictures of one size at the network, opens them, asks the network once for all of them, and
composes, encodes and writes one after the other. While one decodes, another computes and a third one encodes. On a CPU
they are processes, see `colorizer.utils.process_pool`; threads serve a few pictures, a large network, one on a GPU, and
systems without semaphores.

Groups are made as they are asked for, and nothing of a picture is kept once it is written: memory goes by the number of
processes, not of files. A result appears whole or not at all, so a batch may be broken off anywhere.
"""

import errno
import functools
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from colorizer import images
from colorizer.errors import ColorizerError, PictureError
from colorizer.images.limits import LIMITS, Limits
from colorizer.images.saving import QUALITY
from colorizer.inference.colorizer import Colorizer, network_size
from colorizer.inference.full_resolution import LightnessPlane, apply_color, read_lightness, with_alpha
from colorizer.inference.hints import Hint
from colorizer.inference.output_paths import Task, is_link, make_folder
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import RenderOptions
from colorizer.utils import process_pool, worker_pool
from colorizer.utils.worker_pool import Item, Work

_WINDOW = 64  # files whose headers are compared: in it those of one shape find each other
_GROUP = 8  # pictures at most: enough that a GPU's overhead is small
GROUP_ON_CPU = 2  # there the network takes as long for each as for one alone, and progress shows by groups
_GROUP_PIXELS = 8_000_000  # some 100 MB while they are worked on
_GROUPS_EACH = 4  # at least, where there are few pictures: all are to have something to do
WORTH_A_PROCESS = 16  # pictures, where processes start at once: one, and its first pass, take a tenth of a second
WORTH_A_START = 160  # where torch has to be imported for them first: then threads are as fast below
_MAX_COPIES = 2_000_000_000  # bytes of weights: each process holds its own
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # no other picture would be written either


@dataclass(frozen=True)
class Settings:
    """How a batch is coloured, as in `Colorizer.colorize`, and saved."""

    hints: tuple[Hint, ...] = ()
    options: RenderOptions = field(default_factory=RenderOptions)
    quality: int = QUALITY
    limits: Limits = LIMITS
    salvage: bool = False
    """Whether of pictures that are cut off what is there is taken."""


@dataclass(frozen=True)
class Outcome:
    """What became of a picture."""

    source: str
    notices: tuple[str, ...] = ()
    """What was done to it that the user may want to know."""
    problem: str | None = None
    """Why there is no result."""


@dataclass(frozen=True)
class _Opened:
    task: Task
    plane: LightnessPlane
    alpha: Image.Image | None
    notices: tuple[str, ...]


def colorize_files(
    model: Colorizer, tasks: Sequence[Task], settings: Settings | None = None, jobs: int | None = None
) -> Generator[Outcome, None, None]:
    """Colour pictures; each gives its outcome as soon as there is one, in no order.

    Whoever stops before the end closes the iterator: the pictures that are being written are finished, and no more.

    Args:
        tasks: results that exist are replaced.
        settings: those that the checkpoint does not take are for the caller to find, see
            `Colorizer.check_options`.
        jobs: so many processes or threads; by default one a core, at most 8. A single picture has all cores to itself.

    Raises:
        PictureError: there is no room for results; a picture that cannot be read or saved is an outcome instead.
        ColorizerError: a process was ended from outside.
    """
    work = functools.partial(_colorize_group, model, settings or Settings())
    count = min(jobs or worker_pool.usable_threads(), len(tasks))
    on_cpu = model.device.type == "cpu"
    most = min(GROUP_ON_CPU if on_cpu else _GROUP, max(1, len(tasks) // (_GROUPS_EACH * max(1, count))))
    limits = settings.limits if settings else LIMITS
    groups = groups_of(tasks, model.card.input_size, 1 if settings and settings.hints else most, limits)
    if len(tasks) <= 1:
        for group in groups:
            yield from work(group, lambda: False)
    else:
        yield from share_out(model, work, groups, count, len(tasks))


def share_out(
    model: Colorizer, work: Work[Item, Outcome], items: Iterator[Item], count: int, pictures: int
) -> Iterator[Outcome]:
    """Have items worked on by so many processes, or by threads where those serve better, see above.

    Args:
        work: as for `worker_pool.imap_unordered`.
        pictures: how many there are in all items together.
    """
    worth = WORTH_A_PROCESS if process_pool.is_prepared() else WORTH_A_START
    copies = count * sum(tensor.nbytes for tensor in model.network.state_dict().values())
    pays = pictures >= count * worth and copies <= _MAX_COPIES
    if model.device.type == "cpu" and pays and process_pool.can_start():
        yield from process_pool.imap_unordered(work, items, count)
    else:
        yield from worker_pool.imap_unordered(work, items, count)


def color_groups(
    model: Colorizer, tasks: Sequence[Task], settings: Settings, is_stopped: Callable[[], bool]
) -> Iterator[Outcome]:
    """Colour pictures in the calling thread, as one of the workers of `colorize_files` does."""
    most = GROUP_ON_CPU if model.device.type == "cpu" else _GROUP
    for group in groups_of(tasks, model.card.input_size, 1 if settings.hints else most, settings.limits):
        yield from _colorize_group(model, settings, group, is_stopped)


def groups_of(
    tasks: Sequence[Task], input_size: int, most: int = _GROUP, limits: Limits = LIMITS
) -> Iterator[list[Task]]:
    """Tasks in groups of at most `most`, and of at most about 8 megapixels together, whose files' headers promise one
    size at a network of this input size; what has no such header stays alone.

    Headers are read as groups are asked for. EXIF may turn a picture afterwards, so in a group there may be two sizes.
    """
    for first in range(0, len(tasks), _WINDOW):
        yield from _grouped(tasks[first : first + _WINDOW], input_size, most, limits)


def _grouped(tasks: Sequence[Task], input_size: int, most: int, limits: Limits) -> Iterator[list[Task]]:
    growing: dict[tuple[int, int], tuple[list[Task], int]] = {}
    for task in tasks:
        size = None if is_link(task.source) else images.header_size(Path(task.source), limits)
        if size is None:
            yield [task]
            continue
        shape, pixels = network_size(*size, input_size), size[0] * size[1]
        group, together = growing.pop(shape, ([], 0))
        if group and together + pixels > _GROUP_PIXELS:
            yield group
            group, together = [], 0
        group.append(task)
        if len(group) == most:
            yield group
        else:
            growing[shape] = group, together + pixels
    for group, _ in growing.values():
        yield group


def _colorize_group(
    model: Colorizer, settings: Settings, group: Sequence[Task], is_stopped: Callable[[], bool]
) -> Iterator[Outcome]:
    by_size: defaultdict[tuple[int, ...], list[_Opened]] = defaultdict(list)
    for task in group:
        if is_stopped():
            return
        try:
            picture = _open(task, settings)
            by_size[network_size(*picture.plane.size, model.card.input_size)].append(picture)
        except (ColorizerError, OSError) as error:
            yield Outcome(task.source, problem=str(error))
    for pictures in by_size.values():
        yield from _finish_group(model, settings, pictures, is_stopped)


def _open(task: Task, settings: Settings) -> _Opened:
    photo = images.open_image(task.source, limits=settings.limits, salvage=settings.salvage)
    return _Opened(task, read_lightness(photo.image), photo.alpha, photo.notices)


def _finish_group(
    model: Colorizer, settings: Settings, pictures: list[_Opened], is_stopped: Callable[[], bool]
) -> Iterator[Outcome]:
    """Of pictures of one size at the network; the list is emptied on the way."""
    try:
        predictions = _ask(model, pictures, settings)
    except ValueError as error:  # a hint outside the photo
        yield from (Outcome(picture.task.source, problem=f"{error}.") for picture in pictures)
        return
    while pictures and not is_stopped():
        picture, prediction = pictures.pop(), predictions.pop()
        try:
            _save(model, picture, prediction, settings)
        except (ColorizerError, OSError) as error:
            _require_room(error)
            yield Outcome(picture.task.source, problem=str(error))
        else:
            yield Outcome(picture.task.source, picture.notices)


def _ask(model: Colorizer, pictures: Sequence[_Opened], settings: Settings) -> list[Prediction]:
    if not settings.hints:
        return model.predict_planes([picture.plane for picture in pictures], settings.options)
    return [model.predict_plane(picture.plane, settings.hints, settings.options) for picture in pictures]


def _save(model: Colorizer, picture: _Opened, prediction: Prediction, settings: Settings) -> None:
    coloured = apply_color(picture.plane, prediction)
    note = model.describe(settings.options, len(settings.hints))
    make_folder(picture.task.result.parent)
    images.save_image(with_alpha(coloured, picture.alpha), picture.task.result, note, quality=settings.quality)


def _require_room(error: Exception) -> None:
    """End the batch with an error that all other pictures would meet as well."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
        raise PictureError(f"No more results can be written ({cause.strerror}); make room and start again.") from error
