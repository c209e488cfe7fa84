"""A batch on a cluster that breaks: a worker killed, a node removed, the command stopped and run again.

    python -m benchmarks.cluster 2000      # photos of 192 x 144 px; needs "colorizer[cluster]" and moto[server,s3]

A real Ray cluster of two nodes with one core each, and a real S3 server, both on loopback. Then Ray against the local
batch on this machine, with these photos and with some of one megapixel. Prints rows of the table and what a million
photos would cost by what was measured, and ends with 1 where a limit is missed.
"""

import contextlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from benchmarks.harness import Row
from benchmarks.synthetic_photos import make_photos, megapixel_photo
from colorizer.checkpoints.store import WEIGHTS
from colorizer.cluster import storage
from colorizer.cluster.plan import plan
from colorizer.cluster.ray_engine import TASK_NAME, ClusterOptions, color_on_ray, pack_checkpoint
from colorizer.inference import output_paths
from colorizer.inference.batch import Outcome, Settings, colorize_files
from colorizer.inference.colorizer import load

_ROOT = Path(__file__).resolve().parent.parent
_SIZE = (192, 144)  # px
_MEGAPIXEL_PHOTOS = 240
_CHECKPOINT = "photo"
PATIENCE_SECONDS = 1800
"""For a whole batch, and for its end after a fault."""
_LEAST_THROUGHPUT, _MOST_GROWTH = 0.9, 1.1
_MILLION, _NODES, _CORES = 1_000_000, 100, 16  # of the dry count
_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "here", "AWS_DEFAULT_REGION": "us-east-1"}


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """moto's S3 server in a process of its own; while it runs, this process and those it starts use it for s3://."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-c", "import sys; from moto.server import main; main(sys.argv[1:])"]
    server = subprocess.Popen(
        [*command, "-p", address.rpartition(":")[2]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.environ.update(_ENVIRONMENT | {"AWS_ENDPOINT_URL": address})
    try:
        wait_until(lambda: _answers(address))
        yield address
    finally:
        server.kill()
        server.wait()


@contextlib.contextmanager
def ray_cluster(nodes: int) -> Iterator[Any]:
    """Start a Ray cluster of so many nodes with one core each, on this machine."""
    from ray.cluster_utils import Cluster

    os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's own 15 starves workers beside anything else that computes
    sizes: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 150_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={**sizes, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            cluster.add_node(**sizes)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).close()
    except OSError:
        return False
    return True


def wait_until(reached: Callable[[], bool], process: "subprocess.Popen[str] | None" = None) -> None:
    """Wait until something is reached.

    Raises:
        SystemExit: the process ends first, or it takes too long.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        if time.monotonic() > end or (process is not None and process.poll() is not None):
            said = process.communicate()[1] if process and process.poll() is not None else ""
            raise SystemExit(f"It did not come so far ({process and process.returncode}): {said}")
        time.sleep(0.1)


def start_command(source: str, out: str, *arguments: str) -> "subprocess.Popen[str]":
    """`python -m colorizer colorize` as a process."""
    command = [sys.executable, "-m", "colorizer", "colorize", "--checkpoint", _CHECKPOINT, source, "-o", out]
    return subprocess.Popen([*command, *arguments], cwd=_ROOT, stderr=subprocess.PIPE, text=True)


def busy_workers(node: Any) -> list[psutil.Process]:
    """List the processes of a node that colour a chunk right now."""
    raylet = node.all_processes["raylet"][0].process.pid
    children = psutil.Process(raylet).children(recursive=True)
    return [child for child in children if child.cmdline()[:1] == [f"ray::{TASK_NAME}"]]


@dataclass(frozen=True)
class Story:
    """What became of a batch on a cluster that breaks."""

    is_complete: bool
    """Every result is there once, at its photo's size, and can be read."""
    recoloured: int
    """Photos that the second run coloured."""
    growth: float
    """The command's memory near the end to that at a quarter of the photos."""
    said: str


