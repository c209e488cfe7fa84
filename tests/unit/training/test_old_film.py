"""Old prints in training: what film sees, and that all is drawn from the generator alone."""

import torch

from colorizer import color
from colorizer.color.film import BLUE_ONLY, ORTHOCHROMATIC, PANCHROMATIC, characteristic_curve, film_grey
from colorizer.training.old_film import old_film
from colorizer.utils.seeding import seeded


def one_color(*rgb: float) -> torch.Tensor:
    return torch.tensor(rgb).reshape(1, 3, 1, 1).expand(1, 3, 32, 32)


def grey_of(srgb: torch.Tensor, film: tuple[float, float, float]) -> float:
    return film_grey(srgb, torch.tensor([film])).mean().item()


def test_film_without_red_sees_lips_dark_and_skies_white() -> None:
    lips, sky = one_color(0.75, 0.25, 0.25), one_color(0.45, 0.65, 0.95)
    for film in (ORTHOCHROMATIC, BLUE_ONLY):
        assert grey_of(lips, film) < grey_of(lips, PANCHROMATIC) - 8
        assert grey_of(sky, film) > grey_of(sky, PANCHROMATIC) + 3


def test_panchromatic_film_sees_lightness() -> None:
    srgb = torch.rand(2, 3, 16, 16)
    assert torch.allclose(film_grey(srgb, torch.tensor([PANCHROMATIC])), color.srgb_to_lab(srgb)[:, :1], atol=0.1)


def test_the_curve_rises_from_dark_to_bright_and_contrast_steepens_it() -> None:
    exposure = torch.linspace(0, 1, 101)
    flat, steep = (characteristic_curve(exposure, contrast, 1.0) for contrast in (1.0, 2.0))
    assert torch.allclose(flat, exposure, atol=2e-3)
    assert bool((steep.diff() >= 0).all()) and steep[75] > flat[75] and steep[25] < flat[25]


def test_prints_follow_from_the_generator_and_differ_from_picture_to_picture() -> None:
    srgb = torch.rand(1, 3, 32, 32, generator=seeded("picture")).expand(6, 3, 32, 32)
    first, again, other = (old_film(srgb, seeded(seed)) for seed in (1, 1, 2))
    assert tuple(first.shape) == (6, 1, 32, 32) and first.min() >= 0 and first.max() <= 100
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert all(not torch.equal(first[0], print_) for print_ in first[1:])


def test_a_scene_can_still_be_recognised() -> None:
    """Light and dark of the scene stay light and dark: lightness and its prints correlate, on the whole."""
    srgb = torch.nn.functional.interpolate(torch.rand(16, 3, 4, 4, generator=seeded("scene")), 64, mode="bilinear")
    lightness = color.srgb_to_lab(srgb)[:, :1].flatten(1)
    prints = old_film(srgb, seeded("print")).flatten(1)
    pairs = [torch.corrcoef(torch.stack(pair))[0, 1].item() for pair in zip(lightness, prints, strict=True)]
    assert sum(pairs) / len(pairs) > 0.4
