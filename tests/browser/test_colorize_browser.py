"""The first page in the browser: points by mouse, finger and keyboard; moved, taken back, saved, loaded."""

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import OpenVisitor, Visitor


def open_canvas(visitor: Visitor, path: str = "") -> Page:
    """Open the page, and wait until its photo is coloured."""
    page = visitor.open(path)
    expect(page.locator(".stage img.after")).to_have_attribute("src", data_url())
    visitor.expect_settled()
    return page


def data_url() -> re.Pattern[str]:
    return re.compile("^data:image/jpeg")


def click_at(page: Page, x: float, y: float) -> None:
    """Click the picture, at parts of its width and height."""
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.locator(".stage").click(position={"x": box["width"] * x, "y": box["height"] * y})


def pin(page: Page, x: float, y: float, number: int = 0) -> str:
    """Click, and choose one of the likely colours; returns it."""
    click_at(page, x, y)
    colours = page.locator(".likely button")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_text("Pin a colour here")).to_be_visible()
    chosen = str(colours.nth(number).get_attribute("aria-label")).split(",")[0]
    colours.nth(number).click()
    return chosen


def expect_points(page: Page, count: int) -> Locator:
    """Wait until there are so many, and the picture follows them."""
    marks = page.locator(".mark")
    expect(marks).to_have_count(count)
    words = {0: "Click or tap anything", 1: "1 point."}
    expect(page.locator(".note")).to_contain_text(words.get(count, f"{count} points."))
    return marks


def picture(page: Page) -> np.ndarray:
    """The coloured picture that is shown."""
    url = str(page.locator(".stage img.after").get_attribute("src"))
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def wait_for_another(page: Page, change: Callable[[], object]) -> np.ndarray:
    """Do something, and wait for the picture that comes of it."""
    before = page.locator(".stage img.after").get_attribute("src")
    change()
    expect(page.locator(".stage img.after")).not_to_have_attribute("src", str(before))
    return picture(page)


