"""A photo comes back at its own size with its own lightness; settings a checkpoint does not take are named."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorizer import color
from colorizer.checkpoints.store import WEIGHTS
from colorizer.errors import CheckpointError
from colorizer.inference import colorizer
from colorizer.inference.colorizer import Colorizer, Hint, load
from colorizer.inference.full_resolution import compose, read_lightness
from colorizer.inference.prediction import Prediction

CHECKPOINT = "scenes-500-huber"


@pytest.fixture(scope="module")
def model() -> Colorizer:
    return load(CHECKPOINT, device="cpu")


def lightness_of(image: Image.Image) -> np.ndarray:
    planes = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
    return color.lightness_from_bytes(planes)[0, 0].numpy()


@pytest.mark.parametrize("size", [(16, 16), (17, 301), (600, 400), (128, 128), (16, 4000), (1333, 1000)])
def test_the_result_has_the_photos_size_and_its_lightness(model: Colorizer, size: tuple[int, int]) -> None:
    photo = Image.fromarray(data.coffee()).resize(size)
    result = model.colorize(photo)
    assert result.image.size == size and result.image.mode == "RGB"
    assert np.abs(lightness_of(result.image) - lightness_of(photo)).max() < 1.0
    assert result.ab.dtype == np.float32 and result.ab.shape[0] == 2
    assert set(result.seconds) == {"decode", "network", "compose"}


def test_the_photos_own_colours_have_no_influence(model: Colorizer) -> None:
    photo = Image.fromarray(data.coffee())
    grey = compose(photo, Prediction(np.zeros((2, 8, 8), np.float32), np.zeros((8, 8), np.float32)))
    assert np.ptp(np.asarray(grey).astype(int), axis=2).max() <= 1
    from_colour, from_grey = (np.asarray(model.colorize(picture).image).astype(int) for picture in (photo, grey))
    assert np.abs(from_colour - from_grey).mean() < 1


def test_it_adds_colour(model: Colorizer) -> None:
    result = np.asarray(model.colorize(data.coffee()).image).astype(int)
    assert np.ptp(result, axis=2).mean() > 5


def test_saturation_scales_chroma_and_zero_is_grey(model: Colorizer) -> None:
    grey = np.asarray(model.colorize(data.coffee(), saturation=0).image).astype(int)
    assert np.ptp(grey, axis=2).max() <= 1
    vivid, plain = (model.colorize(data.coffee(), saturation=factor).image for factor in (1.5, 1.0))
    assert np.ptp(np.asarray(vivid).astype(int), axis=2).mean() > np.ptp(np.asarray(plain).astype(int), axis=2).mean()


@pytest.mark.parametrize("saturation", [-0.1, 3.1, float("nan")])
def test_a_saturation_out_of_range_is_refused(model: Colorizer, saturation: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 3"):
        model.colorize(data.coffee(), saturation=saturation)


def test_alpha_is_given_back(model: Colorizer) -> None:
    alpha = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    picture = np.dstack([data.coffee()[:48, :64], alpha])
    result = model.colorize(picture)
    assert result.image.mode == "RGBA"
    assert np.array_equal(np.asarray(result.image)[..., 3], alpha)


def test_grey_and_colour_input_of_every_kind(model: Colorizer, tmp_path: Path) -> None:
    array = data.camera()[:64, :96]
    path = tmp_path / "camera.png"
    Image.fromarray(array).save(path)
    results = [model.colorize(source).image for source in (array, path, str(path), path.read_bytes(), Image.open(path))]
    assert all(np.array_equal(np.asarray(result), np.asarray(results[0])) for result in results)


def test_hints_and_temperature_are_refused_by_name(model: Colorizer) -> None:
    with pytest.raises(ValueError, match=f"{CHECKPOINT} does not take hints"):
        model.colorize(data.coffee(), hints=[Hint(3, 4, (255, 0, 0))])
    with pytest.raises(ValueError, match=f"{CHECKPOINT} does not take a temperature"):
        model.colorize(data.coffee(), temperature=0.38)


def test_the_network_sees_the_aspect_ratio_and_a_bounded_area() -> None:
    assert colorizer.network_size(600, 400, 128) == (128, 192)
    assert colorizer.network_size(400, 600, 128) == (192, 128)
    for size in [(16, 32_768), (32_768, 16), (50_000, 1000)]:
        height, width = colorizer.network_size(*size, 128)
        assert height >= 1 and width >= 1
        assert height * width <= 1.2 * 4 * 128**2  # short sides of a few pixels are rounded


def test_small_lightness_is_the_area_mean() -> None:
    photo = Image.fromarray(data.coffee())
    whole = torch.from_numpy(lightness_of(photo))[None, None]
    expected = torch.nn.functional.avg_pool2d(whole, 4)
    assert torch.allclose(read_lightness(photo).downsampled((100, 150)), expected, atol=1e-2)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 9), (8, 16), (13, 2)])
def test_padding_reaches_the_stride_and_keeps_what_was_there(height: int, width: int) -> None:
    planes = torch.rand(1, 1, height, width)
    padded = colorizer.pad_to_stride(planes, 8)
    assert padded.shape[2] % 8 == 0 and padded.shape[3] % 8 == 0
    assert torch.equal(padded[:, :, :height, :width], planes)


def test_an_unknown_checkpoint_names_those_that_are_there() -> None:
    with pytest.raises(CheckpointError, match=CHECKPOINT):
        load("no-such")


def test_an_unknown_device_names_those_that_are_there() -> None:
    with pytest.raises(ValueError, match="cpu"):
        load(CHECKPOINT, device="abacus")  # type: ignore[arg-type]


def test_the_shipped_checkpoints_lie_beside_the_package() -> None:
    assert (WEIGHTS / CHECKPOINT / "model.safetensors").is_file()
