"""The parts of the app's start, one after the other in a fresh process: python -m benchmarks.start_parts

It prints JSON: seconds by name. `benchmarks.startup` reads it. Imports are what is measured: they stand in functions.
"""

import json
import statistics
import time

_CHECKPOINT, _SAMPLE = "photo", "Cameraman (grey)"  # that the first page shows at first
_NOTE = "A preview."
_PASSES = 5


class _Stopwatch:
    """Seconds of what was done since the lap before."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def _import_all(watch: _Stopwatch) -> None:
    from colorizer.utils.openmp import let_idle_threads_sleep

    let_idle_threads_sleep()
    import torch  # noqa: F401

    watch.lap("import torch")
    import streamlit

    watch.lap("import streamlit")
    import streamlit.web.cli
    import streamlit.web.server.starlette.starlette_server  # noqa: F401

    watch.lap("import its server")
    import pages.common.checkpoint_picker
    import pages.common.photo_picker
    import pages.common.style  # noqa: F401

    watch.lap("import the rest")


def measure() -> dict[str, float]:
    """Import and do all that the first picture needs; this must be a fresh process."""
    watch = _Stopwatch()
    _import_all(watch)
    import colorizer
    from colorizer.checkpoints.store import scan
    from colorizer.evaluation.protocol import Grey
    from colorizer.images import encode_image
    from colorizer.inference.full_resolution import compose
    from pages.common.sample_photos import read_sample

    scan()
    watch.lap("read the cards")
    model = colorizer.load(_CHECKPOINT)
    watch.lap("load the weights")
    photo = colorizer.open_image(read_sample(_SAMPLE)).image
    watch.lap("decode the sample")
    prediction = model.predict(photo)
    watch.lap("network, first pass")
    for colors in (prediction, Grey().predict(photo)):
        encode_image(compose(photo, colors), "JPEG", _NOTE)
    watch.lap("compose, and the grey one")
    return watch.laps


def forward_seconds() -> float:
    """One pass of the network over the sample at the network's own size, once it is warm: median."""
    import colorizer
    from pages.common.sample_photos import read_sample

    model, photo = colorizer.load(_CHECKPOINT), colorizer.open_image(read_sample(_SAMPLE)).image
    lightness = model.predict(photo).lightness
    passes = []
    for _ in range(_PASSES):
        begun = time.perf_counter()
        model.predict_from_lightness(lightness, photo.size)
        passes.append(time.perf_counter() - begun)
    return statistics.median(passes)


if __name__ == "__main__":
    print(json.dumps(measure()))
