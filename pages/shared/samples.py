"""Sample photos: those that lie inside the scikit-image package, so that nothing is downloaded."""

from pathlib import Path

import skimage

_FILES = {
    "Motorcycle": "motorcycle_left.png",
    "Cat": "chelsea.png",
    "Coffee": "coffee.png",
    "Astronaut": "astronaut.png",
    "Rocket": "rocket.jpg",
    "Cameraman (grey)": "camera.png",
    "Grass (grey)": "grass.png",
}
SAMPLES = tuple(_FILES)


def read_sample(name: str) -> bytes:
    """The file of a sample."""
    return (Path(skimage.__file__).parent / "data" / _FILES[name]).read_bytes()
