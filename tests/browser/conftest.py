"""A real server and a real browser, started once; a visitor is a context of that browser."""

import os
import threading
from collections.abc import Generator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.support import ROOT
from tests.support.browser import PATIENCE_MILLISECONDS, WIDE, OpenVisitor, Server, Visitor, serving, visiting
from tests.support.phone_photos import holiday_photo

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
expect.set_options(timeout=PATIENCE_MILLISECONDS)  # the first picture waits for torch to load, on a slow machine


_WHAT_IS_SEEN = """() => `${document.querySelector("[data-test-script-state]")?.dataset.testScriptState}\\n`
  + document.body.innerText.slice(0, 3000)"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failed test what its visitors saw, since a page seldom fails a second time."""
    report = yield
    chromium = item.funcargs.get("browser")
    if report.when == "call" and report.failed and isinstance(chromium, Browser):
        for context in chromium.contexts:
            for page in context.pages:
                try:
                    seen = page.evaluate(_WHAT_IS_SEEN)
                except PlaywrightError as error:
                    seen = str(error)
                report.sections.append((f"seen at {page.url}", seen))
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the app that all visitors share."""
    with serving(ROOT / "tests/support/browser_entry.py", tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"the browser tests need {CHROMIUM}: install the package chromium", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def new_visitor(browser: Browser, server: Server) -> Iterator[OpenVisitor]:
    """Visitors of one test."""
    with visiting(browser, server) as make:
        yield make


@pytest.fixture
def visitor(new_visitor: OpenVisitor) -> Visitor:
    """Let in a visitor with a wide screen."""
    return new_visitor(viewport=WIDE)


class _Pictures(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/harbour.jpg" else 404)
        self.end_headers()
        if self.path == "/harbour.jpg":
            self.wfile.write(holiday_photo(160, 120))

    def log_message(self, format: str, *args: object) -> None:
        """Quietly."""


@pytest.fixture
def picture_server() -> Iterator[str]:
    """Serve one picture, /harbour.jpg, from this machine; gives the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pictures) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()
