"""The charts of many pictures: how a measure spreads, and which hue came out as which."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from colorizer.color.names import BIN_DEGREES, BINS, GREY_ROW, HUE_NAMES, NEARLY_GREY, hue_colors, name_of
from colorizer.evaluation.hue_confusion import JointHues, hue_shares
from colorizer.evaluation.ranking import Ranking
from pages.common.chart_theme import NEUTRAL

_MIN_SHARE = 0.002  # of all colour: a rarer hue has no column, as a few pixels say nothing
_SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
_GREY_FROM, _GREY_TO = -34, -14
"""Where the row of what came out nearly grey lies, in degrees of the vertical axis."""
_MANY = 60  # pictures: from there on their dots are small
_STRIP = 11
"""Width of the strips in the hues' own colours along the axes, in degrees."""


@dataclass(frozen=True)
class Spread:
    """The scores of one checkpoint, or of grey, on all pictures."""

    title: str
    color: str
    values: Sequence[float]


def axis_title(ranking: Ranking) -> str:
    """Name the score with its unit, and which way is better."""
    unit = f"{ranking.unit}, " if ranking.unit else ""
    return f"{ranking.title} ({unit}{'higher' if ranking.higher_is_better else 'lower'} is closer)"


def _box(spread: Spread, names: Sequence[str], ranking: Ranking) -> go.Box:
    return go.Box(
        x=list(spread.values),
        y=[spread.title] * len(names),
        orientation="h",
        name=escape(spread.title),
        text=[escape(name) for name in names],
        hovertemplate=f"%{{text}}<br>{ranking.title} %{{x:.1f}} {ranking.unit}<extra></extra>",
        boxpoints="all",
        jitter=0.6,
        pointpos=0,
        marker={"size": 8 if len(names) < _MANY else 5, "opacity": 0.6, "color": spread.color},
        line={"width": 2, "color": spread.color},
        fillcolor="rgba(128, 128, 128, 0.15)",
        hoveron="points",
        showlegend=False,
    )


def draw_spreads(spreads: Sequence[Spread], names: Sequence[str], ranking: Ranking) -> go.Figure:
    """Draw a row for each: every picture a dot, the middle half of them a box with the median in it.

    The rows' names stand over them, so that the chart keeps its width on a phone.
    """
    figure = go.Figure([_box(spread, names, ranking) for spread in reversed(spreads)])
    for row, spread in enumerate(reversed(spreads)):
        figure.add_annotation(
            text=escape(spread.title), x=0, xref="paper", xanchor="left", y=row, yshift=34, showarrow=False
        )
    figure.update_xaxes(title=axis_title(ranking))
    figure.update_yaxes(showticklabels=False, showgrid=False, range=[-0.5, len(spreads) - 0.4])
    return figure


def _degrees(index: int) -> str:
    return f"{index * BIN_DEGREES}–{(index + 1) * BIN_DEGREES}°"


def _hover(column: int, row: int, share: float, of_all: float) -> str:
    result = NEARLY_GREY if row == GREY_ROW else f"{name_of(row)} ({_degrees(row)})"
    return (
        f"True {name_of(column)} ({_degrees(column)}) came out {result}: {share:.0%} of it.<br>"
        f"{of_all:.1%} of all colour is of this hue."
    )


def _shares(joint: JointHues) -> NDArray[np.float64]:
    """Compute (37, 36): of each true hue, the share that came out as each; NaN for hues that are too rare."""
    columns = joint.sum(0)
    common = hue_shares(joint) >= _MIN_SHARE
    shares: NDArray[np.float64] = joint / np.where(common, columns, np.nan)
    return shares


def _heatmap(joint: JointHues, ink: str) -> go.Heatmap:
    """Draw the heatmap; the row of what came out nearly grey lies below the others, with a gap between."""
    shares, of_all = _shares(joint), hue_shares(joint)
    rows = [GREY_ROW, *range(BINS)]
    texts = [[_hover(column, row, shares[row, column], of_all[column]) for column in range(BINS)] for row in rows]
    gap: list[object] = [None] * BINS
    cells: list[list[object]] = [[None if np.isnan(x) else round(float(x), 4) for x in shares[row]] for row in rows]
    red, green, blue = bytes.fromhex(ink[1:])
    return go.Heatmap(
        z=[cells[0], gap, *cells[1:]],
        text=[texts[0], gap, *texts[1:]],
        x=[index * BIN_DEGREES for index in range(BINS + 1)],
        y=[_GREY_FROM, _GREY_TO, *(index * BIN_DEGREES for index in range(BINS + 1))],
        hovertemplate="%{text}<extra></extra>",
        hoverongaps=False,
        zmin=0,
        zmax=1,
        colorscale=[[share, f"rgba({red}, {green}, {blue}, {share**0.5:.3f})"] for share in _SHARES],
        showscale=False,
    )


def _strip(x: Sequence[float], y: Sequence[float], colors: Sequence[str]) -> go.Heatmap:
    """Draw a row or a column of plain colours, between the edges `x` and `y`. As shapes they take far longer."""
    places = list(range(len(colors)))
    steps = [[(slot + end) / len(colors), color] for slot, color in enumerate(colors) for end in (0, 1)]
    z = [places] if len(y) == 2 else [[slot] for slot in places]
    return go.Heatmap(
        x=x, y=y, z=z, zmin=-0.5, zmax=len(colors) - 0.5, colorscale=steps, showscale=False, hoverinfo="skip"
    )


def _add_strips(figure: go.Figure) -> None:
    """Add the hues' own colours along both axes, and grey beside the row of what came out so."""
    left, bottom = -_STRIP - 4, _GREY_FROM - _STRIP - 4
    edges = [index * BIN_DEGREES for index in range(BINS + 1)]
    across, up = (left, left + _STRIP), (bottom, bottom + _STRIP)
    figure.add_traces([_strip(edges, up, hue_colors()), _strip(across, edges, hue_colors())])
    figure.add_trace(_strip(across, (_GREY_FROM, _GREY_TO), [NEUTRAL]))
    figure.update_xaxes(range=[left, 360])
    figure.update_yaxes(range=[bottom, 360])


def draw_hues(joint: JointHues) -> go.Figure:
    """Draw true hue against predicted hue: the darker a cell, the more of its true hue came out so."""
    figure = go.Figure(_heatmap(joint, "#ededed" if st.context.theme.type == "dark" else "#1c1c1c"))
    figure.add_shape(type="line", x0=0, y0=0, x1=360, y1=360, line={"color": NEUTRAL, "width": 2, "dash": "dash"})
    _add_strips(figure)
    centres, names = [hue.centre for hue in HUE_NAMES], [hue.name for hue in HUE_NAMES]
    axis = {"tickmode": "array", "showgrid": False}
    figure.update_xaxes(title="true hue, 0 to 360°", tickvals=centres, ticktext=names, autotickangles=[0, 90], **axis)
    grey = (_GREY_FROM + _GREY_TO) / 2
    figure.update_yaxes(title="predicted hue", tickvals=[grey, *centres], ticktext=[NEARLY_GREY, *names], **axis)
    return figure
