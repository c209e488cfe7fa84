"""A checkpoint that takes hints: pinned colours are met, far ones stay, and nothing else needs the network again."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorizer import color
from colorizer.cli import main
from colorizer.inference.colorizer import Colorizer, load
from colorizer.inference.full_resolution import compose
from colorizer.inference.hints import Hint, hint_ab
from colorizer.inference.render_options import RenderOptions
from tests.support.toy_photo import hinted_model


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of checkpoints."""
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def model(weights: Path) -> Colorizer:
    return hinted_model(weights)


PHOTO = Image.fromarray(data.coffee())
RED, BLUE = Hint(150, 100, (180, 40, 40)), Hint(450, 300, (40, 60, 160))


def ab_at(image: Image.Image, hint: Hint) -> torch.Tensor:
    pixels = torch.from_numpy(np.array(image.crop((hint.x - 2, hint.y - 2, hint.x + 3, hint.y + 3)))).permute(2, 0, 1)
    return color.srgb_to_lab(pixels[None].float() / 255)[0, 1:].mean((1, 2))


@pytest.mark.parametrize("saturation", [1.0, 0.5, 1.5])
def test_pinned_colours_are_met_at_any_saturation(model: Colorizer, saturation: float) -> None:
    result = model.colorize(PHOTO, hints=[RED, BLUE], saturation=saturation).image
    for hint in (RED, BLUE):
        assert float((ab_at(result, hint) - torch.tensor(hint_ab(hint))).norm()) < 8


def test_without_saturation_everything_is_grey(model: Colorizer) -> None:
    result = np.asarray(model.colorize(PHOTO, hints=[RED], saturation=0).image).astype(int)
    assert np.ptp(result, axis=2).max() <= 1


def test_asking_again_needs_only_the_lightness(model: Colorizer) -> None:
    first = model.predict(PHOTO)
    assert first.distribution is not None and first.network_hints == ()
    again = model.predict_from_lightness(first.lightness, PHOTO.size, [RED])
    assert np.array_equal(again.ab, model.predict(PHOTO, [RED]).ab)
    assert len(again.network_hints) == 1 and not np.array_equal(again.ab, first.ab)


def test_another_temperature_is_that_of_the_network_asked_with_it(model: Colorizer) -> None:
    first = model.predict(PHOTO, [RED])
    cool = RenderOptions(temperature=0.2)
    assert np.allclose(first.rendered(cool).ab, model.predict(PHOTO, [RED], cool).ab, atol=1e-5)
    assert np.allclose(first.rendered(RenderOptions(temperature=model.temperature)).ab, first.ab)
    with pytest.raises(ValueError, match="it must be above 0"):
        RenderOptions(temperature=0)


def test_colours_without_a_distribution_have_no_temperature() -> None:
    plain = load("scenes-500-huber", device="cpu").predict(PHOTO)
    with pytest.raises(ValueError, match="no temperature"):
        plain.rendered(RenderOptions(temperature=0.5))


def test_saturation_is_applied_once(model: Colorizer) -> None:
    whole = model.colorize(PHOTO, hints=[RED], saturation=1.4).image
    by_halves = compose(PHOTO, model.predict(PHOTO, [RED]), RenderOptions(1.4))
    assert np.array_equal(np.asarray(whole), np.asarray(by_halves))


def test_a_hint_outside_is_refused(model: Colorizer) -> None:
    with pytest.raises(ValueError, match="outside the photo of 600 x 400"):
        model.colorize(PHOTO, hints=[Hint(600, 5, (1, 2, 3))])


def test_the_note_tells_of_temperature_and_hints(model: Colorizer) -> None:
    note = model.describe(RenderOptions(1.2, temperature=0.25), hints=3)
    assert note.endswith("saturation: 1.2; temperature: 0.25; colour hints: 3.")
    assert f"temperature: {model.temperature:g}" in model.describe()


@pytest.mark.usefixtures("model")
def test_hints_on_the_command_line(weights: Path, tmp_path: Path) -> None:
    Image.fromarray(data.coffee()).save(tmp_path / "coffee.png")
    arguments = ["--weights", str(weights), "colorize", str(tmp_path / "coffee.png"), "--checkpoint", "toy"]
    assert main([*arguments, "-o", str(tmp_path / "out.png"), "--hint", "150,100,#b42828"]) == 0
    with Image.open(tmp_path / "out.png") as image:
        assert "colour hints: 1" in str(image.info)
        assert float((ab_at(image.convert("RGB"), RED) - torch.tensor(hint_ab(RED))).norm()) < 8
    assert main([*arguments, "-o", str(tmp_path / "bad.png"), "--hint", "900,100,#b42828"]) == 1
    assert not (tmp_path / "bad.png").exists()
