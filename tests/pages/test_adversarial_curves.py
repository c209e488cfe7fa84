"""Runs against a discriminator on the curves page: their own chart, the unit of their loss, their columns."""

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.history import EpochRow, format_history
from colorizer.evaluation.scores import Scores
from colorizer.evaluation.validation import Baseline
from colorizer.recipes.recipe import Recipe, parse_recipe
from colorizer.recipes.schema import AdversarySettings
from colorizer.training.run_state import write_baseline
from pages.common import glossary
from pages.common.loss_chart import OWN_LOSS, VALIDATION, View, axis_title, draw, loss_name
from pages.common.training_runs import Curve, describe_fit
from pages.features.curves import gan_chart
from tests.support.app import OpenApp, assert_clean
from tests.support.training import RECIPE

BASELINE = Baseline(Scores(loss=0.00563, psnr=20.0, ciede2000=12.0, ab_rmse=14.0, colorfulness=0.1), 45.0)
SETTINGS = AdversarySettings(accuracy_threshold=0.8, noise_interval=2)
COLOR = "#0072b2"
RGB = ("model.architecture=autoencoder-5", "loss.name=l1")
AGAINST = ("adversary.accuracy_threshold=0.8", "adversary.noise_interval=2")


def make_recipe(*settings: str) -> Recipe:
    return parse_recipe(RECIPE, settings)


def plain_row(epoch: int) -> EpochRow:
    return EpochRow(epoch, 12 * (epoch + 1), 1e-3, 0.05 - epoch / 500, 0.06 - epoch / 500, 21.0, 11.0, 13.0, 22.0, 1.0)


def make_row(epoch: int, loss: float | None, accuracy: float) -> EpochRow:
    """Of an adversarial run; without a discriminator's loss where it was skipped."""
    return replace(
        plain_row(epoch),
        generator_loss=6.0 - epoch,
        discriminator_loss=loss,
        discriminator_accuracy=accuracy,
        discriminator_steps=0 if loss is None else 3,
    )


# Noise in the epochs 1, 3 and 5, were it not skipped in 2, 3 and 5.
ROWS = [
    make_row(0, 0.69, 0.5),
    make_row(1, 0.1, 0.9),
    make_row(2, None, 0.85),
    make_row(3, None, 0.7),
    make_row(4, 0.4, 0.995),
    make_row(5, None, 0.6),
]


def make_curve(recipe: Recipe, rows: Sequence[EpochRow] = ROWS) -> Curve:
    return Curve("runs/toy", recipe.title, recipe, rows, BASELINE, False, False)


def shapes(figure: go.Figure, kind: str, yref: str) -> list[Any]:
    return [shape for shape in figure.layout.shapes if shape.type == kind and shape.yref == yref]


def legend(figure: go.Figure) -> list[str]:
    """List the entries, each as often as it stands there."""
    return [item.name for item in [*figure.data, *figure.layout.shapes] if item.showlegend]


def labels(figure: go.Figure, yref: str) -> dict[str, float]:
    return {item.text: item.y for item in figure.layout.annotations if item.yref == yref}


def test_the_three_panels_name_their_units_and_share_the_epochs() -> None:
    layout = gan_chart.draw(ROWS, SETTINGS, COLOR).layout
    titles = [axis.title.text for axis in (layout.yaxis, layout.yaxis2, layout.yaxis3)]
    assert titles == ["generator loss (nats)", "discriminator loss (nats)", "discriminator accuracy (%)"]
    assert layout.xaxis3.title.text == "epochs of training"
    assert (layout.xaxis.matches, layout.xaxis2.matches) == ("x3", "x3")
    assert layout.yaxis3.range[0] < 0 and layout.yaxis3.range[1] > 100
    assert layout.yaxis.domain[0] > layout.yaxis2.domain[1] > layout.yaxis2.domain[0] > layout.yaxis3.domain[1]


def test_the_curves_are_what_was_measured_with_gaps_where_the_discriminator_was_skipped() -> None:
    generator, loss, accuracy = gan_chart.draw(ROWS, SETTINGS, COLOR).data[:3]
    assert [trace.yaxis for trace in (generator, loss, accuracy)] == ["y", "y2", "y3"]
    assert list(generator.y) == [6, 5, 4, 3, 2, 1]
    assert list(loss.y) == [0.69, 0.1, None, None, 0.4, None] and not loss.connectgaps
    assert list(accuracy.y) == pytest.approx([50, 90, 85, 70, 99.5, 60])
    assert "markers" in loss.mode  # epoch 4 lies between two gaps: a line alone would not show it


def test_guessing_and_the_threshold_are_lines_with_their_names() -> None:
    figure = gan_chart.draw(ROWS, SETTINGS, COLOR)
    assert [(line.y0, line.line.dash) for line in shapes(figure, "line", "y2")] == [(math.log(2), "dash")]
    assert {(line.y0, line.line.dash) for line in shapes(figure, "line", "y3")} == {(50, "dot"), (80, "dash")}
    assert labels(figure, "y2") == {"guessing": math.log(2)}
    assert labels(figure, "y3") == {"guessing": 50, "threshold 80%": 80}
    without = gan_chart.draw(ROWS, AdversarySettings(), COLOR)
    assert [line.y0 for line in shapes(without, "line", "y3")] == [50]
    assert labels(without, "y3") == {"guessing": 50}


