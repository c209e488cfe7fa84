"""A visitor of a copy of the app: run there as a process, it opens the links that it is told, a line each.

    PYTHONPATH=COPY python visitor.py    # in COPY

Each line of its input is JSON: the parameters of a link, and what to choose then by the keys of the widgets. Each line
of its output is JSON: what the page shows (`options`).
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage.color import rgb2lab
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.store import scan
from pages.common.downloads import Download
from pages.common.experiments import available
from pages.common.model_cache import RenderOptions
from pages.common.photo_library import LibraryPhoto


def hue(content: bytes) -> float:
    """Measure the mean hue of an encoded picture: degrees in the plane of a and b."""
    with Image.open(io.BytesIO(content)) as image:
        a, b = rgb2lab(np.asarray(image.convert("RGB")))[..., 1:].mean((0, 1))
    return float(np.degrees(np.arctan2(b, a)) % 360)


def comment(content: bytes) -> str:
    """Read the note inside a JPEG."""
    with Image.open(io.BytesIO(content)) as image:
        return str(image.info["comment"].decode())


def files(photo: LibraryPhoto, experiment: str) -> dict[str, str]:
    """Return the files that an experiment's results are saved as, and the note inside each."""
    cards = scan().cards
    answers = [(card, photo.answer(card)) for card in available(cards)[experiment].line_up(cards)]
    downloads = [
        Download(photo, card, answer, RenderOptions(), "JPEG") for card, answer in answers if answer is not None
    ]
    return {download.file_name: comment(download.render()) for download in downloads}


def options(app: AppTest, experiment: str, sample: str) -> dict[str, Any]:
    """Read what the page shows of an experiment."""
    photo = app.session_state["photo_library"].samples[sample]
    shown = {name.split()[0]: hue(data) for name, (_, data) in photo.pictures.items() if len(name.split()) == 2}
    return {
        "exceptions": [error.value for error in app.exception],
        "errors": [error.value for error in app.error],
        "captions": [caption.value for caption in app.caption],
        "html": [element.proto.body for element in app.get("html")],
        "experiments": app.pills(key="experiment").options,
        "sides": app.selectbox(key="right").options,
        "hues": shown,
        "buttons": [element.proto.label for element in app.get("download_button")],
        "files": files(photo, experiment),
    }


def visit(link: dict[str, str], choices: dict[str, str]) -> dict[str, Any]:
    """Open a link in a session of its own, choose, and look."""
    app = AppTest.from_file(Path.cwd() / "app.py", default_timeout=240).switch_page("pages/compare.py")
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    for key, value in choices.items():
        next(widget for widget in (*app.pills, *app.selectbox) if widget.key == key).set_value(value).run()
    return options(app, choices.get("experiment", link["experiment"]), link["sample"])


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(visit(*json.loads(line))), flush=True)
