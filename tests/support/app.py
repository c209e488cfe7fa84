"""The app as Streamlit's own test harness runs it, and what tests do with it."""

import io
from collections.abc import Callable

from PIL import Image
from streamlit.testing.v1 import AppTest

OpenApp = Callable[..., AppTest]


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Give files to the uploader that is on the page."""
    uploader = app.file_uploader[0]
    uploader.set_value([(name, content, "image/jpeg") for name, content in files])
    return app.run()


def pick(app: AppTest, key: str) -> AppTest:
    """Choose a photo as a click on its thumbnail does, which the harness cannot click."""
    app.session_state["photo"] = key
    return app.run()


def texts(app: AppTest) -> str:
    """Everything that is written on the page in HTML elements: tiles, status, cards."""
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def assert_clean(app: AppTest) -> None:
    """No exception, and no sentence on something that went wrong."""
    assert not app.exception
    assert [error.value for error in app.error] == []


def png(image: Image.Image) -> bytes:
    """Encode a picture as a file."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
