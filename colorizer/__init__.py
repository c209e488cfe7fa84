"""Colour grey photographs with trained checkpoints.

    import colorizer

    model = colorizer.load("scenes-500-huber")
    result = model.colorize("harbour.jpg")      # path, link, bytes, PIL image or array
    result.image.save("coloured.png")

The public names are imported when they are first used, so that `import colorizer` costs nothing.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from colorizer.checkpoints.card import Card as Card
    from colorizer.checkpoints.store import list_checkpoints as list_checkpoints
    from colorizer.errors import ColorizerError as ColorizerError
    from colorizer.images import open_image as open_image
    from colorizer.inference.colorizer import Colorization as Colorization
    from colorizer.inference.colorizer import Colorizer as Colorizer
    from colorizer.inference.colorizer import load as load
    from colorizer.inference.hints import Hint as Hint

# A thread of OpenMP spins until more work comes, by default for milliseconds, in which it keeps a core from others; so
# long as torch is not loaded yet, this makes it sleep after a fraction of a millisecond.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

_HOME = {
    "Card": "checkpoints.card",
    "Colorization": "inference.colorizer",
    "Colorizer": "inference.colorizer",
    "ColorizerError": "errors",
    "Hint": "inference.hints",
    "list_checkpoints": "checkpoints.store",
    "load": "inference.colorizer",
    "open_image": "images",
}
__all__ = [
    "Card",
    "Colorization",
    "Colorizer",
    "ColorizerError",
    "Hint",
    "list_checkpoints",
    "load",
    "open_image",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'colorizer' has no attribute {name!r}")
    return getattr(importlib.import_module(f"colorizer.{_HOME[name]}"), name)
