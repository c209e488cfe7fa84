"""The four-row strip of a network with a palette: grey, colorized, palette truth and original, at the network's size.

    square = evaluation.centre_square(photo.image, model.card.input_size)
    column = read_column(model, square, has_truth=not photo.is_grey)
    for row in ROWS:
        picture(column, row, "palette")      # 32 x 32 pixels, or None where a grey photo has no truth

A column is read once; its cells can be made again in each rendering.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from PIL import Image

from colorizer.evaluation.protocol import Grey, measure_at_own_size
from colorizer.evaluation.scores import Scores
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.full_resolution import compose
from colorizer.inference.palette_prediction import PalettePrediction, Rendering, palette_truth
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import RenderOptions

Row = Literal["Grey", "Coloured", "Palette truth", "Original"]
ROWS: Final[tuple[Row, ...]] = get_args(Row)


@dataclass(frozen=True)
class Column:
    """One picture of a strip; small enough to keep."""

    square: Image.Image
    """The original, RGB, at the network's size."""
    prediction: Prediction
    palette_prediction: PalettePrediction
    """That of `prediction`, which here always has one."""
    measured: Scores | None
    """None where the original has no colours to measure against."""


def read_column(model: Colorizer, square: Image.Image, has_truth: bool) -> Column:
    """Return what a network with a palette makes of a picture at its own size.

    Args:
        model: a checkpoint whose card `has_palette`.
        square: `evaluation.centre_square(image, model.card.input_size)`.
        has_truth: whether the picture has colours.

    Raises:
        ValueError: for a checkpoint without a palette.
    """
    prediction = model.predict(square)
    if prediction.palette_prediction is None:
        raise ValueError(f"{model.card.id} does not choose from a palette, so it has no strip")
    return Column(
        square, prediction, prediction.palette_prediction, measure_at_own_size(model, square) if has_truth else None
    )


def picture(column: Column, row: Row, rendering: Rendering) -> Image.Image | None:
    """Return a cell of the strip: RGB of the square's size; None for the truth and the original of a grey photo."""
    if row == "Grey":
        return compose(column.square, Grey().predict(column.square))
    if row == "Coloured":
        return compose(column.square, column.prediction, RenderOptions(rendering=rendering))
    if column.measured is None:
        return None
    return palette_truth(column.square, column.palette_prediction.colors) if row == "Palette truth" else column.square
