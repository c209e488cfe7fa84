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

from colorizer.images.limits import MAX_UPLOAD_MEGABYTES
from tests.support.browser import OpenVisitor, Visitor
from tests.support.phone_photos import holiday_photo


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
    chosen = str(colours.nth(number).get_attribute("data-rgb"))
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
    """Return the coloured picture that is shown."""
    url = str(page.locator(".stage img.after").get_attribute("src"))
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def wait_for_another(page: Page, change: Callable[[], object]) -> np.ndarray:
    """Do something, and wait for the picture that comes of it."""
    before = page.locator(".stage img.after").get_attribute("src")
    change()
    expect(page.locator(".stage img.after")).not_to_have_attribute("src", str(before))
    return picture(page)


def test_the_colours_take_the_focus_and_give_it_back_with_a_choice(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    click_at(page, 0.3, 0.7)
    expect(page.locator(".likely button").first).to_be_focused()
    wait_for_another(page, page.locator(".likely button").nth(2).click)
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(".mark").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Point 1")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect_points(page, 1)


def test_the_panel_stands_beside_the_photo_and_names_its_colours(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    click_at(page, 0.9, 0.3)  # as light as wood can be
    panel, stage = page.get_by_role("dialog"), page.locator(".stage")
    expect(panel).to_be_visible()
    beside, photo = panel.bounding_box(), stage.bounding_box()
    assert beside and photo
    assert beside["x"] >= photo["x"] + photo["width"]
    assert re.fullmatch(r"[a-z ]+ (\d+%|< 1%)", page.locator(".likely button").first.inner_text())
    page.locator("summary", has_text="Wood").click()
    expect(panel).to_contain_text("A photo keeps its light and dark; only the colour changes.")
    wait_for_another(
        page, page.get_by_role("button", name="walnut").or_(page.get_by_role("button", name="oak")).first.click
    )
    expect_points(page, 1)


def test_undo_takes_back_a_slider_and_reset_puts_it_in_the_middle(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    saturation = page.get_by_role("slider", name="Saturation")
    plain = picture(page)
    wait_for_another(page, lambda: saturation.press("Home"))
    expect(saturation).to_have_value("0")
    visitor.expect_rest()
    wait_for_another(page, page.get_by_role("button", name="Undo").click)
    expect(saturation).to_have_value("1")
    assert np.array_equal(picture(page), plain)
    visitor.expect_rest()
    wait_for_another(page, lambda: saturation.press("End"))
    visitor.expect_rest()
    page.get_by_role("button", name="Reset the sliders").click()
    expect(saturation).to_have_value("1")


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
        page.get_by_role("button", name="Photo and points (ZIP)").click()
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
    page.get_by_role("button", name="Clear points").click()
    expect_points(page, 0)
    visitor.expect_rest()
    page.get_by_text("Advanced").click()
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
    page.get_by_role("button", name="Take a colour from the photo").click()
    expect(page.locator(".note")).to_contain_text("Click the photo where it has the colour you want.")
    click_at(page, 0.8, 0.25)
    marks = expect_points(page, 2)
    red, green, blue = bytes.fromhex(str(marks.nth(1).get_attribute("aria-label")).split("#")[1][:6])
    assert min(red, green) > blue
    marks.nth(1).click()
    page.get_by_role("button", name="Remove this point").click()
    expect_points(page, 1)


def test_taking_a_colour_from_the_picture_outlasts_an_answer_on_its_way(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    wait_for_another(page, lambda: pin(page, 0.8, 0.2))
    page.locator(".mark").click()
    expect(page.get_by_role("dialog")).to_contain_text("Point 1")
    stage, drop = page.locator(".stage"), page.get_by_role("button", name="Take a colour from the photo")
    drop.evaluate("(drop, stage) => { stage.click(); drop.click(); }", stage.element_handle())
    expect(page.get_by_text("Pin a colour here")).to_be_visible()  # the answer is there
    expect(drop).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".note")).to_contain_text("Click the photo where it has the colour you want.")
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


def test_fingers_pin_from_a_sheet_that_leaves_the_point_in_view(new_visitor: OpenVisitor) -> None:
    visitor = new_visitor(viewport={"width": 390, "height": 844}, has_touch=True)
    page = open_canvas(visitor, "?sample=Coffee")
    stage = page.locator(".stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5)
    expect(page.get_by_text("Pin a colour here")).to_be_in_viewport()
    sheet, place = page.get_by_role("dialog").bounding_box(), page.locator(".cursor").bounding_box()
    assert sheet and place
    assert round(sheet["y"] + sheet["height"]) == 844
    assert place["y"] > 0 and place["y"] + place["height"] <= sheet["y"]
    page.locator(".likely button").nth(1).tap()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect_points(page, 1)
    visitor.expect_no_sideways_scrolling(390)


def cut(page: Page) -> float:
    """Where the picture is divided, in parts of its width."""
    line, stage = page.locator(".line").bounding_box(), page.locator(".stage").bounding_box()
    assert line and stage
    return (line["x"] + line["width"] / 2 - stage["x"]) / stage["width"]


def test_the_handle_divides_and_a_click_elsewhere_places_a_point(visitor: Visitor) -> None:
    page = open_canvas(visitor)
    handle = page.get_by_role("slider", name="Divide between Grey and Coloured")
    expect(handle).to_have_attribute("aria-valuenow", "50")
    grip, stage = handle.bounding_box(), page.locator(".stage").bounding_box()
    assert grip and stage
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(stage["x"] + 0.2 * stage["width"], stage["y"] + 0.9 * stage["height"], steps=5)
    page.mouse.up()
    assert abs(cut(page) - 0.2) < 0.01
    expect(page.get_by_role("dialog")).to_be_hidden()
    handle.press("End")
    assert abs(cut(page) - 1) < 0.01
    click_at(page, 0.4, 0.3)
    expect(page.get_by_role("dialog")).to_be_visible()
    assert abs(cut(page) - 1) < 0.01


def test_the_colours_come_in_once_and_never_for_who_wants_no_motion(new_visitor: OpenVisitor) -> None:
    watch = """() => {
      window.cuts = [];
      const look = () => {
        for (const host of document.querySelectorAll('.st-key-hint-canvas *')) {
          const handle = host.shadowRoot?.querySelector('.handle');
          if (handle?.hasAttribute('aria-valuenow')) window.cuts.push(+handle.getAttribute('aria-valuenow'));
        }
        requestAnimationFrame(look);
      };
      look();
    }"""
    for motion, first in (("no-preference", 100), ("reduce", 50)):
        visitor = new_visitor(viewport={"width": 1440, "height": 900}, reduced_motion=motion)
        visitor.page.add_init_script(f"({watch})()")
        page = open_canvas(visitor)
        handle = page.get_by_role("slider", name="Divide between")
        expect(handle).to_have_attribute("aria-valuenow", "50")
        assert page.evaluate("cuts[0]") == first


def test_the_left_side_is_the_original_where_the_photo_has_colours(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    before = page.locator(".stage img.before")
    grey = str(before.get_attribute("src"))
    page.get_by_role("radio", name="Original").click()
    expect(before).not_to_have_attribute("src", grey)
    expect(page.get_by_role("slider", name="Divide between Original and Coloured")).to_be_visible()
    page.get_by_role("radio", name="Cameraman (grey)").click()
    expect(page.locator(".stage img.after")).to_have_attribute("alt", "Cameraman (grey), coloured by Photo")
    expect(page.get_by_text("Your photo has colours")).to_have_count(0)


def test_zooming_keeps_points_where_they_belong(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    page.get_by_role("button", name="Zoom in").click()
    click_at(page, 0.25, 0.25)
    expect(page.get_by_role("dialog")).to_be_visible()
    left = page.locator(".cursor").evaluate("cursor => parseFloat(cursor.style.left)")
    assert abs(left - (50 - 25 / 1.6)) < 0.5
    page.locator(".stage").press("0")
    expect(page.get_by_role("button", name="Zoom out")).to_be_disabled()


def test_a_photo_is_dropped_anywhere_and_pasted(visitor: Visitor) -> None:
    page = open_canvas(visitor)
    content = base64.b64encode(holiday_photo(120, 160)).decode()
    give = """([kind, name, text]) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), box = new DataTransfer();
      box.items.add(new File([bytes], name, { type: "image/jpeg" }));
      const event = kind === "drop" ? new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: box })
        : new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: box });
      document.querySelector("h1").dispatchEvent(event);
    }"""
    page.evaluate(give, ["drop", "dropped.jpg", content])
    expect(page.locator(".status")).to_contain_text("dropped, 120 × 160 px.")
    other = base64.b64encode(holiday_photo(160, 120)).decode()
    page.evaluate(give, ["paste", "pasted.jpg", other])
    expect(page.locator(".status")).to_contain_text("pasted, 160 × 120 px.")
    expect(page.get_by_role("radio", name="dropped")).to_be_visible()


@pytest.mark.parametrize("sample", ["Cameraman (grey)", "Astronaut"])
def test_other_photos_have_points_of_their_own(visitor: Visitor, sample: str) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    pin(page, 0.7, 0.6, 1)
    expect_points(page, 1)
    page.get_by_role("radio", name=sample).or_(page.get_by_role("button", name=sample, exact=True)).first.click()
    expect(page.locator(".stage img.after")).to_have_attribute("alt", f"{sample}, coloured by Photo")
    expect_points(page, 0)
    page.get_by_role("radio", name="Coffee").or_(page.get_by_role("button", name="Coffee", exact=True)).first.click()
    expect_points(page, 1)


def test_a_broken_upload_is_named_as_it_is_and_its_sentence_goes_when_the_next_is_refused(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    visitor.upload("__init__ *1*.png", b"\x89PNG\r\n\x1a\n and nothing more")
    problem = page.locator(".st-key-photo-problems")
    expect(problem).to_contain_text("__init__ *1*.png")
    expect(problem.locator("strong, em")).to_have_count(0)
    large = tmp_path / "large.png"  # by its path: Playwright sends contents through the browser's protocol
    with large.open("wb") as file:
        file.truncate(MAX_UPLOAD_MEGABYTES * 2**20 + 1)
    visitor.choose_files(large)
    refusal = page.get_by_text("large.png has 33.6 MB, more than the limit of 32.0 MB")
    expect(refusal).to_be_visible()
    expect(problem.get_by_text("__init__")).to_have_count(0)
    visitor.upload("harbour.jpg", holiday_photo(160, 120))
    expect(page.locator(".status").last).to_contain_text("harbour, 160 × 120 px.")
    expect(refusal).to_have_count(0)


def test_a_file_dialog_may_stay_open_while_another_photo_arrives(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    with page.expect_file_chooser() as dialog:
        page.get_by_role("button", name="Choose a photo").click()
    drop = page.evaluate_handle("() => new DataTransfer()")
    drop.evaluate(
        "(drop, bytes) => drop.items.add(new File([new Uint8Array(bytes)], 'dropped.jpg'))",
        list(holiday_photo(160, 120)),
    )
    page.dispatch_event("body", "drop", {"dataTransfer": drop})
    expect(page.locator(".status").last).to_contain_text("dropped, 160 × 120 px.")
    dialog.value.set_files({"name": "chosen.jpg", "mimeType": "image/jpeg", "buffer": holiday_photo(170, 120)})
    expect(page.locator(".status").last).to_contain_text("chosen, 170 × 120 px.")


def test_files_that_are_lost_on_their_way_are_sent_once_more(visitor: Visitor) -> None:
    visitor.lose_files(2)
    page = open_canvas(visitor, "?sample=Coffee")
    visitor.upload("one.jpg", holiday_photo(160, 120))
    expect(page.get_by_text("Sending one.jpg ...")).to_be_visible()
    expect(page.locator(".status").last).to_contain_text("one, 160 × 120 px.")
    expect(page.get_by_text("Sending one.jpg ...")).to_have_count(0)
    visitor.expect_lost("one.jpg", "one.jpg")


def test_a_file_that_the_server_refuses_to_take_is_sent_once_more(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    page.route("**/upload_file/**", lambda route: route.fulfill(status=503), times=1)
    visitor.upload("one.jpg", holiday_photo(160, 120))
    expect(page.locator(".status").last).to_contain_text("one, 160 × 120 px.")
    assert visitor.trace.complaints and all("503" in complaint for complaint in visitor.trace.complaints)
    visitor.trace.complaints.clear()


def test_a_file_that_never_arrives_is_named(visitor: Visitor) -> None:
    visitor.lose_files(9)
    page = open_canvas(visitor, "?sample=Coffee")
    visitor.upload("one.jpg", holiday_photo(160, 120))
    expect(page.get_by_text("Could not send one.jpg: reload the page, and choose it again.")).to_be_visible()
    visitor.expect_lost(*["one.jpg"] * 3)


def test_uploads_outlast_sliders_that_move_right_behind_them(visitor: Visitor) -> None:
    page = open_canvas(visitor, "?sample=Coffee")
    saturation = page.get_by_role("slider", name="Saturation")
    for number in range(1, 5):
        visitor.upload(f"harbour-{number}.jpg", holiday_photo(160 + number, 120))
        for _ in range(number):
            saturation.press("ArrowRight")
        expect(page.locator(".status")).to_contain_text(f"harbour-{number}, {160 + number} × 120 px.")
    for number in range(1, 5):
        expect(page.get_by_role("radio", name=f"harbour-{number}")).to_be_visible()
