"""Many visitors at once, as real sessions over WebSocket with real uploads over HTTP; their results by their pixels.

    python -m benchmarks.crowd                    # 50 first pages, 20 own photos of 12 megapixels, 10 on each page
    python -m benchmarks.crowd --first 10 --own 4 --each 2 --megapixels 1 # as a quick look

Starts the app, prints rows of the table, and ends with 1 where a limit is missed. Linux only.
"""

import argparse
import asyncio
import contextlib
import io
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.harness import Row
from benchmarks.streamlit_client import VisitError, Visitor, visit

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 300
_FIRST_LIMIT, _MEMORY_LIMIT, _AFTER_LIMIT = 5.0, 1000.0, 150.0  # seconds, MB, MB above a fresh server
_BANDS = 12  # of a visitor's photo: 2^12 visitors have photos that differ
_LEAVE_SECONDS = 180


@dataclass(frozen=True)
class Server:
    """The app under test."""

    address: str
    process: psutil.Process

    def megabytes(self) -> float:
        """Return what it holds now."""
        return float(self.process.memory_info().rss) / 1e6


@contextlib.contextmanager
def serving(**settings: str) -> Iterator[Server]:
    """Start the app on a port of its own, with settings of the host by their environment variables."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = {
        "port": address.rpartition(":")[2],
        "address": "127.0.0.1",
        "headless": "true",
        "fileWatcherType": "none",
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    command += [f"--server.{name}={value}" for name, value in options.items()]
    environment = os.environ | settings
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_healthy(address)
            yield Server(address, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(timeout=60)
            log.seek(0)
            sys.stderr.write(log.read().decode()[-20_000:])


def _wait_until_healthy(address: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/_stcore/health", timeout=5):
            return
        time.sleep(0.1)
    raise SystemExit("The app did not start.")


def banded_photo(number: int, megapixels: float) -> bytes:
    """Make a JPEG of 4 : 3 whose bands, dark or light, spell the visitor's number; with a camera's noise."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = height * 4 // 3
    levels = np.array([200 if number >> bit & 1 else 60 for bit in range(_BANDS)], np.int16)
    row = levels[np.arange(width) * _BANDS // width]
    noise = np.random.default_rng(number).integers(-8, 9, (height, width), np.int16)
    stream = io.BytesIO()
    Image.fromarray((row + noise).astype(np.uint8)).convert("RGB").save(stream, "JPEG", quality=92)
    return stream.getvalue()


def number_of(picture: bytes) -> int | None:
    """Read the number that the bands of a picture spell; None where they are no clear bands."""
    image = Image.open(io.BytesIO(picture)).convert("L")
    pixels = np.asarray(image, np.float32)
    columns = [pixels[:, image.width * (2 * band + 1) // (2 * _BANDS)].mean() for band in range(_BANDS)]
    if any(100 < level < 160 for level in columns):
        return None
    return sum(1 << bit for bit, level in enumerate(columns) if level > 130)


@dataclass
class Wave:
    """What many visitors at once met."""

    seconds: list[float]
    failures: list[str]
    peak_megabytes: float

    @property
    def worst(self) -> float:
        """Seconds; endless where somebody got nothing."""
        return float("inf") if self.failures else max(self.seconds, default=0.0)

    def words(self) -> str:
        middle, worst = statistics.median(self.seconds or [0.0]), max(self.seconds, default=0.0)
        return (
            f"median {middle:.1f} s, worst {worst:.1f} s, {self.peak_megabytes:.0f} MB, {len(self.failures)} failures"
        )


async def wave(server: Server, count: int, do: Callable[[Visitor, int], Awaitable[None]]) -> Wave:
    """So many visitors come at once, do the same, and leave when all have done it."""
    seconds: list[float] = []
    failures: list[str] = []
    peak, all_done, left = [server.megabytes()], asyncio.Event(), [count]

    async def come(number: int) -> None:
        start = time.monotonic()
        try:
            async with visit(server.address) as visitor:
                await do(visitor, number)
                seconds.append(time.monotonic() - start)
                left[0] -= 1
                if not left[0]:
                    all_done.set()
                await all_done.wait()
        except Exception as error:  # a failure of whatever kind is a figure here
            failures.append(f"visitor {number}: {type(error).__name__}: {error}")
            left[0] -= 1
            if not left[0]:
                all_done.set()

    async def look() -> None:
        while not all_done.is_set():
            peak[0] = max(peak[0], server.megabytes())
            await asyncio.sleep(0.2)

    await asyncio.gather(look(), *(come(number) for number in range(count)))
    for failure in failures[:5]:
        print(failure, file=sys.stderr)
    met = Wave(seconds, failures, peak[0])
    print(f"{count} visitors, {do.__name__}: {met.words()}", file=sys.stderr, flush=True)
    return met


async def see_first_page(visitor: Visitor, _: int) -> None:
    """Come in, and see a coloured photo."""
    await visitor.open_page()
    if not any(is_coloured(picture) for picture in await asyncio.to_thread(visitor.pictures)):
        raise VisitError("no coloured picture on the first page")


def is_coloured(picture: bytes) -> bool:
    """Whether it has colours, and is large enough to be the photo."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    red, green, blue = (np.asarray(image, np.int16)[..., channel] for channel in range(3))
    return min(image.size) >= 200 and float((abs(red - green) + abs(green - blue)).mean()) > 3


def bring_photo(megapixels: float) -> Callable[[Visitor, int], Awaitable[None]]:
    """Bring a photo of one's own, and see it, and nobody else's, coloured."""

    async def do(visitor: Visitor, number: int) -> None:
        content = await asyncio.to_thread(banded_photo, number + 1, megapixels)
        await visitor.open_page()
        await visitor.upload(f"photo-{number}.jpg", content)
        shown = [picture for picture in await asyncio.to_thread(visitor.pictures) if min_side(picture) >= 200]
        numbers = {number_of(picture) for picture in shown}
        if number + 1 not in numbers:
            raise VisitError(f"the own photo is not there, but {numbers}")
        if others := numbers - {number + 1, None}:
            raise VisitError(f"another visitor's photo is there: {others}")

    return do


def min_side(picture: bytes) -> int:
    return min(Image.open(io.BytesIO(picture)).size)


async def pages_of(server: Server) -> list[str]:
    """List the addresses of all pages."""
    async with visit(server.address) as visitor:
        await visitor.open_page()
        return sorted(visitor.pages)


def see_one_of(pages: Sequence[str]) -> Callable[[Visitor, int], Awaitable[None]]:
    """Come in and go to a page, to its end; as many visitors to each."""

    async def see_page(visitor: Visitor, number: int) -> None:
        await visitor.open_page()
        await visitor.open_page(pages[number % len(pages)])

    return see_page


async def measure(server: Server, options: argparse.Namespace) -> list[Row]:
    """All figures."""
    await wave(server, 1, see_first_page)
    addresses = await pages_of(server)
    fresh = server.megabytes()
    first = await wave(server, options.first, see_first_page)
    own = await wave(server, options.own, bring_photo(options.megapixels))
    pages = await wave(server, options.each * len(addresses), see_one_of(addresses))
    held = server.megabytes()
    await asyncio.sleep(options.leave)
    after = server.megabytes()
    peak = max(each.peak_megabytes for each in (first, own, pages))
    growth = f"{after:.0f} MB; before {held:.0f} MB"
    many = f"{options.own} visitors with an own photo of {options.megapixels:g} megapixels, failures"
    return [
        Row(f"{options.first} first visits at once, the last one, seconds", first.words(), first.worst, _FIRST_LIMIT),
        Row("those that failed", f"{len(first.failures)}", len(first.failures), 0),
        Row(many, own.words(), len(own.failures), 0),
        Row(f"{options.each} on each of {len(addresses)} pages, failures", pages.words(), len(pages.failures), 0),
        Row("memory at the worst moment, MB", f"{peak:.0f} MB; fresh {fresh:.0f} MB", peak, _MEMORY_LIMIT),
        Row(f"memory {options.leave} s after all left, above fresh, MB", growth, after - fresh, _AFTER_LIMIT),
    ]


def main() -> int:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=50, help="visitors of the first page at once")
    parser.add_argument("--own", type=int, default=20, help="visitors with a photo of their own at once")
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--each", type=int, default=10, help="visitors on each page")
    parser.add_argument("--leave", type=int, default=_LEAVE_SECONDS, help="seconds to wait after the last has left")
    options = parser.parse_args()
    with serving(COLORIZER_VISITORS_PER_ADDRESS="1000") as server:  # all come from here
        rows = asyncio.run(measure(server, options))
    for row in rows:
        print("| " + " | ".join(row.cells()) + " |", flush=True)
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