def test_epochs_in_which_it_was_skipped_are_shaded_over_all_panels() -> None:
    figure = gan_chart.draw(ROWS, SETTINGS, COLOR)
    bands = shapes(figure, "rect", "paper")
    assert [(band.x0, band.x1, band.y0, band.y1) for band in bands] == [(2.5, 4.5, 0, 1), (5.5, 6.5, 0, 1)]
    assert legend(figure).count("discriminator skipped") == 1


def test_noise_is_marked_where_the_discriminator_was_there_to_see_it() -> None:
    figure = gan_chart.draw(ROWS, SETTINGS, COLOR)
    lines = shapes(figure, "line", "paper")
    assert [(line.x0, line.x1, line.y0, line.y1, line.line.dash) for line in lines] == [(2, 2, 0, 1, "dot")]
    (marker,) = (trace for trace in figure.data if trace.name == "noise epoch")
    assert (list(marker.x), list(marker.y), marker.yaxis) == ([2], [0.1], "y2")
    assert "noise in place of generated pictures" in marker.hovertemplate
    assert legend(figure).count("noise epoch") == 1


def test_the_legend_is_empty_where_nothing_of_the_kind_happened() -> None:
    figure = gan_chart.draw([ROWS[0], ROWS[1]], AdversarySettings(), COLOR)
    assert legend(figure) == []
    assert shapes(figure, "rect", "paper") == shapes(figure, "line", "paper") == []


def test_a_single_epoch_is_a_marker_in_the_middle() -> None:
    figure = gan_chart.draw(ROWS[:1], SETTINGS, COLOR)
    assert all("markers" in trace.mode and len(trace.x) == 1 for trace in figure.data)
    assert tuple(figure.layout.xaxis3.range) == (0.5, 1.5)
    assert figure.layout.xaxis3.dtick == 1  # no half epochs


@pytest.mark.parametrize(
    ("settings", "name", "axis"),
    [
        (("loss.name=mse",), "MSE", "MSE over ab (Lab units squared)"),
        (("loss.name=huber",), "Huber", "Huber loss over ab (Lab units squared, then linear)"),
        (("loss.name=l1",), "L1", "mean absolute error over ab (Lab units)"),
        (RGB, "L1 over RGB", "mean absolute error over RGB (0..1)"),
        ((*RGB, "loss.name=mse"), "MSE over RGB", "MSE over RGB (0..1 squared)"),
    ],
)
def test_a_loss_is_named_by_what_it_is_taken_of(settings: Sequence[str], name: str, axis: str) -> None:
    recipe = make_recipe(*settings)
    assert loss_name(recipe) == name
    assert axis_title([make_curve(recipe)], OWN_LOSS) == axis


def test_the_axis_of_one_loss_over_two_spaces_says_that_units_differ() -> None:
    ab, rgb = make_curve(make_recipe("loss.name=l1")), make_curve(make_recipe(*RGB))
    assert axis_title([ab, rgb], OWN_LOSS) == "own loss (units differ)"
    assert axis_title([rgb, make_curve(make_recipe(*RGB, *AGAINST))], OWN_LOSS) == "mean absolute error over RGB (0..1)"


def test_a_small_loss_of_grey_is_not_rounded_away() -> None:
    view = View(OWN_LOSS, [VALIDATION], by_images=False, log=False, smoothing=0)
    figure = draw([make_curve(make_recipe(*RGB))], {"runs/toy": COLOR}, view)
    assert [line.y0 for line in figure.layout.shapes] == [0.00563]
    assert [note.text for note in figure.layout.annotations] == ["grey, L1 over RGB"]


def test_lines_of_one_name_are_named_once_at_the_uppermost() -> None:
    view = View(OWN_LOSS, [VALIDATION], by_images=False, log=False, smoothing=0)
    curve, losses = make_curve(make_recipe(*RGB)), (0.5, 0.52, 0.51)
    baselines = [replace(BASELINE, grey=replace(BASELINE.grey, loss=loss)) for loss in losses]
    figure = draw([replace(curve, baseline=baseline) for baseline in baselines], {"runs/toy": COLOR}, view)
    assert [line.y0 for line in figure.layout.shapes] == list(losses)
    assert [(note.text, note.y) for note in figure.layout.annotations] == [("grey, L1 over RGB", 0.52)]


def test_the_course_of_an_adversarial_run_is_told_by_its_own_loss() -> None:
    told = describe_fit(make_curve(make_recipe(*RGB, *AGAINST)))
    assert told is not None and "At the end, after 6 epochs, the training loss is 80% of the validation loss" in told


WriteRun = Callable[..., str]


