"""The validation curve beside a film, with a marker at the epoch that is shown."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from colorizer.checkpoints.history import EpochRow, age
from pages.common.chart_theme import NEUTRAL
from pages.common.loss_chart import EPOCHS_AXIS, OWN_LOSS, QUANTITIES, Quantity, axis_title, is_of_classes
from pages.common.training_runs import Curve

_ROOM = 0.07  # beyond the curve's ends, as a share of its extent: for the marker
_LONG_TITLE = 40  # characters: of an axis, whose height a longer one exceeds


def measured(rows: Sequence[EpochRow]) -> list[Quantity]:
    """List the quantities that a run has values of."""
    return [quantity for quantity in QUANTITIES if any(math.isfinite(quantity.validation(row)) for row in rows)]


def row_at(rows: Sequence[EpochRow], epoch: int) -> EpochRow | None:
    """Find the row of an epoch; None if the history lacks it."""
    return next((row for row in rows if row.epoch == epoch), None)


def _figure(quantity: Quantity, row: EpochRow) -> str:
    """Format name, value and unit; a unit of more than one word is left to the chart's axis."""
    unit = quantity.axis.partition("(")[2].rstrip(")")
    value = f"{quantity.validation(row):.1%}" if "%" in quantity.tick_format else f"{quantity.validation(row):.4g}"
    text = f"{quantity.title} {value}" + (f" {unit}" if unit and " " not in unit else "")
    return text.replace(" ", "\u00a0")


def describe(row: EpochRow) -> str:
    """Describe all that was measured at an epoch, in one line of Markdown."""
    figures = " · ".join(_figure(quantity, row) for quantity in measured([row]))
    return f"**{age(row.epoch).capitalize()}**, on validation pictures: {figures}"


def _curve(rows: Sequence[EpochRow], quantity: Quantity, color: str) -> go.Scatter:
    return go.Scatter(
        x=[row.epoch + 1 for row in rows],
        y=[quantity.validation(row) for row in rows],
        mode="lines" if len(rows) > 1 else "markers",
        line={"color": color, "width": 2.5},
        showlegend=False,
        hovertemplate="%{y:.4g}<extra></extra>",
    )


def _dot(row: EpochRow, quantity: Quantity, color: str) -> go.Scatter:
    return go.Scatter(
        x=[row.epoch + 1],
        y=[quantity.validation(row)],
        mode="markers",
        marker={"size": 14, "color": color, "line": {"width": 2, "color": NEUTRAL}},
        showlegend=False,
        hoverinfo="skip",
        name="shown",
    )


def _baseline(curve: Curve, quantity: Quantity) -> float:
    """Return the baseline of a quantity; NaN if there is none."""
    return math.nan if curve.baseline is None else quantity.grey(curve.baseline)


def _folded(title: str) -> str:
    """Give a long title two lines, as the chart is not high."""
    return title.replace(" (", "<br>(", 1) if len(title) > _LONG_TITLE else title


def _range(values: Sequence[float]) -> list[float]:
    """Return an axis range that holds all values with some room, so that it stands still while the marker moves."""
    finite = [value for value in values if math.isfinite(value)]
    reserve = _ROOM * (max(finite) - min(finite)) or 0.5
    return [min(finite) - reserve, max(finite) + reserve]


def _add_baseline(figure: go.Figure, curve: Curve, quantity: Quantity, value: float) -> None:
    """Add a dashed line for no colour at all; where colours are classes, for a blind guess of their own scores."""
    is_blind = quantity.title == "Accuracy" or (quantity is OWN_LOSS and is_of_classes(curve.recipe))
    figure.add_hline(
        value,
        line={"color": NEUTRAL, "dash": "dash", "width": 2},
        annotation_text="guess without looking" if is_blind else "grey",
        annotation_position="top left",
    )


def draw(curve: Curve, quantity: Quantity, epoch: int, color: str) -> go.Figure:
    """Draw the validation curve of a run, its baseline dashed, and a marker at an epoch."""
    figure = go.Figure(_curve(curve.rows, quantity, color))
    if (row := row_at(curve.rows, epoch)) is not None:
        figure.add_trace(_dot(row, quantity, color))
    figure.add_vline(epoch + 1, line={"color": NEUTRAL, "width": 2}, layer="below")
    baseline = _baseline(curve, quantity)
    if math.isfinite(baseline):
        _add_baseline(figure, curve, quantity, baseline)
    values = [quantity.validation(row) for row in curve.rows]
    figure.update_xaxes(title=EPOCHS_AXIS, range=_range([row.epoch + 1 for row in curve.rows]))
    figure.update_yaxes(
        title=_folded(axis_title([curve], quantity)), tickformat=quantity.tick_format, range=_range([*values, baseline])
    )
    return figure
