"""Some photos fetched, coloured and delivered: the work that every engine shares out.

What is on this machine is read and written where it lies. What is not is fetched into a temporary folder, a whole
chunk at once so that waiting for the network costs little, coloured there by the code of the local batch, and
delivered while the next one is coloured.
"""

import functools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from colorizer import images
from colorizer.cluster import storage
from colorizer.cluster.plan import PhotoTask
from colorizer.errors import PictureError
from colorizer.inference.batch import Outcome, Settings, color_groups
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.output_paths import Task

CHUNK_PHOTOS = 16
"""At most: what a worker has in hand, and what its death costs. Of 32 MB each, they need 512 MB of temporary space."""
_TRANSFERS = 4  # at a time: one waits for the network, and leaves the processor to the others


def chunks_of(tasks: Sequence[PhotoTask], workers: int) -> list[list[PhotoTask]]:
    """Tasks in chunks, small enough that all workers end at about the same time."""
    size = min(CHUNK_PHOTOS, max(1, len(tasks) // (8 * max(1, workers))))
    return [list(tasks[first : first + size]) for first in range(0, len(tasks), size)]


def color_chunk(
    model: Colorizer, settings: Settings, chunk: Sequence[PhotoTask], is_stopped: Callable[[], bool]
) -> Iterator[Outcome]:
    """Colour photos; each gives its outcome when its result is delivered, in no order.

    Raises:
        PictureError: there is no room for results; a photo that cannot be read or delivered is an outcome instead.
    """
    fetch = functools.partial(_fetch, max_bytes=settings.limits.max_bytes)
    with tempfile.TemporaryDirectory(prefix="colorizer-") as name, ThreadPoolExecutor(_TRANSFERS) as transfers:
        homes = [Path(name) / str(number) for number in range(len(chunk))]
        fetched = list(transfers.map(fetch, chunk, homes))
        yield from (
            Outcome(task.source, problem=got) for task, got in zip(chunk, fetched, strict=True) if isinstance(got, str)
        )
        of_source = {got.source: (task, got) for task, got in zip(chunk, fetched, strict=True) if isinstance(got, Task)}
        deliveries: list[Future[Outcome]] = []
        for outcome in color_groups(model, [got for _, got in of_source.values()], settings, is_stopped):
            task, local = of_source[outcome.source]
            deliveries.append(transfers.submit(_deliver, task, local, replace(outcome, source=task.source)))
            yield from (delivery.result() for delivery in _take_done(deliveries))
        yield from (delivery.result() for delivery in deliveries)


def _take_done(deliveries: list[Future[Outcome]]) -> list[Future[Outcome]]:
    done = [delivery for delivery in deliveries if delivery.done()]
    deliveries[:] = [delivery for delivery in deliveries if delivery not in done]
    return done


def _fetch(task: PhotoTask, home: Path, max_bytes: int) -> Task | str:
    """Return the photo as a task of this machine, or why it cannot be had."""
    result = storage.local_path(task.result) if storage.is_local(task.result) else home / "out" / _plain(task.result)
    if storage.is_local(task.source):
        return Task(str(storage.local_path(task.source)), result)
    path = home / _plain(task.source)
    try:
        data = storage.read(task.source, max_bytes)
        home.mkdir()
        path.write_bytes(data)
    except (PictureError, OSError) as error:
        return str(error)
    return Task(str(path), result)


def _plain(address: str) -> str:
    """Return a file name that any file system takes, with the ending."""
    name = storage.name_of(address)
    return images.safe_name(name) + Path(name).suffix.lower()


def _deliver(task: PhotoTask, local: Task, outcome: Outcome) -> Outcome:
    if outcome.problem is not None or storage.is_local(task.result):
        return outcome
    try:
        storage.write_whole(task.result, local.result.read_bytes())
        local.result.unlink()
    except (PictureError, OSError) as error:
        return replace(outcome, notices=(), problem=str(error))
    return outcome
