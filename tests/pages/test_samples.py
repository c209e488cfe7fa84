"""The sample photos lie in installed packages, and each can be opened."""

import subprocess
import sys

import pytest

from colorizer.images import open_image
from pages.common.sample_photos import GREY_SAMPLES, SAMPLES, read_sample
from tests.support import APP


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_opens_with_colours_unless_its_name_denies_them(name: str) -> None:
    decoded = open_image(read_sample(name))
    assert min(decoded.size) >= 300
    assert decoded.is_grey == name.endswith("(grey)") == (name in GREY_SAMPLES)


def test_a_newcomer_sees_the_motorcycle_and_can_choose_a_flower() -> None:
    assert SAMPLES[0] == "Motorcycle"
    assert open_image(read_sample("Flower")).size == (640, 427)


def test_no_name_holds_another() -> None:
    assert [(one, other) for one in SAMPLES for other in SAMPLES if one != other and one in other] == []


def test_reading_a_sample_imports_none_of_the_packages() -> None:
    code = (
        "import sys; from pages.common.sample_photos import SAMPLES, read_sample\n"
        "assert all(map(read_sample, SAMPLES)); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=APP.parent, capture_output=True, text=True, check=True)
    assert not {"sklearn", "skimage", "scipy"} & set(done.stdout.split())
