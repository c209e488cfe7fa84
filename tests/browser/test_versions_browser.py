"""Versions under the photo, as a visitor uses them: they come after it, and a click makes points of one."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.support.browser import OpenVisitor, Visitor, expect_above, expect_within
from tests.support.phone_photos import holiday_photo


def versions(page: Page) -> Locator:
    """Return the thumbnails, once all are there."""
    expect(page.get_by_text("Click one to use its points")).to_be_visible()
    return page.locator(".st-key-versions button")


def test_a_click_takes_a_version_over_as_points_and_undo_takes_it_back(visitor: Visitor) -> None:
    page = visitor.open("?sample=Coffee")
    found = versions(page)
    assert 2 <= found.count() <= 4
    expect_above(page.locator(".stage"), found)
    expect(found.first).to_have_attribute("aria-pressed", "true")
    expect(found.first).to_have_text("the first answer")
    shown = page.locator(".stage img.after")
    before = str(shown.get_attribute("src"))
    visitor.expect_rest()
    found.nth(1).click()
    expect(found.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".note")).to_contain_text(re.compile(r"^\d+ points\."))
    expect(shown).not_to_have_attribute("src", before)
    assert page.locator(".mark").count() > 1
    visitor.expect_rest()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".mark")).to_have_count(0)
    expect(found.first).to_have_attribute("aria-pressed", "true")


def test_they_come_by_themselves_after_the_photo_and_move_nothing_that_is_seen(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = visitor.open("?sample=Coffee")
    visitor.expect_rest()
    visitor.upload("holiday.jpg", holiday_photo(320, 240))
    shown = page.locator(".stage img.after")
    expect(shown).to_have_attribute("alt", "holiday, coloured by Photo")
    place = page.locator(".st-key-versions").bounding_box()
    expect(page.locator(".st-key-versions").get_by_text("Looking for other versions ...")).to_have_count(0)
    visitor.expect_settled()
    after = page.locator(".st-key-versions").bounding_box()
    assert place and after and (place["height"] == after["height"])
    expect_within(page.locator(".stage"), 390)
    visitor.expect_no_sideways_scrolling(390)
