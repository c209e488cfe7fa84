"""Charts: one template for all pages, and one colour for each checkpoint, on every page."""

from collections import Counter
from collections.abc import Iterable

import plotly.graph_objects as go

# Plotly looks into pyarrow where that is loaded, even half: while one visitor's page imports it, another's would fail.
import pyarrow  # noqa: F401
import streamlit as st

# Okabe and Ito 2008, "Color Universal Design"; without black and yellow, which vanish on one of the two themes, and in
# the order of their contrast on both; then a violet and an olive, since a family may have eight.
_PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#9467bd", "#8c8c2b")
NEUTRAL = "#808080"
"""For what is no checkpoint: grey, and the originals."""


_INKS = {"light": ("#333333", "#cfcfcf"), "dark": ("#dddddd", "#454545")}
"""Of text and of the grid, on the theme's background."""


def assign_colors(checkpoints: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give each checkpoint a colour by its place in its family, so that filtering does not change it.

    Args:
        checkpoints: (name, family) of all that there are.
    """
    colors: dict[str, str] = {}
    members: Counter[str] = Counter()
    for name, family in checkpoints:
        colors[name] = _PALETTE[members[family] % len(_PALETTE)]
        members[family] += 1
    return colors


def _apply_template(figure: go.Figure) -> None:
    """Apply the common template and the theme's inks to a figure; the font and the surfaces are Streamlit's.

    Set on the figure itself, since Streamlit puts its own template in the place of any other.
    """
    ink, grid = _INKS["dark" if st.context.theme.type == "dark" else "light"]
    small, normal = {"color": ink, "size": 13}, {"color": ink, "size": 14}
    axis = {
        "showline": True,
        "linecolor": NEUTRAL,
        "ticks": "outside",
        "tickcolor": NEUTRAL,
        "tickfont": small,
        "title": {"font": normal},
        "gridcolor": grid,
        "zeroline": False,
    }
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "font": small}
    figure.update_layout(margin={"l": 10, "r": 10, "t": 10, "b": 10}, legend=legend)
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    figure.update_annotations(font=small)


def show_chart(figure: go.Figure, key: str, height: int, hovermode: str = "x unified") -> None:
    """Show a chart that follows the theme, without Plotly's toolbar."""
    _apply_template(figure)
    figure.update_layout(height=height, hovermode=hovermode)
    buttons = ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"]
    st.plotly_chart(figure, key=key, width="stretch", config={"displaylogo": False, "modeBarButtonsToRemove": buttons})
