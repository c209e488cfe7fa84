"""A real server, and a visitor of it in a real browser."""

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, ConsoleMessage, FilePayload, Locator, Page, TimeoutError, expect

from tests.support import ROOT

_START_SECONDS = 120


PATIENCE_MILLISECONDS = 120_000  # ms
_BETWEEN_TRIES = 50  # ms
Checked = TypeVar("Checked")
_HAS_SETTLED = """() => {
  const parts = document.querySelectorAll("h1, img, button, [class*=st-key-], .js-plotly-plot");
  const places = [...parts].map((part) => {
    const { x, y, width, height } = part.getBoundingClientRect();
    return [x, y, width, height].map(Math.round).join(" ");
  }).join();
  if (places !== window.settling?.places) window.settling = { places, since: performance.now() };
  return document.fonts.status === "loaded" && [...document.images].every((image) => image.complete)
    && performance.now() - window.settling.since > 600;
}"""


@dataclass(frozen=True)
class Server:
    """The app under test."""

    url: str
    folder: Path
    """Where it was started, and looks for runs/."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
            return
        time.sleep(0.1)
    pytest.fail(f"the app did not start:\n{log.read_text()}", pytrace=False)


@contextlib.contextmanager
def serving(script: Path, folder: Path, headless: bool = True, base_path: str = "") -> Iterator[Server]:
    """Start the app by `script`, on a port of its own, in an empty folder with the app's configuration.

    Args:
        script: what `streamlit run` is given.
        folder: it is started there.
        headless: False as at home, where it opens a browser.
        base_path: "" or the path that it lies below, with a slash in front.
    """
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    port, log = _free_port(), folder / "log"
    options = [f"--server.port={port}", "--server.address=127.0.0.1", f"--server.headless={headless}"]
    options += [f"--server.baseUrlPath={base_path}"] if base_path else []
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", script, *options],
            cwd=folder,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}{base_path}"
    _wait_until_healthy(url, process, log)
    yield Server(url, folder)
    process.terminate()
    process.wait(timeout=_START_SECONDS)


@dataclass
class Trace:
    """What a visitor's browser asked for and complained about."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self, message: ConsoleMessage) -> None:
        """Keep a complaint; that Streamlit asks for its own parts below a page first, and then at its root, is none."""
        if message.type == "error" and not re.search(r":\d+/\w+/_stcore/", message.location["url"]):
            self.complaints.append(f"{message.text} {message.location['url']}")


@dataclass(frozen=True)
class Visitor:
    """One person at a browser."""

    page: Page
    trace: Trace
    server: Server

    def open(self, path: str = "") -> Page:
        """Go to a page of the app by its address."""
        self.page.goto(f"{self.server.url}/{path}")
        self.page.locator("h1").wait_for()
        return self.page

    def expect_photo(self, text: str) -> None:
        """Wait until a photo is in view and fully coloured."""
        expect(self.page.locator(".status").first).to_contain_text(text)
        expect(self.page.locator("[class*=st-key-tile-] img").last).to_be_visible()
        expect(self.page.locator(".tile .wait")).to_have_count(0)
        self.expect_rest()

    def expect_rest(self) -> None:
        """Wait until the page's script has come to its end."""
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    def expect_settled(self) -> None:
        """Wait until nothing is on its way any more that could move the page: no script, font or picture, and all
        has lain where it lies for a while."""
        self.expect_rest()
        self.page.wait_for_function(_HAS_SETTLED)

    def upload(self, name: str, content: bytes) -> None:
        """Choose a file of one's own as the photo."""
        self.expect_rest()
        self.choose_files({"name": name, "mimeType": "image/jpeg", "buffer": content})

    def choose_files(self, files: FilePayload | Sequence[FilePayload] | Path) -> None:
        """Click the control that takes photos, and files in the browser's own dialog."""
        with self.page.expect_file_chooser() as dialog:
            self.page.get_by_role("button", name="Choose a photo").click()
        dialog.value.set_files(files)

    def lose_files(self, count: int) -> None:
        """From the next page on, let so many files get lost between the intake and Streamlit's uploader."""
        self.page.add_init_script(
            "window.lost = [];"
            "addEventListener('change', (event) => {"
            f" if (event.detail !== 'checked' || window.lost.length >= {count}) return;"
            " window.lost.push(event.target.files[0].name); event.stopImmediatePropagation(); }, { capture: true })"
        )

    def expect_lost(self, *names: str) -> None:
        """Check which files got lost."""
        assert self.page.evaluate("window.lost") == list(names)

    def narrow(self, width: int) -> None:
        """Make the screen so wide, px, and wait until the page has fitted itself into it."""
        self.page.set_viewport_size({"width": width, "height": 844})
        self.expect_no_sideways_scrolling(width)

    def expect_no_sideways_scrolling(self, width: int) -> None:
        """Wait until the page fits a screen of this width, px."""
        self.page.wait_for_function(
            "width => innerWidth === width"
            " && [document.documentElement, document.querySelector('[data-testid=stMain]')].every("
            "element => element.scrollWidth <= element.clientWidth)",
            arg=width,
        )


