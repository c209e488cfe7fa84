"""A job coloured by the workers of a Ray cluster.

Chunks are Ray tasks, not calls of actors: a task of a worker or a node that dies runs again wherever there is room,
and nodes that join get theirs, whereas an actor whose node is gone waits for room with all that is queued for it. The
checkpoint travels once to each node, and each worker process loads it once.
"""

import functools
import logging
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colorizer.checkpoints.store import checkpoint_folder
from colorizer.cluster.chunk import chunks_of, color_chunk
from colorizer.cluster.plan import PhotoTask
from colorizer.errors import ColorizerError
from colorizer.inference.batch import Outcome, Settings
from colorizer.inference.colorizer import Colorizer, load
from colorizer.utils import worker_pool

_RETRIES = 2  # of a chunk whose worker or node died, before its photos are tried one by one
_AHEAD = 2  # chunks for each core: one in work, one that waits
TASK_NAME = "colorizer.chunk"
"""What Ray's dashboard, and a list of processes, call the work at a chunk."""
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class ClusterOptions:
    """Where the workers are, and what each may use."""

    address: str | None = None
    """ "auto", "HOST:PORT" or "ray://HOST:10001"; None starts Ray on this machine."""
    gpus: float = 0.0
    """Share of a GPU for each worker, for example 0.125; 0 for none."""
    jobs: int | None = None
    """Workers on this machine, where Ray is started here; by default one a core."""


@dataclass(frozen=True)
class PackedCheckpoint:
    """A checkpoint's files by name, as they travel to the workers."""

    id: str
    files: Mapping[str, bytes]


def pack_checkpoint(checkpoint_id: str, weights: Path) -> PackedCheckpoint:
    """Return the files that inference needs: no snapshots.

    Raises:
        CheckpointError: there is no such checkpoint.
    """
    folder = checkpoint_folder(checkpoint_id, weights)
    return PackedCheckpoint(
        checkpoint_id, {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    )


def color_on_ray(
    checkpoint: PackedCheckpoint, settings: Settings, tasks: Sequence[PhotoTask], options: ClusterOptions
) -> Generator[Outcome, None, None]:
    """Colour photos on a cluster; each gives its outcome when its chunk is done, in no order.

    Whoever stops before the end closes the iterator: what is in hand is given up, and no result is half a file.

    Raises:
        ColorizerError: Ray is not installed or not reached, or there is no room for results.
    """
    ray = _connect(options)
    try:
        remote = ray.remote(num_cpus=1, num_gpus=options.gpus, max_retries=_RETRIES, name=TASK_NAME)(_color)
        call = functools.partial(remote.remote, [ray.put(checkpoint)], settings)
        yield from _collect(ray, call, iter(chunks_of(tasks, _cores(ray))))
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        raise ColorizerError(f"The Ray cluster gave up ({reason}); the same command goes on with the rest.") from error
    finally:
        ray.shutdown()


def _connect(options: ClusterOptions) -> Any:
    """Return the module `ray`, connected."""
    try:
        import ray
    except ImportError as error:
        raise ColorizerError("Ray is not installed; run: pip install 'colorizer[cluster]'.") from error
    # The workers get this very code; what it imports has to be installed on their machines.
    environment = {"py_modules": [str(_PACKAGE)], "excludes": ["__pycache__"]}
    settings: dict[str, Any] = {"address": options.address, "runtime_env": environment, "log_to_driver": False}
    if options.address is None:
        settings |= {"num_cpus": options.jobs or worker_pool.usable_threads(), "include_dashboard": False}
    try:
        ray.init(logging_level=logging.ERROR, **settings)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ColorizerError(f"There is no Ray cluster at {options.address or 'this machine'} ({reason}).") from error
    return ray


def _cores(ray: Any) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _collect(ray: Any, call: Any, chunks: Iterator[list[PhotoTask]]) -> Iterator[Outcome]:
    """Keep so many chunks submitted as the cluster has room for, which may grow and shrink, and give outcomes."""
    waiting: dict[Any, list[PhotoTask]] = {}
    try:
        while True:
            for _, chunk in zip(range(_AHEAD * _cores(ray) - len(waiting)), chunks, strict=False):
                waiting[call(chunk)] = chunk
            if not waiting:
                return
            done, _ = ray.wait(list(waiting), num_returns=1)
            for reference in done:
                chunk = waiting.pop(reference)
                outcomes = _outcomes(ray, reference)
                if outcomes is not None:
                    yield from outcomes
                elif len(chunk) == 1:
                    yield Outcome(chunk[0].source, problem=f"Its worker ended {_RETRIES + 1} times; see Ray's log.")
                else:  # one photo may end each worker, as memory runs out: the others must not go with it
                    waiting |= {call([task]): [task] for task in chunk}
    finally:
        for reference in waiting:
            ray.cancel(reference, force=True)


def _outcomes(ray: Any, reference: Any) -> list[Outcome] | None:
    """Return what a chunk gave; None where its workers died."""
    try:
        outcomes: list[Outcome] = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ColorizerError):
            raise error.cause from None
        raise
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.OutOfMemoryError):
        return None
    return outcomes


def _color(checkpoint: Sequence[Any], settings: Settings, chunk: Sequence[PhotoTask]) -> list[Outcome]:
    """Return the task: `checkpoint` holds the reference to a PackedCheckpoint, fetched where it is not loaded yet."""
    return list(color_chunk(_loaded(checkpoint[0]), settings, chunk, lambda: False))


@functools.lru_cache(maxsize=1)
def _loaded(reference: Any) -> Colorizer:
    """Return the model of this process."""
    import ray

    worker_pool.limit_to_one_thread()
    checkpoint: PackedCheckpoint = ray.get(reference)
    with tempfile.TemporaryDirectory(prefix="colorizer-") as weights:
        folder = Path(weights) / checkpoint.id
        folder.mkdir()
        for name, content in checkpoint.files.items():
            (folder / name).write_bytes(content)
        return load(checkpoint.id, weights=weights)
