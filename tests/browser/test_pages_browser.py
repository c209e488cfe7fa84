"""Curves, cards, themes and narrow screens, in the browser."""

import csv
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from colorizer.checkpoints.history import format_history, read_history
from pages.common.site_map import LESSON_PAGES
from tests.support import ROOT
from tests.support.browser import OpenVisitor, Visitor, boxes, eventually, expect_above

WORDS = ("Colour", "Learn", "Compare", "Models")


def go_to(page: Page, name: str) -> None:
    """Follow a link of the navigation."""
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True)
    link.click()
    expect(link).to_have_attribute("aria-current", re.compile("true|page"))


def test_curves_are_drawn_and_follow_the_chosen_measure(visitor: Visitor) -> None:
    page = visitor.open("curves")
    chart = page.locator(".js-plotly-plot")
    expect(chart.locator(".scatterlayer .trace")).not_to_have_count(0)
    page.get_by_role("radio", name="Own loss").click()
    expect(page.get_by_text("cannot be compared")).to_be_visible()
    page.get_by_role("radio", name="ab RMSE").click()
    expect(chart.get_by_text("ab RMSE (Lab units)")).to_be_visible()
    expect(chart.locator(".ytitle")).to_have_count(1)
    expect(page.get_by_text("cannot be compared")).to_have_count(0)
    expect(chart.get_by_text("grey", exact=True).first).to_be_visible()


def test_the_table_of_curves_can_be_downloaded(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open("curves")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    download.value.save_as(tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"500 images, Huber", "12 images, MSE"} <= {row["run"] for row in rows}
    assert float(rows[0]["val_ab_rmse"]) > 0


def test_a_run_in_training_shows_live(visitor: Visitor) -> None:
    shipped, run = ROOT / "weights/scenes-12-mse", visitor.server.folder / "runs/live"
    run.mkdir(parents=True)
    try:
        for name in ("recipe.toml", "baseline.toml"):
            shutil.copy(shipped / name, run / name)
        rows = read_history(shipped / "history.csv")
        (run / "history.csv").write_text(format_history(rows[:2]))
        page = visitor.open("curves")
        expect(page.get_by_text("is training: 2 of")).to_be_visible()
        (run / "history.csv").write_text(format_history(rows[:3]))
        expect(page.get_by_text("is training: 3 of")).to_be_visible()
        shutil.copy(shipped / "card.toml", run / "card.toml")
        expect(page.get_by_text("is training:")).to_have_count(0)
    finally:
        shutil.rmtree(run.parent)


def test_cards_are_shown_with_their_figures(visitor: Visitor) -> None:
    page = visitor.open("models")
    expect(page.get_by_role("heading", name="Photo", exact=True)).to_be_visible()
    assert page.locator(".stMain").evaluate("main => main.scrollHeight") < 3000
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.get_by_text("Licence of the weights").first).to_be_visible()


def test_the_navigation_leads_to_every_page(visitor: Visitor) -> None:
    page = visitor.open("models")
    visitor.expect_rest()
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation.get_by_role("link")).to_have_text(list(WORDS))
    for word in ("Learn", "Compare"):
        go_to(page, word)
        expect(navigation.get_by_role("link").nth(len(WORDS))).to_be_visible()
        visitor.expect_settled()
        for title in navigation.get_by_role("link").all_inner_texts()[len(WORDS) :]:
            go_to(page, title)
            expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
            expect(page).to_have_title(f"{title} · Colorizer")
            visitor.expect_rest()
            # A page that is left takes along the pictures still on their way: asked for later, they are gone.
            page.wait_for_function("[...document.images].every(image => image.complete)")


def test_an_old_address_leads_to_the_new_page(visitor: Visitor) -> None:
    page = visitor.open("checkpoints")
    expect(page.get_by_role("heading", level=1, name="Models")).to_be_visible()
    expect(page).to_have_url(re.compile("/models$"))


def assert_words_in_one_line(navigation: Locator, width: int) -> None:
    boxes = [navigation.get_by_role("link", name=word, exact=True).bounding_box() for word in WORDS]
    assert all(box is not None for box in boxes)
    assert len({box["y"] for box in boxes if box}) == 1
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width and box["height"] >= 40 for box in boxes if box)


