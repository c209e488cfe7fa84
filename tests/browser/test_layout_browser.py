"""How pages are laid out from phone to wide screen: edges in line, no holes, nothing cut off."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import OpenVisitor, Visitor, boxes, eventually

PHONE = {"width": 390, "height": 844}
_HOLE = 120  # px: more than this between two things that belong together looks as if something were missing


def gap(upper: Locator, lower: Locator) -> int:
    """Measure from the lower edge of the one to the upper edge of the other, px."""
    (above, *_), (below, *_) = boxes(upper), boxes(lower)
    return below[1] - above[1] - above[3]


def assert_no_hole(upper: Locator, lower: Locator) -> None:
    assert boxes(upper) and boxes(lower)
    assert 0 <= gap(upper, lower) < _HOLE


def assert_left_edges_in_line(*elements: Locator) -> None:
    found = [boxes(element)[:1] for element in elements]
    assert all(found)
    assert len({left for box in found for left, *_ in box}) == 1


def settled(visitor: Visitor, path: str) -> Page:
    page = visitor.open(path)
    visitor.expect_settled()
    return page


def test_two_versions_on_a_phone_leave_no_hole_under_them(new_visitor: OpenVisitor) -> None:
    page = settled(new_visitor(viewport=PHONE), "?sample=Cat")
    versions = page.locator(".st-key-versions button")
    expect(versions).to_have_count(2)
    eventually(page, assert_no_hole, versions, page.get_by_text("Your photo has colours. Compare with"))


def test_versions_stand_in_one_line_that_scrolls(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport=PHONE)
    page = settled(visitor, "?sample=Coffee")
    versions = page.locator(".st-key-versions button")
    expect(page.get_by_text("Click one to use its points")).to_be_visible()
    assert len({top for _, top, *_ in boxes(versions)}) == 1
    visitor.expect_no_sideways_scrolling(390)
    versions.last.scroll_into_view_if_needed()
    expect(versions.last).to_be_in_viewport(ratio=0.99)


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_what_is_said_of_the_photo_follows_its_tools(new_visitor: OpenVisitor, width: int) -> None:
    page = settled(new_visitor(viewport={"width": width, "height": 900}), "?sample=Flower")
    eventually(page, assert_no_hole, page.locator(".tools"), page.locator(".status").first)


@pytest.mark.parametrize("width", [1280, 1920])
def test_the_photo_begins_where_the_text_does(new_visitor: OpenVisitor, width: int) -> None:
    page = settled(new_visitor(viewport={"width": width, "height": 900}), "?sample=Flower")
    title, thumbnail = page.get_by_role("heading", level=1), page.locator(".st-key-photo-strip img")
    eventually(page, assert_left_edges_in_line, title, thumbnail, page.locator(".stage"), page.locator(".tools"))


@pytest.mark.parametrize("width", [320, 390])
def test_zoom_in_and_out_stand_side_by_side(new_visitor: OpenVisitor, width: int) -> None:
    page = settled(new_visitor(viewport={"width": width, "height": 844}), "?sample=Flower")
    buttons = page.locator(".closer, .farther")
    assert len({top for _, top, *_ in boxes(buttons)}) == 1


def test_a_phone_shows_which_photo_is_chosen(new_visitor: OpenVisitor) -> None:
    page = settled(new_visitor(viewport=PHONE), "lesson_choice")
    expect(page.get_by_role("radio", name="Grass (grey)")).to_be_in_viewport(ratio=0.99)
    assert page.locator(".stMain").evaluate("main => main.scrollTop") == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_what_to_look_at_stands_under_the_pair_of_a_lesson(new_visitor: OpenVisitor, width: int) -> None:
    page = settled(new_visitor(viewport={"width": width, "height": 900}), "lesson_guess")
    picture, words = page.locator(".st-key-before-after img").first, page.get_by_text("Neither is the truth.")
    eventually(page, assert_no_hole, picture, words)


def test_a_lesson_is_named_above_its_question_and_in_line_with_it(visitor: Visitor) -> None:
    page = settled(visitor, "learn")
    name, question = page.get_by_text("1. Why colour is a guess"), page.get_by_text("A grey photo says how light")
    eventually(page, assert_left_edges_in_line, name, question)
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert name.evaluate(size) > question.evaluate(size)


def test_a_picture_of_the_plane_has_its_words_right_below(visitor: Visitor) -> None:
    page = settled(visitor, "spaces")
    eventually(
        page, assert_no_hole, page.locator(".st-key-tile-s-pointed-out img"), page.get_by_text("Pixels with L from")
    )


def test_before_anything_is_measured_a_phone_has_the_controls_close_by(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport=PHONE)
    page = settled(visitor, "best_and_worst")
    for name in ("12 images, Huber", "500 images, Huber"):  # the samples have been measured with all that are offered
        page.get_by_role("button", name=f"Remove {name}").click()
        expect(page.get_by_role("button", name=f"Remove {name}")).to_have_count(0)
    visitor.expect_rest()
    nothing = page.get_by_text("Choose at least one checkpoint.")
    eventually(page, assert_no_hole, nothing, page.get_by_text("Pictures").last)


def test_names_of_tiles_fit_the_narrowest_phone(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 320, "height": 640})
    settled(visitor, "palette")
    visitor.expect_no_sideways_scrolling(320)


def test_lines_of_text_stay_short_on_a_wide_screen(new_visitor: OpenVisitor) -> None:
    page = settled(new_visitor(viewport={"width": 1920, "height": 1080}), "curves")
    widths = [width for _, _, width, _ in boxes(page.locator(".stMarkdown p"))]
    assert widths
    assert max(widths) < 760