OpenVisitor = Callable[..., Visitor]
Box = tuple[int, int, int, int]  # left, top, width and height, px


def eventually(page: Page, check: Callable[..., Checked], *arguments: object) -> Checked:
    """Call `check` with `arguments` until its assertions hold, as `expect` does for a single element.

    Raises:
        AssertionError: that of the last try, after `PATIENCE_MILLISECONDS`.
        ValueError: likewise, where elements whose boxes it takes apart are not there.
    """
    end = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while True:
        try:
            return check(*arguments)
        except (AssertionError, ValueError):
            if time.monotonic() > end:
                raise
        page.wait_for_timeout(_BETWEEN_TRIES)  # the page goes on meanwhile


def boxes(elements: Locator) -> list[Box]:
    """Read where elements lie at this moment, rounded to whole pixels."""
    found = elements.evaluate_all(
        "elements => elements.map(element => { const box = element.getBoundingClientRect();"
        " return [box.x, box.y, box.width, box.height].map(Math.round) })"
    )
    return [tuple(box) for box in found]


def expect_grid(images: Locator, columns: int, rows: int, proportion: float | None = None) -> list[Box]:
    """Wait until pictures of one size stand in so many columns and rows; returns where they lie."""

    def check() -> list[Box]:
        found = boxes(images)
        sizes = {(width, height) for *_, width, height in found}
        assert len(sizes) == 1
        assert len({left for left, *_ in found}) == columns
        assert len({top for _, top, *_ in found}) == rows
        ((width, height),) = sizes
        assert proportion is None or abs(width / height - proportion) < 0.02
        return found

    return eventually(images.page, check)


def expect_within(elements: Locator, width: int) -> None:
    """Wait until there are such elements, and each lies between the edges of a screen of that width, px."""

    def check() -> None:
        found = boxes(elements)
        assert found
        assert all(left >= 0 and own > 0 and left + own <= width for left, _, own, _ in found)

    eventually(elements.page, check)


def expect_above(upper: Locator, lower: Locator) -> None:
    """Wait until the first of `upper` begins above the first of `lower`."""

    def check() -> None:
        assert boxes(upper)[:1] and boxes(lower)[:1]
        assert boxes(upper)[0][1] < boxes(lower)[0][1]

    eventually(upper.page, check)


def expect_on_first_screen(image: Locator, height: int) -> None:
    """Wait until a picture ends above the lower edge of a screen of that height, px."""

    def check() -> None:
        found = boxes(image)
        assert len(found) == 1
        _, top, _, own = found[0]
        assert own > 0 and top + own < height

    eventually(image.page, check)


@contextlib.contextmanager
def visiting(browser: Browser, server: Server) -> Iterator[OpenVisitor]:
    """Make visitors. Afterwards each is held to have asked nothing of another host, and to have met no error."""
    visitors: list[Visitor] = []
    with contextlib.ExitStack() as contexts:

        def make(**options: object) -> Visitor:
            context = contexts.enter_context(contextlib.closing(browser.new_context(**options)))  # type: ignore[arg-type]
            page, trace = context.new_page(), Trace()
            page.set_default_timeout(PATIENCE_MILLISECONDS)
            page.on("request", lambda request: trace.requests.append(request.url))
            page.on("pageerror", lambda error: trace.complaints.append(str(error)))
            page.on("console", trace.listen)
            visitors.append(Visitor(page, trace, server))
            return visitors[-1]

        yield make
        for visitor in visitors:
            own = (server.url, server.url.replace("http", "ws"), "data:", "blob:")
            assert [url for url in visitor.trace.requests if not url.startswith(own)] == []
            assert not visitor.trace.complaints, visitor.trace.complaints


WIDE = {"width": 1440, "height": 900}


def choose(visitor: Visitor, side: str, title: str) -> None:
    """Pick an option as a person does: Streamlit closes an open list when the page moves; one opens it again."""
    for _ in range(5):
        visitor.page.get_by_role("combobox", name=side).press("ArrowDown")
        with contextlib.suppress(TimeoutError):
            visitor.page.get_by_role("option", name=title).click(timeout=5_000)
            return
    pytest.fail(f"the list {side} never offered {title}")
