"""The best, the middling and the worst pictures: coloured and original side by side, with their figures, as HTML."""

import io
from collections.abc import Sequence
from html import escape

import streamlit as st

from colorizer.evaluation.ranking import RANKINGS, EvaluatedImage, Ranking, order, pick
from colorizer.evaluation.scores import Scores
from pages.common.data_url import data_url

_QUALITY = 80  # of the target, as of the prediction beside it: the two are compared


def format_figure(value: float, ranking: Ranking) -> str:
    """Format a score, with its unit if that is short."""
    return f"{value:.1f} {ranking.unit}" if ranking.unit == "dB" else f"{value:.1f}"


def _target(evaluated: EvaluatedImage) -> bytes:
    stream = io.BytesIO()
    evaluated.image().save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def _figures(scores: Scores, ranking: Ranking) -> str:
    cells = [
        f'<dt>{one.title}</dt><dd class="{"ranked" if one is ranking else "beside"}">'
        f"{format_figure(one.of(scores), one)}</dd>"
        for one in RANKINGS
    ]
    return f"<dl>{''.join(cells)}</dl>"


def _tile(evaluated: EvaluatedImage, model: str, title: str, ranking: Ranking) -> str:
    name, outcome = escape(evaluated.name), evaluated.outcomes[model]
    return (
        '<figure><div class="pair">'
        f'<img src="{data_url(outcome.picture, "jpeg")}" alt="{name}, coloured by {escape(title)}">'
        f'<img src="{data_url(_target(evaluated), "jpeg")}" alt="{name}, the original">'
        "<span>coloured</span><span>original</span></div>"
        f'<figcaption class="tile rank"><h3 title="{name}">{name}</h3>{_figures(outcome.scores, ranking)}</figcaption>'
        "</figure>"
    )


def show_podium(evaluated_images: Sequence[EvaluatedImage], model: str, title: str, ranking: Ranking) -> None:
    """Show the pictures at both ends of a ranking and in its middle.

    Args:
        evaluated_images: measured by the model.
        model: the key of its outcomes.
        title: the checkpoint's.
        ranking: the order.
    """
    ranked = pick(order([evaluated.outcomes[model].scores for evaluated in evaluated_images], ranking))
    for heading, places in (("Best", ranked.best), ("Middling", ranked.middling), ("Worst", ranked.worst)):
        if places:
            st.subheader(heading, anchor=False)
            tiles = "".join(_tile(evaluated_images[slot], model, title, ranking) for slot in places)
            with st.container(key=f"podium-{len(places)}-{heading.lower()}"):  # the style keeps its room
                st.html(f'<div class="ranks">{tiles}</div>')
