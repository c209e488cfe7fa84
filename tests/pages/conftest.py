"""The app as Streamlit's own test harness runs it: the whole script, without a browser."""

import io
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import skimage
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.common import memory_budget
from pages.common.photo_library import LibraryPhoto, PhotoLibrary
from pages.features.palette.strip_table import StripCache
from tests.support import APP
from tests.support.app import OpenApp

_SECONDS = 240  # a slow machine loads torch and four models in the first run


@dataclass
class Known:
    """What sessions of a module computed of the samples when they began: later ones find it in their album."""

    samples: dict[str, LibraryPhoto] = field(default_factory=dict)
    strips: StripCache = field(default_factory=StripCache)

    def tell(self, app: AppTest) -> None:
        """Give it to a session that has not run yet."""
        app.session_state["photo_library"] = PhotoLibrary(
            samples={name: _copy(photo) for name, photo in self.samples.items()}
        )
        app.session_state["strips"] = StripCache(dict(self.strips.columns), dict(self.strips.cells))

    def learn(self, app: AppTest) -> None:
        """Keep what a session has computed."""
        for name, photo in app.session_state["photo_library"].samples.items():
            known = self.samples.setdefault(name, _copy(photo))
            known.baseline = known.baseline or photo.baseline
            known.answers.update(photo.answers)
            known.pictures.update(photo.pictures)
            known.states.update(photo.states)
        self.strips.columns.update(app.session_state["strips"].columns)
        self.strips.cells.update(app.session_state["strips"].cells)


def _copy(photo: LibraryPhoto) -> LibraryPhoto:
    """With stores of its own, and without what went wrong."""
    kept = {"answers": dict(photo.answers), "pictures": dict(photo.pictures), "states": dict(photo.states)}
    return replace(photo, **kept, failures={}, lost_states={}, _kept={})


@pytest.fixture(scope="module")
def known() -> Known:
    """Keep the samples that the first session of a module computes, as a visitor's does, for the others."""
    return Known()


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch, known: Known) -> OpenApp:
    """Start a session, optionally on another page than the first and with the parameters of a link, and run it once."""
    monkeypatch.chdir(APP.parent)
    # The janitor sees no visitors here, as there are no sessions: where memory is short it would free what they share.
    monkeypatch.setattr(memory_budget, "rest", lambda: None)

    def start(page: str | None = None, **parameters: str) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=_SECONDS)
        if page is not None:
            app.switch_page(page)
        for name, value in parameters.items():
            app.query_params[name] = value
        known.tell(app)
        app.run()
        known.learn(app)
        return app

    return start


@pytest.fixture
def decoded() -> bytes:
    """Make a small coloured JPEG."""
    with Image.open(Path(skimage.__file__).parent / "data" / "chelsea.png") as image:
        stream = io.BytesIO()
        image.convert("RGB").resize((96, 64)).save(stream, "JPEG")
    return stream.getvalue()
