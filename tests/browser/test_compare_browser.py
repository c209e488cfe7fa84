"""Compare, as a visitor uses it."""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import expect

from tests.support.browser import OpenVisitor, Visitor, choose, expect_grid
from tests.support.phone_photos import assert_upright_and_anonymous, holiday_photo

RESULTS = ("12 images, MSE", "12 images, Huber", "500 images, MSE", "500 images, Huber")


def test_opens_with_a_sample_coloured_and_named_for_screen_readers(visitor: Visitor) -> None:
    page = visitor.open("compare")
    visitor.expect_photo("Motorcycle, 741 × 500 px")
    for title in RESULTS:
        expect(page.get_by_role("img", name=f"Motorcycle, coloured by {title}").first).to_be_visible()
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_role("img", name="Motorcycle without colour").first).to_be_visible()
    expect(page.get_by_role("img", name="Motorcycle, the original").first).to_be_visible()


def test_tiles_have_one_size_and_line_up(visitor: Visitor) -> None:
    page = visitor.open("compare")
    visitor.expect_photo("Motorcycle")
    images = page.locator("[class*=st-key-tile-] img")
    expect(images).to_have_count(6)
    expect_grid(images, columns=3, rows=2, proportion=741 / 500)


def test_a_phone_photo_of_12_megapixels_comes_back_upright_in_full_and_without_its_place(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.open("compare")
    visitor.upload("IMG_0001.jpg", holiday_photo(3024, 4032))
    visitor.expect_photo("IMG_0001, 3024 × 4032 px")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download 500 images, Huber").click()
    assert download.value.suggested_filename == "IMG_0001-scenes-500-huber.jpg"
    download.value.save_as(tmp_path / "result.jpg")
    assert_upright_and_anonymous((tmp_path / "result.jpg").read_bytes(), (3024, 4032))


def test_all_results_come_as_one_zip_in_the_chosen_format(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open("compare")
    visitor.upload("beach.jpg", holiday_photo(120, 160))
    visitor.expect_photo("beach, 120 × 160 px")
    page.get_by_role("radio", name="PNG").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all (PNG, ZIP)").click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert len(archive.namelist()) == len(RESULTS)
        for name in archive.namelist():
            assert re.fullmatch(r"beach-scenes-(12|500)-(mse|huber)\.png", name)
            assert_upright_and_anonymous(archive.read(name), (120, 160))


def test_a_link_is_fetched(visitor: Visitor, picture_server: str) -> None:
    page = visitor.open("compare?experiment=MSE or Huber")
    visitor.expect_photo("Motorcycle")
    page.get_by_label("Link to a photo").fill(f"{picture_server}/harbour.jpg")
    page.get_by_role("button", name="Get photo").click()
    visitor.expect_photo("harbour, 160 × 120 px")


def test_a_link_without_a_picture_is_a_sentence(visitor: Visitor, picture_server: str) -> None:
    page = visitor.open("compare?experiment=MSE or Huber")
    visitor.expect_photo("Motorcycle")
    page.get_by_label("Link to a photo").fill(f"{picture_server}/nothing.jpg")
    page.get_by_role("button", name="Get photo").click()
    expect(page.get_by_role("alert")).to_contain_text("answers with status 404")


def test_a_file_that_is_no_picture_is_a_sentence_and_no_traceback(visitor: Visitor) -> None:
    page = visitor.open("compare?experiment=MSE or Huber")
    visitor.upload("page.jpg", b"<!DOCTYPE html><html></html>")
    expect(page.get_by_role("alert")).to_contain_text("page.jpg: The file is a web page")
    visitor.expect_photo("Motorcycle")
    expect(page.locator("body")).not_to_contain_text("Traceback")


def test_the_slider_moves_by_keyboard(visitor: Visitor) -> None:
    page = visitor.open("compare")
    visitor.expect_photo("Motorcycle")
    slider = page.get_by_role("slider", name="Divide between Grey and 500 images, Huber")
    left = page.locator("img.left")
    expect(left).to_have_css("clip-path", "inset(0px 50% 0px 0px)")
    slider.focus()
    for _ in range(20):
        slider.press("ArrowRight")
    expect(slider).to_have_value("70")
    expect(left).to_have_css("clip-path", "inset(0px 30% 0px 0px)")
    expect(slider).to_have_attribute("aria-valuetext", "70 % Grey")


def test_the_slider_shows_any_two(visitor: Visitor) -> None:
    page = visitor.open("compare")
    visitor.expect_photo("Motorcycle")
    for side, title in (("Left", "12 images, MSE"), ("Right", "Original")):
        expect(page.locator("img.right")).to_have_js_property("complete", True)
        choose(visitor, side, title)
        expect(page.get_by_role("slider", name=re.compile(f"Divide .*{title}"))).to_have_count(1)
        visitor.expect_rest()
    expect(page.get_by_role("slider", name="Divide between 12 images, MSE and Original")).to_have_count(1)
    expect(page.locator("img.right")).to_have_attribute("alt", "Motorcycle, the original")


def test_the_selection_is_in_the_link_and_comes_back_from_it(new_visitor: OpenVisitor) -> None:
    one = new_visitor()
    page = one.open("compare")
    one.expect_photo("Motorcycle")
    page.get_by_role("radio", name="MSE or Huber").click()
    page.get_by_role("radio", name="Coffee").click()
    one.expect_photo("Coffee")
    page.get_by_role("slider", name="Saturation").press("ArrowRight")
    expect(page).to_have_url(re.compile(r"saturation=1\.1"))
    other = new_visitor()
    shared = other.open(page.url.removeprefix(one.server.url).lstrip("/"))
    other.expect_photo("Coffee")
    expect(shared.get_by_role("slider", name="Saturation")).to_have_value("1.1")
    expect(shared.locator("[class*=st-key-tile-] img")).to_have_count(4)


def test_another_page_and_back_loses_nothing(visitor: Visitor) -> None:
    page = visitor.open("compare")
    visitor.upload("beach.jpg", holiday_photo(120, 160))
    visitor.expect_photo("beach, 120 × 160 px")
    page.get_by_role("radio", name="12 or 500 images").click()
    expect(page.locator("[class*=st-key-tile-] img")).to_have_count(4)
    page.get_by_role("link", name="Models", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Models")).to_be_visible()
    page.get_by_role("link", name="Compare", exact=True).click()
    visitor.expect_photo("beach, 120 × 160 px")
    expect(page.locator("[class*=st-key-tile-] img")).to_have_count(4)


def test_two_visitors_at_once_do_not_mix(new_visitor: OpenVisitor) -> None:
    visitors = {name: new_visitor() for name in ("meadow", "street")}
    for one in visitors.values():
        one.open("compare")
    for name, one in visitors.items():
        one.upload(f"{name}.jpg", holiday_photo(900, 1200))
    for name, one in visitors.items():
        one.expect_photo(f"{name}, 900 × 1200 px")
    for name, other in (("meadow", "street"), ("street", "meadow")):
        assert other not in visitors[name].page.content()


def test_a_grey_sample_is_coloured_without_figures(visitor: Visitor) -> None:
    page = visitor.open("compare")
    visitor.expect_photo("Motorcycle")
    page.get_by_role("radio", name="Cameraman (grey)").click()
    visitor.expect_photo("Cameraman (grey), 512 × 512 px")
    for title in RESULTS:
        expect(page.get_by_role("img", name=f"Cameraman (grey), coloured by {title}").first).to_be_visible()
    expect(page.get_by_text("nothing to measure the results against")).to_be_visible()
