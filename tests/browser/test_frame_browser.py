"""The app inside a frame of another site, as a Space shows it: an upload arrives, is coloured and shown."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support import APP, ROOT
from tests.support.browser import PATIENCE_MILLISECONDS, serving
from tests.support.phone_photos import holiday_photo


def space_environment() -> dict[str, str]:
    """Read the settings that hosting/space/Dockerfile makes, without its port."""
    text = (ROOT / "hosting/space/Dockerfile").read_text().partition("\nENV ")[2].partition("\nEXPOSE")[0]
    settings = dict(word.split("=", 1) for word in text.replace("\\", " ").split())
    del settings["STREAMLIT_SERVER_PORT"]
    return settings


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app with the settings of a Space; gives its address."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in space_environment().items():
            patch.setenv(name, value)
        with serving(APP, tmp_path_factory.mktemp("space")) as server:
            yield server.url


@pytest.fixture
def other_site(space: str) -> Iterator[str]:
    """Serve a page of another site, whose frame holds the app: "localhost" is another site than 127.0.0.1."""

    class Frame(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<iframe src="{space}" style="width: 100%; height: 900px"></iframe>'.encode())

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Frame) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_an_upload_in_a_frame_of_another_site_is_coloured(browser: Browser, other_site: str, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    uploads: list[int] = []
    page.on("response", lambda answer: uploads.append(answer.status) if "upload_file" in answer.url else None)
    page.goto(other_site)
    frame = page.frame_locator("iframe")
    frame.locator("h1").wait_for()
    photo = tmp_path / "harbour.jpg"
    photo.write_bytes(holiday_photo(160, 120))
    frame.locator(".st-key-intake input[type=file]").set_input_files(photo)
    expect(frame.locator(".status").first).to_contain_text("harbour")
    assert uploads and all(status in (200, 204) for status in uploads)
    page.close()
