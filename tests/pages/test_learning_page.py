"""Watching a checkpoint learn: which are offered, what is kept, and that damage stays where it is."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.card import Card
from colorizer.checkpoints.history import age, read_history
from colorizer.checkpoints.store import list_checkpoints, snapshot_file
from pages.common.photo_library import LibraryPhoto
from tests.support import APP
from tests.support.app import OpenApp, assert_clean, pick, texts, upload

CARDS = [card for card in list_checkpoints() if card.snapshots]
FIRST = next(card for card in CARDS if card.id == "scenes-12-huber")
"""The one that is offered at first."""

OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(open_app: OpenApp) -> OpenPage:
    """Start a session on the page, optionally with the parameters of a link, and choose a sample there."""

    def start(decoded: str | None = None, **parameters: str) -> AppTest:
        app = open_app("pages/learning.py", **parameters)
        return app if decoded is None else pick(app, decoded)

    return start


def chosen(app: AppTest) -> Card:
    return next(card for card in CARDS if card.id == app.selectbox(key="learning-checkpoint").value)


def states(photo: LibraryPhoto, card: Card) -> list[int]:
    """List the epochs whose colours are kept for a photo."""
    return [epoch for checkpoint, _, epoch in photo.states if checkpoint == card.id]


def in_view(app: AppTest) -> str:
    """Read the status line on the photo in view."""
    return next(line for line in texts(app).splitlines() if 'role="status"' in line)


def shown(app: AppTest) -> LibraryPhoto:
    """Return the only photo of the visitor."""
    (photo,) = app.session_state["photo_library"].photos.values()
    return photo


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def test_opens_with_a_sample_coloured_at_every_kept_epoch(open_page: OpenPage) -> None:
    app = open_page()
    assert_clean(app)
    assert "Motorcycle, 741 × 500 px" in in_view(app)
    card = chosen(app)
    assert sorted(states(app.session_state["photo_library"].samples["Motorcycle"], card)) == card.snapshots


def test_offers_the_checkpoints_with_snapshots_and_no_others(open_page: OpenPage) -> None:
    app = open_page()
    assert app.selectbox(key="learning-checkpoint").options == [card.title for card in CARDS]
    assert chosen(app) == FIRST
    assert "It has learned from 12 pictures of one kind alone: scenes." in [caption.value for caption in app.caption]


def test_every_offered_checkpoint_can_be_watched(open_page: OpenPage) -> None:
    app = open_page("Cat")
    for card in CARDS:
        app.selectbox(key="learning-checkpoint").set_value(card.id).run()
        assert_clean(app)
        assert card.title in in_view(app)
        assert sorted(states(app.session_state["photo_library"].samples["Cat"], card)) == card.snapshots


def test_the_figures_of_the_shown_epoch_are_those_of_the_history(open_page: OpenPage) -> None:
    app = open_page()
    card = chosen(app)
    rows = {row.epoch: row for row in read_history(APP.parent / f"weights/{card.id}/history.csv")}
    for epoch in card.snapshots:
        app.session_state["shown-epoch"] = epoch
        app.run()
        (line,) = [element.value for element in app.markdown if "on validation pictures" in element.value]
        assert line.startswith(f"**{age(epoch).capitalize()}**")
        assert f"PSNR\u00a0{rows[epoch].val_psnr:.4g}\u00a0dB" in line
        assert f"ab\u00a0RMSE\u00a0{rows[epoch].val_ab_rmse:.4g}" in line


def test_a_quantity_that_the_run_has_not_is_left_out_and_each_other_is_drawn(open_page: OpenPage) -> None:
    app = open_page()
    quantities = app.selectbox(key="learning-quantity").options
    assert quantities[:2] == ["Own loss", "PSNR"]
    rows = read_history(APP.parent / f"weights/{chosen(app).id}/history.csv")
    assert ("Accuracy" in quantities) == any(row.val_accuracy is not None for row in rows)
    for quantity in quantities:
        app.selectbox(key="learning-quantity").set_value(quantity).run()
        assert_clean(app)
        assert app.get("plotly_chart")


def test_another_checkpoint_and_back_computes_nothing_anew(open_page: OpenPage) -> None:
    app = open_page()
    others = [card for card in CARDS if card != FIRST]
    photo = app.session_state["photo_library"].samples["Motorcycle"]
    kept = dict(photo.states)
    for card in (*others[:1], FIRST):
        app.selectbox(key="learning-checkpoint").set_value(card.id).run()
    assert_clean(app)
    assert all(photo.states[key] is prediction for key, prediction in kept.items())


def test_a_photo_from_the_first_page_is_here_and_stays(open_app: OpenApp, decoded: bytes) -> None:
    app = upload(open_app("pages/compare.py", experiment="12 or 500 images"), ("holiday.jpg", decoded))
    app.switch_page("pages/learning.py").run()
    assert_clean(app)
    assert "holiday, 96 × 64 px" in in_view(app)
    kept = dict(shown(app).states)
    app.switch_page("pages/compare.py").run()
    app.switch_page("pages/learning.py").run()
    assert "holiday, 96 × 64 px" in in_view(app)
    assert all(shown(app).states[key] is prediction for key, prediction in kept.items())


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (16, 16), "teal"),
        Image.new("L", (40, 30), 90),
        Image.new("RGBA", (40, 30), (200, 90, 30, 120)),
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 2400, 3), np.uint8)),
        Image.fromarray(np.random.default_rng(1).integers(0, 255, (2400, 16, 3), np.uint8)),
        Image.new("I;16", (20, 20), 30_000),
    ],
    ids=["tiny", "grey", "alpha", "panorama", "tower", "16 bit"],
)
def test_every_kind_of_picture_can_be_watched(open_page: OpenPage, image: Image.Image) -> None:
    app = upload(open_page(), ("odd.png", png(image)))
    assert_clean(app)
    assert not app.warning
    assert f"odd, {image.width} × {image.height} px" in in_view(app)
    assert sorted(states(shown(app), chosen(app))) == chosen(app).snapshots


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.jpg", b""), ("page.jpg", b"<html></html>"), ("pixel.png", png(Image.new("RGB", (1, 1))))],
)
def test_a_bad_file_gets_one_sentence(open_page: OpenPage, name: str, content: bytes) -> None:
    app = upload(open_page(), (name, content))
    assert not app.exception
    assert [error.value.startswith(f"{name}: ") for error in app.error] == [True]
    assert "Motorcycle" in in_view(app)


@pytest.mark.parametrize(
    "parameters",
    [
        {"learning-checkpoint": "nonsense", "learning-quantity": "nonsense", "sample": "../../etc/passwd"},
        {"learning-checkpoint": "", "rendering": "nonsense", "sample": ""},
    ],
)
def test_unknown_values_in_a_link_do_no_harm(open_page: OpenPage, parameters: dict[str, str]) -> None:
    app = open_page(**parameters)
    assert_clean(app)
    assert "Motorcycle" in in_view(app)


def test_a_link_brings_back_the_checkpoint_and_the_quantity(open_page: OpenPage) -> None:
    app = open_page(**{"learning-checkpoint": CARDS[-1].title, "learning-quantity": "PSNR"})
    assert_clean(app)
    assert chosen(app) == CARDS[-1]
    assert app.selectbox(key="learning-quantity").value == "PSNR"


def test_each_rendering_of_a_palette_is_another_picture(open_page: OpenPage) -> None:
    card = next((card for card in CARDS if card.has_palette), None)
    if card is None:
        pytest.skip("no checkpoint with a palette keeps snapshots")
    app = open_page("Cat", **{"learning-checkpoint": card.title})
    photo, pictures = app.session_state["photo_library"].samples["Cat"], set()
    for rendering in ("chroma", "expected", "palette"):
        app.segmented_control(key="rendering").set_value(rendering).run()
        assert_clean(app)
        pictures.add(next(data for name, (_, data) in photo.pictures.items() if name.endswith(f" {card.epochs - 1}")))
    assert len(pictures) == 3


_LOOK = """
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=240).switch_page("pages/learning.py").run()
assert not app.exception and not app.error, app.error
print(*(element.value for element in (*app.info, *app.warning)), sep="\\n")
print(*(element.proto.body for element in app.get("html") if "status" in element.proto.body))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Put a checkpoint into a copy of the app that has no other; `look_at` opens the page there."""
    for name in ("app.py", "pages", "colorizer", ".streamlit", f"weights/{FIRST.id}"):
        source = APP.parent / name
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    return tmp_path / "weights" / FIRST.id


def look_at(folder: Path) -> str:
    """Read what the page tells: hints, warnings and the status."""
    command, app = [sys.executable, "-c", _LOOK], folder.parents[1]
    done = subprocess.run(command, cwd=app, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_snapshots_there_is_one_sentence(folder: Path) -> None:
    lines = (folder / "card.toml").read_text().splitlines()
    (folder / "card.toml").write_text("\n".join(line for line in lines if not line.startswith('"snapshots/')))
    assert look_at(folder).strip().startswith("No checkpoint here has snapshots of its training")


def test_a_damaged_state_is_named_and_the_others_are_shown(folder: Path) -> None:
    epoch = FIRST.snapshots[0]
    path = folder / snapshot_file(epoch)
    path.write_bytes(path.read_bytes()[:-8])
    told = look_at(folder)
    assert f"{FIRST.title} {age(epoch)}: snapshots/{epoch:04d}.safetensors is damaged" in told
    assert told.count("is damaged") == 1
    assert "Motorcycle, 741 × 500 px" in told


def test_without_its_history_a_checkpoint_is_shown_without_its_curve(folder: Path) -> None:
    (folder / "history.csv").write_text("epoch\nnone\n")
    told = look_at(folder)
    assert "cannot be read, so there is no curve" in told
    assert "Motorcycle, 741 × 500 px" in told
