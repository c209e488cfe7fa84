"""Colour a photo: one photo, large, coloured at once; and then as the visitor wants it, point by point."""

import streamlit as st

from colorizer.analysis.color_suggestions import colors_at, plane_at
from colorizer.checkpoints.card import Card
from colorizer.inference.hints import MAX_HINTS, hint_ab
from colorizer.inference.prediction import Prediction
from pages.common import glossary
from pages.common.bootstrap import run_through_app
from pages.common.checkpoint_picker import choose_card, photo_first
from pages.common.comparison_jobs import set_status
from pages.common.downloads import Download, choose_format
from pages.common.model_cache import (
    Answer,
    RenderOptions,
    colour,
    colour_with_hints,
    compose_plane,
    open_photo,
    weights_hash,
)
from pages.common.offered import offered
from pages.common.photo_library import LibraryPhoto, library
from pages.common.photo_picker import choose_photo, open_arrivals, shot_of, show_sources
from pages.common.slot import Slot
from pages.features.hints.canvas import Canvas, Point, show_canvas
from pages.features.hints.files import offer_downloads, show_loader
from pages.features.hints.state import HintWork, hint_work, receive

_EXPLANATION = "Click or tap anything that should have another colour, and choose one."
_NO_HINTS = "This checkpoint colours by itself alone; choose Photo to pin colours to points."


def choose_look(card: Card) -> RenderOptions:
    """How strong and how bold the colours are; neither asks the network again."""
    saturation = st.slider(
        "Saturation",
        0.0,
        2.0,
        1.0,
        0.05,
        key="colorize-saturation",
        help=glossary.SATURATION,
        bind="query-params",
    )
    if card.takes_hints and card.published is not None:
        st.toggle("Meet the pinned colours", key="colorize-propagation", help=glossary.HINT_PROPAGATION)
    if not card.takes_temperature:
        return RenderOptions(saturation)
    vividness = st.slider(
        "Vividness",
        0,
        100,
        50,
        1,
        key="colorize-vividness",
        help=glossary.VIVIDNESS,
        bind="query-params",
    )
    return RenderOptions(saturation, vividness=vividness / 100)


def answer_for(photo: LibraryPhoto, card: Card, work: HintWork) -> None:
    """Ask the network what it was not asked yet."""
    propagates = bool(st.session_state.get("colorize-propagation", False))
    if work.base is None:
        with st.spinner(f"Colouring {photo.name} ..."):
            work.base = colour(card, open_photo(photo.content, photo.name).image, has_truth=False).prediction
            work.prediction, work.colored = work.base, ()
    if work.colored != work.hints or work.is_propagated != propagates:
        hints = work.hints
        work.prediction = colour_with_hints(card, work.base, photo.size, hints, propagates) if hints else work.base
        work.colored, work.is_propagated, work.picture = hints, propagates, None


def point_of(photo: LibraryPhoto, work: HintWork) -> Point | None:
    """The colours for the point that is asked about."""
    if work.point is None or work.base is None or work.prediction is None:
        return None
    x, y = work.point
    prediction = work.prediction if work.selected is None else work.base  # a hint's own answer would only repeat it
    found = colors_at(prediction, photo.preview, x, y)
    plane = plane_at(found.lightness)
    own = None if work.selected is None else plane.place(*hint_ab(work.hints[work.selected]))
    return Point(x, y, found.likely, plane.picture, own)


def canvas_of(
    photo: LibraryPhoto, card: Card, work: HintWork, prediction: Prediction, options: RenderOptions
) -> Canvas:
    """What is shown, pictures included; the last one is kept."""
    plane = photo.canvas_plane()
    if work.picture is None or work.picture[0] != (work.hints, options):
        work.picture = (work.hints, options), photo.encode(compose_plane(plane, prediction, options))
    count = len(work.hints)
    state = f"{count} {'point' if count == 1 else 'points'}." if count else _EXPLANATION
    if count >= MAX_HINTS:
        state = f"{count} points: that is as many as there can be."
    return Canvas(
        id=f"{photo.key} {card.id} {weights_hash(card)}",
        alt=f"{photo.name}, coloured by {card.title}",
        after=work.picture[1],
        before=photo.grey(),
        titles=("Grey", "Coloured"),
        size=plane.size,
        takes_hints=card.takes_hints,
        hints=work.hints,
        places=[work.place(hint) for hint in work.hints],
        selected=work.selected,
        point=point_of(photo, work) if card.takes_hints else None,
        answered=work.answered,
        can_undo=bool(work.past),
        can_redo=bool(work.future),
        note=state,
    )


def show_photo(photo: LibraryPhoto, card: Card, options: RenderOptions) -> Prediction:
    """The photo as a canvas; returns its colours as they are shown."""
    work = hint_work(photo, card)
    answer_for(photo, card, work)
    assert work.prediction is not None
    prediction = work.prediction.rendered(options)
    canvas = canvas_of(photo, card, work, prediction, options)
    show_canvas(canvas, lambda messages: receive(work, canvas.id, messages))
    if not card.takes_hints:
        st.caption(_NO_HINTS)
    return prediction


def main() -> None:
    kept, listing = library(), offered()
    st.title("Colour a photo")
    photos = st.container(key="photos", horizontal=True)
    left, right = st.columns([7, 2], gap="large")
    with right:
        show_sources(kept)
        controls = st.container()
        downloads = st.container()
    with left:
        status = Slot()
        open_arrivals(kept)
        for problem in kept.problems:
            st.error(problem)
        for problem in listing.problems:
            st.warning(problem)
    with photos:
        photo = shot_of(kept, choose_photo(kept))
    with controls:
        if not listing.cards:
            st.info("There is no checkpoint in weights/ yet.")
            return
        card = choose_card(photo_first(listing.cards), "colorize-checkpoint")
        options = choose_look(card)
    width, height = photo.size
    set_status(status, f"{photo.name}, {width} × {height} px. {' '.join(photo.notices)}")
    with left:
        prediction = show_photo(photo, card, options)
    with downloads:
        download = Download(photo, card, Answer(prediction, 0.0, None), options, choose_format(photo))
        offer_downloads(download, hint_work(photo, card).hints if card.takes_hints else ())
        if card.takes_hints:
            show_loader(hint_work(photo, card))


run_through_app()
main()
