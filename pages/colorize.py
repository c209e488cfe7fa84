"""Colour a photo: one photo, large, coloured at once; and then as the visitor wants it, point by point."""

import functools
from collections.abc import Sequence

import streamlit as st

from colorizer.analysis.color_suggestions import colors_at, plane_at
from colorizer.checkpoints.card import Card
from colorizer.images.saving import OutputFormat
from colorizer.inference.hints import MAX_HINTS, hint_ab
from colorizer.inference.prediction import Prediction
from pages.common import glossary
from pages.common.bootstrap import run_through_app
from pages.common.checkpoint_picker import choose_card, photo_first
from pages.common.downloads import Download, choose_format
from pages.common.job_runner import set_status, status_line
from pages.common.kept_photos import kept_photos
from pages.common.model_cache import (
    Answer,
    RenderOptions,
    colour,
    colour_with_hints,
    compose_plane,
    full_size,
    render_prediction,
    weights_hash,
)
from pages.common.offered import offered
from pages.common.photo_library import LibraryPhoto, PhotoLibrary, library
from pages.common.photo_picker import (
    choose_photo,
    forget_photos,
    open_arrivals,
    pick,
    shot_of,
    show_problems,
    show_sources,
)
from pages.common.style import apply_ratio
from pages.features.album.entries import ColoringOptions
from pages.features.album.grid import is_album, show_album, take_from_canvas
from pages.features.hints.canvas import Canvas, Point, show_canvas
from pages.features.hints.files import offer_downloads, show_loader
from pages.features.hints.kept import edits_to_json, restore
from pages.features.hints.share import Share, offer_share
from pages.features.hints.sliders import choose_options, follow, options_at
from pages.features.hints.state import HintWork, hint_work, receive
from pages.features.hints.versions import show_versions

_CHECKPOINT = "colorize-checkpoint"
_PROPAGATION = "colorize-propagation"
_FIRST_SAMPLE = "Cameraman (grey)"  # black and white by itself, with skin, sky and grass that come out at once
_PROMISE = (
    "Give a black-and-white photo colours that could be true, and change whatever you know better. "
    "**The colours are invented: plausible, never evidence.**"
)
_EXPLANATION = "Click or tap anything that should have another colour."
_HELP = (
    "Click or tap anything that should have another colour, and choose one here. The colour spreads over what looks "
    "alike. Five to eight points make a portrait."
)
_GREY, _ORIGINAL = "Grey", "Original"
_NO_HINTS = "This checkpoint takes no points. Choose Photo to set colours yourself."


def answer_for(photo: LibraryPhoto, card: Card, work: HintWork) -> None:
    """Ask the network for what is not computed yet: the photo's colours, then those with the hints."""
    propagates = bool(st.session_state.get(_PROPAGATION, False))
    if work.base is None:
        with st.spinner(f"Colouring {photo.name} ..."):
            with full_size(photo.content, photo.name) as opened:
                base = colour(card, opened.image, has_truth=False).prediction
            work.begin(base)
    else:
        base = work.base
    if work.colored != work.hints or work.is_propagated != propagates:
        hints = work.hints
        work.prediction = colour_with_hints(card, base, photo.size, hints, propagates) if hints else base
        work.colored, work.is_propagated, work.picture = hints, propagates, None


def point_of(photo: LibraryPhoto, work: HintWork) -> Point | None:
    """Return the colours to offer at the selected point; None where no point is selected."""
    if work.point is None or work.base is None or work.prediction is None:
        return None
    x, y = work.point
    prediction = work.prediction if work.selected is None else work.base  # a hint's own answer would only repeat it
    found = colors_at(prediction, photo.preview, x, y)
    plane = plane_at(found.lightness)
    own = None if work.selected is None else plane.place(*hint_ab(work.hints[work.selected]))
    return Point(x, y, found.lightness, found.likely, plane.picture, own)


def choose_before(photo: LibraryPhoto) -> tuple[str, bytes]:
    """Choose what the coloured photo is compared with, as (title, encoded picture)."""
    if photo.is_grey:
        return _GREY, photo.grey()
    chosen = st.segmented_control(
        "Your photo has colours. Compare with", (_GREY, _ORIGINAL), default=_GREY, required=True, key="colorize-before"
    )
    return (_ORIGINAL, photo.original()) if chosen == _ORIGINAL else (_GREY, photo.grey())


def canvas_of(
    photo: LibraryPhoto,
    card: Card,
    work: HintWork,
    prediction: Prediction,
    options: RenderOptions,
    before: tuple[str, bytes],
) -> Canvas:
    """Put together what the canvas shows; the last encoded result is kept."""
    plane = photo.canvas_plane()
    picture = work.picture  # another run of the page may replace it meanwhile
    if picture is None or picture[0] != (work.hints, options):
        picture = (work.hints, options), photo.encode(compose_plane(plane, prediction, options))
        work.picture = picture
    count = len(work.hints)
    invitation = _EXPLANATION if card.takes_hints else ""
    state = f"{count} {'point' if count == 1 else 'points'}." if count else invitation
    if count >= MAX_HINTS:
        state = f"{count} points: that's the maximum."
    return Canvas(
        id=f"{photo.key} {card.id} {weights_hash(card)}",
        alt=f"{photo.name}, coloured by {card.title}",
        after=picture[1],
        before=before[1],
        titles=(before[0], "Coloured"),
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
        hint=_HELP,
    )