@pytest.fixture
def write_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_app: OpenApp) -> WriteRun:
    """Put a finished run where the app looks for runs; returns its key."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, settings: Sequence[str], rows: Sequence[EpochRow]) -> str:
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "recipe.toml").write_text(make_recipe(f"title={name}", *settings).to_toml(), encoding="utf-8")
        (folder / "history.csv").write_text(format_history(rows), encoding="utf-8")
        write_baseline(folder / "baseline.toml", BASELINE)
        for path in folder.iterdir():
            os.utime(path, (0, 0))  # else it would be taken for one in training
        return f"runs/{name}"

    return write


def choose(open_app: OpenApp, *keys: str) -> AppTest:
    app = open_app("pages/curves.py")
    return app.pills(key="runs").set_value(list(keys)).run()


def charts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(element.proto.spec) for element in app.get("plotly_chart")]


def test_an_adversarial_run_has_a_chart_of_both_sides(open_app: OpenApp, write_run: WriteRun) -> None:
    app = choose(open_app, write_run("gan", (*RGB, *AGAINST), ROWS), write_run("alone", RGB, [plain_row(0)]))
    assert_clean(app)
    assert [heading.value for heading in app.subheader] == ["gan (runs/gan): generator against discriminator"]
    (_, both) = charts(app)
    assert both["layout"]["yaxis3"]["title"]["text"] == "discriminator accuracy (%)"
    assert both["layout"]["yaxis3"]["showline"] and both["layout"]["xaxis3"]["title"]["font"]  # the common template
    assert any("near 0.69" in caption.value and "100%" in caption.value for caption in app.caption)
    assert all(f"**{term}**" in app.subheader[0].help for term in glossary.ADVERSARY)


def test_a_run_without_epochs_has_none_yet(open_app: OpenApp, write_run: WriteRun) -> None:
    app = choose(open_app, write_run("gan", (*RGB, *AGAINST), []))
    assert_clean(app)
    assert not app.subheader
    assert len(charts(app)) == 1


def test_two_adversarial_runs_have_a_chart_each(open_app: OpenApp, write_run: WriteRun) -> None:
    keys = [write_run(name, (*RGB, *AGAINST), ROWS[:count]) for name, count in (("one", 1), ("two", 2))]
    app = choose(open_app, *keys)
    assert_clean(app)
    assert len(app.subheader) == 2 and len(charts(app)) == 3
    assert not app.warning  # the same loss


def test_the_own_loss_of_an_adversarial_run_is_told_to_be_its_own_alone(open_app: OpenApp, write_run: WriteRun) -> None:
    app = choose(open_app, write_run("gan", (*RGB, *AGAINST), ROWS), write_run("alone", RGB, [plain_row(0)]))
    app.pills(key="quantity").set_value("Own loss").run()
    (remark,) = (info.value for info in app.info if "own loss alone" in info.value)
    assert "gan (runs/gan)" in remark and "runs/alone" not in remark
    app.pills(key="quantity").set_value("PSNR").run()
    assert_clean(app)
    assert not any("own loss alone" in info.value for info in app.info)


def test_losses_over_rgb_and_over_ab_are_told_not_to_be_comparable(open_app: OpenApp, write_run: WriteRun) -> None:
    app = choose(open_app, write_run("rgb", RGB, ROWS), write_run("ab", ["loss.name=l1"], [plain_row(0)]))
    app.pills(key="quantity").set_value("Own loss").run()
    assert any("L1 and L1 over RGB curves cannot be compared" in warning.value for warning in app.warning)
    app.pills(key="quantity").set_value("CIEDE2000").run()
    assert not app.warning


@pytest.mark.parametrize("quantity", ["PSNR", "Accuracy"])
def test_other_quantities_leave_the_chart_as_it_is(open_app: OpenApp, write_run: WriteRun, quantity: str) -> None:
    app = choose(open_app, write_run("gan", (*RGB, *AGAINST), ROWS))
    app.pills(key="quantity").set_value(quantity)
    app.segmented_control(key="scale").set_value("Log")
    app.segmented_control(key="x").set_value("Images seen").run()
    assert_clean(app)
    assert len(charts(app)) == 2


def test_the_table_has_the_columns_of_the_chosen_runs_only(open_app: OpenApp, write_run: WriteRun) -> None:
    alone = write_run("alone", RGB, [plain_row(0)])
    app = choose(open_app, write_run("gan", (*RGB, *AGAINST), ROWS), alone)
    table = app.dataframe[0].value.set_index(["run", "epochs"])
    steps = table["discriminator_steps"]
    assert [steps["gan (runs/gan)", epochs] for epochs in range(1, 7)] == [3, 3, 0, 0, 3, 0]
    sent = pa.ipc.open_stream(app.dataframe[0].proto.arrow_data.data).schema
    assert sent.field("discriminator_steps").type == pa.int64()  # although one run has none
    assert table["generator_loss"]["gan (runs/gan)", 2] == 5
    assert table["discriminator_loss"].isna().sum() == 4
    assert "val_accuracy" not in table
    app.pills(key="runs").set_value([alone]).run()
    assert not {"generator_loss", "discriminator_steps"} & set(app.dataframe[0].value)
