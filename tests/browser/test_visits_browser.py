"""Three visits as three people make them, each click counted: few lead from the front page to what they came for."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from colorizer.checkpoints.store import scan
from pages.features.lessons.lessons import LESSONS, Lesson
from tests.support.browser import Visitor
from tests.support.phone_photos import holiday_photo

_CLICKS_IN_FILE_DIALOG = 2  # the file, and Open


@dataclass
class Hand:
    """What clicks, and counts."""

    clicks: int = 0

    def click(self, target: Locator) -> None:
        """Click once, counted; that the target has come to rest is waited for, as a person does."""
        target.click()
        self.clicks += 1

    @contextmanager
    def at_most(self, clicks: int) -> Iterator[None]:
        """Hold what is done inside to a number of clicks, and to at least one, so that none goes uncounted."""
        before = self.clicks
        yield
        assert 0 < self.clicks - before <= clicks


@pytest.fixture
def hand() -> Hand:
    return Hand()


def expect_coloured(page: Page, name: str) -> None:
    """Wait until the photo of that name is on the canvas, coloured."""
    expect(page.locator(".status").first).to_contain_text(name)
    expect(page.locator(".stage img.after")).to_have_attribute("alt", f"{name}, coloured by Photo")


def choose_file(hand: Hand, page: Page, path: Path) -> None:
    """Click the control that takes photos, and a file in the browser's own dialog, which no test can click."""
    with page.expect_file_chooser() as dialog:
        hand.click(page.get_by_role("button", name="Choose a photo"))
    dialog.value.set_files(path)
    hand.clicks += _CLICKS_IN_FILE_DIALOG


def test_from_a_family_photo_to_a_card_to_share_in_six_clicks(visitor: Visitor, hand: Hand, tmp_path: Path) -> None:
    photo = tmp_path / "grandmother.jpg"
    photo.write_bytes(holiday_photo(600, 800))
    page = visitor.open()
    with hand.at_most(6):
        choose_file(hand, page, photo)
        expect_coloured(page, "grandmother")
        visitor.expect_rest()
        hand.click(page.locator("summary", has_text="Share"))
        with page.expect_download() as download:
            hand.click(page.get_by_role("button", name="Before and after (picture)"))
    content = download.value.path().read_bytes()
    assert download.value.suggested_filename == "grandmother-before-after.png"
    assert b"made up by a neural network" in content
    with Image.open(io.BytesIO(content)) as card:
        width, height = card.size
        assert width >= 2 * 600 and height >= 800  # both halves, whole


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.address)
def test_from_the_front_page_to_a_lesson_and_its_film_in_three_clicks(
    visitor: Visitor, hand: Hand, lesson: Lesson
) -> None:
    has_film = any(card.id == lesson.film_of and card.snapshots for card in scan().cards)
    page = visitor.open()
    with hand.at_most(3):
        hand.click(page.get_by_role("navigation", name="Main").get_by_role("link", name="Learn", exact=True))
        hand.click(page.get_by_role("link", name=f"{LESSONS.index(lesson) + 1}. {lesson.title}"))
        expect(page.get_by_role("heading", level=1, name=lesson.title)).to_be_visible()
        expect(page.locator(".status").first).to_contain_text(f"{lesson.sample}")
        expect(page.locator(".stage img")).to_have_count(2)
        expect(page.get_by_text("Try it.")).to_be_visible()
        visitor.expect_rest()
        film = page.get_by_test_id("stPageLink").get_by_role("link", name="Watch it learn")
        expect(film).to_have_count(int(has_film))
        if has_film:
            hand.click(film)
            expect(page.get_by_role("heading", level=1, name="Watch it learn")).to_be_visible()
            expect(page.locator(".status").first).to_contain_text(
                next(card.title for card in scan().cards if card.id == lesson.film_of)
            )
            expect(page.get_by_role("button", name="Play")).to_be_enabled()


def test_from_a_link_to_its_coloured_photo_in_two_clicks(visitor: Visitor, hand: Hand, picture_server: str) -> None:
    page = visitor.open()
    with hand.at_most(2):
        hand.click(page.get_by_label("Link to a photo"))
        page.keyboard.type(f"{picture_server}/harbour.jpg")
        hand.click(page.get_by_role("button", name="Get photo"))
        expect_coloured(page, "harbour")
