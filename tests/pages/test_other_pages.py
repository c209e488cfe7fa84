"""Curves and cards: what they show, and that damage stays where it is."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import list_checkpoints
from tests.support import APP
from tests.support.app import OpenApp, assert_clean, texts

CARDS = list_checkpoints()


@pytest.fixture
def curves(open_app: OpenApp) -> AppTest:
    return open_app("pages/curves.py")


@pytest.fixture
def checkpoints(open_app: OpenApp) -> AppTest:
    return open_app("pages/models.py")


def test_curves_open_on_a_measure_that_all_share_and_say_which_heights_cannot_be_compared(curves: AppTest) -> None:
    assert_clean(curves)
    assert curves.pills(key="quantity").value == "ab RMSE"
    assert not curves.warning
    curves.pills(key="quantity").set_value("Own loss").run()
    assert any("cannot be compared" in warning.value for warning in curves.warning)
    curves.pills(key="quantity").set_value("CIEDE2000").run()
    assert not any("cannot be compared" in warning.value for warning in curves.warning)


def test_one_loss_alone_needs_no_such_remark(curves: AppTest) -> None:
    curves.pills(key="quantity").set_value("Own loss")
    curves.pills(key="runs").set_value(["weights/scenes-12-mse", "weights/scenes-500-mse"]).run()
    assert_clean(curves)
    assert not curves.warning


def test_curves_say_that_16_and_32_colours_cannot_be_compared(curves: AppTest) -> None:
    curves.pills(key="quantity").set_value("Own loss")
    curves.pills(key="runs").set_value(["weights/horse-16-unet", "weights/cat-16-unet"]).run()
    assert_clean(curves)
    assert not curves.warning
    curves.pills(key="runs").set_value(["weights/horse-16-unet", "weights/horse-32-unet"]).run()
    assert any("horse-16" in warning.value and "horse-32" in warning.value for warning in curves.warning)


def test_accuracy_is_told_to_be_unknown_where_there_are_no_classes(curves: AppTest) -> None:
    curves.pills(key="quantity").set_value("Accuracy")
    curves.pills(key="runs").set_value(["weights/horse-16-unet", "weights/scenes-12-mse"]).run()
    assert_clean(curves)
    remarks = [info.value for info in curves.info if info.value.startswith("Accuracy exists only")]
    assert len(remarks) == 1
    assert "12 images" in remarks[0] and "U-Net" not in remarks[0]


@pytest.mark.parametrize("quantity", ["Own loss", "PSNR", "CIEDE2000", "ab RMSE", "Colourfulness", "Accuracy"])
def test_every_quantity_is_drawn(curves: AppTest, quantity: str) -> None:
    curves.pills(key="quantity").set_value(quantity)
    curves.segmented_control(key="scale").set_value("Log")
    curves.segmented_control(key="x").set_value("Images seen")
    curves.slider(key="smoothing").set_value(0.6).run()
    assert_clean(curves)
    assert curves.get("plotly_chart")


def test_over_fitting_is_told_for_the_twelve_images_only(curves: AppTest) -> None:
    remarks = [element.value for element in curves.markdown if "overfits" in element.value]
    assert any("12 images" in remark for remark in remarks)
    assert not any("500 images" in remark for remark in remarks)


def test_the_table_has_every_epoch(curves: AppTest) -> None:
    curves.pills(key="runs").set_value([f"weights/{card.id}" for card in CARDS]).run()
    table = curves.dataframe[0].value
    assert set(table["run"]) >= {card.title for card in CARDS}
    assert (table.groupby("run")["epochs"].nunique() == table.groupby("run").size()).all()


def test_no_run_chosen_asks_for_one(curves: AppTest) -> None:
    curves.pills(key="runs").set_value([]).run()
    assert_clean(curves)
    assert curves.info[0].value == "Choose at least one run."


def test_an_experiment_chooses_its_runs(curves: AppTest) -> None:
    curves.selectbox(key="curves-experiment").set_value("MSE or Huber").run()
    assert_clean(curves)
    assert curves.pills(key="runs").value == ["weights/scenes-500-mse", "weights/scenes-500-huber"]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card_can_be_shown_in_full(open_app: OpenApp, card: Card) -> None:
    models = open_app("pages/models.py", model=card.title)
    assert_clean(models)
    assert [heading.value for heading in models.subheader] == ["Quality and time", card.title, "Published networks"]
    shown = texts(models)
    assert card.sha256["model.safetensors"] in shown
    assert card.weights_licence in shown
    assert f"{card.parameters:,} parameters" in shown
    assert ("Colours calibrated" in shown) == (card.calibration is not None)


def test_a_card_names_each_factor_of_its_calibration_with_what_it_belongs_to(open_app: OpenApp) -> None:
    shown = texts(open_app("pages/models.py", model="Photo"))
    calibration = next(card.calibration for card in CARDS if card.id == "photo")
    assert calibration is not None
    for factor, place in ((calibration.by_lightness[1], "25"), (calibration.by_hue[3], "135°")):
        assert f"{factor:g} at {place}" in shown
    assert f"mean colour x {calibration.cast:g}" in shown


def test_photo_comes_first_and_a_search_narrows_the_table(checkpoints: AppTest) -> None:
    assert checkpoints.selectbox(key="model").value == "photo"
    assert checkpoints.dataframe[0].value["checkpoint"].iloc[0] == "Photo"
    assert {card.title for card in CARDS} <= set(checkpoints.dataframe[0].value["checkpoint"])
    checkpoints.text_input(key="models-search").set_value("flowers gan").run()
    assert_clean(checkpoints)
    assert checkpoints.selectbox(key="model").value == "flowers-gan"
    checkpoints.text_input(key="models-search").set_value("zebra").run()
    assert checkpoints.info[0].value.startswith("No checkpoint matches.")


def test_the_time_of_a_training_is_that_of_all_its_steps(checkpoints: AppTest) -> None:
    photo = next(card for card in CARDS if card.id == "photo")
    table = checkpoints.dataframe[0].value.set_index("checkpoint")
    assert table["training"]["Photo"] * 60 == pytest.approx(photo.seconds + photo.earlier_seconds)
    hours = photo.earlier_seconds / 3600
    assert f"before that, {hours:.1f} hours for the weights that it began with" in texts(checkpoints)


def test_the_table_of_quality_has_grey_and_says_how_it_was_measured(checkpoints: AppTest) -> None:
    table = checkpoints.dataframe[0].value
    assert "grey (no colour)" in set(table["checkpoint"])
    assert any("Lanczos" in caption.value for caption in checkpoints.caption)


def test_those_that_were_measured_stand_above_those_that_were_not(checkpoints: AppTest) -> None:
    for chosen in checkpoints.selectbox(key="protocol").options[:4]:
        checkpoints.selectbox(key="protocol").select(chosen).run()
        is_measured = checkpoints.dataframe[0].value["PSNR"].notna() | (
            checkpoints.dataframe[0].value["checkpoint"] == "truth (the originals)"
        )
        assert is_measured.iloc[0]
        assert is_measured.is_monotonic_decreasing


def test_what_they_were_measured_on_is_short_enough_for_a_phone_and_each_has_its_name(checkpoints: AppTest) -> None:
    names = checkpoints.selectbox(key="protocol").options
    assert {"photos, validation (200)", "photos, validation (200), 96 px", "BSDS (200)"} <= set(names)
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 36


_LOOK = """
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=120).run()
assert not app.exception and not app.error, app.error
print(*(warning.value for warning in app.warning), sep="\\n")
app.switch_page("pages/models.py").run()
assert not app.exception and not app.error, app.error
print(*app.selectbox(key="model").options, sep="\\n")
app.switch_page("pages/curves.py").run()
assert not app.exception and not app.error, app.error
"""


def test_a_damaged_checkpoint_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    for name in ("app.py", "pages", "colorizer", "weights", ".streamlit"):
        source = APP.parent / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "weights/scenes-12-mse/card.toml").write_text("id = [")
    (tmp_path / "weights/scenes-500-mse/history.csv").write_text("epoch\nnone\n")
    done = subprocess.run(
        [sys.executable, "-c", _LOOK], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "scenes-12-mse/card.toml is not a readable card" in done.stdout
    assert {card.title for card in CARDS if card.id != "scenes-12-mse"} <= set(done.stdout.splitlines())


def test_a_fault_of_the_program_is_one_sentence_without_a_traceback() -> None:
    script = (
        "from pages.common.error_boundary import error_boundary\n"
        "with error_boundary():\n"
        "    raise KeyError('a secret path')"
    )
    app = AppTest.from_string(script).run()
    assert not app.exception
    assert len(app.error) == 1
    assert "secret" not in app.error[0].value


def test_bins_have_an_axis_and_a_baseline_of_their_own(curves: AppTest) -> None:
    curves.pills(key="quantity").set_value("Own loss")
    curves.pills(key="runs").set_value(["weights/landscapes-classification", "weights/photo"]).run()
    assert_clean(curves)
    drawn = str(curves.get("plotly_chart")[0].proto)
    assert "frequencies of the colours alone" in drawn
    assert "uniform share 0.5" in drawn and "cross-entropy and Huber, uniform share 0.9" in drawn


def test_measurements_of_hints_and_sizes_are_shown(checkpoints: AppTest) -> None:  # of `photo`, which is first
    tables = "\n".join(element.value for element in checkpoints.markdown if element.value.startswith("| figure |"))
    assert re.search(r"^\| PSNR with 10 hints \| \d+\.\d+ dB \| 224, ", tables, re.MULTILINE)
    assert re.search(r"^\| ab change from 512 to 2048 pixels \| ", tables, re.MULTILINE)
