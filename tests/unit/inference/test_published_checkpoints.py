"""Published networks colour photos by the same way as all checkpoints; siggraph17 takes hints."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

import colorizer
from benchmarks.formula_weights import make_formula_checkpoint
from colorizer import Colorizer, Hint
from colorizer.checkpoints.memory_budget import APP_MB, refusal
from colorizer.checkpoints.store import list_checkpoints
from colorizer.inference.full_resolution import read_lightness
from colorizer.inference.network_input import network_size
from colorizer.inference.render_options import RenderOptions

RED = (200, 40, 60)


@pytest.fixture(scope="module")
def siggraph17(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Colorizer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLORIZER_CACHE", str(tmp_path_factory.mktemp("fetched")))
        make_formula_checkpoint("siggraph17", input_size=64)
        yield colorizer.load("siggraph17", device="cpu")


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.fromarray(data.chelsea()).resize((96, 64))


def test_it_is_listed_and_colours_at_the_photos_own_size(siggraph17: Colorizer, photo: Image.Image) -> None:
    assert "siggraph17" in {card.id for card in list_checkpoints()}
    result = siggraph17.colorize(photo)
    assert result.image.size == photo.size
    assert result.ab.shape == (2, 64, 96)


def test_its_ab_is_what_its_network_says(siggraph17: Colorizer, photo: Image.Image) -> None:
    size = network_size(*photo.size, 64)
    with torch.inference_mode():
        expected = siggraph17.network(read_lightness(photo).downsampled(size))[0]
    assert torch.allclose(torch.from_numpy(siggraph17.predict(photo).ab), expected, atol=1e-3)


def test_several_at_once_are_the_same_as_one_by_one(siggraph17: Colorizer, photo: Image.Image) -> None:
    one = siggraph17.predict(photo)
    first, second = siggraph17.predict_many([one.lightness, one.lightness[::-1].copy()])
    assert np.allclose(first.ab, one.ab, atol=1e-3)
    assert not np.allclose(second.ab, one.ab, atol=1e-1)


def test_a_hint_reaches_the_network(siggraph17: Colorizer, photo: Image.Image) -> None:
    plain, hinted = (siggraph17.predict(photo, hints) for hints in (None, [Hint(40, 30, RED)]))
    moved = np.abs(hinted.ab - plain.ab).sum(0)
    assert moved[25:35, 35:45].max() > 0.1


def test_hint_propagation_meets_the_hint(siggraph17: Colorizer, photo: Image.Image) -> None:
    wanted = color_of(RED)
    for saturation in (1.0, 0.5):
        met = siggraph17.with_hint_propagation().predict(
            photo, [Hint(40, 30, RED)], RenderOptions(saturation=saturation)
        )
        assert np.abs(met.ab[:, 30, 40] * saturation - wanted).max() < 2
    suggested = siggraph17.predict(photo, [Hint(40, 30, RED)])
    assert np.abs(suggested.ab[:, 30, 40] - wanted).max() > 2


def color_of(rgb: tuple[int, int, int]) -> np.ndarray:
    from skimage.color import rgb2lab

    return rgb2lab(np.array(rgb, np.uint8)[None, None])[0, 0, 1:]


class TestMemoryBudget:
    """What does not fit is not offered, with the reason."""

    def test_too_large_a_network_is_refused_with_both_numbers(
        self, siggraph17: Colorizer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert siggraph17.card.published is not None
        needed = siggraph17.card.published.memory_mb + APP_MB
        monkeypatch.setenv("COLORIZER_MEMORY_MB", str(needed - 1))
        reason = refusal(siggraph17.card)
        assert reason is not None and f"needs {needed:,} MB" in reason and f"has {needed - 1:,} MB" in reason
        monkeypatch.setenv("COLORIZER_MEMORY_MB", str(needed))
        assert refusal(siggraph17.card) is None

    def test_checkpoints_trained_here_always_fit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLORIZER_MEMORY_MB", "1")
        assert {refusal(card) for card in list_checkpoints() if card.published is None} == {None}

    def test_a_mean_of_two_needs_the_memory_of_both(
        self, siggraph17: Colorizer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from colorizer.inference.mean_of_two import blend_card

        card = blend_card(siggraph17.card, siggraph17.card, 0.5)
        assert card.published is not None and siggraph17.card.published is not None
        assert card.published.memory_mb == 2 * siggraph17.card.published.memory_mb
        monkeypatch.setenv("COLORIZER_MEMORY_MB", str(siggraph17.card.published.memory_mb + APP_MB))
        assert refusal(card) is not None
