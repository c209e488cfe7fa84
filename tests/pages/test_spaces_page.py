"""Colour spaces: the planes of a photo, sliders that change it, the plane of a and b, and few colours."""

import json
import re
from collections.abc import Callable
from html import unescape

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support import APP
from tests.support.app import assert_clean, png, texts, upload

PAGE = "pages/spaces.py"
OpenSpaces = Callable[..., AppTest]


@pytest.fixture
def open_spaces(monkeypatch: pytest.MonkeyPatch) -> OpenSpaces:
    """Start a session on the page itself, optionally with the parameters of a link."""
    monkeypatch.chdir(APP.parent)

    def start(**parameters: str) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=240).switch_page(PAGE)
        for name, value in parameters.items():
            app.query_params[name.replace("_", "-")] = value
        return app.run()

    return start


def test_after_the_first_page_it_shows_a_photo_with_colours_unless_the_visitor_chose_one_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(APP.parent)
    app = AppTest.from_file(APP, default_timeout=240).run()
    assert app.session_state["photo"] == "Cameraman (grey)"
    assert app.switch_page(PAGE).run().session_state["photo"] == "Flower"
    app.query_params["sample"] = "Cameraman (grey)"
    del app.session_state["photo"]
    assert app.run().session_state["photo"] == "Cameraman (grey)"


@pytest.fixture
def app(open_spaces: OpenSpaces) -> AppTest:
    return open_spaces()


def titles(app: AppTest) -> list[str]:
    return re.findall(r'<div class="tile"><h3>([^<]*)<', texts(app))


def tile(app: AppTest, title: str) -> str:
    """Read the text of a picture."""
    return next(line for line in unescape(texts(app)).splitlines() if f"<h3>{title}<" in line)


def figures(app: AppTest, title: str) -> list[str]:
    return re.findall(r"<dd>([^<]*)</dd>", tile(app, title))


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def status(app: AppTest) -> str:
    return next(line for line in texts(app).splitlines() if 'role="status"' in line)


def swatch_line(app: AppTest) -> str:
    return next(line for line in texts(app).splitlines() if 'class="paints"' in line)


def chart(app: AppTest) -> dict[str, dict]:
    """Return the traces of the plane, by name."""
    (element,) = app.get("plotly_chart")
    return {trace["name"]: trace for trace in json.loads(element.proto.spec)["data"]}


def test_opens_with_a_photo_taken_apart(app: AppTest) -> None:
    assert_clean(app)
    assert "Motorcycle, here at 512 × 345 px." in status(app)
    assert titles(app)[:4] == ["The photo", "L", "a", "b"]
    assert [heading.value for heading in app.subheader] == [
        "Taken apart",
        "Put together again",
        "In the plane of a and b",
        "Why L is the input, and ab the output",
        "What few colours keep",
    ]


def test_everything_together_is_equal_to_the_photo(app: AppTest) -> None:
    assert figures(app, "Everything") == ["equal", "0.0", "0.0"]


@pytest.mark.parametrize(
    ("label", "sliders"),
    [
        ("Only L", {"spaces-l": 1.0, "spaces-a": 0.0, "spaces-b": 0.0}),
        ("Only a and b", {"spaces-l": 0.0, "spaces-a": 1.0, "spaces-b": 1.0}),
        ("Red and green swapped", {"spaces-l": 1.0, "spaces-a": -1.0, "spaces-b": 1.0}),
    ],
)
def test_a_button_sets_the_sliders(app: AppTest, label: str, sliders: dict[str, float]) -> None:
    press(app, label)
    assert_clean(app)
    assert {key: app.slider(key=key).value for key in sliders} == sliders
    assert figures(app, label)[0].endswith(" dB")
    press(app, "Everything")
    assert figures(app, "Everything")[0] == "equal"


def test_coarse_lightness_is_seen_and_measured_to_cost_more_than_coarse_colour(app: AppTest) -> None:
    press(app, "Coarse colour")
    colour = float(figures(app, "Coarse colour")[1])
    assert app.select_slider(key="spaces-ab-size").value == 8
    press(app, "Coarse lightness")
    assert app.select_slider(key="spaces-ab-size").value == 1
    assert float(figures(app, "Coarse lightness")[1]) > 1.5 * colour > 0


def test_a_slider_makes_an_own_mixture(app: AppTest) -> None:
    app.slider(key="spaces-b").set_value(0.5).run()
    assert_clean(app)
    assert "Your mixture" in titles(app)
    assert float(figures(app, "Your mixture")[2]) > 0


