"""Best and worst: many pictures measured, the rest done when one is broken, nothing computed twice."""

import csv
import dataclasses
import io
import re
import shutil
import subprocess
import sys
import zipfile
from html import escape
from pathlib import Path

import pytest
from PIL import Image
from skimage import data
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.store import MODEL_FILE, WEIGHTS, list_checkpoints
from colorizer.evaluation.ranking import EvaluatedImage
from colorizer.evaluation.scores import Scores, mean
from pages.features.ranking.jobs import Measuring, model_key, time_left
from pages.features.ranking.shipped_samples import COMMAND, sample_entries, shipped_samples, write_samples
from pages.features.ranking.tables import as_csv, averages
from tests.support import APP
from tests.support.app import assert_clean, texts, upload
from tests.support.photos import crop_of_a_photo, make_pictures

PAGE = "pages/best_and_worst.py"
CARDS = {card.id: card for card in list_checkpoints()}
HUBER, OTHER = CARDS["scenes-500-huber"], CARDS["scenes-12-huber"]


def start(**parameters: str) -> AppTest:
    """Start a session on the page itself, with one checkpoint chosen by the link."""
    app = AppTest.from_file(APP, default_timeout=300).switch_page(PAGE)
    for name, value in ({"ranked-checkpoints": HUBER.title} | parameters).items():
        app.query_params[name] = value
    return app.run()


def jpeg(number: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(crop_of_a_photo(number)).save(stream, "JPEG")
    return stream.getvalue()


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"holiday/{name}.jpg", content)
    return stream.getvalue()


def measure(app: AppTest) -> AppTest:
    return app.button(key="measure").click().run()


def state(app: AppTest) -> Measuring:
    kept: Measuring = app.session_state["measuring"]
    return kept


def evaluated_images(app: AppTest) -> list[EvaluatedImage]:
    return state(app).measured([HUBER])


def shown(app: AppTest) -> list[str]:
    """List the names under the pictures, in the order in which they stand on the page."""
    return re.findall(r'<figcaption class="tile rank"><h3 title="([^"]*)">', texts(app))


def told(app: AppTest) -> str:
    return next(line for line in texts(app).splitlines() if 'role="status"' in line)


@pytest.fixture(scope="module")
def uploaded() -> AppTest:
    """Four pictures, one of them in an archive, and what is none: measured by one checkpoint."""
    app = start()
    app.segmented_control(key="ranked-pictures").set_value("Upload").run()
    grey = io.BytesIO()
    Image.fromarray(data.camera()).resize((90, 90)).save(grey, "PNG")
    files = [
        ("<b>one.jpg", jpeg(0)),
        ("torn.jpg", jpeg(1)[:300]),
        ("<b>two.jpg", jpeg(2)),
        ("grey.png", grey.getvalue()),
    ]
    upload(app, *files, ("more.zip", zipped(three=jpeg(3), four=jpeg(4), bad=b"no picture")))
    return measure(app)


def test_a_first_visit_shows_the_samples_as_they_were_measured_for_the_release() -> None:
    app = start()
    assert_clean(app)
    assert not app.info
    assert any(COMMAND in caption.value for caption in app.caption)
    assert "7 of 7 pictures measured by 1 checkpoint." in told(app)
    assert [heading.value for heading in app.subheader][:3] == ["Best", "Middling", "Worst"]
    names = {entry.name for entry in sample_entries()}
    assert set(shown(app)) < names and len(shown(app)) == len(names) - 1  # two of each kind
    assert len(app.get("plotly_chart")) == 2
    assert app.button(key="measure").disabled


def test_another_checkpoint_of_the_release_needs_no_click_either() -> None:
    app = start()
    app.multiselect(key="ranked-checkpoints").set_value([HUBER.id, OTHER.id]).run()
    assert_clean(app)
    assert "7 of 7 pictures measured by 2 checkpoints." in told(app)
    assert app.button(key="measure").disabled


