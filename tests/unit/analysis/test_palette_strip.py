"""The four-row strip and its sheet: what stands in which cell, at which size, and what is saved of it."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from colorizer.analysis.palette_sheet import NOTE, Strip, draw_sheet
from colorizer.analysis.palette_strip import ROWS, Column, picture, read_column
from colorizer.checkpoints.card import Card, PictureSet
from colorizer.evaluation import protocol
from colorizer.images import encode_image
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.palette_prediction import RENDERINGS, color_bytes
from colorizer.models import build
from colorizer.models.palette_nets import PaletteNetwork

COLORS = 16


def make_model(colors: int = COLORS, input_size: int = 32, head: str = "palette") -> Colorizer:
    """Make an untrained network, with a palette where it has one; every statement here holds for it too."""
    torch.manual_seed(0)
    if head == "palette":
        network = build("palette-unet", colors=colors, width=4)
        assert isinstance(network, PaletteNetwork)
        network.set_palette(torch.rand(colors, 3))
    else:
        network = build("resnet18-colorizer")
    pictures = PictureSet("none", 0, "")
    card = Card(
        *("toy", "A toy", "", "toys", "", "", "", head), parameters=0, input_size=input_size, epochs=1, loss="",
        optimizer="", hardware="", seconds=0, weights_licence="", data_licence="", limitations="", trained_on=pictures,
        validated_on=pictures, sha256={},
    )  # fmt: skip
    return Colorizer(network.eval(), card, torch.device("cpu"))


def square(side: int = 32) -> Image.Image:
    return protocol.centre_square(Image.fromarray(data.coffee()), side)


@pytest.fixture(scope="module")
def column() -> Column:
    return read_column(make_model(), square(), has_truth=True)


def colors_in(image: Image.Image) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in np.asarray(image).reshape(-1, 3).tolist()}


def cell(column: Column, row: str, rendering: str = "chroma") -> Image.Image:
    image = picture(column, row, rendering)  # type: ignore[arg-type]
    assert image is not None
    return image


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("rendering", RENDERINGS)
def test_every_cell_has_the_size_of_the_network(column: Column, row: str, rendering: str) -> None:
    image = cell(column, row, rendering)
    assert image.size == (32, 32)
    assert image.mode == "RGB"


def test_the_rows_are_grey_colorized_truth_and_original(column: Column) -> None:
    palette = {tuple(color) for color in color_bytes(column.palette_prediction.colors).tolist()}
    grey = np.asarray(cell(column, "Grey")).astype(int)
    assert np.ptp(grey, axis=2).max() <= 1
    assert colors_in(cell(column, "Palette truth")) <= palette
    assert len(colors_in(cell(column, "Palette truth"))) > 1
    assert colors_in(cell(column, "Coloured", "palette")) <= palette
    assert np.array_equal(np.asarray(cell(column, "Original")), np.asarray(square()))


def test_the_palette_truth_is_the_nearest_choice_there_is(column: Column) -> None:
    colors = column.palette_prediction.colors.astype(np.float64)
    original = np.asarray(square()) / 255
    nearest = ((original[:, :, None] - colors) ** 2).sum(3).argmin(2)
    assert np.array_equal(
        np.asarray(cell(column, "Palette truth")), color_bytes(column.palette_prediction.colors)[nearest]
    )


def test_renderings_differ_in_the_colorized_row_alone(column: Column) -> None:
    for row in ROWS:
        cells = {cell(column, row, rendering).tobytes() for rendering in RENDERINGS}
        assert len(cells) == (3 if row == "Coloured" else 1)


def test_the_figures_are_those_of_validation_at_the_same_size(column: Column) -> None:
    measured = protocol.measure_at_own_size(make_model(), square())
    assert column.measured == measured
    assert 0 <= measured.accuracy <= 1
    assert math.isfinite(measured.loss)


def test_a_grey_photo_has_neither_truth_nor_original_nor_figures() -> None:
    grey = protocol.centre_square(Image.fromarray(data.camera()).convert("RGB"), 32)
    column = read_column(make_model(), grey, has_truth=False)
    assert column.measured is None
    assert [row for row in ROWS if picture(column, row, "chroma") is not None] == ["Grey", "Coloured"]


def test_a_network_without_a_palette_has_no_strip() -> None:
    with pytest.raises(ValueError, match="toy does not choose from a palette"):
        read_column(make_model(head="ab"), square(), has_truth=True)


def _runs_of(line: np.ndarray) -> list[int]:
    """Lengths of the runs of equal pixels in (W, 3)."""
    edges = np.flatnonzero((line[1:] != line[:-1]).any(1)) + 1
    return np.diff(np.concatenate([[0], edges, [len(line)]])).tolist()


@pytest.mark.parametrize(("side", "factor"), [(32, 4), (48, 3), (200, 1)])
def test_a_sheet_enlarges_by_whole_factors(side: int, factor: int) -> None:
    original = square(side)
    column = read_column(make_model(input_size=side), original, has_truth=True)
    sheet = np.asarray(draw_sheet([Strip("A strip", [("Coffee", column)])], "palette"))
    enlarged = np.asarray(original.resize((side * factor, side * factor), Image.Resampling.NEAREST))
    height, width = enlarged.shape[:2]
    found = [
        (top, left)
        for top in range(sheet.shape[0] - height + 1)
        for left in range(sheet.shape[1] - width + 1)
        if np.array_equal(sheet[top, left : left + width], enlarged[0])
        and np.array_equal(sheet[top : top + height, left : left + width], enlarged)
    ]
    assert len(found) == 1
    assert all(run % factor == 0 for run in _runs_of(enlarged[0]))


def test_a_sheet_grows_with_its_strips_and_holds_long_and_foreign_names(column: Column) -> None:
    one = draw_sheet([Strip("16 colours", [("Coffee", column)] * 3)], "chroma")
    two = draw_sheet([Strip("16 colours", [("x" * 200, column), ("馬", column), ("", column)])] * 2, "chroma")
    assert two.width > one.width + 3 * 128
    assert two.height == one.height


def test_a_sheet_without_pictures_is_refused(column: Column) -> None:
    for strips in ([], [Strip("16 colours", [])], [Strip("16 colours", [("Coffee", column)]), Strip("None", [])]):
        with pytest.raises(ValueError, match="at least one"):
            draw_sheet(strips, "chroma")


def test_a_saved_sheet_says_that_the_colours_are_a_models(column: Column) -> None:
    saved = encode_image(draw_sheet([Strip("16 colours", [("Coffee", column)])], "chroma"), "PNG", NOTE)
    with Image.open(io.BytesIO(saved)) as image:
        assert "made up by a neural network" in image.info["Description"]
        assert set(image.info) == {"Description", "icc_profile"}
