"""Grey, generated, original: a link, one click, three pictures; and that nothing else ever fetches a link."""

import dataclasses
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.store import list_checkpoints
from colorizer.images import fetch
from pages.common.photo_library import LibraryPhoto
from pages.features.triptych.row_image import ThreeInOne
from tests.support import APP
from tests.support.app import OpenApp, assert_clean, pick, texts, upload
from tests.support.loopback_servers import Server, head, ok, serving

PAGE = "pages/triptych.py"
CARDS = list_checkpoints()
HUBER, MSE = "scenes-500-huber", "scenes-500-mse"
TITLES = {card.id: card.title for card in CARDS}

OpenTriptych = Callable[..., AppTest]


@pytest.fixture
def open_triptych(open_app: OpenApp) -> OpenTriptych:
    """Start a session on the page itself, optionally with the parameters of a link."""
    return partial(open_app, PAGE)


@pytest.fixture
def app(open_triptych: OpenTriptych) -> AppTest:
    """By a checkpoint of scenes, whatever the default is."""
    return open_triptych(**{"triptych-checkpoint": TITLES[HUBER]})


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, decoded: bytes) -> Iterator[Server]:
    """Serve /harbour.jpg from this machine, to which links may lead here only."""
    policy = dataclasses.replace(fetch.POLICY, is_allowed_address=lambda address: address.is_loopback)
    monkeypatch.setattr(fetch, "POLICY", policy)
    missing = [head("404 Not Found", "Content-Length: 0")]
    with serving(lambda request: ok(decoded) if request.startswith(b"GET /harbour.jpg ") else missing) as server:
        yield server


def send(app: AppTest, link: str) -> AppTest:
    """Paste a link and click."""
    app.text_input(key="link").set_value(link)
    next(button for button in app.button if button.label == "Colour it").click()
    return app.run()


def row(app: AppTest) -> list[str]:
    """List the titles of the pictures, from left to right."""
    return re.findall(r'<div class="tile"><h3>([^<]*)<', texts(app))


def generated(app: AppTest) -> str:
    """Read the text of the generated picture."""
    return next(line for line in texts(app).splitlines() if "<h3>Generated<" in line)


def in_view(app: AppTest) -> str:
    """Read the status line on the photo in view."""
    return next(line for line in texts(app).splitlines() if 'role="status"' in line)


def shown(app: AppTest) -> LibraryPhoto:
    """Return the photo in view."""
    library = app.session_state["photo_library"]
    key = app.session_state["photo"]
    return library.photos[key] if key in library.photos else library.samples[key]


def labels(app: AppTest) -> list[str]:
    return [element.proto.label for element in app.get("download_button")]


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption]


FLOWERS_ALONE = "It has learned from 1,660 pictures of one kind alone: flowers."


def test_it_opens_with_a_flower_by_the_network_that_knows_flowers(open_triptych: OpenTriptych) -> None:
    app = open_triptych()
    assert_clean(app)
    assert "Flower, 640 × 427 px" in in_view(app)
    assert app.selectbox(key="triptych-checkpoint").value == "flowers-gan"
    assert FLOWERS_ALONE in captions(app)


def test_a_photo_of_ones_own_gets_the_network_that_colours_anything(
    open_triptych: OpenTriptych, decoded: bytes
) -> None:
    app = upload(open_triptych(), ("holiday.jpg", decoded))
    assert_clean(app)
    assert f">by {TITLES['photo']}, " in generated(app)
    assert any(re.fullmatch(r"It has learned from [\d,]+ pictures of many kinds\.", line) for line in captions(app))
    pick(app, "Flower")
    assert f">by {TITLES['flowers-gan']}, " in generated(app)


@pytest.mark.parametrize("chosen", ["flowers-gan", HUBER])
def test_whom_a_visitor_has_chosen_colours_every_photo(
    open_triptych: OpenTriptych, decoded: bytes, chosen: str
) -> None:
    app = upload(open_triptych(), ("holiday.jpg", decoded))
    app.selectbox(key="triptych-checkpoint").set_value(chosen).run()
    for photo in ("Flower", "Cat", app.session_state["photo"]):
        pick(app, photo)
        assert_clean(app)
        assert f">by {TITLES[chosen]}, " in generated(app)


