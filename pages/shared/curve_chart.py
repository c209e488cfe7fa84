"""The chart of the curves page: any runs over one another, in one quantity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from colorizer.history import EpochRow, best_row
from colorizer.validation import Baseline
from pages.shared import glossary
from pages.shared.charts import NEUTRAL
from pages.shared.runs import Curve, smooth


@dataclass(frozen=True)
class Quantity:
    """What is drawn over the epochs."""

    title: str
    axis: str
    help: str
    validation: Callable[[EpochRow], float]
    grey: Callable[[Baseline], float]
    training: Callable[[EpochRow], float] | None = None
    truth: Callable[[Baseline], float] | None = None


OWN_LOSS = Quantity(
    "Own loss", "loss", glossary.LOSS, lambda row: row.val_loss, lambda base: base.grey.loss, lambda row: row.train_loss
)
QUANTITIES = (
    OWN_LOSS,
    Quantity("PSNR", "PSNR (dB)", glossary.PSNR, lambda row: row.val_psnr, lambda base: base.grey.psnr),
    Quantity("CIEDE2000", "CIEDE2000", glossary.CIEDE2000, lambda row: row.val_delta_e, lambda base: base.grey.delta_e),
    Quantity(
        "ab RMSE", "ab RMSE (Lab units)", glossary.AB_RMSE, lambda row: row.val_ab_rmse, lambda base: base.grey.ab_rmse
    ),
    Quantity(
        "Colourfulness",
        "colourfulness",
        glossary.COLORFULNESS,
        lambda row: row.val_colorfulness,
        lambda base: base.grey.colorfulness,
        truth=lambda base: base.true_colorfulness,
    ),
)
TRAINING, VALIDATION = "training", "validation"
LOSS_NAMES = {"mse": "MSE", "huber": "Huber", "l1": "L1"}
_LOSS_AXES = {
    "mse": "MSE over ab (Lab units squared)",
    "huber": "Huber loss over ab (Lab units squared, linear above the threshold)",
    "l1": "mean absolute error over ab (Lab units)",
}


@dataclass(frozen=True)
class View:
    """How the curves are drawn."""

    quantity: Quantity
    parts: Sequence[str]
    """TRAINING, VALIDATION or both, in this order."""
    by_images: bool
    log: bool
    smoothing: float


def curve_x(curve: Curve, view: View) -> list[int]:
    """Where the epochs of a run lie on the horizontal axis."""
    return [row.images_seen if view.by_images else row.epoch for row in curve.rows]


def axis_title(curves: Sequence[Curve], quantity: Quantity) -> str:
    """The quantity with its unit."""
    losses = {curve.recipe.loss.name for curve in curves}
    if quantity is not OWN_LOSS:
        return quantity.axis
    return _LOSS_AXES[losses.pop()] if len(losses) == 1 else "own loss (units differ)"


def _line(curve: Curve, color: str, part: str, values: Sequence[float], view: View) -> list[go.Scatter]:
    """A curve, and, where it is smoothed, a thin one of what was measured. One entry of the legend stands for a run."""
    x = curve_x(curve, view)
    main = go.Scatter(
        x=x,
        y=smooth(values, view.smoothing),
        name=curve.title,
        legendgroup=curve.key,
        showlegend=part == view.parts[-1],
        mode="lines" if len(x) > 1 else "markers",
        line={"color": color, "dash": "dot" if part == TRAINING else "solid", "width": 2.5},
        hovertemplate=f"%{{y:.4g}} {part}",
    )
    raw = go.Scatter(
        x=x,
        y=values,
        legendgroup=curve.key,
        showlegend=False,
        mode="lines",
        line={"color": color, "width": 1},
        opacity=0.4,
        hoverinfo="skip",
    )
    return [raw, main] if view.smoothing else [main]


def _best(curve: Curve, color: str, view: View) -> list[go.Scatter]:
    """A star on the validation curve at the best epoch."""
    row = best_row(curve.rows)
    if row is None or VALIDATION not in view.parts:
        return []
    place = list(curve.rows).index(row)
    smoothed = smooth([view.quantity.validation(item) for item in curve.rows], view.smoothing)
    return [
        go.Scatter(
            x=[curve_x(curve, view)[place]],
            y=[smoothed[place]],
            mode="markers",
            marker={"symbol": "star", "size": 14, "color": color, "line": {"width": 1, "color": NEUTRAL}},
            name=curve.title,
            legendgroup=curve.key,
            showlegend=False,
            hovertemplate=f"%{{y:.4g}} best epoch ({row.epoch})",
        )
    ]


def _baselines(figure: go.Figure, curves: Sequence[Curve], quantity: Quantity) -> None:
    """A dashed line for grey - one for each loss, where that is what is drawn - and a dotted one for the originals."""
    lines: dict[tuple[str, float], str] = {}
    for curve in curves:
        if curve.baseline is not None:
            suffix = f", {LOSS_NAMES[curve.recipe.loss.name]}" if quantity is OWN_LOSS else ""
            lines[f"grey{suffix}", round(quantity.grey(curve.baseline), 3)] = "dash"
            if quantity.truth is not None:
                lines["originals", round(quantity.truth(curve.baseline), 3)] = "dot"
    for (label, value), dash in lines.items():
        figure.add_hline(
            value,
            line={"color": NEUTRAL, "dash": dash, "width": 2},
            annotation_text=label,
            annotation_position="top right",
        )


def draw(curves: Sequence[Curve], colors: dict[str, str], view: View) -> go.Figure:
    """All curves of a view in one figure."""
    figure = go.Figure()
    for curve in curves:
        for part, value in ((TRAINING, view.quantity.training), (VALIDATION, view.quantity.validation)):
            if value is not None and part in view.parts and curve.rows:
                figure.add_traces(_line(curve, colors[curve.key], part, [value(row) for row in curve.rows], view))
        figure.add_traces(_best(curve, colors[curve.key], view))
    _baselines(figure, curves, view.quantity)
    figure.update_xaxes(title="training pictures seen" if view.by_images else "epoch (counted from 0)")
    figure.update_yaxes(title=axis_title(curves, view.quantity), type="log" if view.log else "linear")
    return figure
