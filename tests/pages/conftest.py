"""The app as Streamlit's own test harness runs it: the whole script, without a browser."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import skimage
from PIL import Image
from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parents[2] / "app.py"
_SECONDS = 120  # a slow machine loads torch and four models in the first run

OpenApp = Callable[..., AppTest]


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> OpenApp:
    """Start a session, optionally with the parameters of a link, and run it once."""
    monkeypatch.chdir(APP.parent)

    def start(**parameters: str) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=_SECONDS)
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.run()

    return start


@pytest.fixture
def photo() -> bytes:
    """A small coloured JPEG."""
    with Image.open(Path(skimage.__file__).parent / "data" / "chelsea.png") as image:
        stream = io.BytesIO()
        image.convert("RGB").resize((96, 64)).save(stream, "JPEG")
    return stream.getvalue()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Give files to the uploader that is on the page."""
    uploader = app.file_uploader[0]
    uploader.set_value([(name, content, "image/jpeg") for name, content in files])
    return app.run()


def texts(app: AppTest) -> str:
    """Everything that is written on the page in HTML elements: tiles, status, cards."""
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def assert_clean(app: AppTest) -> None:
    """No exception, and no sentence on something that went wrong."""
    assert not app.exception
    assert [error.value for error in app.error] == []