def test_whom_a_link_names_colours_ones_own_photo_too(app: AppTest, decoded: bytes) -> None:
    upload(app, ("holiday.jpg", decoded))
    assert f">by {TITLES[HUBER]}, " in generated(app)


def test_a_sample_of_the_link_stays_and_what_the_network_knows_is_said(open_triptych: OpenTriptych) -> None:
    app = open_triptych(sample="Motorcycle")
    assert "Motorcycle" in in_view(app)
    assert f">by {TITLES['flowers-gan']}, " in generated(app)
    assert FLOWERS_ALONE in captions(app)


def test_opens_with_the_first_sample_in_a_row_of_three(app: AppTest) -> None:
    assert_clean(app)
    assert row(app) == ["Grey", "Generated", "Original"]
    assert "Motorcycle, 741 × 500 px" in in_view(app)
    assert "colouring ..." not in texts(app)


def test_generated_names_its_checkpoint_its_time_and_its_figures(app: AppTest) -> None:
    assert re.search(rf">by {re.escape(TITLES[HUBER])}, \d+\.\d\d s<", generated(app))
    card = next(card for card in CARDS if card.id == HUBER)
    measures = shown(app).answer(card).measures
    for figure in (f"{measures.psnr:.1f} dB", f"{measures.ciede2000:.1f}", f"{measures.colorfulness:.1f}"):
        assert f"<dd>{figure}</dd>" in generated(app)
    assert texts(app).count("<dt>CIEDE2000</dt>") == 3
    assert not any("★" in caption.value for caption in app.caption)


def test_a_link_is_coloured_in_one_click(app: AppTest, web: Server) -> None:
    send(app, f"http://127.0.0.1:{web.port}/harbour.jpg")
    assert_clean(app)
    assert web.connections == 1
    assert "harbour, 96 × 64 px" in in_view(app)
    assert row(app) == ["Grey", "Generated", "Original"]
    card = next(card for card in CARDS if card.id == HUBER)
    assert shown(app).size == (96, 64)
    assert shown(app).answer(card) is not None


def test_spaces_around_a_pasted_link_do_no_harm(app: AppTest, web: Server) -> None:
    send(app, f"  http://127.0.0.1:{web.port}/harbour.jpg \n")
    assert_clean(app)
    assert "harbour" in in_view(app)


def test_a_link_is_fetched_for_a_click_only(app: AppTest, web: Server) -> None:
    link = f"http://127.0.0.1:{web.port}/harbour.jpg"
    send(app, link)
    app.selectbox(key="triptych-checkpoint").set_value(MSE).run()
    pick(app, "Cat")
    app.switch_page("pages/compare.py").run()
    app.switch_page(PAGE).run()
    assert_clean(app)
    assert web.connections == 1


def test_no_parameter_of_the_address_makes_the_server_fetch(open_triptych: OpenTriptych, web: Server) -> None:
    link = f"http://127.0.0.1:{web.port}/harbour.jpg"
    app = open_triptych(link=link, url=link, sample=link, decoded=link, **{"triptych-checkpoint": link})
    assert_clean(app)
    assert app.text_input(key="link").value == ""
    assert "Flower" in in_view(app)
    assert web.connections == 0


@pytest.mark.parametrize(
    ("path", "reason"), [("/nothing.jpg", "answers with status 404"), ("/%20harbour.jpg", "answers with status 404")]
)
def test_a_link_without_a_picture_gets_one_sentence_and_leaves_the_photo(
    app: AppTest, web: Server, path: str, reason: str
) -> None:
    link = f"http://127.0.0.1:{web.port}"
    send(app, f"{link}/harbour.jpg")
    send(app, f"{link}{path}")
    assert not app.exception
    (error,) = app.error
    assert error.value.startswith(f"{link}{path}: ") and reason in error.value
    assert "harbour, 96 × 64 px" in in_view(app)
    assert row(app) == ["Grey", "Generated", "Original"]
    assert_clean(send(app, f"{link}/harbour.jpg"))


@pytest.mark.parametrize(
    "link",
    ["http://127.0.0.1/photo.jpg", "http://[::1]/photo.jpg", "file:///etc/passwd", "ftp://example.org/a.jpg", "flower"],
)
def test_a_link_that_is_refused_gets_one_sentence_and_leaves_the_photo(app: AppTest, link: str) -> None:
    pick(app, "Cat")
    send(app, link)
    assert not app.exception
    assert [error.value.startswith(f"{link}: ") for error in app.error] == [True]
    assert "Cat, 451 × 300 px" in in_view(app)
    assert row(app) == ["Grey", "Generated", "Original"]


