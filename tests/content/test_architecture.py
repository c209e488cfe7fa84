"""docs/architecture.md and CONTRIBUTING.md name the rooms that there are, in the order that import-linter holds."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rooms() -> set[str]:
    """List the packages of colorizer."""
    return {path.parent.name for path in (ROOT / "colorizer").glob("*/__init__.py")}


def test_the_drawing_has_every_room_once_in_the_order_of_the_contract() -> None:
    drawing = (ROOT / "docs/architecture.md").read_text().split("```")[1]
    drawn = re.findall(r"colorizer/(\w+)/", drawing)
    assert sorted(drawn) == sorted(rooms())
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    floors = [set(re.findall(r"colorizer\.(\w+)", layer)) for layer in contract]
    order = [name for floor in floors for name in sorted(floor, key=drawn.index if floor <= set(drawn) else str)]
    assert [name for name in order if name in drawn] == drawn


def test_contributing_lists_every_room() -> None:
    layout = (ROOT / "CONTRIBUTING.md").read_text().split("```")[1]
    assert {name for name in rooms() if f"  {name}/" in layout} == rooms()


def test_what_the_way_of_a_photo_names_exists() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    sources = "\n".join(path.read_text() for path in (ROOT / "colorizer").rglob("*.py"))
    for name in ("open_image", "read_lightness", "predict_plane", "rendered", "apply_color", "save_image"):
        assert name in text and re.search(rf"def {name}\b", sources)
