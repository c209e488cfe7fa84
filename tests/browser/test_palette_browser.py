"""Colours from a palette, as a visitor uses it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from pages.common.sample_photos import SAMPLES
from tests.support.browser import (
    WIDE,
    Box,
    OpenVisitor,
    Server,
    Visitor,
    boxes,
    eventually,
    expect_above,
    expect_grid,
    expect_within,
    visiting,
)
from tests.support.phone_photos import holiday_photo

ROWS = ("Grey", "Coloured", "Palette truth", "Original")
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
    files: list[FilePayload] = [
        {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": holiday_photo(*size)}
        for name, size in zip(names, SIZES, strict=True)
    ]
    visitor.choose_files(files)
    expect_coloured(visitor, len(files))


def strips(page: Page) -> list[Locator]:
    found = page.locator(".strip")
    expect(found).to_have_count(2)
    return found.all()


def images_of(row: str) -> str:
    """Return the selector of a row's pictures, in both strips."""
    return f'.strip img[alt*=", {row.lower()}:"]'


def pictures(page: Page, row: str) -> list[str]:
    """List the addresses of the pictures of a row, in both strips."""
    found: list[str] = page.locator(images_of(row)).evaluate_all("images => images.map(image => image.src)")
    return found


def assert_pixels_are_square_and_even(page: Page) -> None:
    shown = page.locator(".strip img").evaluate_all(
        "images => images.map(image => { const box = image.getBoundingClientRect(); return [image.naturalWidth,"
        " image.naturalHeight, box.width, box.height, getComputedStyle(image).imageRendering] })"
    )
    assert {tuple(entry[:2]) for entry in shown} == {(32, 32)}
    assert {entry[4] for entry in shown} == {"pixelated"}
    ((width, height),) = {tuple(entry[2:4]) for entry in shown}
    assert width == height and width % 32 == 0 and width >= 64


def assert_side_by_side(page: Page) -> None:
    left, right = (boxes(strip.locator("img")) for strip in page.locator(".strip").all())
    assert [top for _, top, *_ in left] == [top for _, top, *_ in right]
    (x, _, width, _), (other, *_) = boxes(page.locator(".strip"))
    assert x + width <= other


@pytest.fixture(scope="module")
def two_uploads(browser: Browser, server: Server) -> Iterator[Page]:
    """Open the page of a visitor who gave two photos, for the tests that only look at it."""
    with visiting(browser, server) as make:
        visitor = make(viewport=WIDE)
        page = open_palette(visitor)
        upload_two(visitor)
        yield page


def test_two_uploads_give_two_columns_of_four_rows_in_both_strips(two_uploads: Page) -> None:
    page = two_uploads
    for strip in strips(page):
        expect(strip.locator("thead th")).to_have_text(["meadow", "street"])
        for number, row in enumerate(ROWS):
            expect(strip.locator("tbody th").nth(number)).to_have_text(row)
        expect(strip.locator("img")).to_have_count(len(ROWS) * 2)
    for row in ROWS:
        expect(page.locator(images_of(row))).to_have_count(4)


def test_pictures_have_the_size_of_the_network_and_square_even_pixels(two_uploads: Page) -> None:
    page = two_uploads
    eventually(page, assert_pixels_are_square_and_even, page)


def test_strips_stand_side_by_side_and_line_up(two_uploads: Page) -> None:
    page = two_uploads
    expect(page.locator(".strip")).to_have_count(2)
    eventually(page, assert_side_by_side, page)


def changed_row(page: Page, before: dict[str, list[str]], seen: Sequence[list[str]]) -> list[str]:
    """Wait for colorized pictures, none of which was seen before, beside rows that are as they were."""
    colorized = pictures(page, "Coloured")
    assert colorized not in seen
    assert all(pictures(page, row) == before[row] for row in ROWS if row != "Coloured")
    return colorized


def test_another_rendering_changes_the_colorized_row_alone(visitor: Visitor) -> None:
    page = open_palette(visitor)
    before = {row: pictures(page, row) for row in ROWS}
    seen = [before["Coloured"]]
    radios = page.locator(".st-key-rendering").get_by_role("radio")
    for number in (1, 2):
        first = page.locator('.strip img[alt*=", coloured:"]').first
        old = first.get_attribute("src") or ""
        radios.nth(number).click()
        expect(first).not_to_have_attribute("src", old)
        expect_coloured(visitor, COLOURED_SAMPLES)
        seen.append(eventually(page, changed_row, page, before, seen))


def test_the_full_size_row_has_pictures_of_one_size_in_rows(visitor: Visitor) -> None:
    page = open_palette(visitor)
    upload_two(visitor)
    page.get_by_role("radio", name="street").click()
    expect(page.get_by_role("img", name="street without colour")).to_be_visible()
    expect_coloured(visitor, 2)
    images = page.locator("[class*=st-key-tile-] img")
    expect(images).to_have_count(6)
    expect_grid(images, columns=3, rows=2, proportion=300 / 200)


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


def assert_first_strip_at(page: Page, place: Box) -> None:
    assert boxes(page.locator(".strip"))[0] == place


def test_nothing_moves_when_another_pair_is_coloured(visitor: Visitor) -> None:
    page = open_palette(visitor)
    visitor.expect_settled()
    place = boxes(page.locator(".strip"))[0]
    pills = page.locator(".st-key-pair").get_by_role("radio")
    for number in range(pills.count() - 1):
        pills.nth(number).click()
        expect_coloured(visitor, COLOURED_SAMPLES)
        eventually(page, assert_first_strip_at, page, place)


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
    expect(shared.locator(".strip-title")).to_have_text(shown)
    expect(shared.get_by_role("img", name="Coffee without colour")).to_be_visible()


def test_a_narrow_screen_scrolls_strips_in_their_own_box(visitor: Visitor) -> None:
    page = open_palette(visitor)
    for width in (768, 390, 360):
        visitor.narrow(width)
        expect_within(page.locator(".strip").first, width)
        expect_above(page.locator(".strip"), page.locator(".st-key-controls"))
