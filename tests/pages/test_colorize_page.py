"""The first page: a photo is coloured at once, follows the sliders without the network, and keeps its points."""

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import streamlit as st
import torch
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from colorizer import color
from colorizer.checkpoints.store import list_checkpoints
from colorizer.inference.hints import Hint
from colorizer.models.efficientnet_lite import LiteEncoder
from pages.common.background_jobs import THREAD_NAME
from pages.common.downloads import Download
from pages.common.model_cache import Answer, RenderOptions, shared_results
from pages.common.photo_library import LibraryPhoto
from pages.features.hints.files import PictureAndPoints
from pages.features.hints.named_colors import name_of, presets_at
from pages.features.hints.share import Share
from pages.features.hints.state import HintWork, act, hint_work
from tests.support.app import OpenApp, assert_clean, texts, upload

CARD = next(card for card in list_checkpoints() if card.id == "photo")
RED = Hint(370, 250, (200, 30, 40))


def shot_in(app: AppTest, name: str = "Motorcycle") -> LibraryPhoto:
    photo: LibraryPhoto = app.session_state["photo_library"].samples[name]
    return photo


def work_in(app: AppTest, name: str = "Motorcycle") -> HintWork:
    return hint_work(shot_in(app, name), CARD)


def picture(work: HintWork) -> np.ndarray:
    assert work.picture is not None
    with Image.open(io.BytesIO(work.picture[1])) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def labels(app: AppTest) -> list[str]:
    """Of the downloads, but for those to share."""
    return [
        button.proto.label
        for button in app.get("download_button")
        if "before" not in button.proto.label.lower() and "clip" not in button.proto.label
    ]


