"""A job coloured by the processes of this machine, without Ray."""

import functools
from collections.abc import Generator, Sequence

from colorizer.cluster.chunk import chunks_of, color_chunk
from colorizer.cluster.plan import PhotoTask
from colorizer.inference.batch import Outcome, Settings, share_out
from colorizer.inference.colorizer import Colorizer
from colorizer.utils import worker_pool


def color_locally(
    model: Colorizer, settings: Settings, tasks: Sequence[PhotoTask], jobs: int | None = None
) -> Generator[Outcome, None, None]:
    """Colour photos by one process a core; each gives its outcome as soon as there is one, in no order.

    Raises:
        ColorizerError: as `colorizer.inference.batch.colorize_files`.
    """
    count = min(jobs or worker_pool.usable_threads(), len(tasks))
    work = functools.partial(color_chunk, model, settings)
    yield from share_out(model, work, iter(chunks_of(tasks, count)), count, len(tasks))
