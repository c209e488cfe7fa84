"""The plane of a and b: the colours of sRGB at one lightness, and the pixels of a photo over them."""

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from colorizer.analysis.lab_planes import NEIGHBOURHOOD, Bytes, LabPhoto, sample_pixels
from colorizer.color.ab_bins import BIN_SIDE, ab_bins
from colorizer.color.gamut import AB_LIMIT, gamut_outline, gamut_slice
from colorizer.images import encode_image
from pages.common.chart_theme import NEUTRAL
from pages.common.data_url import data_url

_SLICE_SIDE = 230  # px: two Lab units each
_PIXELS = 2_500  # drawn one by one
_SLICE_OPACITY = 0.45
_NOTE = "The colours of sRGB at one lightness."


@lru_cache(maxsize=100)
def _slice_address(lightness: float) -> str:
    """Draw a slice, as a data URL."""
    content = encode_image(Image.fromarray(gamut_slice(lightness, _SLICE_SIDE)), "PNG", _NOTE)
    return data_url(content, "png")


def _css(colors: Bytes) -> list[str]:
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colors.tolist()]


def _points(lab: NDArray[np.float32], srgb: Bytes, name: str, marker: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        x=lab[:, 1].round(1),
        y=lab[:, 2].round(1),
        customdata=lab[:, 0].round(),
        mode="markers",
        name=name,
        marker={"color": _css(srgb), **marker},
        hovertemplate="L %{customdata}, a %{x:.0f}, b %{y:.0f}<extra></extra>",
        showlegend=False,
    )


def _line(x: NDArray[np.float64], y: NDArray[np.float64], name: str, width: float) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        name=name,
        line={"color": NEUTRAL, "width": width},
        hoverinfo="skip",
        showlegend=False,
    )


def _bins() -> go.Scatter:
    """Draw the borders of the bins as one line with gaps."""
    centres = ab_bins().double().numpy()[:, None]
    half = BIN_SIDE / 2
    corners = np.array([(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half), (np.nan, np.nan)])
    x, y = (centres + corners).reshape(-1, 2).T
    return _line(x, y, "bins", 1)


def draw_plane_chart(photo: LabPhoto, lightness: float, has_bins: bool, is_dark: bool) -> go.Figure:
    """Draw the slice, its outline, some of the photo's pixels, and on top, rimmed, those of about this lightness."""
    figure = go.Figure()
    lab, srgb = sample_pixels(photo, _PIXELS)
    near = np.abs(lab[:, 0] - lightness) <= NEIGHBOURHOOD
    edge = gamut_outline(lightness).astype(np.float64)
    figure.add_trace(_line(edge[:, 0], edge[:, 1], "gamut", 2))
    if has_bins:
        figure.add_trace(_bins())
    rim = {"width": 0.75, "color": "#ededed" if is_dark else "#1c1c1c"}
    figure.add_trace(_points(lab[~near], srgb[~near], "other lightness", {"size": 4, "opacity": 0.6}))
    figure.add_trace(_points(lab[near], srgb[near], "this lightness", {"size": 8, "line": rim}))
    figure.add_layout_image(
        source=_slice_address(lightness),
        xref="x",
        yref="y",
        x=-AB_LIMIT,
        y=AB_LIMIT,
        sizex=2 * AB_LIMIT,
        sizey=2 * AB_LIMIT,
        sizing="stretch",
        opacity=_SLICE_OPACITY,
        layer="below",
    )
    limits = {"range": [-AB_LIMIT, AB_LIMIT], "dtick": 50, "constrain": "domain"}
    figure.update_xaxes(limits, title="a (Lab units): green to red")
    figure.update_yaxes(limits, title="b (Lab units): blue to yellow", scaleanchor="x")
    return figure
