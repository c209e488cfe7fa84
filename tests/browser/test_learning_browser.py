"""Watch it learn, as a visitor uses it."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import Locator, Page, expect

from colorizer.checkpoints.history import age, read_history
from colorizer.checkpoints.store import list_checkpoints
from tests.support import ROOT
from tests.support.browser import Box, OpenVisitor, Visitor, boxes, choose, eventually, expect_above

CARDS = [card for card in list_checkpoints() if card.snapshots]
FIRST = next(card for card in CARDS if card.id == "scenes-12-huber")
"""The one that is offered at first."""


def epochs() -> list[int]:
    """Those of the first checkpoint."""
    return FIRST.snapshots


def count(epoch: int) -> str:
    """How many epochs were done at the end of one, as the strip has it."""
    return age(epoch).removeprefix("after ")


def images_seen(epoch: int) -> int:
    rows = read_history(ROOT / f"weights/{FIRST.id}/history.csv")
    return next(row.images_seen for row in rows if row.epoch == epoch)


def open_film(visitor: Visitor, sample: str = "Cat", size: str = "451 × 300") -> Page:
    """Go to the page with a photo, and wait until the film is there."""
    page = visitor.open(f"learning?sample={sample}")
    expect(page.locator(".status").first).to_contain_text(f"{sample}, {size} px, by {FIRST.title}")
    visitor.expect_rest()
    expect(large(page)).to_have_attribute("alt", f"{sample}, coloured {age(epochs()[-1])}")
    expect(page.locator(".js-plotly-plot .scatterlayer").first).to_be_visible()  # the chart comes by itself
    return page


def large(page: Page) -> Locator:
    """Find the picture that is shown large."""
    return page.locator(".stage img.shown")


def scrubber(page: Page) -> Locator:
    return page.get_by_role("slider", name="Epoch")


def expect_epoch(page: Page, epoch: int) -> None:
    """Wait for an epoch in the picture, the words under it, the strip, the chart and the figures."""
    expect(large(page)).to_have_attribute("alt", f"Cat, coloured {age(epoch)}")
    expect(page.locator(".caption")).to_have_text(
        f"{age(epoch).capitalize()}: {images_seen(epoch):,} training pictures seen"
    )
    expect(page.locator(".strip [aria-current=true]")).to_have_text(count(epoch))
    expect(page.get_by_text("on validation pictures")).to_contain_text(f"{age(epoch).capitalize()},")


def marker(page: Page) -> float:
    """Where the dot on the curve lies, px from the left."""
    box = page.locator(".js-plotly-plot .scatterlayer .point").last.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2


def marker_between(page: Page, left: float, right: float) -> float:
    """Where the dot lies, which must be between the two."""
    place = marker(page)
    assert left < place < right
    return place


def test_opens_at_the_last_epoch_with_picture_scrubber_and_curve_on_one_screen(visitor: Visitor) -> None:
    page = open_film(visitor)
    expect_epoch(page, epochs()[-1])
    expect(large(page)).to_have_js_property("naturalWidth", 451)
    for part in (large(page), scrubber(page), page.locator(".strip"), page.locator(".js-plotly-plot")):
        expect(part).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def assert_different_small_pictures(page: Page, count: int) -> None:
    sources = page.locator(".stage img").evaluate_all("images => images.map(image => image.src)")
    assert len(set(sources)) == count
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert sum(map(len, sources)) < 2_000_000


def test_the_strip_has_grey_every_state_and_the_original(visitor: Visitor) -> None:
    page = open_film(visitor)
    titles = ["grey", *(count(epoch) for epoch in epochs()), "original"]
    expect(page.locator(".strip button")).to_have_text(titles)
    eventually(page, assert_different_small_pictures, page, len(titles))


def test_a_grey_photo_has_no_original(visitor: Visitor) -> None:
    page = open_film(visitor, "Cameraman (grey)", "512 × 512")
    expect(page.locator(".strip button").first).to_have_text("grey")
    expect(page.locator(".strip button").last).to_have_text(count(epochs()[-1]))


def test_scrubbing_by_keyboard_moves_picture_marker_and_figures(visitor: Visitor) -> None:
    page = open_film(visitor)
    visitor.expect_settled()
    at_the_end = marker(page)
    scrubber(page).press("Home")
    expect_epoch(page, epochs()[0])
    at_the_start = eventually(page, marker_between, page, 0, at_the_end - 50)
    scrubber(page).press("ArrowRight")
    expect_epoch(page, epochs()[1])
    eventually(page, marker_between, page, at_the_start, at_the_end)
    expect(scrubber(page)).to_have_attribute("aria-valuetext", re.compile(f"^{age(epochs()[1]).capitalize()}:"))


def places(page: Page, parts: Sequence[str]) -> list[list[Box]]:
    return [boxes(page.locator(part)) for part in parts]


def assert_at(page: Page, parts: Sequence[str], wanted: list[list[Box]]) -> None:
    assert places(page, parts) == wanted


def test_nothing_moves_while_scrubbing(visitor: Visitor) -> None:
    page = open_film(visitor)
    parts = (".stage", ".bar", ".strip", ".js-plotly-plot")
    visitor.expect_settled()
    before = places(page, parts)
    scrubber(page).press("Home")
    for epoch in epochs()[1:]:
        scrubber(page).press("ArrowRight")
        expect_epoch(page, epoch)
        eventually(page, assert_at, page, parts, before)


def test_scrubbing_makes_and_sends_no_picture_anew(visitor: Visitor) -> None:
    sizes: list[int] = []
    visitor.page.on("websocket", lambda socket: socket.on("framereceived", lambda data: sizes.append(len(data))))
    page = open_film(visitor)
    visitor.expect_settled()
    sources = page.locator(".stage img").evaluate_all("images => images.map(image => image.src)")
    before = sum(sizes)
    scrubber(page).press("Home")
    expect_epoch(page, epochs()[0])
    visitor.expect_rest()
    assert page.locator(".stage img").evaluate_all("images => images.map(image => image.src)") == sources
    assert sum(sizes) - before < max(map(len, sources))


def test_a_click_into_the_strip_shows_that_picture(visitor: Visitor) -> None:
    page = open_film(visitor)
    page.get_by_role("button", name=count(epochs()[1]), exact=True).click()
    expect_epoch(page, epochs()[1])
    expect(scrubber(page)).to_have_value("1")
    page.get_by_role("button", name="original").click()
    expect(large(page)).to_have_attribute("alt", "Cat, the original")
    page.get_by_role("button", name="grey").click()
    expect(large(page)).to_have_attribute("alt", "Cat without colour")
    expect(page.get_by_text("on validation pictures")).to_contain_text(f"{age(epochs()[1]).capitalize()},")


def test_play_runs_from_the_first_epoch_to_the_last_and_stops(visitor: Visitor) -> None:
    page = open_film(visitor)
    page.evaluate("() => { window.seen = [] }")
    page.locator(".caption").evaluate(
        "caption => new MutationObserver(() => window.seen.push(caption.textContent))"
        ".observe(caption, { childList: true, characterData: true, subtree: true })"
    )
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect_epoch(page, epochs()[-1])
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    seen = [int(re.findall(r"\d+", text)[0]) for text in page.evaluate("() => window.seen")]
    assert seen == [epoch + 1 for epoch in epochs()]


def test_pause_and_scrubbing_stop_the_film(visitor: Visitor) -> None:
    page = open_film(visitor)
    for stop in (lambda: page.get_by_role("button", name="Pause").click(), lambda: scrubber(page).press("Home")):
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        stop()
        expect(page.get_by_role("button", name="Play")).to_be_visible()


@pytest.mark.parametrize(
    ("label", "ending", "frames"),
    [("Animated WebP", "webp", True), ("Animated GIF", "gif", True), ("Sheet", "png", False)],
)
def test_the_film_can_be_downloaded(visitor: Visitor, tmp_path: Path, label: str, ending: str, frames: bool) -> None:
    page = open_film(visitor)
    with page.expect_download() as download:
        page.get_by_role("button", name=label).click()
    assert download.value.suggested_filename == f"Cat-{FIRST.id}-learning.{ending}"
    download.value.save_as(tmp_path / "film")
    content = (tmp_path / "film").read_bytes()
    assert f"Checkpoint: {FIRST.id}".encode() in content
    assert b"made up by a neural network" in content
    with Image.open(tmp_path / "film") as film:
        assert sum(1 for _ in ImageSequence.Iterator(film)) == (len(epochs()) if frames else 1)
        assert dict(film.getexif()) == {}
        if frames:
            assert film.width == 451
            assert film.height > 300
        else:
            assert film.width * film.height > (len(epochs()) + 2) * 451 * 300


def test_the_curve_follows_the_chosen_quantity(visitor: Visitor) -> None:
    page = open_film(visitor)
    scrubber(page).press("Home")
    expect_epoch(page, epochs()[0])
    visitor.expect_rest()
    choose(visitor, "Validation curve", "PSNR")
    expect(page.locator(".js-plotly-plot .ytitle").filter(has_text="PSNR (dB)")).to_be_visible()
    expect(page.locator(".js-plotly-plot .ytitle")).to_have_count(1)
    expect(page).to_have_url(re.compile("learning-quantity=PSNR"))
    expect_epoch(page, epochs()[0])


def test_another_page_and_back_shows_the_same_epoch(visitor: Visitor) -> None:
    page = open_film(visitor)
    scrubber(page).press("Home")
    expect_epoch(page, epochs()[0])
    page.get_by_role("link", name="Loss curves").click()
    expect(page.get_by_role("heading", level=1, name="Loss curves")).to_be_visible()
    page.get_by_role("link", name="Watch it learn", exact=True).click()
    expect_epoch(page, epochs()[0])


def test_no_film_starts_by_itself_and_a_phone_shows_it_without_scrolling_sideways(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page = open_film(visitor)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.locator("h1").scroll_into_view_if_needed()  # the choice of a photo lies under the film
    expect(scrubber(page)).to_be_in_viewport(ratio=1)
    visitor.expect_no_sideways_scrolling(390)
    expect_above(page.locator(".strip"), page.locator(".st-key-controls"))
