"""Colours from a palette, as a visitor uses it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from pages.common.sample_photos import SAMPLES
from tests.browser.conftest import WIDE, OpenVisitor, Server, Visitor, visiting
from tests.browser.phone import holiday_photo

ROWS = ("Grey", "Colorized", "Palette truth", "Original")
SIZES = ((120, 160), (300, 200))
COLOURED_SAMPLES = sum(not name.endswith("(grey)") for name in SAMPLES)


def open_palette(visitor: Visitor) -> Page:
    """Go to the page, and wait until it has come to rest."""
    page = visitor.open("palette")
    expect(page.get_by_role("heading", level=1, name="Colours from a palette")).to_be_visible()
    expect_coloured(visitor, COLOURED_SAMPLES)
    return page


def expect_coloured(visitor: Visitor, pictures: int) -> None:
    """Wait until both strips have so many columns, all filled."""
    for strip in visitor.page.locator(".strip").all():
        expect(strip.locator("thead th")).to_have_count(pictures)
    expect(visitor.page.locator(".status").first).to_contain_text("own size, 32 × 32 px")
    expect(visitor.page.locator(".tile .wait")).to_have_count(0)
    visitor.expect_rest()


def upload_two(visitor: Visitor, names: Sequence[str] = ("meadow", "street")) -> None:
    files = [
        {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": holiday_photo(*size)}
        for name, size in zip(names, SIZES, strict=True)
    ]
    visitor.page.locator("input[type=file]").set_input_files(files)  # type: ignore[arg-type]
    expect_coloured(visitor, len(files))


def strips(page: Page) -> list[Locator]:
    found = page.locator(".strip")
    expect(found).to_have_count(2)
    return found.all()


def pictures(page: Page, row: str) -> list[str]:
    """The addresses of the pictures of a row, in both strips."""
    found: list[str] = page.locator(f'.strip img[alt*=", {row.lower()}:"]').evaluate_all(
        "images => images.map(image => image.src)"
    )
    return found


@pytest.fixture(scope="module")
def two_uploads(browser: Browser, server: Server) -> Iterator[Page]:
    """The page of a visitor who gave two photos, for the tests that only look at it."""
    with visiting(browser, server) as make:
        visitor = make(viewport=WIDE)
        page = open_palette(visitor)
        upload_two(visitor)
        yield page


def test_two_uploads_give_two_columns_of_four_rows_in_both_strips(two_uploads: Page) -> None:
    page = two_uploads
    for strip in strips(page):
        assert strip.locator("thead th").all_inner_texts() == ["meadow", "street"]
        assert strip.locator("tbody th").all_inner_texts()[:4] == list(ROWS)
        assert strip.locator("img").count() == len(ROWS) * 2
    for row in ROWS:
        assert len(pictures(page, row)) == 4


def test_pictures_have_the_size_of_the_network_and_square_even_pixels(two_uploads: Page) -> None:
    page = two_uploads
    shown = page.locator(".strip img").evaluate_all(
        "images => images.map(image => { const box = image.getBoundingClientRect(); return [image.naturalWidth,"
        " image.naturalHeight, box.width, box.height, getComputedStyle(image).imageRendering] })"
    )
    assert {tuple(entry[:2]) for entry in shown} == {(32, 32)}
    assert {entry[4] for entry in shown} == {"pixelated"}
    ((width, height),) = {tuple(entry[2:4]) for entry in shown}
    assert width == height and width % 32 == 0 and width >= 64


def test_strips_stand_side_by_side_and_line_up(two_uploads: Page) -> None:
    page = two_uploads
    tops = [
        strip.locator("img").evaluate_all("images => images.map(image => image.getBoundingClientRect().y)")
        for strip in strips(page)
    ]
    assert tops[0] == tops[1]
    boxes = [strip.bounding_box() for strip in strips(page)]
    assert boxes[0] is not None and boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_another_rendering_changes_the_colorized_row_alone(visitor: Visitor) -> None:
    page = open_palette(visitor)
    before = {row: pictures(page, row) for row in ROWS}
    seen = {tuple(before["Colorized"])}
    radios = page.locator(".st-key-rendering").get_by_role("radio")
    for number in (1, 2):
        first = page.locator('.strip img[alt*=", colorized:"]').first
        old = first.get_attribute("src") or ""
        radios.nth(number).click()
        expect(first).not_to_have_attribute("src", old)
        expect_coloured(visitor, COLOURED_SAMPLES)
        seen.add(tuple(pictures(page, "Colorized")))
        assert all(pictures(page, row) == before[row] for row in ROWS if row != "Colorized")
    assert len(seen) == 3


def test_the_full_size_row_has_pictures_of_one_size_in_rows(visitor: Visitor) -> None:
    page = open_palette(visitor)
    upload_two(visitor)
    page.get_by_role("radio", name="street").click()
    expect(page.get_by_role("img", name="street without colour")).to_be_visible()
    expect_coloured(visitor, 2)
    images = page.locator("[class*=st-key-tile-] img")
    expect(images).to_have_count(6)
    boxes = images.evaluate_all(
        "images => images.map(image => { const box = image.getBoundingClientRect();"
        " return [box.x, box.y, box.width, box.height].map(Math.round) })"
    )
    assert len({(width, height) for *_, width, height in boxes}) == 1
    assert len({x for x, *_ in boxes}) == 3
    assert len({y for _, y, *_ in boxes}) == 2
    assert abs(boxes[0][2] / boxes[0][3] - 300 / 200) < 0.02


def test_swatches_have_the_share_of_each_colour(two_uploads: Page) -> None:
    lists = two_uploads.locator("ul.swatches")
    expect(lists).to_have_count(2)
    for one in lists.all():
        shares = [text.strip() for text in one.locator("li").all_inner_texts()]
        known = [int(share.removesuffix("%")) for share in shares if not share.startswith("<")]
        assert abs(sum(known) + 0.25 * (len(shares) - len(known)) - 100) <= len(shares) / 2


def test_the_strips_are_saved_as_one_labelled_picture(two_uploads: Page, tmp_path: Path) -> None:
    page = two_uploads
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the strips (PNG)").click()
    assert download.value.suggested_filename.startswith("strips-")
    download.value.save_as(tmp_path / "strips.png")
    content = (tmp_path / "strips.png").read_bytes()
    assert b"Phone" not in content
    with Image.open(tmp_path / "strips.png") as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 4 * 128 and sheet.height > 4 * 128
        assert "made up by a neural network" in sheet.info["Description"]
        assert dict(sheet.getexif()) == {}


def test_nothing_moves_when_another_pair_is_coloured(visitor: Visitor) -> None:
    page = open_palette(visitor)
    slot = page.locator(".strip").first.bounding_box()
    pills = page.locator(".st-key-pair").get_by_role("radio")
    for number in range(pills.count() - 1):
        pills.nth(number).click()
        expect_coloured(visitor, COLOURED_SAMPLES)
        assert page.locator(".strip").first.bounding_box() == slot


def test_a_pair_is_in_the_link_and_comes_back_from_it(new_visitor: OpenVisitor) -> None:
    one = new_visitor()
    page = open_palette(one)
    page.get_by_role("radio", name="Your choice").click()
    expect(page).to_have_url(re.compile(r"pair=Your"))
    expect_coloured(one, COLOURED_SAMPLES)
    page.get_by_role("radio", name="Coffee").click()
    expect(page).to_have_url(re.compile(r"sample=Coffee"))
    expect_coloured(one, COLOURED_SAMPLES)
    shown = page.locator(".strip-title").all_inner_texts()
    other = new_visitor()
    shared = other.open(page.url.removeprefix(one.server.url).lstrip("/"))
    expect_coloured(other, COLOURED_SAMPLES)
    assert shared.locator(".strip-title").all_inner_texts() == shown
    expect(shared.get_by_role("img", name="Coffee without colour")).to_be_visible()


def test_a_narrow_screen_scrolls_strips_in_their_own_box(visitor: Visitor) -> None:
    page = open_palette(visitor)
    for width in (768, 390, 360):
        visitor.expect_no_sideways_scrolling(width)
        strip, controls = page.locator(".strip").first.bounding_box(), page.locator(".st-key-controls").bounding_box()
        assert strip is not None and controls is not None
        assert strip["x"] + strip["width"] <= width
        assert strip["y"] < controls["y"]
