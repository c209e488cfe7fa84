"""Colour as a choice: three renderings of one answer, the best a palette can do, and what is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from skimage.color import rgb2lab

from colorizer import color, models
from colorizer.checkpoints.store import snapshot_file, to_float16, write_card, write_tensors
from colorizer.color.palettes import read_palette
from colorizer.data.reading import cut_square, resize
from colorizer.evaluation.protocol import centre_square, measure_at_own_size
from colorizer.evaluation.validation import measure_network
from colorizer.inference import palette_prediction
from colorizer.inference.colorizer import Colorizer, load, network_size
from colorizer.inference.full_resolution import compose
from colorizer.inference.palette_prediction import RENDERINGS, PalettePrediction, color_bytes, paint, palette_truth
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import RenderOptions
from colorizer.models import PaletteNetwork
from colorizer.training.losses import make_loss
from tests.support.checkpoints import CARD
from tests.support.photos import crop_of_a_photo

MODEL = "model.safetensors"
PHOTO = Image.fromarray(data.coffee()).resize((90, 60))
COLORS = np.array([[0, 0, 0], [0.8, 0.2, 0.2], [0.1, 0.4, 0.9], [1, 1, 1]], np.float32)


def ship(weights: Path, name: str, network: models.ColorNetwork, **changes: object) -> None:
    """Make a checkpoint of a network with its random weights."""
    folder = weights / name
    hashes = {MODEL: write_tensors(folder / MODEL, to_float16(network.state_dict()))}
    card = dataclasses.replace(
        CARD, id=name, sha256=hashes, head=network.head, options=dict(network.options), **changes
    )  # type: ignore[arg-type]
    write_card(folder, card)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a checkpoint that chooses among 16 colours at 32 x 32, and one without a choice."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(5)
    chooser = models.build("palette-unet", colors=16, width=8)
    assert isinstance(chooser, PaletteNetwork)
    chooser.set_palette(read_palette("horse-16"))
    torch.nn.init.normal_(chooser.classify.weight, std=0.4)
    ship(folder, "chooser", chooser, architecture="palette-unet", input_size=32)
    ship(folder, "painter", models.build("resnet18-colorizer"), architecture="resnet18-colorizer", input_size=32)
    return folder


@pytest.fixture(scope="module")
def model(weights: Path) -> Colorizer:
    return load("chooser", device="cpu", weights=weights)


@pytest.fixture(scope="module")
def prediction(model: Colorizer) -> Prediction:
    return model.predict(PHOTO)


def chosen(prediction: Prediction) -> PalettePrediction:
    assert prediction.palette_prediction is not None
    return prediction.palette_prediction


def pixels_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def test_an_answer_has_the_palette_a_class_for_each_pixel_and_the_expected_chroma(prediction: Prediction) -> None:
    answer = chosen(prediction)
    size = network_size(*PHOTO.size, 32)
    assert np.array_equal(answer.colors, read_palette("horse-16").numpy())
    assert (answer.classes.shape, answer.classes.dtype) == (size, np.uint8)
    assert (answer.expected_ab.shape, answer.expected_ab.dtype) == ((2, *size), np.float32)
    chosen_ab = rgb2lab(answer.colors[None].astype(float))[0, :, 1:][answer.classes]
    assert prediction.ab.transpose(1, 2, 0) == pytest.approx(chosen_ab, abs=0.02)


def test_shares_are_counted_and_sum_to_one(prediction: Prediction) -> None:
    answer = chosen(prediction)
    assert answer.shares.shape == (16,)
    assert answer.shares.sum() == pytest.approx(1)
    assert (answer.shares > 0).sum() == len(np.unique(answer.classes)) > 1
    assert answer.shares[3] == (answer.classes == 3).mean()
    one = PalettePrediction(COLORS, np.full((3, 5), 2, np.uint8), np.zeros((2, 3, 5), np.float32))
    assert one.shares.tolist() == [0, 0, 1, 0]


def test_the_largest_palette_has_a_byte_for_each_colour() -> None:
    network = models.build("palette-cnn", colors=256, width=1)
    assert isinstance(network, PaletteNetwork)
    logits = torch.full((1, 256, 4, 64), -1.0).scatter(1, torch.arange(256).view(1, 1, 4, 64), 1.0)
    answer = palette_prediction.read_palette_prediction(network, logits)
    assert np.array_equal(answer.classes.ravel(), np.arange(256))
    assert (answer.shares == 1 / 256).all()


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize("size", [(90, 60), (33, 47), (16, 400)])
def test_every_rendering_has_the_photos_size(
    model: Colorizer, rendering: palette_prediction.Rendering, size: tuple[int, int]
) -> None:
    result = model.colorize(PHOTO.resize(size), rendering=rendering)
    assert (result.image.size, result.image.mode) == (size, "RGB")


def test_chroma_and_expectation_keep_the_photos_lightness_and_differ(prediction: Prediction) -> None:
    results = {name: compose(PHOTO, prediction, RenderOptions(rendering=name)) for name in RENDERINGS}
    lightness = rgb2lab(np.asarray(PHOTO))[..., 0]
    for name in ("chroma", "expected"):
        assert np.abs(rgb2lab(np.asarray(results[name]))[..., 0] - lightness).max() < 1.5
    assert np.abs(rgb2lab(np.asarray(results["palette"]))[..., 0] - lightness).max() > 5
    assert np.abs(pixels_of(results["chroma"]) - pixels_of(results["expected"])).max() > 5
    assert np.array_equal(pixels_of(compose(PHOTO, prediction)), pixels_of(results["chroma"]))  # the default


def test_the_palette_rendering_is_large_pixels_of_the_palettes_own_colours(prediction: Prediction) -> None:
    answer = chosen(prediction)
    palette = (answer.colors.astype(float) * 255).round().astype(int)
    shown = pixels_of(compose(PHOTO, prediction, RenderOptions(rendering="palette")))
    assert {tuple(pixel) for pixel in shown.reshape(-1, 3)} == {
        tuple(palette[number]) for number in np.unique(answer.classes)
    }
    height, width = answer.classes.shape
    doubled = pixels_of(paint(answer, (2 * width, 2 * height)))
    assert np.array_equal(doubled, palette[answer.classes].repeat(2, 0).repeat(2, 1))


def test_alpha_stays_with_every_rendering(model: Colorizer) -> None:
    picture = np.dstack([np.asarray(PHOTO), np.full((60, 90), 77, np.uint8)])
    for rendering in RENDERINGS:
        assert (np.asarray(model.colorize(picture, rendering=rendering).image)[..., 3] == 77).all()


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_saturation_scales_every_rendering_and_zero_is_grey(
    prediction: Prediction, rendering: palette_prediction.Rendering
) -> None:
    grey, plain, vivid = (
        np.ptp(pixels_of(compose(PHOTO, prediction, RenderOptions(factor, rendering))), axis=2)
        for factor in (0, 1, 1.6)
    )
    assert grey.max() <= 1
    assert vivid.mean() > plain.mean() > 2


def test_saturation_keeps_the_lightness_of_palette_colours() -> None:
    plain, vivid = color_bytes(COLORS), color_bytes(COLORS, 1.2)
    assert np.array_equal(plain, (COLORS * 255).round().astype(np.uint8))
    assert rgb2lab(vivid[None])[..., 0] == pytest.approx(rgb2lab(plain[None])[..., 0], abs=0.6)
    assert np.array_equal(vivid[[0, 3]], plain[[0, 3]])  # black and white have no colour to scale


def test_the_palettes_truth_is_each_pixel_in_its_nearest_colour() -> None:
    pixels = np.asarray(PHOTO)
    nearest = ((pixels[..., None, :] / 255 - COLORS.astype(float)) ** 2).sum(-1).argmin(-1)
    assert np.array_equal(np.asarray(palette_truth(PHOTO, COLORS)), color_bytes(COLORS)[nearest])
    again = palette_truth(palette_truth(PHOTO, COLORS), COLORS)
    assert np.array_equal(np.asarray(again), np.asarray(palette_truth(PHOTO, COLORS)))


@pytest.mark.parametrize("rendering", ["expected", "palette"])
def test_a_checkpoint_without_a_palette_names_those_that_have_one(
    weights: Path, rendering: palette_prediction.Rendering
) -> None:
    painter = load("painter", device="cpu", weights=weights)
    with pytest.raises(
        ValueError, match=f"painter does not take the rendering '{rendering}'; these checkpoints do: chooser$"
    ):
        painter.colorize(PHOTO, rendering=rendering)
    with pytest.raises(ValueError, match="not chosen from a palette"):
        compose(PHOTO, painter.predict(PHOTO), RenderOptions(rendering=rendering))
    assert painter.predict(PHOTO).palette_prediction is None
    assert painter.colorize(PHOTO, rendering="chroma").image.size == PHOTO.size


@pytest.mark.parametrize("name", ["chooser", "painter"])
def test_a_rendering_that_there_is_not_is_refused_with_those_that_there_are(weights: Path, name: str) -> None:
    some = load(name, device="cpu", weights=weights)
    for colour in (some.colorize, lambda photo, **given: compose(photo, some.predict(photo), RenderOptions(**given))):
        with pytest.raises(ValueError, match="rendering is 'cubist'; it must be one of chroma, expected, palette"):
            colour(PHOTO, rendering="cubist")


def test_the_note_in_a_saved_result_says_how_a_choice_is_shown(weights: Path, model: Colorizer) -> None:
    assert model.describe().endswith("Checkpoint: chooser; saturation: 1; rendering: chroma.")
    assert model.describe(RenderOptions(0.5, "palette")).endswith(
        "Checkpoint: chooser; saturation: 0.5; rendering: palette."
    )
    assert (
        load("painter", weights=weights).describe(RenderOptions(0.5)).endswith("Checkpoint: painter; saturation: 0.5.")
    )


def test_a_checkpoint_at_its_own_size_measures_what_training_would(weights: Path, model: Colorizer) -> None:
    painter = load("painter", device="cpu", weights=weights)
    for number in (0, 2):
        photo = Image.fromarray(crop_of_a_photo(number)).resize((44, 44))
        square = cut_square(resize(photo, 32), 0.5)[None]  # as `read_square` gives it to training
        shown = centre_square(photo, 32)
        for one, loss in ((model, "cross_entropy"), (painter, "mse")):
            there = measure_network(one.network, square, make_loss(loss, 1.0), torch.device("cpu"))  # type: ignore[arg-type]
            here = measure_at_own_size(one, shown)
            if one is model:
                assert here == there
                assert 0 < here.accuracy < 1
            else:
                assert np.isnan(here.loss) and np.isnan(here.accuracy)
                assert dataclasses.replace(here, loss=there.loss) == there


def test_a_palette_survives_shipping_to_the_last_digit(weights: Path, model: Colorizer) -> None:
    assert isinstance(model.network, PaletteNetwork)
    assert torch.equal(model.network.palette, read_palette("horse-16"))
    srgb = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model.network.target(srgb, srgb), color.nearest_color(srgb, read_palette("horse-16")))
    assert not (weights / "chooser" / snapshot_file(2)).exists()
