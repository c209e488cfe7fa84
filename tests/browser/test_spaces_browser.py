"""Colour spaces, as a visitor uses it."""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import OpenVisitor, Visitor, boxes, eventually, expect_on_first_screen, expect_within
from tests.support.phone_photos import holiday_photo


def open_spaces(visitor: Visitor, is_narrow: bool = False) -> Page:
    """Follow the navigation to the page, and wait until it is all there."""
    page = visitor.open()
    page.get_by_role("link", name="Learn", exact=True).click()
    if is_narrow:  # where the pages of a part are folded under the name of the one that is open
        page.get_by_role("navigation", name="Main").get_by_role("button").click()
    page.get_by_role("link", name="Colour spaces", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Colour spaces")).to_be_visible()
    expect(page.locator(".status").first).to_contain_text("Flower, here at 512 × 342 px")
    expect(page.locator(".st-key-spaces-few-swatches li").first).to_be_visible()
    visitor.expect_rest()
    return page


def picture(page: Page, name: str) -> Locator:
    return page.locator(f".st-key-tile-s-{name} img")


def source(page: Page, name: str) -> str:
    return picture(page, name).get_attribute("src") or ""


def press(visitor: Visitor, key: str, direction: str) -> None:
    """Move a slider one step by the keyboard."""
    visitor.page.locator(f".st-key-{key}").get_by_role("slider").press(direction)


def assert_one_row_of_different_pictures(page: Page, names: Sequence[str]) -> None:
    found = [box for name in names for box in boxes(picture(page, name))]
    assert len(found) == len(names)
    assert len({(top, width, height) for _, top, width, height in found}) == 1
    assert len({source(page, name) for name in names}) == len(names)


def test_the_parts_stand_in_a_row_of_one_size(visitor: Visitor) -> None:
    page = open_spaces(visitor)
    eventually(page, assert_one_row_of_different_pictures, page, ("photo", "plane-L", "plane-a", "plane-b"))


def test_a_slider_changes_the_picture_and_the_page_stays_where_it_is(visitor: Visitor) -> None:
    page = open_spaces(visitor)
    expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(3)  # the chart's own code comes late
    visitor.expect_settled()
    page.evaluate(
        """() => {
            window.heights = new Set();
            const look = () => {
                window.heights.add(document.querySelector('[data-testid=stMain]').scrollHeight);
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    before = source(page, "mixture")
    press(visitor, "spaces-a", "ArrowLeft")
    expect(picture(page, "mixture")).not_to_have_attribute("src", before)
    expect(page.get_by_text("Your mixture")).to_be_visible()
    before = source(page, "pointed-out")
    press(visitor, "spaces-at", "ArrowRight")
    expect(picture(page, "pointed-out")).not_to_have_attribute("src", before)
    expect(page.get_by_text("Pixels with L from 46 to 56")).to_be_visible()
    visitor.expect_rest()
    expect(page).to_have_url(re.compile(r"(?=.*spaces-a=0\.95)(?=.*spaces-at=51)"))
    assert len(page.evaluate("() => [...window.heights]")) == 1


def test_a_button_sets_sliders_and_the_next_click_goes_on_from_there(visitor: Visitor) -> None:
    page = open_spaces(visitor)
    page.get_by_role("button", name="Only L").click()
    expect(page.get_by_text("every line is still there")).to_be_visible()
    visitor.expect_rest()
    before = source(page, "mixture")
    press(visitor, "spaces-b", "ArrowRight")
    expect(picture(page, "mixture")).not_to_have_attribute("src", before)
    expect(page.locator(".st-key-spaces-a").get_by_role("slider")).to_have_value("0")
    page.get_by_role("button", name="Everything").click()
    expect(page.get_by_text("nothing is lost by taking it apart")).to_be_visible()


def test_the_plane_is_drawn_with_and_without_bins(visitor: Visitor) -> None:
    page = open_spaces(visitor)
    chart = page.locator(".js-plotly-plot")
    expect(chart.locator(".scatterlayer .trace")).to_have_count(3)
    expect(chart.get_by_text("a (Lab units): green to red")).to_be_visible()
    expect(chart.locator(".imagelayer image")).to_have_count(1)
    page.get_by_text("Show the 261 bins").click()
    expect(chart.locator(".scatterlayer .trace")).to_have_count(4)


def test_own_colours_follow_their_slider(visitor: Visitor) -> None:
    page = open_spaces(visitor)
    swatches = page.locator(".st-key-spaces-few-swatches")
    page.get_by_role("radio", name="This photo's own").click()
    expect(swatches).to_contain_text("8 of 8 colours")
    visitor.expect_rest()
    press(visitor, "spaces-k", "ArrowRight")
    expect(swatches).to_contain_text("9 of 9 colours")
    expect(swatches.locator("li")).to_have_count(9)


def test_an_upload_is_taken_apart_and_seen_at_once(visitor: Visitor) -> None:
    page = open_spaces(visitor)
    page.get_by_role("button", name="Your own photo").click()
    expect(page.get_by_role("button", name="Choose a photo")).to_be_visible()
    visitor.upload("beach.jpg", holiday_photo(300, 400))
    expect(page.locator(".status").first).to_contain_text("beach, here at 300 × 400 px")
    expect(page.get_by_role("button", name="Choose a photo")).to_be_hidden()
    expect(page.get_by_role("img", name="beach, the photo")).to_be_visible()
    visitor.expect_rest()


def test_a_link_is_taken_apart(visitor: Visitor, picture_server: str) -> None:
    page = open_spaces(visitor)
    page.get_by_role("button", name="Your own photo").click()
    page.get_by_label("Link to a photo").fill(f"{picture_server}/harbour.jpg")
    page.get_by_role("button", name="Get photo").click()
    expect(page.locator(".status").first).to_contain_text("harbour, here at 160 × 120 px")
    visitor.expect_rest()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (390, "dark"), (768, "light")])
def test_a_narrow_screen_shows_all_without_scrolling_sideways(
    new_visitor: OpenVisitor, width: int, scheme: str
) -> None:
    visitor = new_visitor(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = open_spaces(visitor, is_narrow=True)
    expect(page.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(3)
    visitor.expect_no_sideways_scrolling(width)
    expect_on_first_screen(picture(page, "photo"), 844)
    expect_within(page.locator("[class*=st-key-tile-s-] img"), width)
