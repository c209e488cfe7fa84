"""The first picture waits for torch and Streamlit, and for nothing else that is large; nor do other pages bring what
they can do without."""

import subprocess
import sys

import pytest

from tests.support import APP

HEAVY = {
    "accelerate",
    "matplotlib",
    "pandas",
    "pillow_heif",
    "pyarrow",
    "requests",
    "scipy",
    "skimage",
    "sklearn",
    "sympy",
    "torchvision",
    "webdataset",
    "colorizer.data.dataset",
    "colorizer.training.trainer",
}

VISIT = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("app.py", default_timeout=120).run()
assert not app.exception and not app.error
from colorizer import list_checkpoints
from pages.features.hints.state import hint_work
card = next(card for card in list_checkpoints() if card.id == "photo")
kept = app.session_state["photo_library"].samples.values()
assert [work.picture is not None for shot in kept for work in [hint_work(shot, card)]] == [True]
print(*sys.modules)
assert not app.switch_page("pages/models.py").run().exception
print(*sys.modules)
app.query_params["sample"] = "Coffee"
assert not app.switch_page("pages/compare.py").run().exception
import io
from PIL import Image
from pages.common import model_cache
from pages.common.sample_photos import read_sample
coffee = Image.open(io.BytesIO(read_sample("Coffee"))).convert("RGB")
assert model_cache.colour(card, coffee, True).measures.ciede2000 < model_cache.baseline(coffee).grey.ciede2000
for page in sorted(Path("pages").glob("[!_]*.py")):
    assert not app.switch_page(str(page)).run().exception, page
print(*sys.modules)
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """Return the lines that a process prints in which somebody visits the first page."""
    done = subprocess.run([sys.executable, "-c", VISIT], cwd=APP.parent, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_first_page_colours_its_sample_without_importing_what_it_does_not_need(printed: list[str]) -> None:
    loaded = set(printed[0].split())
    assert {"torch", "streamlit", "colorizer.inference.colorizer", "pages.features.hints.canvas"} <= loaded
    assert not loaded & HEAVY


def test_the_list_of_published_networks_imports_nothing_that_fetches_them(printed: list[str]) -> None:
    loaded = set(printed[1].split())
    assert "pages.features.published.fetch_list" in loaded
    assert not loaded & {"huggingface_hub", "httpx2"}


def test_no_page_imports_scikit_image_or_scipy_for_scores_or_pandas_for_tables(printed: list[str]) -> None:
    loaded = set(printed[2].split())
    assert {"pyarrow", "pages.features.ranking.tables", "pages.features.color_spaces.tiles"} <= loaded
    assert not loaded & {"pandas", "scipy", "skimage"}


def test_tables_take_their_memory_where_it_is_given_back(printed: list[str]) -> None:
    assert printed[3] == "system"
