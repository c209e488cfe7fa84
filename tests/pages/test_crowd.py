"""Visitors who meet on a real server: turns, limits by visitor and by address, and the work of one who left."""

import asyncio
import contextlib
import io
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from PIL import Image

from benchmarks.crowd import Server, banded_photo, number_of, serving
from benchmarks.streamlit_client import VisitError, Visitor, visit
from tests.support.photos import make_pictures

Result = TypeVar("Result")
_PICTURES = 500
_PATIENCE_SECONDS = 240  # a slow machine loads torch first
_IDLE_PERCENT = 5  # of a core, at most; at work it is more beside whatever else the machine does


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start an app with 500 pictures to rank, to which a visitor may give two photos a minute, an address four."""
    pictures = make_pictures(tmp_path_factory.mktemp("crowd") / "pictures", _PICTURES)
    settings = {"COLORIZER_PHOTOS_PER_MINUTE": "2", "COLORIZER_VISITORS_PER_ADDRESS": "2"}
    with serving(COLORIZER_FOLDERS=str(pictures), **settings) as started:
        yield started


async def rank_all_pictures(visitor: Visitor) -> None:
    """Have all pictures of the folder measured, to the end."""
    await visitor.open_page("best_and_worst")
    await visitor.choose("ranked-pictures", "Server folder")
    await visitor.press("measure")


def measured(visitor: Visitor) -> int:
    """Read how many pictures the page says are measured."""
    found = re.search(rf"(\d+) of {_PICTURES} pictures measured", visitor.text())
    return int(found[1]) if found else 0


async def bring(visitor: Visitor, number: int) -> None:
    """Bring a photo of one's own, and see it."""
    await visitor.upload(f"{number}.jpg", banded_photo(number, 0.3))
    pictures = await asyncio.to_thread(visitor.pictures)
    assert number in [number_of(each) for each in pictures if min(Image.open(io.BytesIO(each)).size) >= 200]


async def stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def run(work: Coroutine[None, None, Result]) -> Result:
    """Run it in a thread of its own: where a browser is driven too, this one has an event loop already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def until(reached: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def test_one_with_500_pictures_to_rank_keeps_nobody_waiting(server: Server) -> None:
    async def meet() -> int:
        async with (
            visit(server.address, X_Forwarded_For="192.0.2.1") as greedy,
            visit(server.address, X_Forwarded_For="192.0.2.2") as modest,
        ):
            await greedy.open_page()
            await modest.open_page()
            ranking = asyncio.create_task(rank_all_pictures(greedy))
            await until(lambda: measured(greedy) > 0)
            await bring(modest, 5)
            assert not ranking.done()
            await stop(ranking)
            return measured(greedy)

    assert 0 < run(meet()) < _PICTURES / 2, "all but a photo's time of it was spent on the other visitor"


def test_the_work_of_a_visitor_who_left_is_dropped(server: Server) -> None:
    async def leave() -> int:
        async with visit(server.address, X_Forwarded_For="192.0.2.3") as greedy:
            await greedy.open_page()
            ranking = asyncio.create_task(rank_all_pictures(greedy))
            await until(lambda: measured(greedy) > 0)
            assert await asyncio.to_thread(server.process.cpu_percent, 1.0) > _IDLE_PERCENT, "it works"
            await stop(ranking)
            return measured(greedy)

    assert run(leave()) < _PICTURES / 2, "there is work left to drop"
    end = time.monotonic() + 20
    while server.process.cpu_percent(1.0) > _IDLE_PERCENT:
        assert time.monotonic() < end, "it goes on with work that nobody sees"


def test_photos_are_limited_by_visitor_and_by_address(server: Server) -> None:
    async def come(address: str, photos: int) -> None:
        async with visit(server.address, X_Forwarded_For=f"203.0.113.9, {address}") as visitor:
            await visitor.open_page()
            for number in range(photos):
                await bring(visitor, number + 1)

    refused = r"1\.jpg was not added: too many photos within a minute; wait \d+ seconds"
    run(come("198.51.100.1", 2))
    run(come("198.51.100.1", 2))
    with pytest.raises(VisitError, match=refused):  # another visitor of that address, whose first photo it is
        run(come("198.51.100.1", 1))
    with pytest.raises(VisitError, match=refused.replace("1", "3", 1)):
        run(come("198.51.100.2", 3))
    run(come("198.51.100.3", 1))
