"""Colour a photo: one photo, large, coloured at once; and then as the visitor wants it, point by point."""

import math

import streamlit as st

from colorizer.analysis.color_suggestions import colors_at, plane_at
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import scan
from colorizer.inference.hints import MAX_HINTS, hint_ab
from colorizer.inference.prediction import Chroma
from pages.common import glossary
from pages.common.bootstrap import enter
from pages.common.checkpoint_picker import choose_card, photo_first
from pages.common.comparison_jobs import say
from pages.common.downloads import Wish, choose_format
from pages.common.model_cache import Answer, Look, colour, colour_with_hints, compose_tones, load, open_photo, version
from pages.common.photo_library import Shot, album
from pages.common.photo_picker import choose_photo, open_arrivals, shot_of, show_sources
from pages.common.slot import Place
from pages.features.hints.canvas import Canvas, Point, show_canvas
from pages.features.hints.files import offer_downloads, show_loader
from pages.features.hints.state import HintWork, hint_work, receive

_WARMEST, _COLDEST = 2.0, 0.12  # temperatures at the ends of the slider
_EXPLANATION = "Click or tap anything that should have another colour, and choose one."
_NO_HINTS = "This checkpoint colours by itself alone; choose Photo to pin colours to points."


def temperature_of(vividness: int) -> float:
    """0..100 -> temperature, falling: in equal ratios, as that is how it acts."""
    return _WARMEST * (_COLDEST / _WARMEST) ** (vividness / 100)


def vividness_of(temperature: float) -> int:
    """The place on the slider that is nearest to a temperature."""
    return round(100 * math.log(temperature / _WARMEST) / math.log(_COLDEST / _WARMEST))


def choose_look(card: Card) -> Look:
    """How strong and how bold the colours are; neither asks the network again."""
    saturation = st.slider(
        "Saturation", 0.0, 2.0, 1.0, 0.05, key="colorize-saturation", help=glossary.SATURATION, bind="query-params"
    )
    if not card.takes_temperature:
        return Look(saturation)
    own = load(card).temperature
    middle = vividness_of(own)
    vividness = st.slider(
        "Vividness", 0, 100, middle, 1, key="colorize-vividness", help=glossary.VIVIDNESS, bind="query-params"
    )
    return Look(saturation, temperature=None if vividness == middle else temperature_of(vividness))


def answer_for(shot: Shot, card: Card, work: HintWork) -> None:
    """Ask the network what it was not asked yet."""
    if work.base is None:
        with st.spinner(f"Colouring {shot.name} ..."):
            work.base = colour(card, open_photo(shot.content, shot.name).image, has_truth=False).chroma
            work.chroma, work.colored = work.base, ()
    if work.colored != work.hints:
        chroma = colour_with_hints(card, work.base, shot.size, work.hints) if work.hints else work.base
        work.chroma, work.colored = chroma, work.hints


def settled(chroma: Chroma, card: Card, look: Look) -> Chroma:
    """The network's answer as the sliders want it."""
    if chroma.distribution is None or (look.temperature is None and not chroma.pins):
        return chroma  # as the network gave it: saturation comes with composing
    return chroma.settled(look.temperature or load(card).temperature, look.saturation)


def point_of(shot: Shot, work: HintWork) -> Point | None:
    """The colours for the point that is asked about."""
    if work.point is None or work.base is None or work.chroma is None:
        return None
    x, y = work.point
    chroma = work.chroma if work.selected is None else work.base  # a hint's own answer would only repeat it
    found = colors_at(chroma, shot.preview, x, y)
    plane = plane_at(found.lightness)
    own = None if work.selected is None else plane.place(*hint_ab(work.hints[work.selected]))
    return Point(x, y, found.likely, plane.picture, own)


def canvas_of(shot: Shot, card: Card, work: HintWork, chroma: Chroma, look: Look) -> Canvas:
    """What is shown, pictures included; the last one is kept."""
    tones = shot.canvas_tones()
    if work.picture is None or work.picture[0] != (work.hints, look):
        work.picture = (work.hints, look), shot.encode(compose_tones(tones, chroma, look))
    count = len(work.hints)
    state = f"{count} {'point' if count == 1 else 'points'}." if count else _EXPLANATION
    if count >= MAX_HINTS:
        state = f"{count} points: that is as many as there can be."
    return Canvas(
        id=f"{shot.key} {card.id} {version(card)}",
        alt=f"{shot.name}, coloured by {card.title}",
        after=work.picture[1],
        before=shot.grey(),
        titles=("Grey", "Coloured"),
        size=tones.size,
        takes_hints=card.takes_hints,
        hints=work.hints,
        places=[work.place(hint) for hint in work.hints],
        selected=work.selected,
        point=point_of(shot, work) if card.takes_hints else None,
        answered=work.answered,
        can_undo=bool(work.past),
        can_redo=bool(work.future),
        note=state,
    )


def show_photo(shot: Shot, card: Card, look: Look) -> Chroma:
    """The photo as a canvas; returns its colours as they are shown."""
    work = hint_work(shot, card)
    answer_for(shot, card, work)
    assert work.chroma is not None
    chroma = settled(work.chroma, card, look)
    canvas = canvas_of(shot, card, work, chroma, look)
    show_canvas(canvas, lambda messages: receive(work, canvas.id, messages))
    if not card.takes_hints:
        st.caption(_NO_HINTS)
    return chroma


def main() -> None:
    kept, listing = album(), scan()
    st.title("Colour a photo")
    photos = st.container(key="photos", horizontal=True)
    left, right = st.columns([7, 2], gap="large")
    with right:
        show_sources(kept)
        controls = st.container()
        downloads = st.container()
    with left:
        status = Place()
        open_arrivals(kept)
        for problem in kept.problems:
            st.error(problem)
        for problem in listing.problems:
            st.warning(problem)
    with photos:
        shot = shot_of(kept, choose_photo(kept))
    with controls:
        if not listing.cards:
            st.info("There is no checkpoint in weights/ yet.")
            return
        card = choose_card(photo_first(listing.cards), "colorize-checkpoint")
        look = choose_look(card)
    width, height = shot.size
    say(status, f"{shot.name}, {width} × {height} px. {' '.join(shot.notices)}")
    with left:
        chroma = show_photo(shot, card, look)
    with downloads:
        wish = Wish(shot, card, Answer(chroma, 0.0, None), look, choose_format(shot))
        offer_downloads(wish, hint_work(shot, card).hints if card.takes_hints else ())
        if card.takes_hints:
            show_loader(hint_work(shot, card))


enter()
main()
