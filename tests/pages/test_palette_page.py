"""Colours from a palette: pairs of checkpoints, the strips of several pictures, and what is said of them."""

import html
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.card import Card, MetricsRow
from colorizer.checkpoints.store import list_checkpoints
from pages.features.palette.pair_picker import Pair
from pages.features.palette.summary import finding, shared_rows
from tests.support import APP
from tests.support.app import OpenApp, assert_clean, texts, upload

PAGE = "pages/palette.py"
CARDS = {card.id: card for card in list_checkpoints() if card.has_palette}
PRESETS = {
    "16 or 32 colours": ("horse-16-unet", "horse-32-unet"),
    "CNN or U-Net": ("horse-16-cnn", "horse-16-unet"),
    "Horse or cat network": ("horse-16-unet", "cat-16-unet"),
}
ROWS = ("Grey", "Coloured", "Palette truth", "Original")


OpenPalette = Callable[..., AppTest]


@pytest.fixture
def open_palette(open_app: OpenApp) -> OpenPalette:
    """Start a session on the page itself, optionally with the parameters of a link."""
    return partial(open_app, PAGE)


@pytest.fixture
def app(open_palette: OpenPalette) -> AppTest:
    return open_palette()


def strips(app: AppTest) -> list[str]:
    """Return the two strips, as HTML."""
    return [element.proto.body for element in app.get("html") if 'class="strip"' in element.proto.body]


def titles(app: AppTest) -> list[str]:
    return [html.unescape(title) for strip in strips(app) for title in re.findall(r"<h3[^>]*>(.*?)</h3>", strip)]


