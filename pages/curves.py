"""Loss curves: how the checkpoints were trained, and how a run in training is doing."""

from collections.abc import Sequence
from dataclasses import asdict

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import scan
from pages.common import glossary, tables
from pages.common.bootstrap import run_through_app
from pages.common.chart_theme import assign_colors, show_chart
from pages.common.delivery import download_button
from pages.common.experiments import FIRST_EXPERIMENT, available
from pages.common.loss_chart import OWN_LOSS, QUANTITIES, TRAINING, VALIDATION, View, draw, loss_name
from pages.common.snapshots import SnapshotRef
from pages.common.training_runs import Curve, describe_fit, read_curves
from pages.features.curves import gan_chart

_REFRESH_SECONDS = 5
_CHART_HEIGHT = 560
_ADVERSARY_HEIGHT = 760  # of three panels, each with room for its axis title
_MAX_PRESELECTED = 6
_FIRST_QUANTITY = "ab RMSE"  # the same for every loss, so heights can be compared
_FREE = "Choose runs below"
_INTRODUCTION = (
    "How far from the truth each network was while it learned: one value for every epoch, a round of its training."
)


def _preselected(curves: Sequence[Curve]) -> list[str]:
    """Preselect the runs in training, which somebody waits for, and the checkpoints of the first experiment."""
    training = [curve.key for curve in curves if curve.is_training]
    shipped = [curve.key for curve in curves if curve.is_shipped and curve.key.endswith(FIRST_EXPERIMENT.checkpoints)]
    return [*training, *(shipped or [curve.key for curve in curves])][:_MAX_PRESELECTED]


def _take_experiment(keys: dict[str, list[str]]) -> None:
    chosen = st.session_state["curves-experiment"]
    if chosen in keys:
        st.session_state["runs"] = keys[chosen]


def choose_experiment(curves: Sequence[Curve]) -> None:
    """Offer the runs of an experiment at once, the same as on Compare."""
    there = {curve.key for curve in curves}
    keys = {
        title: [f"weights/{card.checkpoint.id if isinstance(card, SnapshotRef) else card.id}" for card in lined_up]
        for title, lined_up in ((title, item.line_up(_cards())) for title, item in available(_cards()).items())
    }
    keys = {title: list(dict.fromkeys(names)) for title, names in keys.items() if there.issuperset(names)}
    st.selectbox(
        "Experiment", [_FREE, *keys], key="curves-experiment", help=glossary.EXPERIMENT, on_change=_take_experiment,
        args=(keys,),
    )  # fmt: skip


def _cards() -> Sequence[Card]:
    return scan().cards


def choose_runs(curves: Sequence[Curve]) -> list[str]:
    """Choose the runs to draw, by key."""
    titles = {curve.key: curve.title for curve in curves}
    chosen: list[str] = st.pills(
        "Runs",
        list(titles),
        format_func=titles.__getitem__,
        selection_mode="multi",
        default=_preselected(curves),
        key="runs",
        help=glossary.CHECKPOINT,
        bind="query-params",
    )
    return chosen


def choose_view() -> View:
    """Choose what is drawn, and how."""
    by_title = {quantity.title: quantity for quantity in QUANTITIES}
    title = st.pills(
        "Quantity", list(by_title), default=_FIRST_QUANTITY, required=True, key="quantity", bind="query-params",
        help="  \n".join(f"**{quantity.title}**: {quantity.help}" for quantity in QUANTITIES),
    )  # fmt: skip
    quantity = by_title[title]
    parts = st.pills(
        "Measured on",
        (TRAINING, VALIDATION),
        selection_mode="multi",
        default=[TRAINING, VALIDATION],
        key="parts",
        disabled=quantity.training is None,
        help="Training pictures are those it learns from; validation pictures are never shown to it. "
        "On the training pictures only the own loss is taken.",
        bind="query-params",
    )
    x = st.segmented_control(
        "Horizontal axis", ("Epoch", "Images seen"), default="Epoch", required=True, key="x", bind="query-params",
        help=f"{glossary.EPOCH} {glossary.IMAGES_SEEN}",
    )  # fmt: skip
    scale = st.segmented_control(
        "Vertical axis", ("Linear", "Log"), default="Linear", required=True, key="scale", bind="query-params"
    )
    smoothing = st.slider(
        "Smoothing", 0.0, 0.9, 0.0, 0.1, key="smoothing", help=glossary.SMOOTHING, bind="query-params"
    )
    shown = (
        [part for part in (TRAINING, VALIDATION) if part in parts] if quantity.training is not None else [VALIDATION]
    )
    return View(quantity, shown, x == "Images seen", scale == "Log", smoothing)


