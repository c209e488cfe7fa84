"""A move of the sliders of the first page: the work of one answer, at the size that is shown, without the network."""

from benchmarks.harness import Row, median_seconds
from benchmarks.single_photo import encode
from benchmarks.synthetic_photos import large_photo
from colorizer import images
from colorizer.inference.colorizer import Colorizer
from pages.common.model_cache import RenderOptions, compose_plane
from pages.common.photo_library import make_shot

LIMIT = 0.1  # seconds
_SATURATION, _VIVIDNESS = 1.3, 0.7


def rows(model: Colorizer) -> list[Row]:
    """Saturation and vividness, each with composing and encoding what is sent."""
    content = encode(large_photo(4000, 3000))
    shot = make_shot("key", content, images.open_image(content), "photo")
    prediction = model.predict(images.open_image(content).image)
    plane = shot.canvas_plane()

    def saturate() -> None:
        shot.encode(compose_plane(plane, prediction, RenderOptions(_SATURATION)))

    def change_vividness() -> None:
        shot.encode(compose_plane(plane, prediction, RenderOptions(vividness=_VIVIDNESS)))

    took = median_seconds({"saturation": saturate, "vividness": change_vividness})
    width, height = plane.size
    return [
        Row(f"a move of {name}, {width} x {height} px, seconds", f"{1000 * each:.0f} ms", each, LIMIT)
        for name, each in took.items()
    ]
