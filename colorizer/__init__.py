"""Colour grey photographs with trained checkpoints.

    import colorizer

    model = colorizer.load("scenes-500-huber")
    result = model.colorize("harbour.jpg")      # path, link, bytes, PIL image or array
    result.image.save("coloured.png")

The public names stand in __init__.pyi, and are imported when they are first used: `import colorizer` costs nothing, and
sets nothing in the process.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
