"""The chart of the curves page: any runs over one another, in one quantity."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from colorizer.checkpoints.history import EpochRow, age, best_row
from colorizer.evaluation.validation import Baseline
from colorizer.models import architectures_with_head
from colorizer.recipes.recipe import Recipe
from pages.common import glossary
from pages.common.chart_theme import NEUTRAL
from pages.common.training_runs import Curve, smooth


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
    tick_format: str = ""

    def is_known(self, rows: Sequence[EpochRow]) -> bool:
        """Tell whether a run measured it; one without epochs may yet."""
        return not rows or any(not math.isnan(self.validation(row)) for row in rows)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


OWN_LOSS = Quantity(
    "Own loss", "loss", glossary.LOSS, lambda row: row.val_loss, lambda base: base.grey.loss, lambda row: row.train_loss
)
QUANTITIES = (
    OWN_LOSS,
    Quantity("PSNR", "PSNR (dB)", glossary.PSNR, lambda row: row.val_psnr, lambda base: base.grey.psnr),
    Quantity(
        "CIEDE2000", "CIEDE2000", glossary.CIEDE2000, lambda row: row.val_delta_e, lambda base: base.grey.ciede2000
    ),
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
    Quantity(
        "Accuracy",
        "accuracy (share of pixels)",
        glossary.ACCURACY,
        lambda row: _or_nan(row.val_accuracy),
        lambda base: _or_nan(base.grey.accuracy),
        training=lambda row: _or_nan(row.train_accuracy),
        tick_format=".0%",
    ),
)
TRAINING, VALIDATION = "training", "validation"
EPOCHS_AXIS = "epochs of training"
_LOSS_AXES = {
    "mse": "MSE over {} ({} squared)",
    "huber": "Huber loss over {} ({} squared, then linear)",
    "l1": "mean absolute error over {} ({})",
    "cross_entropy": "cross-entropy over the palette's colours (nats)",
    "cross_entropy_huber": "cross-entropy over bins of ab (nats) and Huber loss, weighted",
}
_BINS_AXIS = "cross-entropy over bins of ab, rare ones counting more (nats)"


def _is_over_rgb(recipe: Recipe) -> bool:
    """Tell whether the network predicts a whole picture; its loss is then over RGB in 0..1, not ab in Lab units."""
    return recipe.model.architecture in architectures_with_head("rgb")


def is_of_classes(recipe: Recipe) -> bool:
    """Tell whether the loss is over classes: a palette's colours, or bins."""
    return recipe.loss.name.startswith("cross_entropy")


def loss_name(recipe: Recipe) -> str:
    """Name the loss of a run in a word; losses of the same name have the same unit and can be compared."""
    share = f"uniform share {recipe.loss.uniform_share:g}"  # weighs the bins, and so the unit
    classes = recipe.model.palette or f"bins, {share}"
    name = {
        "mse": "MSE",
        "huber": "Huber",
        "l1": "L1",
        "cross_entropy": f"cross-entropy over {classes}",
        "cross_entropy_huber": f"cross-entropy and Huber, {share}",
    }[recipe.loss.name]
    return f"{name} over RGB" if _is_over_rgb(recipe) else name


def _loss_axis(recipe: Recipe) -> str:
    """Name the loss of a run in full, with its unit."""
    space, unit = ("RGB", "0..1") if _is_over_rgb(recipe) else ("ab", "Lab units")
    if recipe.loss.name == "cross_entropy" and not recipe.model.palette:
        return _BINS_AXIS
    return _LOSS_AXES[recipe.loss.name].format(space, unit)


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
    """Return where the epochs of a run lie on the horizontal axis."""
    return [row.images_seen if view.by_images else row.epoch + 1 for row in curve.rows]


def axis_title(curves: Sequence[Curve], quantity: Quantity) -> str:
    """Name the quantity with its unit."""
    if quantity is not OWN_LOSS:
        return quantity.axis
    losses = {_loss_axis(curve.recipe) for curve in curves}
    return losses.pop() if len(losses) == 1 else "own loss (units differ)"


def _line(curve: Curve, color: str, part: str, values: Sequence[float], view: View) -> list[go.Scatter]:
    """Draw a curve and, if it is smoothed, a thin one of the measured values. A run has one entry in the legend."""
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
    """Put a star on the validation curve at the best epoch."""
    row = best_row(curve.rows)
    if row is None or VALIDATION not in view.parts:
        return []
    slot = list(curve.rows).index(row)
    smoothed = smooth([view.quantity.validation(item) for item in curve.rows], view.smoothing)
    return [
        go.Scatter(
            x=[curve_x(curve, view)[slot]],
            y=[smoothed[slot]],
            mode="markers",
            marker={"symbol": "star", "size": 14, "color": color, "line": {"width": 1, "color": NEUTRAL}},
            name=curve.title,
            legendgroup=curve.key,
            showlegend=False,
            hovertemplate=f"%{{y:.4g}} best: {age(row.epoch)}",
        )
    ]


def _baseline_name(curve: Curve, quantity: Quantity) -> str:
    """Name what a run's dashed line stands for."""
    if quantity.title == "Accuracy":
        return "always the most frequent colour"
    if quantity is not OWN_LOSS:
        return "grey"
    constant = "frequencies of the colours alone" if is_of_classes(curve.recipe) else "grey"
    return f"{constant}, {loss_name(curve.recipe)}"


def _baselines(figure: go.Figure, curves: Sequence[Curve], quantity: Quantity) -> None:
    """Add a dashed line for grey (one for each loss, if that is drawn) and a dotted one for the originals."""
    lines: dict[tuple[str, float], str] = {}
    for curve in curves:
        if curve.baseline is not None:
            value = float(f"{quantity.grey(curve.baseline):.4g}")  # one line for what differs by rounding only
            if not math.isnan(value):
                lines[_baseline_name(curve, quantity), value] = "dash"
            if quantity.truth is not None:
                lines["originals", round(quantity.truth(curve.baseline), 3)] = "dot"
    highest = {label: max(value for name, value in lines if name == label) for label, _ in lines}
    for (label, value), dash in lines.items():
        # Of several with one name the uppermost bears it: they may lie so close that the words would overlap.
        is_named = value == highest[label]
        note = {"annotation_text": label, "annotation_position": "top right"} if is_named else {}
        figure.add_hline(value, line={"color": NEUTRAL, "dash": dash, "width": 2}, **note)


def draw(curves: Sequence[Curve], colors: dict[str, str], view: View) -> go.Figure:
    """Draw all curves of a view in one figure."""
    figure = go.Figure()
    for curve in (curve for curve in curves if view.quantity.is_known(curve.rows)):
        for part, value in ((TRAINING, view.quantity.training), (VALIDATION, view.quantity.validation)):
            if value is not None and part in view.parts and curve.rows:
                figure.add_traces(_line(curve, colors[curve.key], part, [value(row) for row in curve.rows], view))
        figure.add_traces(_best(curve, colors[curve.key], view))
    _baselines(figure, curves, view.quantity)
    figure.update_xaxes(title="training pictures seen" if view.by_images else EPOCHS_AXIS)
    title, scale = axis_title(curves, view.quantity), "log" if view.log else "linear"
    figure.update_yaxes(title=title, type=scale, tickformat=view.quantity.tick_format)
    return figure
