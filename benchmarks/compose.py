"""Time and memory of putting colour onto a 12-megapixel photo, beside the naive way: python -m benchmarks.compose

Naive: enlarge ab bilinearly, convert the whole photo to Lab and back with scikit-image. Each way runs in a process of
its own, so that its peak memory is its own. Stated limits: our way takes no more than half of
the naive one's memory, and no more time; the exit status is 1 where one is missed.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from PIL import Image
from skimage import color as skcolor
from skimage import data
from skimage.transform import resize

from colorizer.chroma import Chroma
from colorizer.composing import compose

_SIZE = (4000, 3000)
_REPETITIONS = 3


def ours(photo: Image.Image, chroma: Chroma) -> None:
    """Guided, in strips, the gamut by chroma."""
    compose(photo, chroma)


def naive(photo: Image.Image, chroma: Chroma) -> None:
    """All at once, without a guide, the gamut by clipping."""
    lab = skcolor.rgb2lab(np.asarray(photo))
    lab[..., 1:] = resize(chroma.ab.transpose(1, 2, 0), lab.shape[:2], order=1)
    Image.fromarray((skcolor.lab2rgb(lab) * 255).round().astype(np.uint8))


_WAYS: dict[str, Callable[[Image.Image, Chroma], None]] = {"ours": ours, "naive": naive}


def measure(way: str) -> tuple[float, float]:
    """(best seconds, peak bytes above what was there before) of one way, in this process."""
    photo = Image.fromarray(data.coffee()).resize(_SIZE, Image.Resampling.LANCZOS)
    small = skcolor.rgb2lab(np.asarray(photo.resize((171, 128)))).astype(np.float32).transpose(2, 0, 1)
    chroma = Chroma(small[1:].copy(), small[0].copy())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(_REPETITIONS):
        start = time.perf_counter()
        _WAYS[way](photo, chroma)
        seconds.append(time.perf_counter() - start)
    return min(seconds), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def _measure_apart(way: str) -> tuple[float, float]:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.compose", way], check=True, capture_output=True, text=True
    ).stdout
    seconds, memory = answer.split()
    return float(seconds), float(memory)


def main() -> int:
    if len(sys.argv) > 1:
        print(*measure(sys.argv[1]))
        return 0
    results = {way: _measure_apart(way) for way in _WAYS}
    print(f"{'12 megapixels':16}{'seconds':>10}{'extra MB':>10}")
    for way, (seconds, memory) in results.items():
        print(f"{way:16}{seconds:10.2f}{memory / 1e6:10.0f}")
    time_ratio, memory_ratio = (mine / other for mine, other in zip(*results.values(), strict=True))
    print(f"{'ours / naive':16}{time_ratio:10.2f}{memory_ratio:10.2f}   limits: 1.00, 0.50")
    return 0 if time_ratio <= 1 and memory_ratio <= 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())