@pytest.fixture
def counted() -> Iterator[Callable[[], int]]:
    """How often the page asked the network: each photo passes its encoder once."""
    asked: list[int] = []

    def note(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(module, LiteEncoder) and threading.current_thread().name != THREAD_NAME:
            asked.append(1)

    shared_results.clear()  # what other tests asked of the samples
    hook = register_module_forward_hook(note)
    yield lambda: len(asked)
    hook.remove()


def test_the_first_page_shows_a_coloured_sample(open_app: OpenApp) -> None:
    app = open_app()
    assert_clean(app)
    assert app.title[0].value == "Colour a photo"
    assert "Cameraman (grey), 512 × 512 px." in texts(app)
    assert app.selectbox(key="colorize-checkpoint").value == "photo"
    assert np.ptp(picture(work_in(app, "Cameraman (grey)")), axis=2).mean() > 5
    assert labels(app) == ["Download the coloured photo"]


def test_sliders_change_the_picture_without_the_network(open_app: OpenApp, counted: Callable[[], int]) -> None:
    app = open_app(sample="Coffee")
    plain, asked = picture(work_in(app, "Coffee")), counted()
    assert asked == 1
    app.slider(key="colorize-saturation").set_value(0.0).run()
    assert np.ptp(picture(work_in(app, "Coffee")), axis=2).max() <= 12  # JPEG's own
    app.slider(key="colorize-saturation").set_value(1.0)
    app.slider(key="colorize-vividness").set_value(95).run()
    vivid = picture(work_in(app, "Coffee"))
    assert np.abs(vivid - plain).mean() > 1
    assert_clean(app)
    assert counted() == asked


def test_a_point_recolours_its_surroundings_and_can_be_taken_back(
    open_app: OpenApp, counted: Callable[[], int]
) -> None:
    app = open_app(sample="Motorcycle")
    plain, asked = picture(work_in(app)), counted()
    work = work_in(app)
    for message in ({"act": "ask", "x": 0.5, "y": 0.5}, {"act": "pin", "rgb": "#c81e28"}):
        act(work, message)
    app.run()
    assert_clean(app)
    assert counted() == asked + 1
    pinned = picture(work_in(app))
    height, width = pinned.shape[:2]
    middle = pinned[height // 2, width // 2]
    assert middle[0] - middle[1] > plain[height // 2, width // 2][0] - plain[height // 2, width // 2][1] + 15
    assert labels(app)[1:] == ["Photo and points (ZIP)", "Points only (JSON)"]
    act(work_in(app), {"act": "undo"})
    app.run()
    assert np.array_equal(picture(work_in(app)), plain)
    assert counted() == asked + 1  # that answer was kept


def test_points_stay_while_other_pages_are_visited(open_app: OpenApp) -> None:
    app = open_app(sample="Motorcycle")
    work_in(app).change((RED,))
    app.run()
    app.switch_page("pages/models.py").run()
    app.switch_page("pages/colorize.py").run()
    assert_clean(app)
    assert work_in(app).hints == (RED,)
    assert "Photo and points (ZIP)" in labels(app)


def test_undo_goes_through_sliders_and_points_in_turn(open_app: OpenApp) -> None:
    app = open_app(sample="Motorcycle")
    app.slider(key="colorize-saturation").set_value(0.5).run()
    work_in(app).change((RED,))
    app.run()
    app.slider(key="colorize-reach").set_value(2.0).run()
    assert_clean(app)
    for saturation, hints in ((0.5, (RED,)), (0.5, ()), (1.0, ())):
        act(work_in(app), {"act": "undo"})
        app.run()
        assert_clean(app)
        assert app.slider(key="colorize-saturation").value == saturation
        assert work_in(app).hints == hints
    assert not work_in(app).past
    act(work_in(app), {"act": "redo"})
    app.run()
    assert app.slider(key="colorize-saturation").value == 0.5
    app.button(key="colorize-reset").click().run()
    assert app.slider(key="colorize-saturation").value == 1.0
    assert app.button(key="colorize-reset").disabled


def test_a_card_and_a_clip_of_three_seconds_are_shared_at_a_size_for_messengers(open_app: OpenApp) -> None:
    app = open_app(sample="Flower")
    work, photo = work_in(app, "Flower"), shot_in(app, "Flower")
    assert work.prediction is not None
    share = Share(photo, CARD, work.prediction, RenderOptions())
    with Image.open(io.BytesIO(share.render_card())) as card:
        card.load()
        assert card.width > 2 * 640 and card.height > 427
        assert "Checkpoint: photo" in card.text["Description"]
        levels = np.asarray(card.convert("RGB")).astype(int)
    half = card.width // 2
    assert np.ptp(levels[100:300, 50 : half - 50], axis=2).max() <= 2
    assert np.ptp(levels[100:300, half + 50 : -50], axis=2).mean() > 10
    clip = share.render_clip()
    assert len(clip) < 4_000_000
    with Image.open(io.BytesIO(clip)) as film:
        frames, duration = [], 0
        for number in range(film.n_frames):
            film.seek(number)
            frames.append(np.ptp(np.asarray(film.convert("RGB")).astype(int), axis=2).mean())
            duration += film.info["duration"]
    assert duration == 3000
    assert frames[0] < 3 < frames[-1]


def test_presets_are_named_with_the_reason_for_those_that_cannot_be() -> None:
    dark, light = presets_at(10.0), presets_at(90.0)
    assert "navy" in {item.name for item in dark.groups["Cloth"]}
    assert "navy" in light.too_light_here and "fair skin" in dark.too_dark_here
    for lightness in range(0, 101, 5):
        choice = presets_at(float(lightness))
        names = [item.name for group in choice.groups.values() for item in group]
        assert len({*names, *choice.too_light_here, *choice.too_dark_here}) == 22
        for group in choice.groups.values():
            for item in group:
                shade = color.lightness_from_bytes(torch.tensor(item.rgb, dtype=torch.uint8).reshape(1, 3, 1, 1))
                assert abs(float(shade) - lightness) < 1.5
    assert name_of((28, 44, 85)) == "navy" and name_of((120, 80, 50)) == "brown"


def test_files_hold_the_picture_with_a_note_and_the_points(open_app: OpenApp) -> None:
    app = open_app(sample="Motorcycle")
    work_in(app).change((RED,))
    app.run()
    work, photo = work_in(app), shot_in(app)
    assert work.prediction is not None
    download = Download(photo, CARD, Answer(work.prediction, 0.0, None), RenderOptions(1.2), "JPEG")
    with zipfile.ZipFile(io.BytesIO(PictureAndPoints(download, work.hints).render())) as archive:
        assert archive.namelist() == ["Motorcycle-photo.jpg", "Motorcycle-hints.json"]
        assert json.loads(archive.read("Motorcycle-hints.json"))["hints"] == [{"x": 370, "y": 250, "color": "#c81e28"}]
        with Image.open(io.BytesIO(archive.read("Motorcycle-photo.jpg"))) as image:
            assert image.size == (741, 500)
            note = image.info["comment"].decode()
    assert "Checkpoint: photo; saturation: 1.2; temperature: " in note and "colour hints: 1." in note


def load_points(app: AppTest, content: bytes) -> AppTest:
    uploader = next(item for item in app.file_uploader if "points" in item.label)
    uploader.set_value([("points.json", content, "application/json")])
    return app.run()


def test_saved_points_are_loaded_again_and_others_refused(open_app: OpenApp) -> None:
    app = open_app(sample="Motorcycle")
    download = Download(shot_in(app), CARD, Answer(work_in(app).base, 0.0, None), RenderOptions(), "JPEG")  # type: ignore[arg-type]
    load_points(app, PictureAndPoints(download, (RED,)).text())
    assert_clean(app)
    assert work_in(app).hints == (RED,)
    load_points(app, b"not points at all")
    assert not app.exception
    assert [error.value for error in app.error] == [
        "This is not a file of points; choose the JSON that was saved here with a photo."
    ]
    assert work_in(app).hints == (RED,)
    app.run()
    assert_clean(app)


def test_an_upload_is_coloured_and_a_broken_one_is_named(open_app: OpenApp, decoded: bytes) -> None:
    app = upload(open_app(sample="Motorcycle"), ("holiday.jpg", decoded))
    assert_clean(app)
    assert "holiday, 96 × 64 px." in texts(app)
    upload(app, ("broken.jpg", decoded[:40]))
    assert not app.exception
    assert len(app.error) == 1 and app.error[0].value.startswith("broken")
    assert "holiday, 96 × 64 px." in texts(app)


def test_a_file_that_a_server_before_this_one_had_leaves_an_uploader_that_works(
    open_app: OpenApp, decoded: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app(sample="Motorcycle")
    first = app.file_uploader[0].proto.id
    with monkeypatch.context() as other_server:
        other_server.setattr(MemoryUploadedFileManager, "get_files", lambda *_, **_others: [])
        assert_clean(upload(app, ("holiday.jpg", decoded)))
    assert "holiday" not in texts(app)
    assert app.file_uploader[0].proto.id != first  # which still holds the lost file, and would take no other
    assert_clean(upload(app, ("holiday.jpg", decoded)))
    assert "holiday, 96 × 64 px." in texts(app)


def test_a_run_that_begins_before_the_last_has_ended_finds_a_whole_answer(
    open_app: OpenApp, decoded: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def look() -> None:
        """Look as another run of the page would, while this one gives memory back, which takes longest of all."""
        if (library := st.session_state.get("photo_library")) is not None:  # background jobs have no session
            works = [work for photo in library.photos.values() for work in photo.all_kept(HintWork)]
            seen.extend((work.base is None) == (work.prediction is None) for work in works)

    app = open_app(sample="Motorcycle")
    monkeypatch.setattr("pages.common.model_cache.give_memory_back", look)
    assert_clean(upload(app, ("holiday.jpg", decoded)))
    assert seen and all(seen)


def test_a_checkpoint_without_hints_says_so(open_app: OpenApp) -> None:
    app = open_app(**{"colorize-checkpoint": "500 images, Huber"})
    assert_clean(app)
    assert app.selectbox(key="colorize-checkpoint").value == "scenes-500-huber"
    assert any("takes no points" in caption.value for caption in app.caption)
    assert "colorize-vividness" not in {slider.key for slider in app.slider}


def test_a_forged_link_falls_back(open_app: OpenApp) -> None:
    app = open_app(**{"colorize-checkpoint": "nothing", "colorize-saturation": "99", "colorize-vividness": "-4"})
    assert_clean(app)
    assert app.selectbox(key="colorize-checkpoint").value == "photo"
