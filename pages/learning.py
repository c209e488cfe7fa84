"""Watch it learn: one photo, coloured by the same checkpoint at several moments of its training."""

import functools
from collections.abc import Sequence

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.checkpoints.history import age
from colorizer.checkpoints.store import scan
from pages.common import glossary
from pages.common.bootstrap import run_through_app
from pages.common.chart_theme import NEUTRAL, assign_colors, show_chart
from pages.common.checkpoint_picker import learned_from
from pages.common.delivery import download_button
from pages.common.job_runner import set_status, status_line
from pages.common.model_cache import RenderOptions
from pages.common.palette_swatches import choose_rendering
from pages.common.photo_library import LibraryPhoto, PhotoLibrary, library
from pages.common.photo_picker import choose_photo, open_arrivals, shot_of, show_sources
from pages.common.training_runs import Curve, read_curves
from pages.features.learning.chart import describe, draw, measured, row_at
from pages.features.learning.player import Picture, show_player
from pages.features.learning.timeline import FileKind, Film, colour_states, failures, kept_states, render_file, strip

_CHART_HEIGHT = 330
_FILES: dict[FileKind, str] = {"WEBP": "Animated WebP", "GIF": "Animated GIF", "PNG": "Sheet (PNG)"}
_FIRST_CHECKPOINT = "scenes-12-huber"  # overfitting is what a film shows best
_SHOWN = "shown-epoch"  # in the session: the epoch to come back to
_INTRODUCTION = (
    "One network, one photo, several moments of the training. An **epoch** is one round through the training pictures: "
    "press Play, and see which colours come first, which settle, and which stay wrong."
)


def choose_checkpoint(cards: Sequence[Card]) -> Card:
    """Choose the checkpoint whose training is watched. The choice stands in the link."""
    by_id = {card.id: card for card in cards}
    names = list(by_id)
    chosen = st.selectbox(
        "Checkpoint",
        names,
        index=names.index(_FIRST_CHECKPOINT) if _FIRST_CHECKPOINT in names else 0,
        format_func=lambda name: by_id[name].title,
        key="learning-checkpoint",
        help=f"{glossary.CHECKPOINT} Those with snapshots are offered. {glossary.SNAPSHOT}",
        bind="query-params",
    )
    st.caption(learned_from(by_id[chosen]))
    return by_id[chosen]


def show_problems(kept: PhotoLibrary, damaged: Sequence[str]) -> None:
    """Show a sentence for each picture that could not be opened, and for each checkpoint that cannot be read."""
    for problem in kept.problems:
        st.error(problem)
    for problem in damaged:
        st.warning(problem)


def show_curve(curve: Curve, color: str, epoch: int) -> None:
    """Show the curve of a chosen quantity, and the scores of the shown epoch."""
    quantities = {quantity.title: quantity for quantity in measured(curve.rows)}
    if not quantities:
        st.info("This checkpoint has no training history to draw.")
        return
    title = st.selectbox(
        "Validation curve",
        list(quantities),
        key="learning-quantity",
        help="  \n".join([glossary.VALIDATION, *(f"**{name}**: {item.help}" for name, item in quantities.items())]),
        bind="query-params",
    )
    show_chart(draw(curve, quantities[title], epoch, color), "learning-chart", _CHART_HEIGHT)
    row = row_at(curve.rows, epoch)
    st.markdown(describe(row) if row is not None else f"The history has no figures of the network {age(epoch)}.")


@st.fragment
def watch(film: Film, pictures: Sequence[Picture], start: int, curve: Curve | None, color: str) -> None:
    """Show the player and the curve. Only this reruns when another epoch is shown: no picture is made anew."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        told = show_player(film.id, pictures, film.photo.preview.size, start)
    epoch = film.nearest(start if told is None else told)
    st.session_state[_SHOWN] = epoch
    with right:
        if curve is None:
            st.info("The training history of this checkpoint cannot be read, so there is no curve.")
        else:
            show_curve(curve, color, epoch)


def offer_files(film: Film) -> None:
    """Offer the downloads, each made when it is asked for."""
    for kind, title in _FILES.items():
        download_button(
            title,
            make=functools.partial(render_file, film, kind),
            file_name=film.file_name(kind),
            mime=f"image/{kind.lower()}",
            icon=":material/download:",
            key=f"download-{kind}",
            width="stretch",
        )


def show_film(photo: LibraryPhoto, card: Card, options: RenderOptions) -> Film | None:
    """Colour what is missing and show the film; return None if no state could colour the photo."""
    status = status_line()
    colour_states(photo, card, status)
    for problem in failures(photo, card):
        st.warning(problem)
    predictions = kept_states(photo, card)
    if not predictions:
        return None
    curves = read_curves().curves
    curve = next((one for one in curves if one.key == f"weights/{card.id}"), None)
    seen = {row.epoch: row.images_seen for row in curve.rows} if curve is not None else {}
    film = Film(photo, card, options, predictions, seen)
    pictures = strip(film)
    width, height = photo.size
    set_status(status, f"{photo.name}, {width} × {height} px, by {card.title}. {' '.join(photo.notices)}")
    colors = assign_colors((one.key, one.recipe.family) for one in curves)
    watch(film, pictures, film.nearest(st.session_state.get(_SHOWN)), curve, colors.get(f"weights/{card.id}", NEUTRAL))
    return film


def main() -> None:
    kept, listing = library(), scan()
    cards = [card for card in listing.cards if card.snapshots]
    results, beside = st.columns([3.2, 1], gap="large")
    with results:
        st.title("Watch it learn")
        open_arrivals(kept)
        show_problems(kept, listing.problems)
        if not cards:
            st.info("No checkpoint here has snapshots of its training; `training.snapshots` in a recipe asks for them.")
            return
        st.container(key="to-controls").html('<a class="to-controls" href="#controls">Choose photo and checkpoint</a>')
        st.markdown(_INTRODUCTION, help=glossary.EPOCH)
    with beside, st.container(key="controls"):
        st.html('<span id="controls"></span>')
        show_sources(kept)
        photo = shot_of(kept, choose_photo(kept))
        card = choose_checkpoint(cards)
        options = RenderOptions(rendering=choose_rendering()) if card.has_palette else RenderOptions()
        files = st.container()
    with results:
        film = show_film(photo, card, options)
    if film is not None:
        with files:
            offer_files(film)


run_through_app()
main()
