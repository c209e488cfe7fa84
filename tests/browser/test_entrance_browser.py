"""A shared link may be the first thing that a server sees after its start."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support import ROOT
from tests.support.browser import serving


def test_a_link_to_a_page_is_a_good_first_visit(browser: Browser, tmp_path: Path) -> None:
    with serving(ROOT / "app.py", tmp_path) as fresh, browser.new_context() as context:
        page = context.new_page()
        for path in ("curves?quantity=PSNR", "palette", "learning", "checkpoints", "models"):
            page.goto(f"{fresh.url}/{path}")
            expect(page.get_by_role("navigation", name="Main")).to_be_visible()
            expect(page.locator("h1")).to_be_visible()
            expect(page.get_by_text("Page not found")).to_have_count(0)
            expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
        page.goto(f"{fresh.url}/curves?quantity=PSNR")
        expect(page.get_by_text("Peak signal-to-noise ratio").first).to_be_visible()
