"""Best and worst, as a visitor uses it: pictures by the handful, a stop, another order, a file to take home."""

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.browser import OpenVisitor, Visitor, eventually, expect_within
from tests.support.phone_photos import holiday_photo
from tests.support.photos import crop_of_a_photo

HEADINGS = ("Best", "Middling", "Worst")
MANY = 400  # more than any machine measures before it is told to stop
_LONG_NAME = "a-very-long-name-" * 9


def open_ranks(visitor: Visitor) -> Page:
    """Go to the page; one checkpoint is enough here."""
    page = visitor.open("best_and_worst")
    expect(page.get_by_role("heading", level=1, name="Best and worst")).to_be_visible()
    page.get_by_role("button", name="Remove 12 images, Huber").click()
    expect(page.get_by_role("button", name="Remove 12 images, Huber")).to_have_count(0)
    visitor.expect_rest()
    return page


def png(number: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(crop_of_a_photo(number)).save(stream, "PNG")
    return stream.getvalue()


def zipped(names: Sequence[str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(names):
            archive.writestr(f"album/{name}", png(number))
        archive.writestr("__MACOSX/._x.jpg", b"nothing")
        archive.writestr("notes.txt", b"no picture")
    return stream.getvalue()


def give(visitor: Visitor, files: dict[str, bytes]) -> None:
    """Put files into the uploader, and wait until all of them are there."""
    page = visitor.page
    page.get_by_role("radio", name="Upload").click()
    payloads = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in files.items()
    ]
    page.locator("input[type=file]").set_input_files(payloads)  # type: ignore[arg-type]
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_enabled()
    visitor.expect_rest()


def press_measure(visitor: Visitor, told: str) -> None:
    """Start, and wait for the end."""
    visitor.page.get_by_role("button", name="Measure", exact=True).click()
    expect(visitor.page.get_by_text(told)).to_be_visible(timeout=240_000)
    expect(visitor.page.get_by_role("button", name="Stop", exact=True)).to_have_count(0, timeout=240_000)
    visitor.expect_rest()


def stop(visitor: Visitor) -> int:
    """Stop, and read how many pictures are measured."""
    page = visitor.page
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Measure the rest")).to_be_visible()
    visitor.expect_rest()
    told = page.get_by_role("status").filter(has_text="pictures measured by 1 checkpoint.").inner_text()
    return int(told.split()[0])


def shown(page: Page) -> list[str]:
    names: list[str] = page.locator(".ranks figcaption h3").evaluate_all("heads => heads.map(head => head.title)")
    return names


def figures(page: Page) -> list[float]:
    """Those that the pictures are ranked by, in the order in which they stand on the page."""
    return [float(re.sub(r"[^\d.]", "", text)) for text in page.locator(".ranks dd.ranked").all_inner_texts()]


def assert_images_of_one_size(page: Page) -> None:
    """As files and on the page."""
    sizes = page.locator(".ranks img").evaluate_all(
        "images => images.map(image => [image.clientWidth, image.clientHeight, image.naturalWidth].join())"
    )
    assert len(set(sizes)) == 1


def assert_ranked(page: Page, names: Sequence[str], descending: bool = False) -> None:
    assert sorted(shown(page)) == sorted(names)
    assert figures(page) == sorted(figures(page), reverse=descending)


def test_uploads_with_a_broken_one_among_them_are_ranked_and_downloaded(visitor: Visitor, tmp_path: Path) -> None:
    page = open_ranks(visitor)
    files = {f"{number}.png": png(number) for number in range(4)}
    give(
        visitor, files | {"torn.png": png(4)[:200], f"{_LONG_NAME}.png": png(5), "pocket.jpg": holiday_photo(160, 120)}
    )
    press_measure(visitor, "6 of 6 pictures measured by 1 checkpoint.")
    for heading in HEADINGS:
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    page.get_by_text("Left out or only in part: 1").click()
    expect(page.get_by_text("torn.png:")).to_be_visible()
    expect(page.locator(".ranks img")).to_have_count(12)
    eventually(page, assert_images_of_one_size, page)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all figures (CSV)").click()
    download.value.save_as(tmp_path / "ranks.csv")
    with (tmp_path / "ranks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * 3
    assert {row["photo"] for row in rows} == {*files, f"{_LONG_NAME}.png", "pocket.jpg"}
    best, *_, worst = sorted(float(row["ciede2000"]) for row in rows if row["of"] == "scenes-500-huber")
    assert figures(page)[0] == pytest.approx(best, abs=0.051)
    assert worst == pytest.approx(max(figures(page)), abs=0.051)


def test_an_archive_is_taken_and_another_measure_orders_its_pictures_anew(visitor: Visitor) -> None:
    page = open_ranks(visitor)
    give(visitor, {"album.zip": zipped(["a.png", "b.png", "c.png"])})
    press_measure(visitor, "3 of 3 pictures measured by 1 checkpoint.")
    names = ("album/a.png", "album/b.png", "album/c.png")
    eventually(page, assert_ranked, page, names)
    page.get_by_role("radio", name="PSNR").click()
    expect(page.locator(".js-plotly-plot .xtitle").first).to_have_text("PSNR (dB, higher is closer)")
    visitor.expect_rest()
    expect(page.locator(".ranks dd.ranked").first).to_contain_text("dB")
    eventually(page, assert_ranked, page, names, True)


def test_stop_keeps_what_is_done_and_the_rest_can_follow(visitor: Visitor) -> None:
    page = open_ranks(visitor)
    give(visitor, {"many.zip": zipped([f"{number}.png" for number in range(MANY)])})
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_text(re.compile(r"^[1-9]\d* of \d+ pictures measured, about .* left"))).to_be_visible()
    done = stop(visitor)
    assert 1 <= done < MANY
    expect(page.locator(".ranks figcaption h3")).not_to_have_count(0)
    page.get_by_role("button", name="Measure the rest").click()
    expect(page.get_by_text(re.compile(rf"^{done} of \d+ pictures measured"))).to_have_count(0)
    assert stop(visitor) > done


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (390, "light")])
def test_a_narrow_screen_shows_pairs_whole_and_does_not_scroll_sideways(
    new_visitor: OpenVisitor, width: int, scheme: str
) -> None:
    visitor = new_visitor(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = open_ranks(visitor)
    give(visitor, {f"{_LONG_NAME}{number}.png": png(number) for number in range(3)})
    press_measure(visitor, "3 of 3 pictures measured by 1 checkpoint.")
    visitor.expect_no_sideways_scrolling(width)
    expect_within(page.locator(".ranks figure"), width)