def show_remarks(curves: Sequence[Curve], view: View) -> None:
    """Show what one must know to read the chart right."""
    losses = sorted({loss_name(curve.recipe) for curve in curves})
    if view.quantity is OWN_LOSS and len(losses) > 1:
        st.warning(
            f"The heights of {' and '.join(losses)} curves cannot be compared: the losses have different units, or "
            "numbers of colours to choose from. Compare their shapes, or choose a common measure (PSNR, CIEDE2000, ab "
            "RMSE, colourfulness).",
            icon=":material/straighten:",
        )
    if view.quantity.title == "PSNR":
        st.info(glossary.PSNR)
    unknown = [curve.title for curve in curves if not view.quantity.is_known(curve.rows)]
    if unknown:
        st.info(f"{view.quantity.title} exists only for runs that choose from a palette, not for {', '.join(unknown)}.")
    against = [curve.title for curve in curves if curve.recipe.adversary and curve.rows]
    if view.quantity is OWN_LOSS and against:
        st.info(
            f"For {' and '.join(against)} the chart shows the recipe's own loss alone. The generator loss below, which "
            "trains the network, adds the discriminator's part."
        )
    for curve in curves:
        if (remark := describe_fit(curve)) is not None:
            st.markdown(remark)
    st.caption(
        "Solid: validation; dotted: training. ★ nearest to the truth: lowest validation ab RMSE, whatever is drawn. "
        "Dashed: the guess without looking, which is no colour at all or, for a palette, how frequent its colours are. "
        "All measures are means over the validation pictures at the size that the run trains at.",
        help=glossary.GREY,
    )


def show_adversary(curve: Curve, color: str) -> None:
    """Show both sides of an adversarial run; nothing for any other, or before its first epoch."""
    if curve.recipe.adversary is None or not curve.rows:
        return
    terms = "  \n".join(f"**{term}**: {meaning}" for term, meaning in glossary.ADVERSARY.items())
    st.subheader(f"{curve.title}: generator against discriminator", help=terms)
    figure = gan_chart.draw(curve.rows, curve.recipe.adversary, color)
    show_chart(figure, f"adversary-chart-{curve.key}", _ADVERSARY_HEIGHT)
    st.caption(
        "The generator is the network that colours. The discriminator is shown its pictures among true ones, and "
        "learns to tell which is which; the generator learns to be taken for true. In balance the discriminator's loss "
        "stays near 0.69 and its accuracy not far above 50%: it can do little but guess. Where its accuracy comes "
        "near 100% and its loss near 0 it has won, and what it says helps the generator little."
    )


def _columns(curve: Curve) -> list[dict[str, object]]:
    """List the rows of a run under the names of history.csv, but with the number of epochs done."""
    rows = ({"epochs" if name == "epoch" else name: value for name, value in asdict(row).items()} for row in curve.rows)
    return [{"run": curve.title, "loss": curve.recipe.loss.name, **row, "epochs": row["epochs"] + 1} for row in rows]


def show_table(curves: Sequence[Curve]) -> None:
    """Show every epoch of the chosen runs as a table, and offer it as a file."""
    rows = tables.with_values([row for curve in curves for row in _columns(curve)])
    with st.expander("Table of all epochs"):
        tables.show_table(rows)
    download_button(
        "Download as CSV",
        make=lambda: tables.as_csv(rows),
        file_name="loss-curves.csv",
        mime="text/csv",
        icon=":material/download:",
        key="download-csv",
        disabled=not rows,
    )


def show_curves(keys: Sequence[str], view: View, was_training: bool) -> None:
    """Show the chart, remarks and table; read anew each time, since a run in training goes on writing."""
    every = read_curves().curves
    curves = [curve for curve in every if curve.key in keys]
    training = [curve for curve in every if curve.is_training]
    if was_training and not training:
        st.rerun()  # the whole page, which then stops refreshing
    for curve in training:
        finished = curve.rows[-1].epoch + 1 if curve.rows else "none"
        epochs = curve.recipe.training.epochs
        st.markdown(f":material/progress_activity: **{curve.title}** is training: {finished} of {epochs} epochs done.")
    if not curves:
        st.info("Choose at least one run.")
        return
    colors = assign_colors((curve.key, curve.recipe.family) for curve in every)
    show_chart(draw(curves, colors, view), "curves-chart", _CHART_HEIGHT)
    show_remarks(curves, view)
    for curve in curves:
        show_adversary(curve, colors[curve.key])
    show_table(curves)


def main() -> None:
    everything = read_curves()
    chart, beside = st.columns([3.2, 1], gap="large")
    chart.title("Loss curves")
    chart.markdown(_INTRODUCTION)
    for problem in everything.problems:
        chart.warning(problem)
    if not everything.curves:
        chart.info(
            "There is no training history yet: start one with `python train.py recipes/NAME.toml --data FOLDER`."
        )
        return
    with beside, st.container(key="controls"):
        choose_experiment(everything.curves)
        view = choose_view()
        keys = choose_runs(everything.curves)  # last: the list is long, and would push the rest down when it comes
    live = any(curve.is_training for curve in everything.curves)
    with chart:
        st.fragment(show_curves, run_every=_REFRESH_SECONDS if live else None)(keys, view, live)


run_through_app()
main()
