"""Vividness raises colourfulness, always; reach widens and narrows what a hint changes."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorizer.evaluation.metrics import colorfulness
from colorizer.inference.colorizer import Colorizer, load
from colorizer.inference.full_resolution import compose
from colorizer.inference.hints import Hint
from colorizer.inference.render_options import RenderOptions
from colorizer.inference.vividness import apply_vividness

STEPS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0)
PHOTOS = {name: Image.fromarray(getattr(data, name)()) for name in ("astronaut", "chelsea", "coffee", "rocket")}


@pytest.fixture(scope="module")
def model() -> Colorizer:
    return load("photo", device="cpu")


def colorfulness_of(image: Image.Image) -> float:
    return colorfulness(torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255).item()


@pytest.mark.parametrize("name", PHOTOS)
def test_more_vividness_is_more_colour(model: Colorizer, name: str) -> None:
    photo = PHOTOS[name].resize((320, 240))
    prediction = model.predict(photo)
    found = [colorfulness_of(compose(photo, prediction, RenderOptions(vividness=step))) for step in STEPS]
    assert found == sorted(found) and found[0] < 0.5 * found[3] < 0.75 * found[-1]


def test_the_middle_is_the_models_own_and_hues_stay() -> None:
    ab = torch.randn(2, 9, 7) * 30
    assert torch.equal(apply_vividness(ab, 0.5), ab)
    bold = apply_vividness(ab, 1.0)
    assert torch.allclose(torch.atan2(bold[1], bold[0]), torch.atan2(ab[1], ab[0]), atol=1e-5)
    gain = torch.hypot(bold[0], bold[1]) / torch.hypot(ab[0], ab[1])
    strong, weak = torch.hypot(ab[0], ab[1]) > 45, torch.hypot(ab[0], ab[1]) < 15
    assert gain[strong].max() < gain[weak].min()


def test_a_hint_keeps_its_colour_at_any_vividness_and_moves_more_with_more_reach(model: Colorizer) -> None:
    photo = PHOTOS["astronaut"].resize((256, 256))
    hint = Hint(60, 60, (200, 40, 40))
    plain, hinted = model.predict(photo), model.predict(photo, [hint])
    moved = []
    for reach in (0.25, 1.0, 4.0):
        options = RenderOptions(vividness=0.9, reach=reach)
        ab = hinted.rendered(options).ab
        scale = ab.shape[1] / 256
        row = column = int(60.5 * scale)
        wanted = hinted.network_hints[0]
        assert np.hypot(ab[0, row, column] - wanted.a, ab[1, row, column] - wanted.b) < 1.5
        moved.append(float(np.hypot(*(ab - plain.rendered(options).ab)).mean()))
    assert moved == sorted(moved) and moved[0] < 0.9 * moved[2]


@pytest.mark.parametrize(
    ("given", "said"),
    [({"vividness": 1.2}, "between 0 and 1"), ({"reach": 0.1}, "0.25 and 4"), ({"saturation": float("nan")}, "and 3")],
)
def test_what_is_out_of_range_is_refused_with_the_range(given: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RenderOptions(**given)  # type: ignore[arg-type]
