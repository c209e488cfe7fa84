"""Models: what each checkpoint is, how good it is, and what it gets wrong."""

import re
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from colorizer.checkpoints.card import Card, MetricsRow
from colorizer.checkpoints.store import checkpoint_folder, scan
from pages.common import glossary, markdown, tables
from pages.common.bootstrap import run_through_app
from pages.common.checkpoint_picker import choose_card, photo_first
from pages.features.published.facts import facts_of, show_published_figures
from pages.features.published.fetch_list import show_fetchable

_OF_TRAINING = ("Validated on", "Optimizer", "Training")  # what nobody here knows of a published network
_SCORES = {
    "PSNR": "psnr", "CIEDE2000": "ciede2000", "ab RMSE": "ab_rmse", "colourfulness": "colorfulness", "SSIM": "ssim",
    "cross-entropy": "loss", "accuracy": "accuracy",
}  # fmt: skip
_REFERENCES = {"grey": "grey (no colour)", "truth": "truth (the originals)"}
_Protocol = tuple[str, int, str]  # which pictures, how many, and how they were compared


def _protocol(row: MetricsRow) -> _Protocol:
    return row.dataset, row.images, row.protocol


def _megabytes(card: Card) -> float:
    """Sum the size of all tensor files that are there, in MB."""
    folder = checkpoint_folder(card.id)
    files = [folder / name for name in card.sha256]
    return sum(file.stat().st_size for file in files if file.exists()) / 1e6


def _line(name: str, row: MetricsRow | None, card: Card | None) -> dict[str, object]:
    measured = {column: getattr(row, score, None) for column, score in _SCORES.items()}
    return {
        "checkpoint": name,
        "learned from": f"{card.trained_on.images:,} {card.trained_on.name}" if card else "",
        **measured,
        "training": (card.seconds + card.earlier_seconds) / 60 if card and card.published is None else None,
        "parameters": card.parameters if card else None,
        "size": _megabytes(card) if card else None,
    }


def quality_rows(cards: Sequence[Card], protocol: _Protocol) -> list[dict[str, object]]:
    """Tabulate every checkpoint, and grey and truth: first those measured by a protocol, with their scores."""
    measured: list[dict[str, object]] = []
    others: list[dict[str, object]] = []
    references: dict[str, dict[str, object]] = {}
    for card in cards:
        rows = {row.subject: row for row in card.metrics if _protocol(row) == protocol}
        row = rows.pop("checkpoint", None)
        (others if row is None else measured).append(_line(card.title, row, card))
        references |= {name: _line(_REFERENCES[name], row, None) for name, row in rows.items()}
    return [*measured, *(references[name] for name in _REFERENCES if name in references), *others]


def _names(protocols: Sequence[_Protocol]) -> dict[_Protocol, str]:
    """Name protocols as short as a phone shows them; their size, or all of them, only where nothing else differs."""
    names: dict[_Protocol, str] = {}
    for item in protocols:
        pictures, images, protocol = item
        kind = re.sub("^validation pictures of (.+)$", r"\1, validation", pictures)
        short = f"{kind} ({images:,})"
        size = re.search(r" to (\d+) x ", protocol)
        names[item] = short if short not in names.values() or size is None else f"{short}, {size[1]} px"
    count = Counter(names.values())
    return {item: name if count[name] == 1 else f"{name}: {item[2]}" for item, name in names.items()}


def _number(help: str, format: str, label: str | None = None) -> Any:
    return st.column_config.NumberColumn(label, help=help, format=format)


def show_table(cards: Sequence[Card]) -> None:
    """Show the quality and time of all checkpoints under one protocol."""
    protocols = list(dict.fromkeys(_protocol(row) for card in cards for row in card.metrics))
    if not protocols:
        return
    st.subheader("Quality and time")
    chosen = protocols[0]
    if len(protocols) > 1:
        chosen = st.selectbox("Measured on", protocols, format_func=_names(protocols).__getitem__, key="protocol")
    with st.container(key="models-table"):
        tables.show_table(
            quality_rows(cards, chosen),
            placeholder="–",
            column_config={
                "PSNR": _number(glossary.PSNR, "%.2f", "PSNR (dB)"),
                "CIEDE2000": _number(glossary.CIEDE2000, "%.2f"),
                "ab RMSE": _number(glossary.AB_RMSE, "%.2f"),
                "colourfulness": _number(glossary.COLORFULNESS, "%.1f"),
                "SSIM": _number(glossary.SSIM, "%.3f"),
                "cross-entropy": _number(glossary.CROSS_ENTROPY, "%.3f"),
                "accuracy": _number(glossary.ACCURACY, "percent"),
                "training": _number("Wall time of all steps of the training, on the card's hardware.", "%.1f min"),
                "parameters": _number("How many numbers were learned.", "localized"),
                "size": _number("Of the files with the weights.", "%.1f MB"),
            },
        )
    pictures, images, protocol = chosen
    st.caption(
        f"{images:,} {pictures}; {protocol}. –: not measured on these. Click a heading to sort.",
        help=f"{glossary.GREY} {glossary.TRUTH}",
    )


