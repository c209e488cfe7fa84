"""The way of one large photo: time against the limit and against the naive way, peak memory, growth with the size.

The limit, A, is to decode and encode the same JPEG with Pillow, quality 92, and nothing else. The naive way is that of
tutorials: scikit-image's rgb2lab and lab2rgb on the whole picture, resize, and the same network.

`python -m benchmarks.one_photo memory FILE` prints the MB that a photo needs at the peak above the loaded model, in a
process of its own.
"""

import functools
import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from skimage.color import lab2rgb, rgb2lab
from skimage.transform import resize

import colorizer
from benchmarks.harness import Row, median_seconds, peak_megabytes_above, seconds_of
from benchmarks.synthetic_photos import large_photo, megapixel_photo, scene, sides_of
from colorizer import images
from colorizer.inference.colorizer import Colorizer, network_size

LIMIT_A, NAIVE, MEMORY_12, MEMORY_50, GROWTH = 4.0, 15.0, 350.0, 900.0, 1.2
_SIZES = (1, 2, 5, 12, 25, 50)  # megapixels
_NAIVE_REPEATS = 3  # each takes seconds
_ROOT = Path(__file__).resolve().parent.parent


def encode(image: Image.Image) -> bytes:
    """As JPEG of quality 92, with Pillow's own defaults."""
    image.save(stream := io.BytesIO(), "JPEG", quality=92)
    return stream.getvalue()


def pillow_alone(content: bytes) -> None:
    """Decode and encode without anything in between (way A)."""
    image = Image.open(io.BytesIO(content))
    image.load()
    encode(image)


def ours(model: Colorizer, content: bytes) -> None:
    """From the bytes of a JPEG to those of the coloured one."""
    images.encode_image(model.colorize(content).image, "JPEG", model.describe())


def naive(model: Colorizer, content: bytes) -> None:
    """As tutorials do it, with the same network and at the same size of its input."""
    lab = rgb2lab(np.asarray(Image.open(io.BytesIO(content))))
    height, width = lab.shape[:2]
    small = resize(lab[..., 0], network_size(width, height, model.card.input_size))
    prediction = model.predict_from_lightness(small.astype(np.float32), (width, height))
    lab[..., 1:] = resize(prediction.ab.transpose(1, 2, 0), (height, width))
    encode(Image.fromarray((lab2rgb(lab) * 255).round().astype(np.uint8)))


@dataclass(frozen=True)
class Times:
    """Seconds for the same 12-megapixel JPEG."""

    pillow: float
    network: float
    ours: float
    naive: float


def measure_times(model: Colorizer) -> Times:
    """Two threads, median of 7 after a warm-up, in turn; the naive way of 3."""
    torch.set_num_threads(2)
    content = encode(large_photo(4000, 3000))
    seen = model.predict(images.open_image(content).image).lightness
    took = median_seconds(
        {
            "pillow": lambda: pillow_alone(content),
            "network": lambda: model.predict_from_lightness(seen, (4000, 3000)),
            "ours": lambda: ours(model, content),
        }
    )
    slow = sorted(seconds_of(lambda: naive(model, content)) for _ in range(_NAIVE_REPEATS))[_NAIVE_REPEATS // 2]
    return Times(took["pillow"], took["network"], took["ours"], slow)


def measure_memory(folder: Path, megapixels: int) -> float:
    """MB at the peak above the loaded model, in a process of its own."""
    photo = megapixel_photo(folder / f"{megapixels}.jpg", megapixels)
    command = [sys.executable, "-m", "benchmarks.single_photo", "memory", str(photo)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=_ROOT).stdout)


def print_memory(photo: str) -> None:
    model = colorizer.load("photo")
    ours(model, encode(large_photo(640, 480)))  # what is loaded with the first photo belongs to the model
    print(peak_megabytes_above(lambda: ours(model, Path(photo).read_bytes())))


def measure_growth(model: Colorizer) -> dict[int, tuple[float, float]]:
    """By megapixels: seconds of the whole way, and of the network in it, which sees every photo at one size.

    Each after one of its own size: the first photo of 1 megapixel after one of 50 takes 20 ms more, to be given memory.
    """
    torch.set_num_threads(2)
    contents = {size: encode(scene(*sides_of(size))) for size in _SIZES}
    photo = images.open_image(contents[_SIZES[0]])
    seen = model.predict(photo.image).lightness
    ways: dict[str, Callable[[], object]] = {}
    for size, content in contents.items():
        ways[f"{size}"] = functools.partial(ours, model, content)
        ways[f"network after {size}"] = functools.partial(model.predict_from_lightness, seen, photo.size)
    took = median_seconds(ways, after_itself=True)
    return {size: (took[f"{size}"], took[f"network after {size}"]) for size in _SIZES}


def rows(model: Colorizer, folder: Path, growth: dict[int, tuple[float, float]]) -> list[Row]:
    """Measure one photo."""
    times = measure_times(model)
    limit = LIMIT_A * times.pillow + times.network
    parts = f"A {times.pillow:.3f} s, network {times.network:.3f} s"
    per_megapixel = [(whole - network) / size for size, (whole, network) in growth.items()]
    found = [
        Row(
            "12-megapixel JPEG, the whole way, of 4 A + network",
            f"{times.ours:.2f} s = {times.ours / times.pillow:.1f} A; {parts}",
            times.ours / limit,
            1.0,
        ),
        Row("the naive way takes so many times as long", f"{times.naive:.1f} s", times.naive / times.ours, NAIVE, True),
    ]
    for megapixels, most in ((12, MEMORY_12), (50, MEMORY_50)):
        peak = measure_memory(folder, megapixels)
        found.append(Row(f"{megapixels} megapixels, memory above the model", f"{peak:.0f} MB", peak, most))
    spread = max(per_megapixel) / min(per_megapixel)
    shown = ", ".join(f"{1000 * each:.0f}" for each in per_megapixel)
    found.append(Row("most to least time a megapixel, 1 to 50, without the network", f"{shown} ms", spread, GROWTH))
    return found


if __name__ == "__main__":
    if sys.argv[1:2] != ["memory"]:
        raise SystemExit(__doc__)
    print_memory(sys.argv[2])
