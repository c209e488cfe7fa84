"""Curves, cards, themes and narrow screens, in the browser."""

import csv
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from colorizer.checkpoints.history import format_history, read_history
from tests.support import ROOT
from tests.support.browser import OpenVisitor, Visitor, eventually, expect_above

PAGES = ("Compare checkpoints", "Loss curves", "Checkpoints")


def go_to(page: Page, title: str) -> None:
    """Follow the navigation."""
    page.get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()


def test_curves_are_drawn_and_follow_the_chosen_measure(visitor: Visitor) -> None:
    page = visitor.open("curves")
    chart = page.locator(".js-plotly-plot")
    expect(chart.locator(".scatterlayer .trace")).not_to_have_count(0)
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
        expect(page.get_by_text("is training: epoch 1,")).to_be_visible()
        (run / "history.csv").write_text(format_history(rows[:3]))
        expect(page.get_by_text("is training: epoch 2,")).to_be_visible()
        shutil.copy(shipped / "card.toml", run / "card.toml")
        expect(page.get_by_text("is training:")).to_have_count(0)
    finally:
        shutil.rmtree(run.parent)


def test_cards_are_shown_with_their_figures(visitor: Visitor) -> None:
    page = visitor.open("checkpoints")
    for title in ("12 images, MSE", "500 images, Huber"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.get_by_text("Licence of the weights").first).to_be_visible()


def test_the_navigation_leads_to_every_page(visitor: Visitor) -> None:
    page = visitor.open("checkpoints")
    expect(page.get_by_role("heading", level=1, name="Checkpoints")).to_be_visible()
    visitor.expect_rest()
    expect(page.locator(".st-key-nav").get_by_role("link").last).to_be_visible()
    titles = [title.strip() for title in page.locator(".st-key-nav").get_by_role("link").all_inner_texts()]
    assert set(PAGES) < set(titles)
    for title in titles:
        go_to(page, title)
        # A page that is left takes along the pictures that are still on their way: asked for later, they are gone.
        visitor.expect_settled()


def test_narrow_screens_do_not_scroll_sideways(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 768, "height": 844})
    page = visitor.open("compare")
    visitor.expect_photo("Motorcycle")
    for title in PAGES:
        go_to(page, title)
        expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
        for width in (768, 390, 360):
            visitor.narrow(width)


def test_a_phone_shows_photos_before_controls(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 390, "height": 844})
    page = visitor.open("compare")
    visitor.expect_photo("Motorcycle")
    expect_above(page.get_by_role("img", name="Motorcycle, coloured by").first, page.locator(".st-key-controls"))
    page.get_by_role("link", name="Choose photo, checkpoints and saturation").click()
    expect(page.get_by_text("Your photo")).to_be_in_viewport()


def assert_neutral_background(page: Page, darkest: int, lightest: int) -> None:
    color = page.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).backgroundColor")
    red, green, blue = (int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(","))
    assert red == green == blue
    assert darkest <= red <= lightest


@pytest.mark.parametrize(("scheme", "darkest", "lightest"), [("light", 200, 245), ("dark", 20, 70)])
def test_photos_lie_on_a_neutral_grey(new_visitor: OpenVisitor, scheme: str, darkest: int, lightest: int) -> None:
    page = new_visitor(color_scheme=scheme).open()
    eventually(page, assert_neutral_background, page, darkest, lightest)