def break_cluster(cluster: Any, source: str, out: str, count: int) -> Story:
    """Run the command, kill a worker at a quarter, remove a node at half, stop at three quarters, and run it again."""
    head, other = cluster.head_node, next(iter(cluster.worker_nodes))
    command = start_command(source, out, "--engine", "ray", "--address", cluster.address)
    wait_until(lambda: done(out) >= count // 4, command)
    early = psutil.Process(command.pid).memory_info().rss
    wait_until(lambda: bool(busy_workers(head)), command)
    busy_workers(head)[0].kill()
    wait_until(lambda: done(out) >= count // 2, command)
    cluster.remove_node(other, allow_graceful=False)
    wait_until(lambda: done(out) >= count * 3 // 4, command)
    late = psutil.Process(command.pid).memory_info().rss
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=PATIENCE_SECONDS)
    again = start_command(source, out, "--engine", "ray", "--address", cluster.address)
    _, said = again.communicate(timeout=PATIENCE_SECONDS)
    summary = re.search(r"([\d,]+) coloured", said)
    recoloured = int(summary[1].replace(",", "")) if summary else -1
    return Story(again.returncode == 0 and is_complete(source, out, count), recoloured, late / early, said)


def done(out: str) -> int:
    return len(storage.list_files(out))


def is_complete(source: str, out: str, count: int) -> bool:
    """Whether there is one whole result for each photo, and nothing else."""
    results = storage.list_files(out)
    if len(results) != count or set(results) != set(storage.list_files(source)):
        return False
    for address in results.values():
        picture = Image.open(io.BytesIO(storage.read(address, 10**8)))
        picture.load()  # an error for half a file
        if picture.size != _SIZE:
            return False
    return True


def seconds_each(outcomes: Iterator[Outcome]) -> float:
    """Seconds a photo, from the first fifth of them on: by then each worker has started and loaded the model."""
    times = [(time.perf_counter(), outcome.problem) for outcome in outcomes]
    assert not any(problem for _, problem in times), "a photo failed"
    first = len(times) // 5
    return (times[-1][0] - times[first][0]) / (len(times) - 1 - first)


def compare_engines(photos: Path, folder: Path) -> tuple[float, float]:
    """Seconds a photo of a local folder with two workers: the local batch, and Ray."""
    model, settings = load(_CHECKPOINT, device="cpu"), Settings()
    local = seconds_each(colorize_files(model, output_paths.plan([str(photos)], folder / "local"), settings, 2))
    checkpoint = pack_checkpoint(_CHECKPOINT, WEIGHTS)
    tasks = plan([str(photos)], str(folder / "ray"))
    return local, seconds_each(color_on_ray(checkpoint, settings, tasks, ClusterOptions(jobs=2)))


def dry_count(core_seconds_each: float) -> str:
    """Say what a million photos would take."""
    core_hours = _MILLION * core_seconds_each / 3600
    return (
        f"A million photos of 1 megapixel at {1000 * core_seconds_each:.0f} ms of a core each: {core_hours:,.0f} core "
        f"hours; on {_NODES} nodes of {_CORES} cores {60 * core_hours / (_NODES * _CORES):.1f} minutes."
    )


def make_megapixel_photos(folder: Path) -> Path:
    """Write photos of one megapixel, all alike."""
    folder.mkdir()
    content = megapixel_photo(folder.parent / "one.jpg", 1).read_bytes()
    for number in range(_MEGAPIXEL_PHOTOS):
        (folder / f"{number}.jpg").write_bytes(content)
    return folder


def rows(count: int, folder: Path) -> Iterator[Row]:
    """Measure, and give each figure as soon as it is there."""
    photos = make_photos(folder / "photos", count, _SIZE)
    with s3_server():
        import s3fs

        store = s3fs.S3FileSystem()
        store.mkdir("photos")
        for path in photos.iterdir():
            storage.write_whole(f"s3://photos/in/{path.name}", path.read_bytes())
        with ray_cluster(2) as cluster:
            story = break_cluster(cluster, "s3://photos/in", "s3://photos/out", count)
    print(story.said.strip().splitlines()[-1], file=sys.stderr)
    yield Row(f"{count:,} photos, a cluster that breaks: all whole, once", f"{story.recoloured:,} in the second run",
              float(story.is_complete), 1, True)  # fmt: skip
    yield Row("the command's memory at 75% of the photos to that at 25%", f"{story.growth:.2f}", story.growth,
              _MOST_GROWTH)  # fmt: skip
    for kind, some in (("small photos", photos), ("1-megapixel photos", make_megapixel_photos(folder / "large"))):
        local, ray = compare_engines(some, folder / kind)
        yield Row(f"{kind}, Ray's throughput on one machine to that of the local batch",
                  f"{1 / ray:.1f} and {1 / local:.1f} a second", local / ray, _LEAST_THROUGHPUT, True)  # fmt: skip
    print(dry_count(2 * ray), file=sys.stderr)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    all_met = True
    with tempfile.TemporaryDirectory() as name:
        for row in rows(count, Path(name)):
            print("| " + " | ".join(row.cells()) + " |", flush=True)
            all_met &= row.is_met
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
