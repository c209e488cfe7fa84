"""Nothing is lost: the visitor's own browser keeps photo, points and sliders, and gives them back to a new session."""

import json
import re
from dataclasses import replace

from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.support.browser import OpenVisitor, Visitor, eventually
from tests.support.phone_photos import holiday_photo

NO_STORE = "Object.defineProperty(window, 'indexedDB', { get() { throw new Error('private'); } });"
FULL_STORE = "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };"
KEPT = """() => new Promise((resolve) => {
  const request = indexedDB.open("colorizer", 1);
  request.onupgradeneeded = () => request.transaction.abort();
  request.onerror = () => resolve([]);
  request.onsuccess = () => {
    const all = request.result.transaction("notes").objectStore("notes").getAll();
    all.onsuccess = () => { request.result.close(); resolve(all.result); };
  };
})"""


def expect_photo(page: Page, name: str) -> None:
    """Wait until a photo is the one that is looked at, in its colours."""
    expect(page.locator(".stage img.after")).to_have_attribute("alt", f"{name}, coloured by Photo")
    expect(page.get_by_role("radio", name=name)).to_be_checked()


def expect_kept(page: Page, *names: str, points: int | None = None, saturation: float = 1) -> None:
    """Wait until the browser keeps these photos, the last of them with so many points and at that saturation."""

    def check() -> None:
        notes = sorted(page.evaluate(KEPT), key=lambda note: note["used"])
        assert [note["name"] for note in notes] == list(names)
        if points is not None:
            edits = json.loads(notes[-1]["edits"])
            assert (len(json.loads(edits["points"])["hints"]), edits["sliders"][0]) == (points, saturation)

    eventually(page, check)


def upload(visitor: Visitor, name: str = "harbour", width: int = 160) -> None:
    visitor.upload(f"{name}.jpg", holiday_photo(width, 120))
    expect_photo(visitor.page, name)
    visitor.expect_rest()


def pin(page: Page) -> Locator:
    """Give the photo's first point a colour."""
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.locator(".stage").click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.25})
    page.locator(".likely button").nth(1).click()
    marks = page.locator(".mark")
    expect(marks).to_have_count(1)
    return marks


def work_on_a_photo(visitor: Visitor) -> str:
    """Upload a photo, pin a point, move a slider; returns the words of the point."""
    page = visitor.open()
    visitor.expect_settled()
    upload(visitor)
    point = str(pin(page).get_attribute("aria-label"))
    visitor.expect_rest()
    page.get_by_role("slider", name="Saturation").press("ArrowRight")
    expect(page.get_by_role("slider", name="Saturation")).to_have_value("1.05")
    expect_kept(page, "harbour", points=1, saturation=1.05)
    return point


def expect_work(page: Page, point: str) -> None:
    expect_photo(page, "harbour")
    expect(page.locator(".mark")).to_have_attribute("aria-label", point)
    expect(page.get_by_role("slider", name="Saturation")).to_have_value("1.05")


def in_a_new_tab(visitor: Visitor) -> Visitor:
    """Close the visitor's page, and open another one in the same browser."""
    context = visitor.page.context
    visitor.page.close()
    page = context.new_page()
    page.on("pageerror", lambda error: visitor.trace.complaints.append(str(error)))
    page.on("console", visitor.trace.listen)
    return replace(visitor, page=page)


def test_a_photo_that_is_lost_on_its_way_back_is_given_back_once_more(visitor: Visitor) -> None:
    point = work_on_a_photo(visitor)
    later = in_a_new_tab(visitor)
    later.lose_files(1)
    later.open()
    expect_work(later.page, point)
    later.expect_lost("harbour.jpg")


def test_photo_point_and_slider_outlast_a_reload_and_a_closed_tab(visitor: Visitor) -> None:
    point = work_on_a_photo(visitor)
    visitor.page.reload()
    expect_work(visitor.page, point)
    visitor.expect_rest()
    later = in_a_new_tab(visitor)
    later.open()
    expect_work(later.page, point)
    expect(later.page.locator(".note")).to_contain_text("1 point.")
    later.expect_rest()
    later.page.get_by_role("button", name="Clear points").click()
    expect_kept(later.page, "harbour", points=0, saturation=1.05)


