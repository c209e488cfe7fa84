"""Best and worst: checkpoints measured on many pictures, and where each of them does well and fails."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.evaluation.hue_confusion import JointHues, grey_share, strongest_confusion
from colorizer.evaluation.metrics import PROTOCOL_OF_SETS
from colorizer.evaluation.ranking import RANKINGS, EvaluatedImage, Ranking, total_hues
from pages.common import glossary
from pages.common.bootstrap import run_through_app
from pages.common.job_runner import set_status
from pages.common.offered import offered
from pages.common.slot import Slot, reserve
from pages.features.ranking import shipped_samples
from pages.features.ranking.image_set_picker import PictureChoice, choose_pictures
from pages.features.ranking.jobs import MAX_CHECKPOINTS, SAMPLES_TITLE, Measuring, measuring, model_key, work_off
from pages.features.ranking.tables import offer_csv, show_means, show_pictures
from pages.features.ranking.tiles import format_figure, show_podium

_FIRST_CHECKPOINTS = ("scenes-12-huber", "scenes-500-huber")
_INTRODUCTION = (
    "Colour pictures are turned grey, checkpoints colour them again, and each result is compared with its original."
)
_INVITATION = (
    "Nothing measured yet. Keep the samples, or upload up to 500 pictures of your own; then press **Measure**."
)
_ROW_HEIGHT, _AXIS_HEIGHT, _HUES_HEIGHT = 92, 60, 560


@dataclass(frozen=True)
class View:
    """The chosen ranking, and the checkpoint whose pictures are shown."""

    evaluated_images: Sequence[EvaluatedImage]
    cards: Sequence[Card]
    card: Card
    """The one whose pictures are shown."""
    ranking: Ranking
    are_samples: bool

    @property
    def model(self) -> str:
        return model_key(self.card)

    def values(self, card: Card) -> list[float]:
        """Return the scores of a checkpoint by which the pictures are ranked."""
        return [self.ranking.of(evaluated.outcomes[model_key(card)].scores) for evaluated in self.evaluated_images]

    def grey_values(self) -> list[float]:
        return [self.ranking.of(evaluated.grey) for evaluated in self.evaluated_images]


def choose_checkpoints(cards: Sequence[Card]) -> list[Card]:
    """Choose the checkpoints to measure; the choice stands in the link."""
    by_id = {card.id: card for card in cards}
    chosen = st.multiselect(
        "Checkpoints",
        list(by_id),
        default=[name for name in _FIRST_CHECKPOINTS if name in by_id] or list(by_id)[:1],
        format_func=lambda name: by_id[name].title,
        max_selections=MAX_CHECKPOINTS,
        key="ranked-checkpoints",
        help=f"{glossary.CHECKPOINT} Up to {MAX_CHECKPOINTS} at a time.",
        bind="query-params",
    )
    return [card for card in cards if card.id in chosen]


def _start(kept: Measuring, choice: PictureChoice) -> None:
    kept.start(choice.source, choice.take())
    kept.upload_serial += 1


def show_action(kept: Measuring, choice: PictureChoice, cards: Sequence[Card]) -> None:
    """Show the button that starts the measuring, resumes it, or stops it."""
    if kept.is_working:
        st.button("Stop", icon=":material/stop:", key="measure-stop", on_click=kept.stop)
        return
    is_same = kept.source == choice.source and not choice.has_files
    if is_same and cards and kept.has_rest(cards):
        st.button("Measure the rest", type="primary", key="measure", on_click=kept.go_on)
        return
    is_done = is_same and not choice.can_change and bool(cards)
    st.button(
        "Measure",
        type="primary",
        key="measure",
        on_click=_start,
        args=(kept, choice),
        disabled=not cards or is_done or not choice.is_there,
    )


def describe_state(kept: Measuring, cards: Sequence[Card]) -> str:
    """Say how many pictures the results below cover."""
    if kept.queue is None or not cards:
        return ""
    done, all_of_them = len(kept.measured(cards)), kept.queue.pictures
    by = "1 checkpoint" if len(cards) == 1 else f"{len(cards)} checkpoints"
    return f"{done} of {all_of_them} pictures measured by {by}."


def has_problems(kept: Measuring, damaged: Sequence[str]) -> bool:
    """Tell whether `show_problems` has anything to show."""
    return bool(damaged or kept.problems or (kept.queue is not None and kept.queue.problems))


def show_problems(kept: Measuring, damaged: Sequence[str]) -> None:
    """Show a sentence for each checkpoint that cannot be read, and for each picture that was left out."""
    for problem in (*damaged, *kept.problems):
        st.warning(problem)
    left_out = kept.queue.problems if kept.queue is not None else []
    if left_out:
        with st.expander(f"Left out or only in part: {len(left_out)}", icon=":material/warning:"):
            st.text("\n".join(left_out))


def choose_view(evaluated_images: Sequence[EvaluatedImage], cards: Sequence[Card], are_samples: bool) -> View:
    """Choose how to rank the pictures, and whose results to show. The ranking stands in the link."""
    rankings, by_id = {ranking.title: ranking for ranking in RANKINGS}, {card.id: card for card in cards}
    if st.session_state.get("look-at") not in by_id:
        st.session_state["look-at"] = cards[-1].id
    with st.container(horizontal=True, gap="medium", key="ranking"):
        title = st.segmented_control(
            "Rank by",
            list(rankings),
            default=RANKINGS[0].title,
            required=True,
            key="rank-by",
            help="  \n".join([glossary.RANKING, *(f"**{name}**: {glossary.MEASURES[name]}" for name in rankings)]),
            bind="query-params",
            width="content",
        )
        name = st.pills(
            "Look at",
            list(by_id),
            format_func=lambda name: by_id[name].title,
            required=True,
            key="look-at",
            help=glossary.CHECKPOINT,
            width="content",
        )
    return View(evaluated_images, cards, by_id[name or cards[-1].id], rankings[title or RANKINGS[0].title], are_samples)


def compare_with_grey(view: View) -> str:
    """Say in one sentence how often the checkpoint beats grey."""
    sign = 1 if view.ranking.higher_is_better else -1
    pairs = list(zip(view.values(view.card), view.grey_values(), strict=True))
    better = sum(sign * value > sign * grey for value, grey in pairs)
    mean = format_figure(sum(value for value, _ in pairs) / len(pairs), view.ranking)
    return (
        f"By {view.ranking.title}, **{view.card.title}** comes closer to the original than grey does in {better} of "
        f"{len(pairs)} pictures; its mean is {mean}."
    )


def show_spread(view: View) -> None:
    """Show how the score spreads over the pictures, for grey and each checkpoint; and the means of all scores."""
    from pages.common import chart_theme
    from pages.features.ranking import charts

    st.subheader("All pictures", help=glossary.SPREAD, anchor=False)
    colors = chart_theme.assign_colors((card.id, card.family) for card in offered().cards)
    spreads = [charts.Spread("Grey (no colour)", chart_theme.NEUTRAL, view.grey_values())]
    spreads += [charts.Spread(card.title, colors[card.id], view.values(card)) for card in view.cards]
    figure = charts.draw_spreads(spreads, [evaluated.name for evaluated in view.evaluated_images], view.ranking)
    chart_theme.show_chart(figure, "rank-spread", _AXIS_HEIGHT + _ROW_HEIGHT * len(spreads), "closest")
    st.markdown(compare_with_grey(view))
    show_means(view.evaluated_images, view.cards)
    made = (
        f" The samples' figures come with the weights; `{shipped_samples.COMMAND}` makes them."
        if view.are_samples
        else ""
    )
    st.caption(
        f"Means over {len(view.evaluated_images)} pictures: {PROTOCOL_OF_SETS}. The same as `evaluate` prints.{made}"
    )


def describe_hues(joint: JointHues) -> list[str]:
    """Say what the mistakes have in common, by hue."""
    confusion, grey = strongest_confusion(joint), grey_share(joint)
    if joint.sum() == 0:
        return ["These pictures have no colours strong enough to tell their hues."]
    first = "No hue is often mistaken for another."
    if confusion is not None:
        first = (
            f"Most often: true **{confusion.true}** came out **{confusion.result}**, {confusion.share:.0%} of all "
            f"{confusion.true}."
        )
    return [first, f"Of all colour, {grey:.0%} came out nearly grey."]


def show_hues(view: View) -> None:
    """Show the true hues against those that came out."""
    from pages.common import chart_theme
    from pages.features.ranking import charts

    joint = total_hues(view.evaluated_images, view.model)
    st.subheader("Which hue came out as which", help=glossary.HUE, anchor=False)
    left, right = st.columns([2, 1], gap="medium", vertical_alignment="center")
    with right:
        st.markdown("  \n".join(describe_hues(joint)))
        st.caption(
            "Each column is a true hue, each row the hue that came out; the darker a cell, the more of it (lighter in "
            "the dark theme). On the dashed line the hue is right; the lowest row is nearly grey."
        )
    with left:
        chart_theme.show_chart(charts.draw_hues(joint), "rank-hues", _HUES_HEIGHT, "closest")


def show_results(evaluated_images: Sequence[EvaluatedImage], cards: Sequence[Card], are_samples: bool) -> None:
    """Show the pictures first, then what they have in common, then all scores."""
    view = choose_view(evaluated_images, cards, are_samples)
    show_podium(view.evaluated_images, view.model, view.card.title, view.ranking)
    show_spread(view)
    show_hues(view)
    st.subheader("Every picture", anchor=False)
    show_pictures(view.evaluated_images, view.card, view.ranking)
    offer_csv(view.evaluated_images, view.cards)


def main() -> None:
    start, kept, listing = time.monotonic(), measuring(), offered()
    results, beside = st.columns([3.2, 1], gap="large")
    with beside, st.container(key="controls"):
        st.html('<span id="controls"></span>')
        choice = choose_pictures(kept)
        chosen = choose_checkpoints(listing.cards)
    if choice.source == SAMPLES_TITLE:
        kept.take_shipped(chosen)
    cards = kept.begun(chosen)
    evaluated_images = kept.measured(cards) if cards else []
    with beside:  # tells the style what room to keep; most visits find results, so that it changes nothing
        key = "measured" if evaluated_images or kept.is_working else "nothing-measured"
        st.container(key=key).html("<span></span>")  # an empty one would not come
    with results:
        st.title("Best and worst")
        st.markdown(_INTRODUCTION, help=f"{PROTOCOL_OF_SETS}. {glossary.GREY}")
        st.container(key="to-controls").html(
            '<a class="to-controls" href="#controls">Choose pictures and checkpoints</a>'
        )
        with st.container(horizontal=True, vertical_alignment="center", key="measuring"):
            show_action(kept, choice, chosen)
            progress = Slot()
            set_status(progress, describe_state(kept, cards))
        with reserve(keeps=not kept.is_working or has_problems(kept, listing.problems)):
            show_problems(kept, listing.problems)
        with reserve(keeps=bool(evaluated_images) or not kept.is_working):
            if evaluated_images:
                show_results(evaluated_images, cards, kept.are_samples)
            elif not kept.is_working:
                st.info(_INVITATION if chosen else "Choose at least one checkpoint.")
    work_off(kept, chosen, progress, time.monotonic() - start)


run_through_app()
main()
