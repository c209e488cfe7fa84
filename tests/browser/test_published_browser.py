"""Published networks in the browser: fetched on this machine by a click, then compared, coloured with, and measured."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from benchmarks.formula_weights import make_formula_checkpoint
from tests.support import ROOT
from tests.support.browser import WIDE, Server, Visitor, eventually, serving, visiting
from tests.support.loopback_servers import forwarding
from tests.support.weights_server import WeightsServer, offer, pickled_formula_weights, weights_server

_FETCH_PATIENCE = 400_000  # ms: 129 MB are hashed, read, checked and written anew, on a machine with much else to do
_CARD = "models?model=Zhang+2016+(eccv16)"
_ENTRY = """
import runpy, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from colorizer.checkpoints import published
published.CATALOGUE = Path({catalogue!r})
runpy.run_path({app!r}, run_name="__main__")
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WeightsServer]:
    with weights_server() as started:
        yield started


@pytest.fixture(scope="module")
def app(weights: WeightsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the app: siggraph17 is here, eccv16 on a server on loopback, ddcolor-tiny is a wrong file there."""
    folder = tmp_path_factory.mktemp("published")
    catalogue = folder / "catalogue"
    offer(weights, catalogue, "eccv16", pickled_formula_weights("eccv16"), path="/eccv16.pth")
    for entry in catalogue.glob("*.toml"):  # seen at a quarter of the size, which is quicker
        entry.write_text(entry.read_text().replace("input_size = 256", "input_size = 64"))
    offer(weights, catalogue, "ddcolor-tiny", b"no weights", sha256="ab" * 32, path="/ddcolor.bin")
    entry = folder / "entry.py"
    entry.write_text(_ENTRY.format(root=str(ROOT), catalogue=str(catalogue), app=str(ROOT / "app.py")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLORIZER_CACHE", str(folder / "cache"))
        patch.setenv("COLORIZER_MIRROR", weights.url)
        make_formula_checkpoint("siggraph17", input_size=64)
        (folder / "run").mkdir()
        with serving(entry, folder / "run") as started:
            yield started


@pytest.fixture
def visitor(browser: Browser, app: Server) -> Iterator[Visitor]:
    with visiting(browser, app) as make:
        yield make(viewport=WIDE)


def test_fetched_by_a_click_and_not_before(visitor: Visitor, weights: WeightsServer) -> None:
    page = visitor.open("models")
    expect(page.get_by_text("Zhang 2016 (eccv16), 129 MB. Licence: BSD-2-Clause")).to_be_visible()
    assert weights.requests == []
    page.get_by_role("button", name="Fetch DDColor tiny").click()
    expect(page.get_by_text("is not the published one")).to_be_visible()
    page.get_by_role("button", name="Fetch Zhang 2016").click()
    expect(page.get_by_text("Zhang 2016 (eccv16), 129 MB.")).to_have_count(0, timeout=_FETCH_PATIENCE)
    card = visitor.open(_CARD).locator(".st-key-card-eccv16")
    expect(card).to_contain_text("Richard Zhang, Phillip Isola, Alexei A. Efros")
    expect(card).to_contain_text("guided filter")
    expect(page.get_by_role("heading", name="Published figures")).to_be_visible()
    assert [path for path, _ in weights.requests].count("/eccv16.pth") == 1


def test_the_fields_best_stand_beside_photo(visitor: Visitor) -> None:
    page = visitor.open("compare?experiment=The+field%27s+best")
    visitor.expect_photo("Motorcycle")
    for title in ("Photo", "Zhang 2016 (eccv16)", "Zhang 2017 (siggraph17)"):
        expect(page.get_by_role("img", name=f"Motorcycle, coloured by {title}").first).to_be_visible()


def test_a_mean_of_two_has_a_tile_and_a_weight(visitor: Visitor) -> None:
    page = visitor.open("compare?experiment=MSE+or+Huber&mean=true&mean-first=Photo&mean-second=Twelve+convolutions")
    visitor.expect_photo("Motorcycle")
    title = "Photo + Twelve convolutions"
    expect(page.get_by_role("img", name=f"Motorcycle, coloured by {title}").first).to_be_visible()
    expect(page.get_by_role("slider", name="Weight of the second")).to_be_visible()


def test_a_photo_is_coloured_with_hints_by_siggraph17(visitor: Visitor) -> None:
    page = visitor.open("?colorize-checkpoint=siggraph17")
    visitor.expect_rest()
    expect(page.get_by_role("slider", name="Vividness")).to_be_visible()
    page.get_by_text("Advanced").click()
    expect(page.get_by_text("Meet the colours of your points")).to_be_visible()
    expect(page.get_by_text(re.compile("This checkpoint takes no points"))).to_have_count(0)


def test_a_visitor_from_elsewhere_is_offered_no_download(browser: Browser, app: Server) -> None:
    port = urlsplit(app.url).port
    assert port
    with (
        forwarding(port, "X-Forwarded-For: 203.0.113.7") as proxy,
        visiting(browser, Server(f"http://127.0.0.1:{proxy}", app.folder)) as make,
    ):
        page = make(viewport=WIDE).open("models")
        expect(page.get_by_text("only its operator can fetch them")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^Fetch "))).to_have_count(0)


def assert_shown(visitor: Visitor) -> None:
    """Look whether the network has arrived."""
    page = visitor.open(_CARD)
    visitor.expect_rest()
    assert page.locator(".st-key-card-eccv16").count() == 1


def test_the_operator_has_networks_fetched_at_the_start(
    browser: Browser, weights: WeightsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORIZER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLORIZER_MIRROR", weights.url)
    monkeypatch.setenv("COLORIZER_PUBLISHED", "eccv16")
    offer(weights, tmp_path / "catalogue", "eccv16", pickled_formula_weights("eccv16"), path="/eccv16.pth")
    entry = tmp_path / "entry.py"
    entry.write_text(_ENTRY.format(root=str(ROOT), catalogue=str(tmp_path / "catalogue"), app=str(ROOT / "app.py")))
    (tmp_path / "run").mkdir()
    with serving(entry, tmp_path / "run") as app, visiting(browser, app) as make:
        visitor = make(viewport=WIDE)
        eventually(visitor.page, assert_shown, visitor)
        page = visitor.page
        assert page.get_by_role("button", name="Fetch").count() == 0
