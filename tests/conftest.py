"""Marks tests by folder, keeps them apart from the machine and one another, and prints how long each part took."""

import sys
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
_MAIN = sys.modules["__main__"]  # before any test, or a fixture of a module, has run the app
MARKERS = {"pages": "ui", "browser": "browser"}


@pytest.fixture(scope="session", autouse=True)
def _empty_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Networks that somebody has fetched on this machine are not among the checkpoints."""
    patch = pytest.MonkeyPatch()
    patch.setenv("COLORIZER_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's harness puts the app in the place of `__main__`, and new processes would run it as their own."""
    monkeypatch.setitem(sys.modules, "__main__", _MAIN)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests/pages `ui` and tests/browser `browser`; `slow` stands at the tests themselves."""
    for item in items:
        marker = MARKERS.get(item.path.relative_to(TESTS).parts[0])
        if marker is not None:
            item.add_marker(marker)


def part_of(report: pytest.TestReport) -> str:
    """Name the folder of tests that a report belongs to: tests/pages, tests/unit/images."""
    folders = report.nodeid.partition("::")[0].split("/")[:-1]
    return "/".join(folders[:3])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tests and seconds of each part, set-up included; processes that run side by side each count."""
    seconds: dict[str, float] = defaultdict(float)
    tests: dict[str, set[str]] = defaultdict(set)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[part_of(report)] += report.duration
                tests[part_of(report)].add(report.nodeid)
    if len(seconds) < 2:
        return
    terminalreporter.section("seconds of each part")
    for part in sorted(seconds):
        terminalreporter.write_line(f"{seconds[part]:8.1f} s {len(tests[part]):6} tests  {part}")
    terminalreporter.write_line(f"{sum(seconds.values()):8.1f} s {sum(map(len, tests.values())):6} tests  in all")
