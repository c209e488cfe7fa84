"""The chart of an adversarial run: the losses of both networks, and how often the discriminator is right."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from colorizer.checkpoints.history import EpochRow
from colorizer.recipes.schema import AdversarySettings
from pages.common.chart_theme import NEUTRAL
from pages.common.loss_chart import EPOCHS_AXIS

SKIPPED, NOISE = "discriminator skipped", "noise epoch"
_SPACING = 0.045  # between panels, as a share of the height
_FEW_EPOCHS = 10  # up to so many, each has its tick; of more, Plotly chooses whole ones by itself


@dataclass(frozen=True)
class _Panel:
    name: str
    unit: str
    value: Callable[[EpochRow], float | None]
    hover: str


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


_PANELS = (
    _Panel("generator loss", "nats", lambda row: row.generator_loss, "%{y:.4g} nats"),
    _Panel("discriminator loss", "nats", lambda row: row.discriminator_loss, "%{y:.4g} nats"),
    _Panel("discriminator accuracy", "%", lambda row: _percent(row.discriminator_accuracy), "%{y:.1f}%"),
)
_LOSS_ROW, _ACCURACY_ROW = 2, 3


def skipped_epochs(rows: Sequence[EpochRow]) -> list[int]:
    """List the epochs in which the discriminator did not learn."""
    return [row.epoch for row in rows if row.discriminator_steps == 0]


def noise_epochs(rows: Sequence[EpochRow], settings: AdversarySettings) -> list[int]:
    """List the epochs in which the discriminator was shown noise; a skipped epoch shows it nothing."""
    skipped = skipped_epochs(rows)
    return [row.epoch for row in rows if settings.is_noise_epoch(row.epoch) and row.epoch not in skipped]


def _blocks(epochs: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and last of each run of successive epochs."""
    blocks: list[tuple[int, int]] = []
    for epoch in epochs:
        if blocks and blocks[-1][1] == epoch - 1:
            blocks[-1] = (blocks[-1][0], epoch)
        else:
            blocks.append((epoch, epoch))
    return blocks


def _curve(rows: Sequence[EpochRow], panel: _Panel, color: str) -> go.Scatter:
    """Draw a curve with markers, since an epoch between two gaps has no line."""
    return go.Scatter(
        x=[row.epoch + 1 for row in rows],
        y=[panel.value(row) for row in rows],
        name=panel.name,
        showlegend=False,
        mode="lines+markers",
        line={"color": color, "width": 2.5},
        marker={"size": 6},
        hovertemplate=panel.hover,
    )


def _add_level(figure: go.Figure, row: int, value: float, label: str, dash: str, position: str) -> None:
    figure.add_hline(
        value,
        row=row,
        col=1,
        line={"color": NEUTRAL, "dash": dash, "width": 2},
        annotation_text=label,
        annotation_position=position,
    )


def _add_levels(figure: go.Figure, settings: AdversarySettings) -> None:
    """Add the level of guessing, and the threshold; with labels at opposite ends, as the two may be close together."""
    _add_level(figure, _LOSS_ROW, math.log(2), "guessing", "dash", "top right")
    _add_level(figure, _ACCURACY_ROW, 50, "guessing", "dot", "bottom right")
    threshold = settings.accuracy_threshold
    if threshold < 1:
        _add_level(figure, _ACCURACY_ROW, 100 * threshold, f"threshold {100 * threshold:g}%", "dash", "top left")


def _shade_skipped(figure: go.Figure, epochs: Sequence[int]) -> None:
    for number, (first, last) in enumerate(_blocks(epochs)):
        figure.add_shape(
            type="rect",
            xref="x",
            yref="paper",
            x0=first + 0.5,
            x1=last + 1.5,
            y0=0,
            y1=1,
            layer="below",
            fillcolor=NEUTRAL,
            opacity=0.25,
            line={"width": 0},
            name=SKIPPED,
            legendgroup=SKIPPED,
            showlegend=number == 0,
        )


def _mark_noise(figure: go.Figure, rows: Sequence[EpochRow], epochs: Sequence[int], color: str) -> None:
    """Draw a thin line through all panels at each noise epoch, and a marker on the loss, of another task there."""
    for epoch in epochs:
        line = {"color": NEUTRAL, "dash": "dot", "width": 1}
        figure.add_shape(
            type="line",
            xref="x",
            yref="paper",
            x0=epoch + 1,
            x1=epoch + 1,
            y0=0,
            y1=1,
            layer="below",
            line=line,
            name=NOISE,
        )
    marked = [row for row in rows if row.epoch in epochs]
    if marked:
        markers = go.Scatter(
            x=[row.epoch + 1 for row in marked],
            y=[row.discriminator_loss for row in marked],
            name=NOISE,
            showlegend=True,
            mode="markers",
            marker={"symbol": "diamond-open", "size": 13, "color": color, "line": {"width": 2}},
            hovertemplate="noise in place of generated pictures",
        )
        figure.add_trace(markers, row=_LOSS_ROW, col=1)


def draw(rows: Sequence[EpochRow], settings: AdversarySettings, color: str) -> go.Figure:
    """Draw three panels over one another: generator loss, discriminator loss, discriminator accuracy.

    Args:
        rows: at least one.
        settings: the recipe's adversary.
        color: of the run.
    """
    figure = make_subplots(rows=len(_PANELS), cols=1, shared_xaxes=True, vertical_spacing=_SPACING)
    for number, panel in enumerate(_PANELS, start=1):
        figure.add_trace(_curve(rows, panel, color), row=number, col=1)
        figure.update_yaxes(title=f"{panel.name} ({panel.unit})", row=number, col=1)
    _add_levels(figure, settings)
    _shade_skipped(figure, skipped_epochs(rows))
    _mark_noise(figure, rows, noise_epochs(rows, settings), color)
    figure.update_yaxes(rangemode="tozero", row=_LOSS_ROW, col=1)
    figure.update_yaxes(range=[-3, 103], tickvals=[0, 25, 50, 75, 100], row=_ACCURACY_ROW, col=1)
    few = rows[-1].epoch - rows[0].epoch < _FEW_EPOCHS
    figure.update_xaxes(range=[rows[0].epoch + 0.5, rows[-1].epoch + 1.5], dtick=1 if few else None)
    figure.update_xaxes(title=EPOCHS_AXIS, row=len(_PANELS), col=1)
    return figure