def show_photo(photo: LibraryPhoto, card: Card, options: RenderOptions, before: tuple[str, bytes]) -> Prediction:
    """Show the photo as a canvas, and return its colours as shown."""
    work = hint_work(photo, card)
    answer_for(photo, card, work)
    assert work.prediction is not None
    prediction = render_prediction(work.prediction, options)
    canvas = canvas_of(photo, card, work, prediction, options, before)
    show_canvas(canvas, lambda messages: receive(work, canvas.id, messages))
    if not card.takes_hints:
        st.caption(_NO_HINTS)
    return prediction


def show_hero(kept: PhotoLibrary) -> None:
    """Show what this page is for, and where to add a photo."""
    with st.container(key="hero"):
        words, intake = st.columns([3, 2], gap="large", vertical_alignment="center")
        with words:
            st.title("Colour a photo")
            st.markdown(_PROMISE)
        with intake:
            show_sources(kept)


def chosen_card(cards: Sequence[Card]) -> Card:
    """Return the chosen checkpoint. Its control is below, under Advanced, as most visitors never need it."""
    ordered = photo_first(cards)
    wanted = st.session_state.get(_CHECKPOINT, st.query_params.get(_CHECKPOINT))
    return next((card for card in ordered if wanted in (card.id, card.title)), ordered[0])


def edits_of(photo: LibraryPhoto, cards: Sequence[Card]) -> str:
    """Return what was done to a photo, for the browser to keep; first take in what it gave back of it."""
    if (card := restore(photo, kept_photos().take_edits(photo.key), cards)) is not None:
        st.session_state[_CHECKPOINT] = card.id
    card = chosen_card(cards)
    return edits_to_json(hint_work(photo, card), card)


def show_advanced(photo: LibraryPhoto, cards: Sequence[Card], card: Card) -> OutputFormat:
    """Show the checkpoint, the file format and the file of points; return the format."""
    with st.expander("Advanced", key="colorize-advanced"):
        choose_card(photo_first(cards), _CHECKPOINT)
        format_ = choose_format(photo)
        if card.takes_hints and card.published is not None:  # ours meet every point
            st.toggle("Meet the colours of your points", key=_PROPAGATION, help=glossary.HINT_PROPAGATION)
        if card.takes_hints:
            show_loader(hint_work(photo, card))
    return format_


def coloring_of(photo: LibraryPhoto, card: Card) -> ColoringOptions:
    """Say how a photo of the album is to be coloured: each has its own points and sliders."""
    work = hint_work(photo, card)
    propagates = bool(work.hints) and bool(st.session_state.get(_PROPAGATION, False))
    return ColoringOptions(card, work.hints, options_at(card, work), propagates)


def show_photos(kept: PhotoLibrary, photo: LibraryPhoto, card: Card, format_: OutputFormat) -> None:
    """Show the album of a visitor who has several photos."""
    picture = hint_work(photo, card).picture
    if photo.key in kept.photos and picture is not None:
        take_from_canvas(photo, coloring_of(photo, card), picture[1])
    coloring, forget = functools.partial(coloring_of, card=card), functools.partial(forget_photos, kept)
    show_album(kept, photo.key, format_, coloring, pick, forget)


def main() -> None:
    kept, listing = library(), offered()
    show_hero(kept)
    status = st.container()
    with status:
        open_arrivals(kept)
        show_problems(kept)
        for problem in listing.problems:
            st.warning(problem)
    with st.container(key="photos", horizontal=True, vertical_alignment="center"):
        edits = functools.partial(edits_of, cards=listing.cards) if listing.cards else None
        photo = shot_of(kept, choose_photo(kept, _FIRST_SAMPLE, edits))
        if is_album(kept):
            st.markdown(f"[All {len(kept.photos)} photos](#your-photos)", width="content")
    if not listing.cards:
        st.info("There is no checkpoint in weights/ yet.")
        return
    card = chosen_card(listing.cards)
    work = hint_work(photo, card)
    follow(work)
    width, height = photo.size
    # The photo has its room before the controls are there, so that nothing below it moves.
    apply_ratio((width, height))
    left, right = st.container(key="desk").columns([7, 2], gap="large")
    with right:
        before = choose_before(photo)
        options = choose_options(card, work)
        downloads = st.container()
        format_ = show_advanced(photo, listing.cards, card)
    with left:
        prediction = show_photo(photo, card, options, before)
        set_status(status_line(), f"{photo.name}, {width} × {height} px. {' '.join(photo.notices)}")
    with downloads:
        download = Download(photo, card, Answer(prediction, 0.0, None), options, format_)
        offer_downloads(download, work.hints if card.takes_hints else ())
        offer_share(Share(photo, card, prediction, options))
    with left:
        show_versions(photo, card, work)
    if is_album(kept):
        show_photos(kept, photo, card, format_)


run_through_app()
main()
