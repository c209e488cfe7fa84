"""What else could it be?, as a visitor uses it."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.support.browser import OpenVisitor, Visitor, boxes, eventually, expect_on_first_screen, expect_within
from tests.support.phone_photos import assert_upright_and_anonymous, holiday_photo


def open_alternatives(visitor: Visitor, sample: str = "Motorcycle", size: str = "741 × 500") -> Page:
    """Go to the page by its link, and wait until it is all there."""
    page = visitor.open(f"alternatives?sample={sample}")
    expect_found(visitor, f"{sample}, {size} px: ")
    return page


def expect_found(visitor: Visitor, text: str) -> None:
    page = visitor.page
    expect(page.locator(".status").first).to_contain_text(re.compile(re.escape(text) + r"\d versions? by"))
    expect(page.locator(".tile .wait")).to_have_count(0)
    expect(page.locator(".st-key-tile-alt-doubt img")).to_be_visible()
    visitor.expect_rest()


def assert_a_row_of_different_pictures(images: Locator) -> None:
    found = boxes(images)
    assert len(found) >= 2  # no photo of a garage is beyond doubt
    assert len({(top, width, height) for _, top, width, height in found}) == 1
    assert len(set(images.evaluate_all("images => images.map(image => image.src)"))) == len(found)


def test_the_navigation_leads_to_versions_of_one_size(visitor: Visitor) -> None:
    page = visitor.open("?sample=Motorcycle")  # of which photo has several versions
    page.get_by_role("link", name="What else could it be?", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="What else could it be?")).to_be_visible()
    expect_found(visitor, "Motorcycle, 741 × 500 px: ")
    eventually(page, assert_a_row_of_different_pictures, page.locator("[class*=st-key-tile-alt-version-] img"))


def test_what_is_found_stays_where_it_is_when_something_else_is_clicked(visitor: Visitor) -> None:
    page = open_alternatives(visitor, "Flower", "640 × 427")
    visitor.expect_settled()
    page.evaluate(
        """() => {
            window.seen = new Set();
            const look = () => {
                const images = [...document.querySelectorAll('[class*=st-key-tile-alt-version-] img')];
                const top = document.querySelector('h1').getBoundingClientRect().top;
                window.seen.add(images.map(image => image.src + (image.getBoundingClientRect().top - top)).join());
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    page.get_by_role("radio", name="PNG").click()
    expect(page.get_by_role("button", name="Download all (PNG, ZIP)")).to_be_visible()
    visitor.expect_rest()
    assert len(page.evaluate("() => [...window.seen]")) == 1


def test_a_version_of_an_own_photo_is_saved_upright_at_its_size(visitor: Visitor, tmp_path: Path) -> None:
    page = open_alternatives(visitor)
    page.get_by_role("button", name="Your own photo").click()
    expect(page.get_by_role("button", name="Choose a photo")).to_be_visible()
    visitor.upload("beach.jpg", holiday_photo(300, 400))
    expect_found(visitor, "beach, 300 × 400 px: ")
    expect(page.get_by_role("button", name="Choose a photo")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download version 1").click()
    path = tmp_path / "version.jpg"
    download.value.save_as(path)
    assert download.value.suggested_filename == "beach-photo-version-1.jpg"
    assert_upright_and_anonymous(path.read_bytes(), (300, 400))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download a sheet").click()
    download.value.save_as(path)
    with Image.open(io.BytesIO(path.read_bytes())) as sheet:
        assert sheet.width > 300


def test_the_popover_closes_when_a_photo_comes_before_the_page_was_told_that_it_is_open(visitor: Visitor) -> None:
    held: list[tuple[str | None, bytes | str]] = []
    routes: list[WebSocketRoute] = []
    is_holding = False

    def listen(route: WebSocketRoute) -> None:
        """Hold back what the server draws while `is_holding`; where a file goes is told at once."""
        routes.append(route)

        def pass_on(message: bytes | str) -> None:
            kind = ForwardMsg.FromString(message).WhichOneof("type") if isinstance(message, bytes) else None
            if is_holding and kind != "file_urls_response":
                held.append((kind, message))
            else:
                route.send(message)

        route.connect_to_server().on_message(pass_on)

    visitor.page.route_web_socket("**/_stcore/stream", listen)
    page = open_alternatives(visitor)
    is_holding = True
    page.get_by_role("button", name="Your own photo").click()
    expect(page.get_by_role("button", name="Choose a photo")).to_be_visible()
    visitor.upload("beach.jpg", holiday_photo(300, 400))

    def assert_both_runs_began() -> None:
        assert sum(kind == "new_session" for kind, _ in held) == 2  # the click's, and the photo's

    eventually(page, assert_both_runs_began)
    del held[: max(number for number, (kind, _) in enumerate(held) if kind == "new_session")]
    while held:  # as if the first had been given up for the second before it drew anything
        routes[-1].send(held.pop(0)[1])
    is_holding = False
    expect_found(visitor, "beach, 300 × 400 px: ")
    expect(page.get_by_role("button", name="Choose a photo")).to_be_hidden()


def test_a_link_is_given_versions(visitor: Visitor, picture_server: str) -> None:
    page = open_alternatives(visitor)
    page.get_by_role("button", name="Your own photo").click()
    page.get_by_label("Link to a photo").fill(f"{picture_server}/harbour.jpg")
    page.get_by_role("button", name="Get photo").click()
    expect_found(visitor, "harbour, 160 × 120 px: ")


def test_a_term_is_explained_where_it_is_pointed_at(visitor: Visitor) -> None:
    page = open_alternatives(visitor)
    eventually(page, assert_doubt_is_explained, page)


def assert_doubt_is_explained(page: Page) -> None:
    """Point there anew each time: a page that is drawn once more forgets where the pointer was."""
    page.mouse.move(0, 0)
    caption = page.get_by_test_id("stCaptionContainer").filter(has_text=re.compile("^doubt"))
    caption.get_by_test_id("stTooltipIcon").hover()
    expect(page.get_by_text("the root of the variance of its distribution")).to_be_visible(timeout=3000)


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (768, "dark")])
def test_a_narrow_screen_shows_all_without_scrolling_sideways(
    new_visitor: OpenVisitor, width: int, scheme: str
) -> None:
    visitor = new_visitor(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = open_alternatives(visitor)
    visitor.expect_no_sideways_scrolling(width)
    expect_on_first_screen(page.locator(".st-key-tile-alt-version-1 img"), 844)
    expect_within(page.locator("[class*=st-key-tile-alt-] img"), width)
