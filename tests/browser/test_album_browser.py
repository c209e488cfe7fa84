"""An album as a visitor uses it: twelve photos at once, sent in parts, coloured one by one, edited, and taken home."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.support.browser import OpenVisitor, Visitor, expect_above, expect_within
from tests.support.phone_photos import holiday_photo

COUNT = 12  # more than one part has


def give(visitor: Visitor, count: int = COUNT) -> Page:
    """Open the front page, and give so many photos at once."""
    page = visitor.open()
    expect(page.locator(".stage img.after")).to_be_visible()
    visitor.expect_settled()
    choose(visitor, count)
    return page


def choose(visitor: Visitor, count: int) -> None:
    names = [f"holiday-{number:02}.jpg" for number in range(1, count + 1)]
    files: list[FilePayload] = [
        {"name": name, "mimeType": "image/jpeg", "buffer": holiday_photo(160 + 8 * number, 120)}
        for number, name in enumerate(names)
    ]
    visitor.choose_files(files)


def tiles(page: Page, state: str = "") -> Locator:
    return page.locator(f".st-key-album button[aria-label]{state}")


def expect_all_coloured(page: Page, count: int = COUNT) -> None:
    expect(page.get_by_text(f"All {count} photos are coloured.")).to_be_visible()
    expect(tiles(page, ".coloured")).to_have_count(count)


def test_an_album_comes_whole_where_the_control_is_in_a_box_that_closes(visitor: Visitor) -> None:
    page = visitor.open("spaces")
    visitor.expect_settled()
    page.get_by_role("button", name="Your own photo").click()
    choose(visitor, COUNT)
    expect(page.get_by_text(f"Sending photos 9 to {COUNT} of {COUNT} ...")).to_be_visible()
    expect(page.get_by_role("button", name="Choose a photo")).to_have_count(0)
    expect(page.get_by_role("radio", name="holiday-01")).to_be_checked()
    photos = page.get_by_role("radio", name="holiday-")
    expect(photos.filter(has_text="holiday-12")).to_be_visible()


def test_a_box_stays_open_and_says_so_where_an_album_does_not_come(visitor: Visitor) -> None:
    visitor.lose_files(9)
    page = visitor.open("spaces")
    visitor.expect_settled()
    page.get_by_role("button", name="Your own photo").click()
    choose(visitor, COUNT)
    expect(page.get_by_text(f"Could not send photos 1 to {COUNT} of {COUNT}: reload the page")).to_be_visible()
    visitor.expect_rest()
    expect(page.get_by_role("button", name="Choose a photo")).to_be_visible()


def test_twelve_photos_fill_in_are_edited_on_click_and_come_home_as_one_zip(visitor: Visitor, tmp_path: Path) -> None:
    page = give(visitor)
    expect_all_coloured(page)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)  # no red box for success
    expect(page.locator(".stage img.after")).to_have_attribute("alt", "holiday-01, coloured by Photo")
    expect_above(page.locator(".stage"), tiles(page))
    visitor.expect_rest()

    before = tiles(page).nth(10).locator("img").get_attribute("src")
    tiles(page).nth(10).click()
    expect(page.locator(".stage img.after")).to_have_attribute("alt", "holiday-11, coloured by Photo")
    expect(page.locator(".stage")).to_be_in_viewport()
    expect(tiles(page).nth(10)).to_have_attribute("aria-pressed", "true")
    visitor.expect_rest()
    page.get_by_role("slider", name="Saturation").press("Home")
    expect(tiles(page).nth(10).locator("img")).not_to_have_attribute("src", str(before))
    visitor.expect_rest()

    with page.expect_download() as download:
        page.get_by_role("button", name=f"Download all {COUNT} photos (ZIP)").click()
    download.value.save_as(tmp_path / "album.zip")
    with zipfile.ZipFile(tmp_path / "album.zip") as archive:
        assert archive.namelist() == [f"holiday-{number:02}-photo.jpg" for number in range(1, COUNT + 1)]
        strength = [np.ptp(levels(archive.read(name)), axis=2).mean() for name in archive.namelist()]
    assert strength[10] < 2 < min(strength[:10])
    assert visitor.trace.complaints == []


def levels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_on_a_phone_the_album_stands_in_threes_and_is_forgotten_at_once(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = give(visitor, 4)
    expect_all_coloured(page, 4)
    visitor.expect_no_sideways_scrolling(390)
    expect_within(tiles(page), 390)
    page.get_by_role("link", name="All 4 photos").click()
    expect(tiles(page).first).to_be_in_viewport()
    visitor.expect_rest()
    page.get_by_role("button", name="Forget all photos").click()
    expect(tiles(page)).to_have_count(0)
    expect(page.get_by_role("radio", name=re.compile("holiday"))).to_have_count(0)
