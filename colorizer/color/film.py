"""What film sees of a coloured scene: a grey of linear R, G and B whose weights are the film's, and its tone curve.

Film before about 1930 saw no red: plates were sensitive to blue alone, then to blue and green (orthochromatic), and
only panchromatic film sees as the eye does. So in old photographs lips and brick are dark, and skies are white.

Source: Mees, "The Theory of the Photographic Process", 1942 (sensitising, characteristic curve).
"""

from torch import Tensor

from colorizer.color.lab import lab_f, srgb_to_linear

PANCHROMATIC = (0.2126, 0.7152, 0.0722)
"""The luminance of ITU-R BT.709: weights of linear R, G and B."""
ORTHOCHROMATIC = (0.02, 0.53, 0.45)
BLUE_ONLY = (0.0, 0.10, 0.90)
_EPSILON = 1e-3


def film_grey(srgb: Tensor, sensitivity: Tensor) -> Tensor:
    """Expose film to a picture.

    Args:
        srgb: (N, 3, H, W) in 0..1.
        sensitivity: (N, 3) or (1, 3), weights of linear R, G and B with sum 1.

    Returns:
        (N, 1, H, W) in 0..100: the lightness L of the exposure.
    """
    exposure = (srgb_to_linear(srgb) * sensitivity[:, :, None, None]).sum(1, keepdim=True)
    return 116 * lab_f(exposure) - 16


def characteristic_curve(exposure: Tensor, contrast: Tensor | float, middle: Tensor | float) -> Tensor:
    """Develop: an S with toe and shoulder, x^g / (x^g + (m (1 - x))^g).

    Args:
        exposure: x, in 0..1.
        contrast: g, above 0; 1 is straight for m = 1.
        middle: m, above 0; above 1 the print is darker.

    Returns:
        The same shape, in 0..1.
    """
    bright = exposure.clamp(_EPSILON, 1 - _EPSILON) ** contrast
    dark = (middle * (1 - exposure).clamp(_EPSILON, 1)) ** contrast
    return bright / (bright + dark)