def test_weights_that_were_not_measured_are_measured_on_a_click(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.features.ranking.jobs.shipped_samples", lambda card: {})
    app = start()
    assert "Nothing measured yet" in app.info[0].value
    assert shown(app) == []
    measure(app)
    assert_clean(app)
    assert "7 of 7 pictures measured by 1 checkpoint." in told(app)
    found = {evaluated.name: evaluated.outcomes[model_key(HUBER)] for evaluated in evaluated_images(app)}
    grey = {evaluated.name: evaluated.grey for evaluated in evaluated_images(app)}
    for name, shipped in shipped_samples(HUBER).items():
        assert found[name].scores.ciede2000 == pytest.approx(shipped.outcome.scores.ciede2000, abs=0.05)
        assert grey[name].psnr == pytest.approx(shipped.grey.psnr, abs=0.01)
        assert found[name].hues == pytest.approx(shipped.outcome.hues, abs=0.2)


def test_figures_of_other_weights_or_samples_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(WEIGHTS / HUBER.id, tmp_path / HUBER.id)
    monkeypatch.setattr("pages.features.ranking.shipped_samples.checkpoint_folder", lambda name: folder)
    assert len(shipped_samples(HUBER)) == 7
    assert not shipped_samples(dataclasses.replace(HUBER, sha256={MODEL_FILE: "0" * 64}))
    write_samples(folder / "again.zip", HUBER, shipped_samples(HUBER))
    assert (folder / "again.zip").read_bytes() == (folder / "samples.zip").read_bytes()
    (folder / "samples.zip").write_bytes((folder / "samples.zip").read_bytes()[:-200])
    assert not shipped_samples(dataclasses.replace(HUBER, sha256={MODEL_FILE: "2" * 64}))
    (folder / "samples.zip").unlink()
    assert not shipped_samples(dataclasses.replace(HUBER, sha256={MODEL_FILE: "1" * 64}))


def test_broken_and_grey_uploads_are_named_and_the_rest_is_measured(uploaded: AppTest) -> None:
    assert_clean(uploaded)
    assert [evaluated.name for evaluated in evaluated_images(uploaded)] == [
        "<b>one.jpg", "<b>two.jpg", "holiday/three.jpg", "holiday/four.jpg"
    ]  # fmt: skip
    assert "4 of 4 pictures measured" in told(uploaded)
    assert uploaded.expander[0].label == "Left out or only in part: 3"
    left_out = uploaded.text[0].value.splitlines()
    assert [line.partition(":")[0] for line in left_out] == ["torn.jpg", "grey.png", "holiday/bad.jpg"]


def test_names_are_shown_as_they_are_and_never_as_html(uploaded: AppTest) -> None:
    assert any(name.startswith("&lt;b&gt;") for name in shown(uploaded))
    assert "<b>" not in texts(uploaded)


def test_uploads_leave_the_uploader_and_are_forgotten_once_open(uploaded: AppTest) -> None:
    assert not uploaded.session_state[f"ranked-upload-{state(uploaded).upload_serial}"]
    assert all(len(evaluated.square) < 200_000 for evaluated in evaluated_images(uploaded))


def test_another_ranking_orders_anew_and_computes_nothing(uploaded: AppTest) -> None:
    before = [evaluated.outcomes[model_key(HUBER)] for evaluated in evaluated_images(uploaded)]
    for title, score, sign in (("PSNR", "psnr", -1), ("ab RMSE", "ab_rmse", 1), ("CIEDE2000", "ciede2000", 1)):
        uploaded.segmented_control(key="rank-by").set_value(title).run()
        assert_clean(uploaded)
        rows = sorted(
            evaluated_images(uploaded), key=lambda one: sign * getattr(one.outcomes[model_key(HUBER)].scores, score)
        )
        assert list(uploaded.dataframe[1].value["picture"]) == [row.name for row in rows]
        assert shown(uploaded) == [escape(rows[slot].name) for slot in (0, 1, 3)]
        assert f"By {title}, **500 images, Huber** comes closer" in uploaded.markdown[1].value
    after = [evaluated.outcomes[model_key(HUBER)] for evaluated in evaluated_images(uploaded)]
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_the_table_is_the_mean_of_the_csv_that_evaluate_writes_too(uploaded: AppTest) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(evaluated_images(uploaded), [HUBER]))))
    assert [row["of"] for row in rows] == ["grey", HUBER.id, "truth"] * 4
    table = uploaded.dataframe[0].value.set_index("checkpoint")
    for of, title in (("grey", "grey (no colour)"), (HUBER.id, HUBER.title)):
        own = [Scores(ciede2000=float(row["ciede2000"])) for row in rows if row["of"] == of]
        assert table.loc[title, "CIEDE2000"] == pytest.approx(mean(own).ciede2000, abs=1e-12)
    assert averages(evaluated_images(uploaded), [HUBER])[HUBER.id].psnr == pytest.approx(table.loc[HUBER.title, "PSNR"])


