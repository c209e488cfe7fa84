"""Versions under the photo: found once it is shown, named by what differs, and taken over as points."""

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from colorizer.analysis.segmentation import Region
from colorizer.checkpoints.store import list_checkpoints
from colorizer.inference.hints import Hint
from pages.common.model_cache import weights_hash
from pages.common.photo_library import LibraryPhoto
from pages.features.hints.state import HintWork, act, hint_work
from pages.features.hints.versions import OfferedVersion, VersionSearch, place_of, take
from tests.support.app import OpenApp, assert_clean, upload
from tests.support.phone_photos import holiday_photo

CARD = next(card for card in list_checkpoints() if card.id == "photo")
POINTS = (Hint(3, 4, (200, 30, 40)),)
OFFERED = (OfferedVersion("the first answer", (), b""), OfferedVersion("red, not blue", POINTS, b""))


def search_of(photo: LibraryPhoto) -> VersionSearch:
    return photo.kept((VersionSearch, CARD.id, weights_hash(CARD)), VersionSearch)


def found_on(app: AppTest, photo: LibraryPhoto) -> VersionSearch:
    """Wait for the work in the background, and run the page as its polling does."""
    app.session_state["background-jobs"].wait("versions", 120)
    app.run()
    assert_clean(app)
    return search_of(photo)


def levels(picture: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(picture)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_sample_has_versions_that_look_different_and_say_what_differs(open_app: OpenApp) -> None:
    app = open_app(sample="Coffee")
    search = found_on(app, app.session_state["photo_library"].samples["Coffee"])
    assert search.is_done and not search.failure
    first, *others = search.versions
    assert (first.name, first.hints) == ("the first answer", ())
    assert 1 <= len(others) <= 3
    for version in others:
        assert version.hints and (", not " in version.name or version.name == "another shade")
        assert np.abs(levels(version.picture) - levels(first.picture)).mean() > 2
        assert len(version.picture) < 40_000


def test_a_version_that_was_taken_over_is_the_photo_and_undo_takes_it_back(open_app: OpenApp) -> None:
    app = open_app(sample="Coffee")
    photo = app.session_state["photo_library"].samples["Coffee"]
    version = found_on(app, photo).versions[1]
    work = hint_work(photo, CARD)
    assert take(work, search_of(photo).versions, 1)
    app.run()
    assert_clean(app)
    assert work.hints == version.hints and work.picture is not None
    shown = levels(work.picture[1])
    small = np.asarray(Image.fromarray(shown.astype(np.uint8)).resize(levels(version.picture).shape[1::-1])).astype(int)
    assert np.abs(small - levels(version.picture)).mean() < 4, "the thumbnail shows what a click brings"
    act(work, {"act": "undo"})
    app.run()
    assert work.hints == ()


def test_another_visitor_has_those_of_a_sample_at_once(open_app: OpenApp) -> None:
    app = open_app(sample="Coffee")
    known = found_on(app, app.session_state["photo_library"].samples["Coffee"]).versions
    other = open_app(sample="Coffee")
    other.session_state["background-jobs"].wait("versions", 120)
    assert search_of(other.session_state["photo_library"].samples["Coffee"]).versions is known


def test_a_photo_of_the_visitors_has_its_own(open_app: OpenApp) -> None:
    app = upload(open_app(), ("holiday.jpg", holiday_photo(320, 240)))
    (photo,) = app.session_state["photo_library"].photos.values()
    search = found_on(app, photo)
    assert search.is_done and search.versions and not search.failure
    assert search.versions[0].name == "the first answer"


def test_a_checkpoint_without_points_has_no_versions(open_app: OpenApp) -> None:
    app = open_app(**{"colorize-checkpoint": "500 images, Huber"})
    assert_clean(app)
    assert "background-jobs" not in app.session_state


@pytest.mark.parametrize("number", [None, -1, 2, True, "1", 0.5, [1]])
def test_whatever_else_a_browser_sends_changes_nothing(number: object) -> None:
    work = HintWork((9, 9), hints=POINTS)
    assert not take(work, OFFERED, number)
    assert work.hints == POINTS and not work.past


def test_a_version_replaces_points_and_the_first_answer_has_none() -> None:
    work = HintWork((9, 9), hints=(Hint(1, 1, (0, 0, 255)),))
    assert take(work, OFFERED, 1) and work.hints == POINTS
    assert take(work, OFFERED, 0) and work.hints == ()
    assert len(work.past) == 2


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        (slice(0, 5), slice(0, 6), "top left"),
        (slice(0, 5), slice(0, 30), "top"),
        (slice(15, 20), slice(22, 30), "bottom right"),
        (slice(0, 20), slice(0, 30), ""),
        (slice(8, 12), slice(12, 18), ""),
        (slice(0, 20), slice(24, 30), "right"),
    ],
)
def test_a_place_is_named_where_it_has_one(rows: slice, columns: slice, words: str) -> None:
    mask = np.zeros((20, 30), bool)
    mask[rows, columns] = True
    assert place_of(Region(mask, float(mask.mean()), 50.0)) == words
