"""Half precision: the network computes in it, and it is taken only where the picture stays the same."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorizer.inference.colorizer import Colorizer, load
from colorizer.inference.precision import LEAST_EQUAL, Precision, choose_precision, equal_share

HALVES = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def coloured(model: Colorizer, picture: np.ndarray) -> Image.Image:
    return model.colorize(picture).image


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_the_networks_convolutions_compute_in_it_and_the_answer_is_float32(precision: Precision) -> None:
    model = load("horse-16-unet", device="cpu", precision=precision)
    seen: set[torch.dtype] = set()
    for module in model.network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda _, __, output: seen.add(output.dtype))
    result = model.colorize(data.coffee())
    assert seen == {HALVES[precision]}
    assert result.ab.dtype == np.float32 and np.isfinite(result.ab).all()


def test_on_a_cpu_it_is_float32_unless_another_is_named() -> None:
    assert load("horse-16-cnn", device="cpu").precision == "float32"
    assert load("horse-16-cnn", device="cpu", precision="bfloat16").precision == "bfloat16"


def test_a_network_that_leaves_the_range_of_float16_is_not_run_in_it() -> None:
    model = load("flowers-cnn", device="cpu")
    first, second = [module for module in model.network.modules() if isinstance(module, torch.nn.Conv2d)][:2]
    assert first.bias is not None
    with torch.no_grad():  # ReLU lies between: in float32 the answer is what it was
        first.weight *= 1e6
        first.bias *= 1e6
        second.weight *= 1e-6
    assert choose_precision(model) != "float16"


def test_pixels_are_equal_up_to_1_of_255() -> None:
    one = np.full((10, 10, 3), 100, np.uint8)
    other = one.copy()
    other[0, 0], other[0, 1] = (101, 99, 100), (100, 100, 102)
    assert equal_share(Image.fromarray(one), Image.fromarray(other)) == 0.99


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
@pytest.mark.parametrize("checkpoint", ["photo", "scenes-500-huber", "landscapes-classification"])
def test_on_a_gpu_the_picture_is_that_of_float32(checkpoint: str) -> None:
    chosen, exact = (load(checkpoint, device="cuda", precision=name) for name in ("auto", "float32"))
    for picture in (data.stereo_motorcycle()[0], data.immunohistochemistry()):
        assert equal_share(coloured(chosen, picture), coloured(exact, picture)) >= LEAST_EQUAL