def names(strip: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', strip)]


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def a_png(shade: int, size: tuple[int, int] = (40, 40), mode: str = "RGB") -> bytes:
    """Make a picture that changes from left to right and has colours, where its mode has any."""
    ramp = np.tile(np.linspace(shade, 255 - shade, size[0]).astype(np.uint8), (size[1], 1))
    image = Image.fromarray(np.stack([ramp, ramp[:, ::-1], np.full_like(ramp, shade)], -1)).convert(mode)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def test_opens_with_the_samples_in_two_strips(app: AppTest) -> None:
    assert_clean(app)
    one, other = strips(app)
    assert names(one) == names(other)
    assert names(one)[0] == "Cat"
    assert not any("grey" in name for name in names(one))
    for strip in (one, other):
        assert [title for title in ROWS if f"<span>{title}</span></th>" in strip] == list(ROWS)
        assert strip.count("<img") == len(ROWS) * len(names(one))
        assert "a grey photo" not in strip
    assert "colouring ..." not in texts(app)


def test_presets_show_their_two_checkpoints(app: AppTest) -> None:
    present = [title for title, ids in PRESETS.items() if CARDS.keys() >= set(ids)]
    assert app.pills(key="pair").options == [*present, "Your choice"]
    for title in present:
        app.pills(key="pair").set_value(title).run()
        assert_clean(app)
        assert titles(app) == [CARDS[name].title for name in PRESETS[title]]


def test_any_two_can_be_chosen_and_never_one_twice(app: AppTest) -> None:
    app.pills(key="pair").set_value("Your choice").run()
    assert_clean(app)
    for name, card in CARDS.items():
        app.selectbox(key="first").set_value(name).run()
        assert_clean(app)
        assert titles(app)[0] == card.title
        assert len(set(titles(app))) == 2
        assert card.title not in app.selectbox(key="second").options


@pytest.mark.parametrize("title", PRESETS)
def test_the_sentence_has_the_figures_of_the_cards(app: AppTest, title: str) -> None:
    app.pills(key="pair").set_value(title).run()
    one, other = (CARDS[name] for name in PRESETS[title])
    rows = shared_rows(one, other)
    assert "Look at" in said(app)
    if rows is None:
        assert "measured on different pictures" in said(app)
        return
    for row in rows:
        assert f"{row.images:,} {row.dataset}" in said(app)
        if one.options == other.options:
            assert f"{row.loss:.2f}" in said(app)
            assert f"{row.accuracy:.0%}" in said(app)
        else:
            assert f"{row.ciede2000:.1f}" in said(app)
            assert "cannot be compared" in said(app)


def a_row(pictures: str, loss: float, accuracy: float, ciede2000: float) -> MetricsRow:
    return MetricsRow("checkpoint", pictures, 1000, "protocol", "command", 20, ciede2000, 10, 20, None, loss, accuracy)


def a_card(name: str, *metrics: MetricsRow) -> Card:
    """Make a shipped card with other figures on it."""
    card = CARDS[name]
    return Card(**{**{field: getattr(card, field) for field in card.__dataclass_fields__}, "metrics": metrics})


def a_pair(*cards: Card) -> Pair:
    return Pair(cards, ("the one", "the other"))


def test_two_networks_of_one_palette_are_held_by_accuracy_and_cross_entropy() -> None:
    where = "validation pictures of horses"
    one, other = (
        a_card("horse-16-cnn", a_row(where, 1.254, 0.5, 9)),
        a_card("horse-16-unet", a_row(where, 0.83, 0.66, 8)),
    )
    text = finding(a_pair(one, other), has_uploads=False)
    assert "On 1,000 validation pictures of horses the one gives" in text
    assert "1.25 nats and the other of 0.83" in text
    assert "50% and 66% of the pixels" in text
    assert "skips" in text


def test_palettes_of_other_sizes_are_held_by_colour_difference_alone() -> None:
    where = "validation pictures of horses"
    one, other = (
        a_card("horse-16-unet", a_row(where, 0.8, 0.7, 9.14)),
        a_card("horse-32-unet", a_row(where, 1.3, 0.5, 8.96)),
    )
    text = finding(a_pair(one, other), has_uploads=False)
    assert "9.1 for the one and 9.0 for the other" in text
    assert "16 and 32 colours cannot be compared" in text
    assert "70%" not in text and "1.30" not in text


def test_a_horse_network_is_held_against_a_cat_network_on_horses() -> None:
    horse = a_card(
        "horse-16-unet",
        a_row("validation pictures of horses", 0.8, 0.7, 9),
        a_row("CIFAR-10 test cats", 3, 0.1, 9),
        a_row("CIFAR-10 test horses", 0.81, 0.69, 9),
    )
    cat = a_card(
        "cat-16-unet",
        a_row("validation pictures of cats", 0.7, 0.8, 9),
        a_row("CIFAR-10 test cats", 0.7, 0.8, 9),
        a_row("CIFAR-10 test horses", 1.92, 0.31, 9),
    )
    text = finding(a_pair(horse, cat), has_uploads=False)
    assert "On 1,000 CIFAR-10 test horses the one gives the true colour a cross-entropy of 0.81 nats" in text
    assert "69% and 31%" in text
    assert "upload one" in text
    assert "upload one" not in finding(a_pair(horse, cat), has_uploads=True)


def test_without_common_pictures_no_figure_is_given() -> None:
    horse = a_card("horse-16-unet", a_row("validation pictures of horses", 0.8, 0.7, 9))
    cat = a_card("cat-16-unet", a_row("validation pictures of cats", 0.7, 0.8, 9))
    text = finding(a_pair(horse, cat), has_uploads=True)
    assert "no figures to compare" in text
    assert "0.8" not in text


def test_several_uploads_are_a_column_each_and_take_the_place_of_the_samples(app: AppTest) -> None:
    upload(app, ("first.png", a_png(20)), ("second.png", a_png(90)))
    assert_clean(app)
    assert [names(strip) for strip in strips(app)] == [["first", "second"]] * 2
    assert app.pills(key="picture").options == ["first", "second"]
    assert len(app.session_state["photo_library"].photos) == 2
    upload(app, ("third.png", a_png(60)))
    assert [names(strip) for strip in strips(app)] == [["first", "second", "third"]] * 2


def test_a_photo_can_be_removed(app: AppTest) -> None:
    upload(app, ("first.png", a_png(20)), ("second.png", a_png(90)))
    next(button for button in app.button if button.label == "Remove first").click().run()
    assert_clean(app)
    assert [names(strip) for strip in strips(app)] == [["second"]] * 2


def test_a_grey_photo_says_so_where_there_is_no_truth(app: AppTest) -> None:
    upload(app, ("old.png", a_png(20, mode="L")), ("new.png", a_png(20)))
    assert_clean(app)
    for strip in strips(app):
        assert strip.count("a grey photo") == 2
        assert strip.count("<img") == 6
        assert strip.count("<td>–</td>") == 3
    app.pills(key="picture").set_value(next(iter(app.session_state["photo_library"].photos))).run()
    assert_clean(app)
    assert "This photo has no colours" in said(app)


@pytest.mark.parametrize(
    ("size", "mode"), [((2000, 20), "RGB"), ((20, 2000), "RGB"), ((16, 16), "RGB"), ((50, 40), "RGBA")]
)
def test_odd_shapes_have_a_square_of_the_network_s_size(app: AppTest, size: tuple[int, int], mode: str) -> None:
    upload(app, ("odd.png", a_png(20, size, mode)))
    assert_clean(app)
    assert all(strip.count("<img") == 4 for strip in strips(app))
    strip_cache = app.session_state["strips"]
    assert {column.square.size for column in strip_cache.columns.values()} == {(32, 32)}


def test_what_is_no_picture_is_one_sentence_and_the_rest_is_shown(app: AppTest) -> None:
    upload(app, ("dot.png", a_png(20, (1, 1))), ("page.jpg", b"<html>"), ("good.png", a_png(20)))
    assert not app.exception
    assert [error.value.partition(":")[0] for error in app.error] == ["dot.png", "page.jpg"]
    assert [names(strip) for strip in strips(app)] == [["good"]] * 2


def test_a_hostile_name_stays_text(app: AppTest) -> None:
    upload(app, ("<img src=x onerror=alert(1)>.png", a_png(20)))
    assert_clean(app)
    assert "<img src=x" not in texts(app)


def test_figures_stand_under_each_column_and_the_better_is_marked_where_that_can_be_said(app: AppTest) -> None:
    strip_cache, photo = app.session_state["strips"], app.session_state["photo_library"].samples["Cat"]
    for preset, ids in PRESETS.items():
        app.pills(key="pair").set_value(preset).run()
        for strip, name in zip(strips(app), ids, strict=True):
            measured = strip_cache.column(photo, CARDS[name]).measured
            for figure in (f"{measured.accuracy:.0%}", f"{measured.loss:.2f}", f"{measured.ciede2000:.1f}"):
                assert f">{figure}<" in strip
            scores = strip.partition("<span>CIEDE2000</span>")[0]
            if CARDS[ids[0]].options != CARDS[ids[1]].options:
                assert 'class="best"' not in scores
        assert 'class="best"' in "".join(strips(app))


def test_nothing_is_computed_twice(app: AppTest) -> None:
    strip_cache, photo = app.session_state["strips"], app.session_state["photo_library"].samples["Cat"]
    columns, answers = dict(strip_cache.columns), dict(photo.answers)
    app.segmented_control(key="rendering").set_value("palette").run()
    app.pills(key="picture").set_value("Coffee").run()
    assert_clean(app)
    assert all(strip_cache.columns[key] is column for key, column in columns.items())
    assert all(photo.answers[key] is answer for key, answer in answers.items())


def test_renderings_change_the_strips(app: AppTest) -> None:
    before = strips(app)
    seen = {before[0]}
    for rendering in ("expected", "palette"):
        app.segmented_control(key="rendering").set_value(rendering).run()
        assert_clean(app)
        seen.add(strips(app)[0])
    assert len(seen) == 3
    app.segmented_control(key="rendering").set_value("chroma").run()
    assert strips(app) == before


def test_swatches_stand_under_both_checkpoints(app: AppTest) -> None:
    counts = [
        element.proto.body.count("<li ")
        for element in app.get("html")
        if "swatches" in element.proto.body and "<ul" in element.proto.body
    ]
    assert counts == [CARDS[name].options["colors"] for name in PRESETS["16 or 32 colours"]]


def test_a_link_brings_back_pair_and_picture(open_palette: OpenPalette) -> None:
    app = open_palette(pair="CNN or U-Net", sample="Coffee")
    assert_clean(app)
    assert titles(app) == [CARDS[name].title for name in PRESETS["CNN or U-Net"]]
    assert app.pills(key="picture").value == "Coffee"


@pytest.mark.parametrize(("pair", "first"), [("nonsense", "x"), ("Your choice", "../../etc/passwd"), ("", "")])
def test_unknown_values_in_a_link_do_no_harm(open_palette: OpenPalette, pair: str, first: str) -> None:
    app = open_palette(pair=pair, first=first, second=first, sample=first, rendering="x" * 500)
    assert_clean(app)
    assert len(strips(app)) == 2


def test_the_first_page_and_back_loses_nothing(app: AppTest) -> None:
    upload(app, ("first.png", a_png(20)))
    columns = dict(app.session_state["strips"].columns)
    app.switch_page("pages/compare.py").run()
    app.switch_page(PAGE).run()
    assert_clean(app)
    assert [names(strip) for strip in strips(app)] == [["first"]] * 2
    assert app.session_state["strips"].columns == columns


def look_at(folder: Path, script: str) -> list[str]:
    """Run a script as a process of its own in a copy of the app with other weights; what it prints of the page."""
    opening = f"""
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=240).switch_page("{PAGE}").run()
assert not app.exception
"""
    for name in ("app.py", "pages", "colorizer", ".streamlit"):
        source = APP.parent / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    done = subprocess.run(
        [sys.executable, "-c", opening + script], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_damaged_checkpoint_is_one_sentence_and_leaves_the_other(tmp_path: Path) -> None:
    for name in PRESETS["CNN or U-Net"]:
        shutil.copytree(APP.parent / "weights" / name, tmp_path / "weights" / name)
    (tmp_path / "weights/horse-16-cnn/model.safetensors").write_bytes(b"no tensors")
    shown = look_at(
        tmp_path,
        "print(*(error.value for error in app.error), sep='\\n')\n"
        "bodies = [element.proto.body for element in app.get('html')]\n"
        "print(*(body.count('<img') for body in bodies if 'class=\"strip\"' in body), sep='\\n')",
    )
    sentences, counts = shown[:-2], shown[-2:]
    assert len(sentences) == 1
    assert "horse-16-cnn/model.safetensors is damaged" in sentences[0]
    assert int(counts[0]) == 0 and int(counts[1]) > 0


def test_one_checkpoint_stands_alone(tmp_path: Path) -> None:
    shutil.copytree(APP.parent / "weights/horse-16-unet", tmp_path / "weights/horse-16-unet")
    shown = look_at(
        tmp_path,
        "assert not app.error\n"
        "bodies = [element.proto.body for element in app.get('html')]\n"
        "print(sum('class=\"strip\"' in body for body in bodies))",
    )
    assert shown == ["1"]


def test_no_checkpoint_with_a_palette_is_one_sentence(tmp_path: Path) -> None:
    shutil.copytree(APP.parent / "weights/scenes-12-mse", tmp_path / "weights/scenes-12-mse")
    shown = look_at(tmp_path, "assert not app.error\nprint(*(info.value for info in app.info), sep='\\n')")
    assert len(shown) == 1
    assert shown[0].startswith("There is no checkpoint with a palette")