def test_the_four_words_stand_in_one_line_and_stay_in_view(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 1280, "height": 600})
    page = visitor.open("models")
    visitor.expect_rest()
    navigation = page.get_by_role("navigation", name="Main")
    for width in (320, 390, 768, 1280, 1920):
        visitor.narrow(width)
        eventually(page, assert_words_in_one_line, navigation, width)
    page.locator(".stMain").evaluate("main => main.scrollTo(0, main.scrollHeight)")
    expect(navigation.get_by_role("link", name="Colour", exact=True)).to_be_in_viewport()


def test_on_a_phone_the_pages_of_a_part_unfold_by_keyboard(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 390, "height": 844})
    page = visitor.open("curves")
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation.get_by_role("link", name="Colour spaces")).to_be_hidden()
    navigation.get_by_role("button", name="Loss curves").press("Enter")
    link = navigation.get_by_role("link", name="Colour spaces")
    link.focus()
    assert link.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(navigation.get_by_role("button", name="Loss curves")).to_be_focused()


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize(("address", "title"), [(page.name, page.title) for page in LESSON_PAGES])
def test_on_a_phone_the_navigation_names_the_lesson_that_is_open(
    new_visitor: OpenVisitor, width: int, address: str, title: str
) -> None:
    page = new_visitor(viewport={"width": width, "height": 844}).open(address)
    button = page.get_by_role("navigation", name="Main").get_by_role("button")
    expect(button).to_have_text(title)
    expect(button).to_have_attribute("aria-current", "page")
    eventually(page, assert_whole, button)
    assert button.evaluate("button => button.clientHeight") < 48
    button.click()
    lessons = page.get_by_role("navigation", name="Main").get_by_role("link", name="Lessons")
    expect(lessons).to_have_attribute("aria-current", "true")  # the page is reached from it


def assert_under(lower: Locator, upper: Locator) -> None:
    (above, *_), (below, *_) = boxes(upper), boxes(lower)
    assert below[1] >= above[1] + above[3]


def assert_whole(text: Locator) -> None:
    assert text.evaluate("text => text.scrollWidth <= text.clientWidth")


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_what_models_were_measured_on_can_be_read(new_visitor: OpenVisitor, width: int) -> None:
    visitor = new_visitor(viewport={"width": width, "height": 844}, has_touch=True, is_mobile=True)
    page = visitor.open("models")
    visitor.expect_settled()
    field = page.locator(".st-key-protocol")
    shown = field.get_by_role("combobox")
    expect(shown).to_have_value("photos, validation (200)")
    eventually(page, assert_whole, shown)
    eventually(page, assert_under, page.get_by_test_id("stElementToolbar"), field)  # its tools are not over it
    eventually(page, assert_under, page.get_by_test_id("stDataFrameResizable"), page.get_by_test_id("stElementToolbar"))


def test_narrow_screens_do_not_scroll_sideways(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 768, "height": 844})
    page = visitor.open("compare")
    visitor.expect_photo("Motorcycle")
    for word in ("Compare", "Models", "Learn"):
        go_to(page, word)
        visitor.expect_rest()
        for width in (768, 390, 320):
            visitor.narrow(width)


def test_a_phone_shows_photos_before_controls(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 390, "height": 844})
    page = visitor.open("compare")
    visitor.expect_photo("Motorcycle")
    expect_above(page.get_by_role("img", name="Motorcycle, coloured by").first, page.locator(".st-key-controls"))
    page.get_by_role("link", name="Choose photo, checkpoints and saturation").click()
    expect(page.get_by_role("button", name="Choose a photo")).to_be_in_viewport()


def assert_neutral_background(page: Page, darkest: int, lightest: int) -> None:
    color = page.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).backgroundColor")
    red, green, blue = (int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(","))
    assert red == green == blue
    assert darkest <= red <= lightest


@pytest.mark.parametrize(("scheme", "darkest", "lightest"), [("light", 200, 245), ("dark", 20, 70)])
def test_photos_lie_on_a_neutral_grey(new_visitor: OpenVisitor, scheme: str, darkest: int, lightest: int) -> None:
    page = new_visitor(color_scheme=scheme).open()
    eventually(page, assert_neutral_background, page, darkest, lightest)