def test_the_plane_shows_the_pixels_of_a_lightness(app: AppTest) -> None:
    traces = chart(app)
    assert set(traces) == {"gamut", "other lightness", "this lightness"}
    app.slider(key="spaces-at").set_value(20)
    app.toggle(key="spaces-bins").set_value(True).run()
    assert_clean(app)
    assert set(chart(app)) == {"gamut", "bins", "other lightness", "this lightness"}
    assert chart(app)["gamut"]["x"] != traces["gamut"]["x"]
    assert re.search(r"\d+% of the photo", tile(app, "Pixels with L from 15 to 25"))
    assert "a grey of L 20" in tile(app, "One L, many colours")
    assert "spread" in tile(app, "One L, many colours")


@pytest.mark.parametrize(("title", "count"), [("bins", 261), ("horse-16", 16), ("horse-32", 32)])
def test_few_colours_are_counted_and_measured(app: AppTest, title: str, count: int) -> None:
    app.segmented_control(key="spaces-few").set_value(title).run()
    assert_clean(app)
    assert f" of {count} colours occur in this photo" in swatch_line(app)
    assert swatch_line(app).count("<li ") == min(count, 32)
    psnr, ciede2000, ab_rmse = figures(app, "Their a and b on the photo's L")
    assert psnr.endswith(" dB") and float(ciede2000) > 0 and float(ab_rmse) > 0
    assert (figures(app, "The colours alone") == ["–"] * 3) == (title == "bins")
    assert app.slider(key="spaces-k").disabled


def test_more_own_colours_keep_more(app: AppTest) -> None:
    app.segmented_control(key="spaces-few").set_value("own").run()
    assert not app.slider(key="spaces-k").disabled
    assert "8 of 8 colours" in swatch_line(app)
    few = float(figures(app, "The colours alone")[1])
    app.slider(key="spaces-k").set_value(64).run()
    assert_clean(app)
    assert "64 of 64 colours" in swatch_line(app)
    assert float(figures(app, "The colours alone")[1]) < few


def test_the_address_brings_back_photo_and_sliders(open_spaces: OpenSpaces) -> None:
    app = open_spaces(sample="Cat", spaces_a="0.5", spaces_at="70", spaces_few="32 paints", spaces_ab_size="1/16")
    assert_clean(app)
    assert "Cat, here at 451 × 300 px" in status(app)
    assert (app.slider(key="spaces-a").value, app.slider(key="spaces-at").value) == (0.5, 70)
    assert app.select_slider(key="spaces-ab-size").value == 16
    assert app.segmented_control(key="spaces-few").value == "horse-32"


def test_nonsense_in_the_address_does_no_harm(open_spaces: OpenSpaces) -> None:
    wrong = {f"spaces_{name}": "99999x" for name in ("a", "b", "l", "at", "few", "k", "bins", "ab_size", "l_size")}
    app = open_spaces(sample="../../etc/passwd", **wrong)
    assert_clean(app)
    assert "Motorcycle" in status(app)
    assert figures(app, "Everything")[0] == "equal"


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("black", Image.new("RGB", (40, 30))),
        ("clear", Image.new("RGBA", (40, 30), (255, 0, 0, 0))),
        ("ribbon", Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 3000, 3), dtype=np.uint8))),
        ("tower", Image.new("RGB", (16, 900), "navy")),
    ],
)
def test_odd_photos_go_through_everything(app: AppTest, name: str, image: Image.Image) -> None:
    upload(app, (f"{name}.png", png(image)))
    assert_clean(app)
    assert f"{name}, here at" in status(app)
    assert ("It has no colours" in status(app)) == (name in ("black", "clear"))
    assert_clean(press(app, "Coarse lightness"))
    app.segmented_control(key="spaces-few").set_value("own").run()
    app.slider(key="spaces-at").set_value(5)
    app.slider(key="spaces-k").set_value(64).run()
    assert_clean(app)


def test_a_lightness_that_the_photo_lacks_is_said_to_be_missing(app: AppTest) -> None:
    upload(app, ("black.png", png(Image.new("RGB", (40, 30)))))
    assert "No pixel of this photo has L 50" in tile(app, "One L, many colours")
    assert "0% of the photo" in tile(app, "Pixels with L from 45 to 55")


def test_what_is_no_picture_gets_one_sentence_and_the_photo_stays(app: AppTest) -> None:
    upload(app, ("notes.jpg", b"no picture at all"))
    assert not app.exception
    assert [error.value.startswith("notes") for error in app.error] == [True]
    assert "Motorcycle" in status(app)


def test_photos_go_from_page_to_page_and_a_hostile_name_stays_text(app: AppTest, decoded: bytes) -> None:
    upload(app, ("<img src=x onerror=alert(1)>.jpg", decoded))
    assert_clean(app)
    assert "here at 96 × 64 px" in status(app)
    assert "<img src=x" not in texts(app)
    app.switch_page("pages/models.py").run()
    app.switch_page(PAGE).run()
    assert_clean(app)
    assert "here at 96 × 64 px" in status(app)
