"""MSE and Huber as two curves over the error, with a slider for the one error that is looked at."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages.common.chart_theme import NEUTRAL, show_chart

_LARGEST = 40.0  # Lab units: beyond lie hardly any errors
_HEIGHT = 320


def huber(error: float, delta: float) -> float:
    """Compute Huber's loss of one error, both in Lab units (Huber 1964): squared below `delta`, linear above."""
    return error**2 / 2 if error <= delta else delta * (error - delta / 2)


def show_losses(delta: float) -> None:
    """Show both curves, and what they say of one error."""
    error = st.slider("An error of colour (Lab units)", 0.0, _LARGEST, 20.0, 1.0, key="lesson-error")
    errors = np.linspace(0, _LARGEST, 81)
    figure = go.Figure(
        [
            go.Scatter(x=errors, y=errors**2 / 2, name="half of MSE", line={"color": "#0072b2"}),
            go.Scatter(x=errors, y=[huber(value, delta) for value in errors], name="Huber", line={"color": "#d55e00"}),
        ]
    )
    figure.add_vline(error, line={"color": NEUTRAL, "dash": "dot"})
    figure.update_layout(xaxis_title="error (Lab units)", yaxis_title="what it costs")
    show_chart(figure, "lesson-losses", _HEIGHT)
    square, line = error**2 / 2, huber(error, delta)
    times = f"{square / line:.1f} times as much as" if line and square > line else "as much as"
    st.markdown(f"An error of {error:.0f} costs half of MSE {times} Huber, which turns into a line at {delta:g}.")