def test_a_click_without_a_link_says_what_to_do(app: AppTest) -> None:
    assert not app.info
    send(app, "  ")
    assert_clean(app)
    assert [info.value for info in app.info] == ["Paste a link to a photo first, or choose a photo."]
    assert "Motorcycle" in in_view(app)


def test_a_grey_photo_is_two_pictures_and_a_sentence(app: AppTest) -> None:
    assert not any("no original" in caption.value for caption in app.caption)
    pick(app, "Cameraman (grey)")
    assert_clean(app)
    assert row(app) == ["Grey", "Generated"]
    assert "<dt>PSNR</dt>" not in texts(app)
    assert any("no original to compare with" in caption.value for caption in app.caption)
    assert re.search(r", \d+\.\d\d s<", generated(app))


def test_every_checkpoint_can_be_chosen_and_nothing_is_computed_twice(app: AppTest) -> None:
    pick(app, "Cat")
    answers = dict(shown(app).answers)
    first, *others = app.selectbox(key="triptych-checkpoint").options
    assert first == TITLES["flowers-gan"]
    assert others == [title for title in TITLES.values() if title != first]
    for name in ("cat-16-unet", HUBER):
        app.selectbox(key="triptych-checkpoint").set_value(name).run()
        assert_clean(app)
        assert f">by {TITLES[name]}, " in generated(app)
        assert labels(app) == [f"Download {TITLES[name]}", "Download the row (PNG)"]
    assert len(shown(app).answers) == 2
    assert all(shown(app).answers[key] is answer for key, answer in answers.items())


def test_the_address_brings_back_checkpoint_and_sample(open_triptych: OpenTriptych) -> None:
    app = open_triptych(sample="Coffee", **{"triptych-checkpoint": TITLES[MSE]})
    assert_clean(app)
    assert app.selectbox(key="triptych-checkpoint").value == MSE
    assert "Coffee" in in_view(app)


@pytest.mark.parametrize("value", ["nonsense", "", "../../etc/passwd"])
def test_unknown_values_in_the_address_do_no_harm(open_triptych: OpenTriptych, value: str) -> None:
    app = open_triptych(sample=value, **{"triptych-checkpoint": value})
    assert_clean(app)
    assert "Flower" in in_view(app)


def test_an_upload_is_shown_in_the_row_and_can_be_removed(app: AppTest, decoded: bytes) -> None:
    upload(app, ("holiday.jpg", decoded))
    assert_clean(app)
    assert "holiday, 96 × 64 px" in in_view(app)
    next(button for button in app.button if button.label == "Remove holiday").click().run()
    assert_clean(app)
    assert "Motorcycle" in in_view(app)


def test_photos_and_answers_go_from_page_to_page(app: AppTest, decoded: bytes) -> None:
    upload(app, ("holiday.jpg", decoded))
    answers = dict(shown(app).answers)
    app.switch_page("pages/compare.py").run()
    assert "holiday, 96 × 64 px" in in_view(app)
    app.switch_page(PAGE).run()
    assert_clean(app)
    assert "holiday, 96 × 64 px" in in_view(app)
    assert app.selectbox(key="triptych-checkpoint").value == HUBER
    assert all(shown(app).answers[key] is answer for key, answer in answers.items())


def test_a_hostile_name_stays_text(app: AppTest, decoded: bytes) -> None:
    upload(app, ("<img src=x onerror=alert(1)>.jpg", decoded))
    assert_clean(app)
    assert "<img src=x" not in texts(app)


def the_row(app: AppTest) -> Image.Image:
    """Open the row as it is saved."""
    card = next(card for card in CARDS if card.id == app.selectbox(key="triptych-checkpoint").value)
    answer = shown(app).answer(card)
    assert answer is not None
    return Image.open(io.BytesIO(ThreeInOne(shown(app), card, answer).render()))


