"""Every page for everybody: nothing serious that axe-core finds, nothing that moves by itself, targets for a finger."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support import ROOT
from tests.support.browser import OpenVisitor, Visitor, eventually

PAGES = sorted({path.stem for path in (ROOT / "pages").glob("*.py")} - {"__init__", "checkpoints"})  # an old address
PHONE = {"width": 390, "height": 844}
_MAX_SHIFT = 0.1  # "good" by web.dev's Cumulative Layout Shift
_MIN_TARGET = 40  # px
_GRAVE = ("serious", "critical")
_OBSERVE_SHIFTS = """
  window.shifts = [];
  new PerformanceObserver((list) => window.shifts.push(...list.getEntries().filter((entry) => !entry.hadRecentInput)
    .map(({ value, startTime }) => ({ value, startTime })))).observe({ type: "layout-shift", buffered: true });
"""
# Session windows as web-vitals takes them: shifts less than 1 s apart and within 5 s belong together; the worst counts.
_CUMULATIVE_SHIFT = """() => {
  let worst = 0, sum = 0, first = -Infinity, last = -Infinity;
  for (const { value, startTime } of window.shifts) {
    if (startTime - last >= 1000 || startTime - first >= 5000) { sum = 0; first = startTime; }
    sum += value;
    last = startTime;
    worst = Math.max(worst, sum);
  }
  return worst;
}"""
_LIES_STILL = "() => performance.now() - Math.max(0, ...window.shifts.map(({ startTime }) => startTime)) > 2000"
# The inside of components is in shadow roots. A link within text may be as high as its line.
_SMALL_TARGETS = """(least) => {
  const inside = (root) => [...root.querySelectorAll("*")]
    .flatMap((part) => [part, ...(part.shadowRoot ? inside(part.shadowRoot) : [])]);
  return inside(document.querySelector(".stMain"))
    .filter((part) => part.matches("button, summary, nav a") && part.checkVisibility({ visibilityProperty: true }))
    .filter((part) => !part.closest("[data-testid=stElementToolbar], .modebar"))
    .map((part) => [part.getAttribute("aria-label") || part.innerText || part.className, part.getBoundingClientRect()])
    .filter(([, { width, height }]) => width > 1 && Math.min(width, height) < least - 0.5)
    .map(([name, { width, height }]) => `${name}: ${Math.round(width)} x ${Math.round(height)}`);
}"""


def arrive(visitor: Visitor, name: str) -> Page:
    """Open a page as a newcomer, and wait until it has come to rest."""
    visitor.page.add_init_script(_OBSERVE_SHIFTS)
    page = visitor.open("" if name == "colorize" else name)
    visitor.expect_settled()
    page.wait_for_function(_LIES_STILL)
    visitor.expect_settled()
    return page


def assert_lay_still(page: Page) -> None:
    """Hold that nothing moved by itself on the way, of what was in view."""
    assert page.evaluate(_CUMULATIVE_SHIFT) < _MAX_SHIFT


def grave_findings(page: Page) -> list[str]:
    """Run axe-core; return what it holds to be serious or worse, with the first of the elements."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{found['id']} ({len(found['nodes'])}): {found['nodes'][0]['target']} {found['nodes'][0]['failureSummary']}"
        for found in violations
        if found["impact"] in _GRAVE
    ]


def assert_nothing_grave(page: Page) -> None:
    assert grave_findings(page) == []


def assert_no_small_targets(page: Page) -> None:
    assert page.evaluate(_SMALL_TARGETS, _MIN_TARGET) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_and_axe_finds_nothing_serious_in_light_and_in_dark(visitor: Visitor, name: str) -> None:
    page = arrive(visitor, name)
    assert_lay_still(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
        visitor.expect_settled()
        eventually(page, assert_nothing_grave, page)


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_nothing_moves_and_a_finger_has_targets_of_40_px(new_visitor: OpenVisitor, name: str) -> None:
    page = arrive(new_visitor(viewport=PHONE, has_touch=True, is_mobile=True), name)
    assert_lay_still(page)
    eventually(page, assert_no_small_targets, page)


def test_a_finger_has_40_px_of_a_slider(new_visitor: OpenVisitor) -> None:
    page = arrive(new_visitor(viewport=PHONE, has_touch=True, is_mobile=True), "colorize")
    thumb = page.locator(".stSlider div:has(> div > input[type=range])").first
    thumb.scroll_into_view_if_needed()
    is_hit = """(thumb, [x, y]) => {
      const box = thumb.getBoundingClientRect();
      return thumb.contains(document.elementFromPoint(box.x + box.width / 2 + x, box.y + box.height / 2 + y));
    }"""
    reach = _MIN_TARGET / 2 - 1
    for way in ((-reach, 0), (reach, 0), (0, -reach), (0, reach)):
        assert thumb.evaluate(is_hit, way), way
