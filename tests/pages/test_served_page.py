"""What the real server sends, started by `streamlit run`, to a messenger that fetches a link and runs no script."""

import io
import re
import time
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.common.served_page import PICTURE_SIZE
from pages.common.site_map import FRONT, PAGES, PageInfo
from pages.common.style import STYLE
from tests.support import APP, ROOT
from tests.support.browser import Server, serving

_CLOUD = ROOT / "hosting/community_cloud/app.py"
_LARGEST_PICTURE = 300_000  # bytes: above, WhatsApp shows none
_PATIENCE_SECONDS = 60
_LONGEST = 200  # characters of a description, which messengers cut


class Head(HTMLParser):
    """Collects the title and the meta tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.title = ""
        self._in_title = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._in_title = tag == "title"
        if tag == "meta" and (name := found.get("property") or found.get("name")):
            self.meta[name] = found.get("content") or ""

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        self.title += data if self._in_title else ""


def fetch(address: str, **headers: str) -> tuple[str, bytes]:
    """Return the type of what lies at an address, and its bytes."""
    request = urllib.request.Request(
        address, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
        return answer.headers["Content-Type"], answer.read()


def head_of(address: str, **headers: str) -> Head:
    return Head(fetch(address, **headers)[1].decode())


@pytest.fixture(scope="module", params=[APP, _CLOUD], ids=["app", "community-cloud"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(request.param, tmp_path_factory.mktemp("preview")) as started:
        yield started


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_has_a_title_a_description_and_a_picture_of_its_own_server(server: Server, page: PageInfo) -> None:
    head = head_of(f"{server.url}/{'' if page is FRONT else page.name}?checkpoint=photo")
    assert head.title == f"{page.title} · Colorizer"
    assert head.meta["og:title"] == page.title
    assert head.meta["og:description"] == head.meta["description"] == page.description
    assert head.meta["twitter:card"] == "summary_large_image"
    assert "og:url" not in head.meta  # it would take the settings out of the link
    assert head.meta["og:image"].startswith(f"{server.url}/")


def test_the_picture_is_one_that_messengers_take(server: Server) -> None:
    head = head_of(server.url)
    kind, content = fetch(head.meta["og:image"])
    assert kind == head.meta["og:image:type"] == "image/jpeg"
    assert len(content) < _LARGEST_PICTURE
    size = Image.open(io.BytesIO(content)).size
    assert size == PICTURE_SIZE == (int(head.meta["og:image:width"]), int(head.meta["og:image:height"]))


def test_the_picture_has_the_address_that_the_visitor_used_behind_a_proxy(server: Server) -> None:
    head = head_of(server.url, Host="colour.example.org", X_Forwarded_Proto="https")
    assert head.meta["og:image"].startswith("https://colour.example.org/")


def test_what_a_visitor_sends_stays_text(server: Server) -> None:
    head = head_of(server.url, Host='x"><script>alert(1)</script>')
    assert "<script>alert" not in fetch(server.url, Host='x"><script>alert(1)</script>')[1].decode()
    assert "og:image" in head.meta


def test_streamlits_own_page_is_whole_and_other_addresses_are_streamlits(server: Server) -> None:
    html = fetch(server.url)[1].decode()
    assert re.search(r'<script type="module"[^>]* src="\./static/js/index', html)
    assert '<div id="root">' in html
    assert html.index(STYLE) > html.index('<div id="root">')  # behind those of Streamlit, which come into the head
    assert fetch(f"{server.url}/_stcore/health")[1] == b"ok"
    assert "og:title" not in head_of(f"{server.url}/no-such-page").meta
    assert Image.open(io.BytesIO(fetch(f"{server.url}/favicon.png")[1])).size == (128, 128)


def test_descriptions_are_sentences_that_no_messenger_cuts() -> None:
    for page in PAGES:
        assert page.description.endswith((".", "?")) and len(page.description) <= _LONGEST, page.name


def test_below_a_path_of_a_proxy_addresses_keep_it(tmp_path: Path) -> None:
    with serving(APP, tmp_path, base_path="/lab") as server:
        head = head_of(f"{server.url}/models")
        assert head.title == "Models · Colorizer"
        assert urlsplit(head.meta["og:image"]).path == "/lab/link-preview.jpg"
        assert fetch(head.meta["og:image"])[0] == "image/jpeg"
        assert head_of(f"{server.url}/").meta["og:title"] == FRONT.title


def test_a_host_that_runs_the_file_as_a_script_has_the_app_all_the_same() -> None:
    app = AppTest.from_file(_CLOUD, default_timeout=120).run()
    assert not app.exception and not app.error
    assert app.title[0].value == FRONT.title


def test_whoever_starts_the_app_at_home_has_it_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opener, told = tmp_path / "bin/xdg-open", tmp_path / "told"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" > {told}\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{opener.parent}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    answered = tmp_path / "home/.streamlit/credentials.toml"  # who starts Streamlit for the first time is asked
    answered.parent.mkdir(parents=True)
    answered.write_text('[general]\nemail = ""\n')
    (tmp_path / "run").mkdir()
    with serving(APP, tmp_path / "run", headless=False) as server:
        end = time.monotonic() + _PATIENCE_SECONDS
        while not told.exists() or not told.read_text():  # it is started beside the server
            assert time.monotonic() < end
            time.sleep(0.05)
        assert told.read_text().strip() == server.url