def test_another_checkpoint_is_measured_on_the_same_pictures_without_the_first_anew(uploaded: AppTest) -> None:
    before = [evaluated.outcomes[model_key(HUBER)] for evaluated in evaluated_images(uploaded)]
    uploaded.multiselect(key="ranked-checkpoints").set_value([OTHER.id, HUBER.id]).run()
    assert uploaded.button(key="measure").label == "Measure the rest"
    assert HUBER.title in uploaded.markdown[1].value  # what is there goes on being shown
    measure(uploaded)
    assert_clean(uploaded)
    assert "4 of 4 pictures measured by 2 checkpoints." in told(uploaded)
    assert [evaluated.outcomes[model_key(HUBER)] for evaluated in evaluated_images(uploaded)] == before
    uploaded.pills(key="look-at").set_value(OTHER.id).run()
    assert OTHER.title in uploaded.markdown[1].value
    assert f"coloured by {OTHER.title}" in texts(uploaded)
    uploaded.multiselect(key="ranked-checkpoints").set_value([HUBER.id]).run()
    assert_clean(uploaded)
    assert f"coloured by {HUBER.title}" in texts(uploaded)


def test_no_checkpoint_chosen_asks_for_one() -> None:
    app = start()
    app.multiselect(key="ranked-checkpoints").set_value([]).run()
    assert_clean(app)
    assert app.info[0].value == "Choose at least one checkpoint."
    assert app.button(key="measure").disabled


def test_an_upload_without_a_picture_ends_in_sentences() -> None:
    app = start()
    app.segmented_control(key="ranked-pictures").set_value("Upload").run()
    assert app.button(key="measure").disabled
    app = measure(upload(app, ("page.jpg", b"<html></html>"), ("torn.zip", b"PK\x03\x04")))
    assert_clean(app)
    assert len(app.text[0].value.splitlines()) == 2
    assert shown(app) == []


def test_server_folders_are_offered_only_where_the_host_names_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("COLORIZER_FOLDERS", raising=False)
    assert "Server folder" not in start().segmented_control(key="ranked-pictures").options
    folder = make_pictures(tmp_path / "holiday", 3)
    (tmp_path / "secret.png").write_bytes(jpeg(5))
    (folder / "door.png").symlink_to(tmp_path / "secret.png")
    monkeypatch.setenv("COLORIZER_FOLDERS", str(folder))
    app = start()
    app.segmented_control(key="ranked-pictures").set_value("Server folder").run()
    assert app.selectbox(key="ranked-folder").options == ["holiday"]
    measure(app)
    assert_clean(app)
    assert sorted(shown(app)) == ["000.png", "001.png", "002.png"]
    assert "1 link that leads out of the folder" in app.text[0].value
    assert not app.button(key="measure").disabled  # there may be other pictures in it by now


def test_the_ranking_stands_in_the_link() -> None:
    app = start(**{"rank-by": "PSNR"})
    assert app.segmented_control(key="rank-by").value == "PSNR"
    assert "By PSNR, " in app.markdown[1].value


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "about 5 s left"), (42, "about 40 s left"), (89, "about 90 s left"), (200, "about 3 min left")],
)
def test_the_time_left_is_as_exact_as_an_estimate_can_be(seconds: float, text: str) -> None:
    assert time_left(seconds) == text


_LOOK = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(APP)!r}, default_timeout=240).switch_page({PAGE!r}).run()
assert app.title[0].value == "Best and worst", app
print(*sys.modules)
"""


def test_opening_the_page_needs_no_torchvision_and_no_training() -> None:
    done = subprocess.run([sys.executable, "-c", _LOOK], cwd=APP.parent, capture_output=True, text=True, check=True)
    heavy = {"colorizer.training.trainer", "colorizer.data.dataset", "torchvision", "accelerate", "sklearn", "skimage"}
    assert not heavy & set(done.stdout.split())
