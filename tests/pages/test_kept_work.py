"""What the visitor's browser gives back of a photo: taken once, by its own session, as far as it makes sense."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colorizer.checkpoints.store import list_checkpoints
from colorizer.inference.hints import Hint
from pages.common.kept_photos import KeptPhotos
from pages.common.photo_library import LibraryPhoto
from pages.features.hints.kept import edits_to_json, restore
from pages.features.hints.state import HintWork, hint_work
from tests.support.app import OpenApp, assert_clean, png, upload

CARDS = list_checkpoints()
CARD = next(card for card in CARDS if card.id == "photo")
KEY = "0123456789abcdef"
RED = Hint(30, 20, (200, 30, 40))


@pytest.fixture
def photo() -> Iterator[LibraryPhoto]:
    yield LibraryPhoto(KEY, "harbour", b"", (96, 64), False, (), None)


def edits(**changes: Any) -> str:
    """Make what a browser sends, with changes."""
    work = HintWork((96, 64), hints=(RED,), sliders=(1.05, 60.0, 2.0))
    return json.dumps(json.loads(edits_to_json(work, CARD)) | changes)


def test_points_and_sliders_come_back_with_their_checkpoint(photo: LibraryPhoto) -> None:
    assert restore(photo, edits(), CARDS) == CARD
    work = hint_work(photo, CARD)
    assert (work.hints, work.sliders) == ((RED,), (1.05, 60.0, 2.0))
    assert not work.past


def test_what_was_done_meanwhile_stays(photo: LibraryPhoto) -> None:
    hint_work(photo, CARD).change((Hint(1, 1, (0, 0, 255)),))
    assert restore(photo, edits(), CARDS) is None
    assert hint_work(photo, CARD).hints == (Hint(1, 1, (0, 0, 255)),)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "nonsense", "[" * 60_000, edits(checkpoint="../photo"), edits(checkpoint=["photo"]), "null"],
)
def test_what_is_no_work_does_nothing(photo: LibraryPhoto, text: str) -> None:
    assert restore(photo, text, CARDS) is None


@pytest.mark.parametrize(
    "points", ["", "nonsense", "\ud800", 7, None, json.loads(edits())["points"].replace('"x": 30', '"x": 300')]
)
def test_points_that_make_no_sense_are_left_out(photo: LibraryPhoto, points: object) -> None:
    restore(photo, edits(points=points), CARDS)
    work = hint_work(photo, CARD)
    assert (work.hints, work.sliders) == ((), (1.05, 60.0, 2.0))


@pytest.mark.parametrize(
    "sliders",
    [None, 1, [], [1.05, 60], [1.05, 60, "2"], [3, 60, 2], [float("nan"), 60, 2], [True, 60, 2], [1.01, 60, 2]],
)
def test_sliders_that_make_no_sense_stand_as_they_did(photo: LibraryPhoto, sliders: object) -> None:
    restore(photo, edits(sliders=sliders), CARDS)
    work = hint_work(photo, CARD)
    assert (work.hints, work.sliders) == ((RED,), ())


def test_what_comes_back_is_taken_once_and_by_its_session_only() -> None:
    kept = KeptPhotos()
    told = {"session": kept.session, "key": KEY, "text": "first"}
    for wrong in (None, "text", {**told, "session": "another"}, {**told, "key": 7}, {**told, "key": "../x"}):
        kept.receive(wrong)
    kept.receive({**told, "text": "x" * 64_001})
    assert kept.take_edits(KEY) == ""
    kept.receive(told)
    kept.receive({**told, "text": "second"})
    assert kept.take_edits(KEY) == "first"
    kept.receive(told)
    assert kept.take_edits(KEY) == ""


def test_a_photo_that_is_given_once_more_is_not_forgotten() -> None:
    kept = KeptPhotos()
    kept.forget(KEY)
    assert kept.forgotten(()) == [KEY]
    assert kept.forgotten((KEY,)) == []


def test_a_photo_that_comes_back_has_its_points_and_sliders(open_app: OpenApp) -> None:
    app = open_app()
    content = png(Image.fromarray(np.full((64, 96), 128, np.uint8)))
    upload(app, ("harbour.png", content))
    (key,) = app.session_state["photo_library"].photos
    app.button[[button.label for button in app.button].index("Forget this photo")].click().run()
    kept: KeptPhotos = app.session_state["kept-photos"]
    assert kept.forgotten(()) == [key]
    kept.receive({"session": kept.session, "key": key, "text": edits()})
    upload(app, ("harbour.png", content))
    assert_clean(app)
    assert hint_work(app.session_state["photo_library"].photos[key], CARD).hints == (RED,)
    assert app.slider(key="colorize-saturation").value == 1.05
    assert app.slider(key="colorize-reach").value == 2.0