def test_the_row_is_saved_as_one_picture_in_order(app: AppTest) -> None:
    pick(app, "Cat")
    saved = the_row(app)
    assert saved.format == "PNG"
    assert f"Checkpoint: {HUBER}" in saved.info["Description"]
    assert saved.width == 3 * (451 + 12) + 12
    pixels = np.asarray(saved.convert("RGB")).astype(int)[12:312]
    grey, result, original = (pixels[:, 12 + number * 463 :][:, :451] for number in range(3))
    assert np.ptp(grey, axis=2).max() <= 3 < np.ptp(result, axis=2).max()
    assert np.array_equal(original, np.asarray(shown(app).preview))
    assert not np.array_equal(result, original)


@pytest.mark.parametrize(
    ("image", "count", "side"),
    [
        (Image.new("L", (400, 300), 90), 2, 400),
        (Image.new("RGBA", (400, 300), (200, 90, 30, 120)), 3, 400),
        (Image.new("RGB", (2000, 1000), "teal"), 3, 800),
    ],
    ids=["grey", "alpha", "large"],
)
def test_odd_photos_have_their_row_as_well(app: AppTest, image: Image.Image, count: int, side: int) -> None:
    upload(app, ("odd.png", png(image)))
    assert_clean(app)
    assert len(row(app)) == count
    assert the_row(app).width == count * (side + 12) + 12


_LOOK = f"""
import json
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=240).switch_page("{PAGE}").run()
assert not app.exception
print(json.dumps({{
    "html": [element.proto.body for element in app.get("html") if "class=" in element.proto.body],
    "errors": [error.value for error in app.error],
    "warnings": [warning.value for warning in app.warning],
    "infos": [info.value for info in app.info],
    "chosen": [box.value for box in app.selectbox],
    "downloads": [element.proto.label for element in app.get("download_button")],
}}))
"""


def look_at(folder: Path) -> dict[str, Any]:
    """Read what the page tells in a copy of the app with the weights of that folder, as a process of its own."""
    for name in ("app.py", "pages", "colorizer", ".streamlit"):
        source = APP.parent / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    done = subprocess.run(
        [sys.executable, "-c", _LOOK], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def ship(folder: Path, **checkpoints: str) -> Path:
    """Fill weights/ with copies of checkpoints, by the ids that they get."""
    for name, source in checkpoints.items():
        shutil.copytree(APP.parent / "weights" / source, folder / "weights" / name.replace("_", "-"))
    return folder / "weights"


def test_the_flowers_network_is_the_default_where_it_is(tmp_path: Path) -> None:
    ship(tmp_path, cat_16_cnn="cat-16-cnn", flowers_gan=MSE)
    told = look_at(tmp_path)
    assert told["chosen"] == ["flowers-gan"]
    assert told["errors"] == told["warnings"] == told["infos"] == []


def test_else_the_first_checkpoint_is(tmp_path: Path) -> None:
    ship(tmp_path, cat_16_cnn="cat-16-cnn", scenes=MSE)
    assert look_at(tmp_path)["chosen"] == ["cat-16-cnn"]


def test_without_a_checkpoint_grey_and_original_stand_with_one_sentence(tmp_path: Path) -> None:
    told = look_at(tmp_path)
    assert told["infos"] == ["There is no checkpoint in weights/ yet."]
    assert told["chosen"] == told["downloads"] == told["errors"] == []
    assert re.findall(r"<h3>([^<]*)<", "".join(told["html"])) == ["Grey", "Original"]


def test_a_broken_network_is_one_sentence_in_the_place_of_its_picture(tmp_path: Path) -> None:
    weights = ship(tmp_path, scenes=MSE)
    (weights / "scenes" / "model.safetensors").write_bytes(b"no tensors")
    told = look_at(tmp_path)
    (error,) = told["errors"]
    assert "scenes/model.safetensors is damaged" in error
    assert re.findall(r"<h3>([^<]*)<", "".join(told["html"])) == ["Grey", "Generated", "Original"]
    assert told["downloads"] == []
    assert not any("colouring ..." in text for text in told["html"])


def test_a_broken_card_is_one_sentence_and_the_next_checkpoint_colours(tmp_path: Path) -> None:
    weights = ship(tmp_path, broken=MSE, scenes=MSE)
    (weights / "broken" / "card.toml").write_text("title =")
    told = look_at(tmp_path)
    assert [text.startswith("broken/card.toml is not a readable card") for text in told["warnings"]] == [True]
    assert told["chosen"] == ["scenes"]
    assert told["errors"] == []
    assert len(told["downloads"]) == 2
