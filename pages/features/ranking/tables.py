"""The tables of many pictures: means beside grey and truth, and every picture, on the page and as CSV."""

import io
from collections.abc import Sequence
from typing import Any

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.evaluation.ranking import EvaluatedImage, Ranking, order
from colorizer.evaluation.scores import GREY, TRUTH, Scores, mean, write_csv
from pages.common import glossary
from pages.common.delivery import download_button
from pages.common.tables import show_table
from pages.features.ranking.jobs import model_key

_COLUMNS = {
    "CIEDE2000": "ciede2000", "PSNR": "psnr", "ab RMSE": "ab_rmse", "colourfulness": "colorfulness", "SSIM": "ssim"
}  # fmt: skip
_FORMATS = {"CIEDE2000": "%.2f", "PSNR": "%.2f dB", "ab RMSE": "%.2f", "colourfulness": "%.1f", "SSIM": "%.3f"}
_REFERENCES = {GREY: "grey (no colour)", TRUTH: "truth (the originals)"}


def _config() -> dict[str, Any]:
    return {
        name: st.column_config.NumberColumn(help=glossary.MEASURES[name], format=_FORMATS[name]) for name in _COLUMNS
    }


def _row(scores: Scores) -> dict[str, float]:
    taken = scores.taken()
    return {name: taken[score] for name, score in _COLUMNS.items()}


def averages(evaluated_images: Sequence[EvaluatedImage], cards: Sequence[Card]) -> dict[str, Scores]:
    """Average the scores, by "grey", checkpoint id and "truth", as `evaluate` prints them."""
    measured = [evaluated.measured({model_key(card): card.id for card in cards}) for evaluated in evaluated_images]
    return {of: mean([row[of] for row in measured]) for of in measured[0]}


def show_means(evaluated_images: Sequence[EvaluatedImage], cards: Sequence[Card]) -> None:
    """Show a line for each checkpoint, with grey and truth beside."""
    titles = _REFERENCES | {card.id: card.title for card in cards}
    rows = [{"checkpoint": titles[of], **_row(scores)} for of, scores in averages(evaluated_images, cards).items()]
    show_table(rows, placeholder="–", column_config=_config(), key="rank-means")


def show_pictures(evaluated_images: Sequence[EvaluatedImage], card: Card, ranking: Ranking) -> None:
    """Show every picture as one checkpoint coloured it, the best first, with the scores of grey."""
    model = model_key(card)
    places = order([evaluated.outcomes[model].scores for evaluated in evaluated_images], ranking)
    rows = [
        {
            "place": number,
            "picture": evaluated_images[slot].name,
            **_row(evaluated_images[slot].outcomes[model].scores),
            f"grey {ranking.title}": ranking.of(evaluated_images[slot].grey),
        }
        for number, slot in enumerate(places, 1)
    ]
    grey = st.column_config.NumberColumn(help=glossary.GREY, format=_FORMATS[ranking.title])
    show_table(rows, column_config={**_config(), f"grey {ranking.title}": grey}, key="rank-pictures")


def as_csv(evaluated_images: Sequence[EvaluatedImage], cards: Sequence[Card]) -> str:
    """Format every picture and checkpoint as CSV, as `evaluate --csv` writes it."""
    names, stream = {model_key(card): card.id for card in cards}, io.StringIO(newline="")
    write_csv(stream, [(evaluated.name, evaluated.measured(names)) for evaluated in evaluated_images])
    return stream.getvalue()


def offer_csv(evaluated_images: Sequence[EvaluatedImage], cards: Sequence[Card]) -> None:
    """Offer the table as CSV."""
    download_button(
        "Download all figures (CSV)",
        make=lambda: as_csv(evaluated_images, cards),
        file_name="best-and-worst.csv",
        mime="text/csv",
        icon=":material/download:",
        key="download-ranks",
    )
