"""The container image, built and run without a daemon: its size, its health, a photo given to the app in it, all pages.

    python -m benchmarks.image python:3.11-slim-bookworm          # or any local image that has Python 3.11
    python -m benchmarks.image BASE --torch-index URL --pypi-index URL --store FOLDER

buildah, a package of Debian, runs every step of the Dockerfile in a chroot. The app then runs as the image says, by its
user, environment and command, on a root that is mounted read-only, with an empty /tmp in memory. Linux, as root.
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.crowd import Server, Wave, bring_photo, pages_of, see_one_of, wave
from benchmarks.harness import Row

_ROOT = Path(__file__).resolve().parent.parent
_NAME, _PORT = "colorizer", 8501
_LARGEST, _MOST_MEMORY = 1200.0, 1000.0  # MB
_START_SECONDS = 300
_MEGAPIXELS = 12.0
_IN_CHROOT = """
mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"
mount -t tmpfs -o size=512m,mode=1777 tmpfs "$0/tmp" && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev"
home="$1"; user="$2"; shift 2
exec chroot --userspec="$user:$user" "$0" env --ignore-environment --chdir="$home" "$@"
"""


@dataclass(frozen=True)
class Image:
    """A built image, mounted."""

    root: Path
    user: str
    folder: str
    """That the command is run in."""
    environment: tuple[str, ...]
    command: tuple[str, ...]
    health: tuple[str, ...]
    """The command that tells whether the app is healthy."""

    def megabytes(self) -> float:
        """Return what its files take, of the base as well."""
        said = subprocess.run(["du", "-sb", "-x", str(self.root)], check=True, capture_output=True, text=True).stdout
        return int(said.split()[0]) / 1e6

    def is_healthy(self) -> bool:
        """Run the image's own health check."""
        chroot = ["chroot", f"--userspec={self.user}:{self.user}", str(self.root), "env", "-i", *self.environment]
        return subprocess.run([*chroot, *self.health], check=False).returncode == 0


@dataclass(frozen=True)
class Store:
    """Where buildah keeps images."""

    folder: Path | None
    """None for its own."""
    driver: str

    def buildah(self, *arguments: str, output: bool = True) -> str:
        """Run buildah; return what it prints, or show it."""
        place = ["--root", str(self.folder / "root"), "--runroot", str(self.folder / "run")] if self.folder else []
        stream = subprocess.PIPE if output else sys.stderr
        command = ["buildah", *place, "--storage-driver", self.driver, *arguments]
        return subprocess.run(command, check=True, stdout=stream, text=True, cwd=_ROOT).stdout or ""


@contextlib.contextmanager
def built(base: str, indexes: Sequence[str], store: Store) -> Iterator[Image]:
    """Build the image on a base, and mount it while inside."""
    arguments = [f"--build-arg={argument}" for argument in (f"PYTHON_IMAGE={base}", *indexes)]
    store.buildah("build", "--isolation=chroot", "--format=docker", *arguments, "-t", _NAME, ".", output=False)
    container = store.buildah("from", _NAME).strip()
    try:
        settings = json.loads(store.buildah("inspect", container))["Docker"]["config"]
        yield Image(
            Path(store.buildah("mount", container).strip()),
            settings["User"],
            settings["WorkingDir"],
            tuple(settings["Env"]),
            tuple(settings["Cmd"]),
            tuple(settings["Healthcheck"]["Test"][1:]),
        )
    finally:
        store.buildah("rm", container)


@contextlib.contextmanager
def running(image: Image) -> Iterator[Server]:
    """Run the app in a mount namespace of its own, in which the image's root is read-only."""
    script = ["unshare", "--mount", "sh", "-euc", _IN_CHROOT, str(image.root), image.folder, image.user]
    process = subprocess.Popen([*script, *image.environment, *image.command], stdout=sys.stderr)
    try:
        end = time.monotonic() + _START_SECONDS
        while not _answers() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        yield Server(f"127.0.0.1:{_PORT}", psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(60)


def _answers() -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/_stcore/health", timeout=5):
        return True
    return False


def written(server: Server) -> list[str]:
    """List the files that lie in the running app's /tmp."""
    inside = Path(f"/proc/{server.process.pid}/root/tmp")
    return [str(path.relative_to(inside)) for path in inside.rglob("*") if path.is_file()]


def measure(image: Image) -> Iterator[Row]:
    """Give each figure as soon as it is there."""
    size = image.megabytes()
    yield Row("the image, MB", f"{size:.0f} MB", size, _LARGEST)
    with running(image) as server:
        healthy = image.is_healthy()
        met: Wave = asyncio.run(wave(server, 1, bring_photo(_MEGAPIXELS)))
        addresses = asyncio.run(pages_of(server))
        pages: Wave = asyncio.run(wave(server, len(addresses), see_one_of(addresses)))
        is_root = server.process.uids().real == 0
        yield Row("its health check fails", f"as user {server.process.uids().real}", float(not healthy or is_root), 0)
        yield Row(f"a photo of {_MEGAPIXELS:g} megapixels in it, failures", met.words(), len(met.failures), 0)
        yield Row(f"each of {len(addresses)} pages in it, failures", pages.words(), len(pages.failures), 0)
        peak = max(met.peak_megabytes, pages.peak_megabytes)
        yield Row("memory, MB", f"{peak:.0f} MB", peak, _MOST_MEMORY)
        left = written(server)
        yield Row("files that it has written", ", ".join(left) or "none", len(left), 0)


def main() -> int:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="an image with Python 3.11")
    parser.add_argument("--torch-index", help="of torch for the CPU, in place of PyTorch's own")
    parser.add_argument("--pypi-index", help="of all other packages")
    parser.add_argument("--store", type=Path, help="folder for buildah's images, in place of its own")
    parser.add_argument("--driver", default="overlay", help="of that store; vfs where the kernel has no overlay")
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("Mounting and chroot need root.")
    indexes = {"TORCH_INDEX": options.torch_index, "PYPI_INDEX": options.pypi_index}
    given = [f"{name}={url}" for name, url in indexes.items() if url]
    all_met = True
    with built(options.base, given, Store(options.store, options.driver)) as image:
        for row in measure(image):
            print("| " + " | ".join(row.cells()) + " |", flush=True)
            all_met &= row.is_met
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