def test_escape_closes_the_colours_after_one_was_chosen(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    wait_for_another(page, lambda: pin(page, 0.3, 0.7, 2))
    expect(page.locator(".likely button").nth(2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect_points(page, 1)


def test_a_point_is_pinned_moved_taken_back_saved_and_loaded(visitor: Visitor, tmp_path: Path) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    plain = picture(page)
    pinned = wait_for_another(page, lambda: pin(page, 0.9, 0.9, 2))
    expect_points(page, 1)
    height, width = plain.shape[:2]
    near = np.abs(pinned - plain)[int(0.85 * height) : int(0.95 * height), int(0.85 * width) : int(0.95 * width)]
    assert near.mean() > 2

    box = page.locator(".mark").bounding_box()
    stage = page.locator(".stage").bounding_box()
    assert box and stage
    start = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag() -> None:
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(stage["x"] + stage["width"] * 0.3, stage["y"] + stage["height"] * 0.2, steps=5)
        page.mouse.up()

    moved = wait_for_another(page, drag)
    assert np.abs(moved - pinned).mean() > 0.2
    expect(page.locator(".mark")).to_have_attribute("style", re.compile(r"left: (29|30)\."))

    visitor.expect_rest()
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture and points (ZIP)").click()
    download.value.save_as(tmp_path / "both.zip")
    with zipfile.ZipFile(tmp_path / "both.zip") as archive:
        points = archive.read("Coffee-hints.json")
        assert archive.namelist() == ["Coffee-photo.jpg", "Coffee-hints.json"]
    assert len(json.loads(points)["hints"]) == 1

    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    expect_points(page, 0)
    page.get_by_role("button", name="Redo").click()
    expect_points(page, 1)
    page.get_by_role("button", name="Clear all").click()
    expect_points(page, 0)
    visitor.expect_rest()
    page.get_by_text("Load saved points").click()
    file = {"name": "points.json", "mimeType": "application/json", "buffer": points}
    page.get_by_test_id("stExpanderDetails").locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    expect_points(page, 1)
    assert visitor.trace.complaints == []


def test_any_colour_of_the_lightness_and_one_from_the_picture(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    click_at(page, 0.8, 0.2)
    plane = page.locator(".plane")
    expect(plane).to_be_visible()
    box = plane.bounding_box()
    assert box is not None
    wait_for_another(page, lambda: plane.click(position={"x": box["width"] * 0.5, "y": 2}))
    marks = expect_points(page, 1)
    red, green, blue = bytes.fromhex(str(marks.get_attribute("aria-label")).split("#")[1][:6])
    assert min(red, green) > blue + 25  # above lies yellow
    click_at(page, 0.2, 0.2)
    page.get_by_role("button", name="Take a colour from the picture").click()
    expect(page.locator(".note")).to_contain_text("Click the picture where it has the colour you want.")
    click_at(page, 0.8, 0.25)
    marks = expect_points(page, 2)
    red, green, blue = bytes.fromhex(str(marks.nth(1).get_attribute("aria-label")).split("#")[1][:6])
    assert min(red, green) > blue
    page.get_by_role("button", name="Remove this point").click()
    expect_points(page, 1)


def test_taking_a_colour_from_the_picture_outlasts_an_answer_on_its_way(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    wait_for_another(page, lambda: pin(page, 0.8, 0.2))
    expect(page.get_by_role("dialog")).to_contain_text("Point 1")
    stage, drop = page.locator(".stage"), page.get_by_role("button", name="Take a colour from the picture")
    drop.evaluate("(drop, stage) => { stage.click(); drop.click(); }", stage.element_handle())
    expect(page.get_by_text("Pin a colour here")).to_be_visible()  # the answer is there
    expect(drop).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".note")).to_contain_text("Click the picture where it has the colour you want.")
    click_at(page, 0.8, 0.25)
    expect_points(page, 2)


def test_the_keyboard_does_it_all(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    page.locator(".stage").focus()
    for key in ("Shift+ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_text("Pin a colour here")).to_be_visible()
    page.locator(".likely button").nth(1).focus()
    page.keyboard.press("Enter")
    marks = expect_points(page, 1)
    expect(marks).to_have_attribute("style", re.compile(r"left: 55\."))
    marks.focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(marks).to_have_attribute("style", re.compile(r"left: 50\."))
    expect(page.locator(".mark").first).to_be_focused()
    page.keyboard.press("Delete")
    expect_points(page, 0)


def test_fingers_pin_and_drag(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 390, "height": 844}, has_touch=True)
    page = open_canvas(visitor, "?sample=Coffee")
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5)
    expect(page.get_by_text("Pin a colour here")).to_be_visible()
    page.locator(".likely button").nth(1).tap()
    expect_points(page, 1)
    visitor.expect_no_sideways_scrolling(390)


def test_the_slider_divides_the_grey_photo_from_the_coloured_one(visitor: Visitor) -> None:
    page = open_canvas(visitor)
    divide = page.get_by_role("slider", name="Divide between Grey and Coloured")
    expect(page.locator(".line")).to_be_hidden()
    divide.fill("40")
    expect(page.locator(".line")).to_be_visible()
    expect(page.locator(".before")).to_have_css("clip-path", re.compile("60%"))


@pytest.mark.parametrize("sample", ["Cameraman (grey)", "Astronaut"])
def test_other_photos_have_points_of_their_own(visitor: Visitor, sample: str) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    pin(page, 0.5, 0.5, 1)
    expect_points(page, 1)
    page.get_by_role("radio", name=sample).or_(page.get_by_role("button", name=sample, exact=True)).first.click()
    expect(page.locator(".stage img.after")).to_have_attribute("alt", f"{sample}, coloured by Photo")
    expect_points(page, 0)
    page.get_by_role("radio", name="Coffee").or_(page.get_by_role("button", name="Coffee", exact=True)).first.click()
    expect_points(page, 1)
