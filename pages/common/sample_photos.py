"""Sample photos: those that lie inside installed packages, so that nothing is downloaded."""

import functools
import importlib.util
from pathlib import Path

_FILES = {
    "Motorcycle": "skimage/data/motorcycle_left.png",
    "Flower": "sklearn/datasets/images/flower.jpg",
    "Cat": "skimage/data/chelsea.png",
    "Coffee": "skimage/data/coffee.png",
    "Astronaut": "skimage/data/astronaut.png",
    "Rocket": "skimage/data/rocket.jpg",
    "Micrograph": "skimage/data/ihc.png",
    "Cameraman (grey)": "skimage/data/camera.png",
    "Grass (grey)": "skimage/data/grass.png",
}
SAMPLES = tuple(_FILES)
GREY_SAMPLES = tuple(name for name in SAMPLES if name.endswith("(grey)"))
"""Those without colours of their own, as their names say."""


def sample_named(name: str, content: bytes) -> str | None:
    """Return the name, if it is a sample's and the content is its file; None for whatever a visitor added."""
    return name if name in _FILES and content == read_sample(name) else None


@functools.cache
def read_sample(name: str) -> bytes:
    """Read the file of a sample: all of them have 3 MB."""
    package, _, path = _FILES[name].partition("/")
    return (_folder(package) / path).read_bytes()


def _folder(package: str) -> Path:
    """Find the folder of a package without importing it: scikit-learn would take a second."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed; requirements.txt has it", name=package)
    return Path(found.origin).parent