def test_a_forgotten_photo_is_gone_from_the_page_and_the_browser(visitor: Visitor) -> None:
    work_on_a_photo(visitor)
    page = visitor.page
    page.get_by_role("button", name="Forget this photo").click()
    expect_photo(page, "Cameraman (grey)")
    expect_kept(page)
    page.goto(visitor.server.url)
    expect_photo(page, "Cameraman (grey)")
    visitor.expect_settled()
    expect(page.get_by_role("radio", name="harbour")).to_have_count(0)
    upload(visitor)  # the same file again is a new photo, without what was done to the one that is gone
    expect(page.locator(".mark")).to_have_count(0)
    expect_kept(page, "harbour", points=0)


def test_nobody_sees_what_another_browser_keeps(new_visitor: OpenVisitor) -> None:
    one, other = new_visitor(), new_visitor()
    work_on_a_photo(one)
    other.open()
    expect_photo(other.page, "Cameraman (grey)")
    other.expect_settled()
    expect(other.page.get_by_role("radio", name="harbour")).to_have_count(0)
    expect_kept(other.page)


def test_the_strip_has_earlier_photos_and_a_click_opens_one_with_its_points(visitor: Visitor) -> None:
    point = work_on_a_photo(visitor)
    page = visitor.page
    upload(visitor, "market", 161)
    expect_kept(page, "harbour", "market")
    page.reload()
    expect_photo(page, "market")
    visitor.expect_rest()
    expect(page.locator(".mark")).to_have_count(0)
    page.get_by_role("radio", name="harbour").click()
    expect_work(page, point)


def test_a_link_to_a_sample_shows_it_and_the_strip_has_the_photo(visitor: Visitor) -> None:
    point = work_on_a_photo(visitor)
    page = visitor.open("?sample=Coffee")
    expect_photo(page, "Coffee")
    visitor.expect_settled()
    expect_photo(page, "Coffee")
    page.get_by_role("radio", name="harbour").click()
    expect_work(page, point)


def test_the_browser_keeps_the_last_eight(visitor: Visitor) -> None:
    page = visitor.open()
    visitor.expect_settled()
    names = [f"photo-{number}" for number in range(8)]
    for number, name in enumerate(names):
        upload(visitor, name, 160 + number)
    expect_kept(page, *names)
    page.reload()
    expect_photo(page, "photo-7")
    visitor.expect_rest()
    upload(visitor, "ninth", 170)
    expect_kept(page, *names[1:], "ninth")


def test_a_photo_from_a_link_is_kept_too(visitor: Visitor, picture_server: str) -> None:
    page = visitor.open()
    visitor.expect_settled()
    page.get_by_label("Link to a photo").fill(f"{picture_server}/harbour.jpg")
    page.get_by_role("button", name="Get photo").click()
    expect_photo(page, "harbour")
    expect_kept(page, "harbour")
    page.reload()
    expect_photo(page, "harbour")


def test_a_browser_that_keeps_nothing_works_all_the_same(new_visitor: OpenVisitor) -> None:
    for script in (NO_STORE, FULL_STORE):
        visitor = new_visitor()
        visitor.page.add_init_script(script)
        page = visitor.open()
        visitor.expect_settled()
        upload(visitor)
        pin(page)
        visitor.expect_rest()
        page.get_by_role("button", name="Forget this photo").click()
        expect_photo(page, "Cameraman (grey)")


def test_a_newcomer_is_asked_for_no_second_run(new_visitor: OpenVisitor) -> None:
    first, visitor, sent = new_visitor(), new_visitor(), list[object]()
    first.open()  # a server that has coloured the sample before: a page that waits for its colours asks for them
    expect_photo(first.page, "Cameraman (grey)")

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame))

    visitor.page.on("websocket", listen)
    page = visitor.open()
    expect(page.locator(".stage img.after")).to_have_attribute("src", re.compile("^data:image/jpeg"))
    visitor.expect_settled()
    assert len(sent) == 1
    files = f"{visitor.server.url}/media/"
    assert not [url for url in visitor.trace.requests if url.startswith(files)]  # the tab's icon comes with the page
