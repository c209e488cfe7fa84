"""Old film: how near a model comes to the true colours when all it sees is an orthochromatic print.

The print is the same for everybody: film without red, a fixed tone curve, faded blacks and whites, and grain whose seed
is the number of the picture. Its lightness is not that of the photo, so errors are taken in ab alone.
"""

import torch
from PIL import Image
from torch import Tensor

from colorizer import color
from colorizer.color.film import ORTHOCHROMATIC, characteristic_curve, film_grey
from colorizer.evaluation import metrics
from colorizer.evaluation.protocol import centre_square
from colorizer.inference.colorizer import Colorizer
from colorizer.utils.seeding import seeded

_CONTRAST, _MIDDLE = 1.2, 1.1
_BLACK, _WHITE = 0.08, 0.94
_GRAIN = 0.02
PROTOCOL = (
    f"centre crop to a square, Lanczos to {metrics.PROTOCOL_SIDE} x {metrics.PROTOCOL_SIDE}, an orthochromatic "
    "print of it (weights 0.02, 0.53, 0.45 of linear R, G, B; contrast 1.2, middle 1.1; L from 8 to 94; grain 2 L "
    "units, seeded by the picture's number), colorized; error in ab at the network's size, per picture, then averaged"
)


def orthochromatic_print(square: Image.Image, number: int) -> Image.Image:
    """Return the grey print of an RGB picture; `number` is the seed of its grain."""
    srgb = color.srgb_planes(square)
    exposure = film_grey(srgb, torch.tensor([ORTHOCHROMATIC])) / 100
    tones = characteristic_curve(exposure.clamp(0, 1), _CONTRAST, _MIDDLE)
    grain = torch.randn(tones.shape, generator=seeded("old film", number)) * _GRAIN
    lightness = ((_BLACK + (_WHITE - _BLACK) * tones + grain) * 100).clamp(0, 100)
    grey = color.lab_to_srgb(torch.cat([lightness, torch.zeros_like(lightness), torch.zeros_like(lightness)], 1))
    return Image.fromarray((grey[0, 1] * 255).round().to(torch.uint8).numpy()).convert("RGB")


def old_film_errors(model: Colorizer, image: Image.Image, number: int) -> tuple[float, float]:
    """RMSE in ab, in Lab units: of the model, and of no colour at all."""
    square = centre_square(image)
    ab = torch.from_numpy(model.predict(orthochromatic_print(square, number)).ab)[None]
    height, width = ab.shape[2:]
    small = square.resize((width, height), Image.Resampling.BOX)
    true_ab = _ab(small)
    return metrics.ab_rmse(ab, true_ab).item(), metrics.ab_rmse(torch.zeros_like(true_ab), true_ab).item()


def _ab(image: Image.Image) -> Tensor:
    return color.srgb_to_lab(color.srgb_planes(image))[:, 1:]
