"""One lesson as a page: a question, a photo through both checkpoints, curves, a verdict, what to try, and next."""

from collections.abc import Sequence

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import scan
from pages.common.before_after import Side, before_after
from pages.common.chart_theme import assign_colors, show_chart
from pages.common.comparison_jobs import work_off
from pages.common.job_runner import set_status, status_line
from pages.common.loss_chart import QUANTITIES, VALIDATION, View, draw
from pages.common.model_cache import RenderOptions
from pages.common.navigation import page_at
from pages.common.photo_library import LibraryPhoto, library
from pages.common.photo_picker import choose_view
from pages.common.style import apply_ratio
from pages.common.training_runs import Curve, describe_fit, read_curves
from pages.features.lessons.lessons import LESSONS, Lesson
from pages.features.lessons.loss_slider import show_losses
from pages.features.lessons.verdict import verdict_on

_CHART_HEIGHT = 340


def show_pair(photo: LibraryPhoto, cards: Sequence[Card], lesson: Lesson) -> None:
    """Show the photo coloured by both, one over the other."""
    status, pair = status_line(), st.container(key="lesson-pair")
    apply_ratio(photo.preview.size)
    work_off(photo, cards, status, None, RenderOptions())
    sides = [
        Side(card.title, f"{photo.name}, coloured by {card.title}", photo.result(card, answer, RenderOptions()))
        for card in cards
        if (answer := photo.answer(card)) is not None
    ]
    for card in cards:
        if (failure := photo.failure(card)) is not None:
            st.error(failure)
    set_status(status, f"{photo.name} by {' and by '.join(card.title for card in cards)}")
    with pair:
        if len(sides) == 2:
            left, right = sides
            before_after(left, right, photo.preview.size)
    st.markdown(lesson.look_at)


def show_curves(curves: Sequence[Curve], every: Sequence[Curve], lesson: Lesson) -> None:
    """Show the curves that tell the answer; a star marks the best epoch."""
    quantity = next(item for item in QUANTITIES if item.title == lesson.measure)
    colors = assign_colors((curve.key, curve.recipe.family) for curve in every)
    show_chart(draw(curves, colors, View(quantity, [VALIDATION], False, False, 0.0)), "lesson-chart", _CHART_HEIGHT)
    st.caption(
        "★ is where the network was nearest to the truth (lowest ab RMSE). What follows it was learned by heart, or "
        "not at all."
    )


def show_links(lesson: Lesson, film: Card | None) -> None:
    """Link to the film of a checkpoint, the comparison, the curves, and the next lesson."""
    number = LESSONS.index(lesson)
    with st.container(horizontal=True):
        if film is not None:
            st.page_link(
                page_at("learning"), label="Watch it learn", icon=":material/movie:",
                query_params={"learning-checkpoint": film.title},
            )  # fmt: skip
        st.page_link(
            page_at("compare"), label="Compare them in full", icon=":material/compare:",
            query_params={"experiment": lesson.experiment},
        )  # fmt: skip
        st.page_link(page_at("curves"), label="All loss curves", icon=":material/show_chart:")
        if number + 1 < len(LESSONS):
            following = LESSONS[number + 1]
            st.page_link(page_at(following.address), label=f"Next: {following.title}", icon=":material/arrow_forward:")


def show_lesson(lesson: Lesson) -> None:
    """Show the page of a lesson."""
    kept, by_id = library(), {card.id: card for card in scan().cards}
    st.title(lesson.title)
    st.caption(f"Lesson {LESSONS.index(lesson) + 1} of {len(LESSONS)}")
    st.markdown(lesson.question)
    missing = [name for name in lesson.pair if name not in by_id]
    if missing:
        st.info(
            f"This lesson needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not in weights/."
        )
        return
    cards = [by_id[name] for name in lesson.pair]
    photo = choose_view(kept, "lesson", lesson.sample)
    every = read_curves().curves
    by_key = {curve.key: curve for curve in every}
    curves = [by_key[f"weights/{name}"] for name in lesson.pair if f"weights/{name}" in by_key]
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_pair(photo, cards, lesson)
    with right:
        show_curves(curves, every, lesson)
        st.markdown(verdict_on(curves, lesson.measure))
        if lesson.address == "lesson_pictures" and curves and (remark := describe_fit(curves[0])) is not None:
            st.markdown(remark)
    if lesson.address == "lesson_loss":
        show_losses(by_key[f"weights/{lesson.pair[1]}"].recipe.loss.huber_delta)
    st.markdown(f"**Try it.** {lesson.try_next}")
    filmed = by_id.get(lesson.film_of)
    show_links(lesson, filmed if filmed is not None and filmed.snapshots else None)
