"""Grey, generated, original, as a visitor uses it."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import OpenVisitor, Visitor, boxes, choose, eventually, expect_above, expect_grid
from tests.support.phone_photos import assert_upright_and_anonymous, holiday_photo

TITLES = ["Grey", "Generated", "Original"]


def open_triptych(visitor: Visitor) -> Page:
    """Go to the page, and wait until the first sample is coloured."""
    page = visitor.open("triptych")
    expect(page.get_by_role("heading", level=1, name="Grey, generated, original")).to_be_visible()
    visitor.expect_photo("Flower, 640 × 427 px")
    return page


def send(visitor: Visitor, link: str, text: str) -> None:
    """Paste a link, click once, and wait."""
    visitor.page.get_by_label("Link to a photo").fill(link)
    visitor.page.get_by_role("button", name="Colour it").click()
    visitor.expect_photo(text)


def row(page: Page) -> Locator:
    """Find the pictures of the row."""
    return page.locator(".st-key-triptych [class*=st-key-tile-] img")


def expect_titles(page: Page) -> None:
    """Wait until the pictures' heads begin with these words, in the order in which they are read."""
    heads = page.locator(".st-key-triptych .tile h3")
    expect(heads).to_have_text([re.compile(f"^{title}") for title in TITLES])


def test_a_pasted_link_and_one_click_give_three_pictures_of_one_size(visitor: Visitor, picture_server: str) -> None:
    page = open_triptych(visitor)
    send(visitor, f"{picture_server}/harbour.jpg", "harbour, 160 × 120 px")
    expect_titles(page)
    expect(row(page)).to_have_count(3)
    found = expect_grid(row(page), columns=3, rows=1, proportion=160 / 120)
    assert found == sorted(found)
    assert found[0][2] > 300
    page.wait_for_function(
        "new Set([...document.querySelectorAll('.st-key-triptych img')].map(image => image.currentSrc)).size === 3"
    )
    for name in ("harbour without colour", "harbour, the original"):
        expect(page.get_by_role("img", name=name)).to_be_visible()


def test_enter_in_the_field_does_as_well_and_a_bad_link_leaves_the_photo(visitor: Visitor, picture_server: str) -> None:
    page = open_triptych(visitor)
    field = page.get_by_label("Link to a photo")
    field.fill(f"{picture_server}/harbour.jpg")
    field.press("Enter")
    visitor.expect_photo("harbour, 160 × 120 px")
    field.fill(f"{picture_server}/nothing.jpg")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("answers with status 404")
    visitor.expect_photo("harbour, 160 × 120 px")
    expect(row(page)).to_have_count(3)


def test_the_row_stays_where_it_is_while_a_link_is_fetched_and_coloured(visitor: Visitor, picture_server: str) -> None:
    page = open_triptych(visitor)
    visitor.expect_settled()
    page.evaluate(
        """() => {
            window.tops = new Set();
            const look = () => {
                for (const image of document.querySelectorAll('.st-key-triptych [class*=st-key-tile-] img'))
                    window.tops.add(Math.round(image.getBoundingClientRect().y));
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    send(visitor, f"{picture_server}/harbour.jpg", "harbour, 160 × 120 px")
    assert page.evaluate("() => [...window.tops]") == [boxes(row(page))[0][1]]


def assert_whole_on_a_screen(page: Page, height: int) -> None:
    found = boxes(row(page))
    assert len({(width, own) for *_, width, own in found}) == 1
    assert found[0][3] <= height


def test_a_tall_picture_is_seen_whole(visitor: Visitor) -> None:
    page = open_triptych(visitor)
    visitor.upload("tower.jpg", holiday_photo(60, 900))
    visitor.expect_photo("tower, 60 × 900 px")
    eventually(page, assert_whole_on_a_screen, page, 900 - 300)


def save(page: Page, button: Locator, path: Path) -> bytes:
    """Click a download button; what comes has the ending of `path`."""
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename.startswith("beach-")
    assert download.value.suggested_filename.endswith(path.suffix)
    download.value.save_as(path)
    return path.read_bytes()


def test_the_generated_picture_and_the_row_can_be_saved(visitor: Visitor, tmp_path: Path) -> None:
    page = open_triptych(visitor)
    visitor.upload("beach.jpg", holiday_photo(300, 400))
    visitor.expect_photo("beach, 300 × 400 px")
    picture = save(page, page.get_by_role("button", name=re.compile("Download (?!the row)")), tmp_path / "picture.jpg")
    whole = save(page, page.get_by_role("button", name="Download the row (PNG)"), tmp_path / "row.png")
    assert_upright_and_anonymous(picture, (300, 400))
    assert b"made up by a neural network" in whole and b"Phone" not in whole
    with Image.open(io.BytesIO(whole)) as sheet:
        assert sheet.width == 3 * (300 + 12) + 12
        assert dict(sheet.getexif()) == {}
        assert np.asarray(sheet.convert("L"))[20:100, 20:80].mean() > 240  # the light mark, of the grey picture


def assert_row_fits(page: Page, width: int) -> None:
    """Of one size, in reading order, between the edges, and on a phone nearly as wide as the screen."""
    found = boxes(row(page))
    assert len({(own, height) for *_, own, height in found}) == 1
    assert all(left >= 0 and left + own <= width for left, _, own, _ in found)
    places = [(top, left) for left, top, *_ in found]
    assert places == sorted(set(places))
    assert width >= 640 or found[0][2] > 0.85 * width


def test_a_narrow_screen_shows_the_three_whole_and_does_not_scroll_sideways(
    visitor: Visitor, picture_server: str
) -> None:
    page = open_triptych(visitor)
    send(visitor, f"{picture_server}/harbour.jpg", "harbour, 160 × 120 px")
    for width in (768, 390, 360):
        visitor.narrow(width)
        expect_titles(page)
        eventually(page, assert_row_fits, page, width)


@pytest.mark.parametrize("width", [390, 1440])
def test_where_a_photo_goes_in_is_said_above_the_row(new_visitor: OpenVisitor, width: int) -> None:
    visitor = new_visitor(viewport={"width": width, "height": 900})
    page = open_triptych(visitor)
    intake = page.get_by_role("button", name="Choose a photo")
    expect(intake).to_be_in_viewport(ratio=0.99)
    expect_above(intake, row(page))
    expect(page.get_by_test_id("stFileUploader")).to_be_hidden()
    visitor.expect_no_sideways_scrolling(width)


def test_ones_own_photo_is_coloured_by_photo_until_another_is_chosen(visitor: Visitor) -> None:
    page = open_triptych(visitor)
    expect(page.get_by_text("of one kind alone: flowers")).to_be_visible()
    visitor.upload("beach.jpg", holiday_photo(300, 400))
    visitor.expect_photo("beach, 300 × 400 px")
    expect(page.get_by_role("img", name="beach, coloured by Photo")).to_be_visible()
    expect(page.get_by_text("Sending")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("triptych-checkpoint"))  # nobody has chosen it
    choose(visitor, "Checkpoint", "GAN")
    expect(page.get_by_role("img", name="beach, coloured by GAN")).to_be_visible()
    page.get_by_role("radio", name="Cat").click()
    visitor.expect_photo("Cat")
    page.get_by_role("radio", name="beach").click()
    visitor.expect_photo("beach")
    expect(page.get_by_role("img", name="beach, coloured by GAN")).to_be_visible()
