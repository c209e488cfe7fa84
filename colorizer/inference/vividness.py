"""Vividness: more or less colour without asking the network again.

Above the middle pale colours gain most and strong ones hardly ("vibrance" in photo editors), so that what is bold does
not turn into patches; below it all fade alike. At every pixel chroma grows with vividness, so colourfulness does too.
"""

import torch
from torch import Tensor

from colorizer.inference.render_options import DEFAULT_VIVIDNESS

_MOST_GAIN = 1.3
"""Of a colour next to grey, at full vividness: it becomes 2.3 times as strong."""
_MOST_FADING = 0.75
_STRONG_CHROMA = 45.0
"""Lab units: a colour this strong gains a third of what a pale one does."""


def apply_vividness(ab: Tensor, vividness: float) -> Tensor:
    """Scale the chroma of colours.

    Args:
        ab: (2, ...) in Lab units.
        vividness: 0..1; 0.5 changes nothing.

    Returns:
        The same shape, of the same hues.
    """
    change = (vividness - DEFAULT_VIVIDNESS) / DEFAULT_VIVIDNESS
    if change <= 0:
        return ab * (1 + _MOST_FADING * change)
    chroma = torch.hypot(ab[0], ab[1])
    return ab * (1 + _MOST_GAIN * change * torch.exp(-chroma / _STRONG_CHROMA))