def _options(card: Card) -> str:
    return "".join(f", {name} {value}" for name, value in card.options.items())


def _earlier(card: Card) -> str:
    hours = card.earlier_seconds / 3600
    return f"; before that, {hours:.1f} hours for the weights that it began with" if hours else ""


def _calibration(card: Card) -> str:
    """Say how colours are calibrated, each factor with what it belongs to; empty where they are not."""
    if card.calibration is None:
        return ""
    by_lightness, by_hue = card.calibration.by_lightness, card.calibration.by_hue
    lightnesses = (
        f"{factor:g} at {100 * place / (len(by_lightness) - 1):g}" for place, factor in enumerate(by_lightness)
    )
    hues = (f"{factor:g} at {360 * place / len(by_hue):g}°" for place, factor in enumerate(by_hue))
    return (
        f"chroma of the photo's mean colour x {card.calibration.cast:g}, of what differs from its surroundings "
        f"x {card.calibration.detail:g}; by L: {', '.join(lightnesses)}; by hue angle: {', '.join(hues)}"
    )


def _facts(card: Card) -> dict[str, str]:
    facts = {
        "What it gets wrong": card.limitations,
        "Experiment": ": ".join(part for part in (card.experiment, card.variable) if part),
        "Trained on": f"{card.trained_on.images:,} pictures of {card.trained_on.name}",
        "Validated on": f"{card.validated_on.images:,} other pictures of {card.validated_on.name}",
        "Loss": card.loss,
        "Optimizer": card.optimizer,
        "Training": f"{card.epochs} epochs, {card.seconds / 60:.1f} minutes on {card.hardware}{_earlier(card)}",
        "Network": f"{card.architecture}{_options(card)}, {card.parameters:,} parameters, sees photos with a short "
        f"side of {card.input_size} px",
        "Colours calibrated": _calibration(card),
        "Snapshots": f"after {', '.join(str(epoch + 1) for epoch in card.snapshots)} epochs" if card.snapshots else "",
        **facts_of(card),
        "Licence of the weights": card.weights_licence,
        "Licence of the data": card.data_licence,
        "Size": f"{_megabytes(card):.1f} MB",
    }
    of_training = _OF_TRAINING if card.published is not None else ()
    return {term: text for term, text in facts.items() if text and term not in of_training}


def _hashes(card: Card) -> dict[str, str]:
    sets = {"training pictures": card.trained_on.sha256, "validation pictures": card.validated_on.sha256}
    return {f"{name}, sha256": digest for name, digest in (card.sha256 | sets).items() if digest}


def _list(facts: dict[str, str]) -> None:
    lines = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in facts.items())
    st.html(f'<dl class="facts">{lines}</dl>')


def _show_measurements(card: Card) -> None:
    """Show what was measured beside quality, and how."""
    rows = [
        {"figure": row.what, "value": f"{row.value:.2f} {row.unit}", "pictures": f"{row.images:,}, {row.dataset}"}
        for row in card.measurements
    ]
    st.markdown(markdown.table(rows))
    for protocol in dict.fromkeys(row.protocol for row in card.measurements):
        st.caption(f"{protocol[0].upper()}{protocol[1:]}.")


def show_card(card: Card) -> None:
    """Show one checkpoint."""
    with st.container(border=True, key=f"card-{card.id}"):
        st.subheader(card.title, anchor=card.id)
        st.text(card.summary)
        _list(_facts(card))
        with st.expander("Files, figures and where they come from"):
            _list(_hashes(card))
            if card.measurements:
                _show_measurements(card)
            for command in dict.fromkeys(
                [row.command for row in card.metrics] + [row.command for row in card.measurements]
            ):
                st.code(command, language=None, wrap_lines=True)


def search_field() -> str:
    """Show the search field, and return what is searched for, in lower case."""
    text: str = st.text_input("Search", placeholder="flowers, GAN, Huber ...", key="models-search", bind="query-params")
    return text.strip().lower()


def found_in(cards: Sequence[Card], words: str) -> list[Card]:
    """Find the cards whose texts contain every word; first those that are called so."""

    def text(card: Card) -> str:
        parts = (card.id, card.title, card.summary, card.family, card.experiment, card.loss, card.trained_on.name)
        return " ".join(parts).lower()

    def is_named(card: Card) -> bool:
        return all(word in f"{card.id} {card.title}".lower() for word in words.split())

    found = [card for card in cards if all(word in text(card) for word in words.split())]
    return sorted(found, key=lambda card: not is_named(card))


def main() -> None:
    listing = scan()
    st.title("Models", help=glossary.CHECKPOINT)
    for problem in listing.problems:
        st.warning(problem)
    if not listing.cards:
        st.info(
            "There is no checkpoint in weights/ yet: train one with `python train.py recipes/NAME.toml --data FOLDER`."
        )
        return
    cards = found_in(photo_first(listing.cards), search_field())
    if not cards:
        st.info("No checkpoint matches. Search for something else, or clear the field.")
        return
    show_table(cards)
    show_published_figures(cards)
    show_card(choose_card(cards, "model"))
    show_fetchable()


run_through_app()
main()
