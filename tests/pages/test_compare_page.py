"""The page Compare checkpoints: a comparison from whatever comes, without ever losing one."""

import io
import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.store import list_checkpoints
from tests.support.app import OpenApp, assert_clean, pick, texts, upload

COMPARE = "pages/compare.py"
CARDS = list_checkpoints()
TITLES = {card.id: card.title for card in CARDS}
_PAIR = ("scenes-12-huber", "scenes-500-huber")


def _huge_png() -> bytes:
    """Make a PNG of a few bytes whose header promises 60000 x 60000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _results(app: AppTest) -> list[str]:
    """List the titles of the checkpoints whose results are shown."""
    return [title for title in TITLES.values() if f"<h3>{title}<" in texts(app) and "s</span>" in texts(app)]


def _in_view(app: AppTest) -> str:
    """Read the status line on the photo in view."""
    return next(line for line in texts(app).splitlines() if 'role="status"' in line)


def test_opens_with_a_sample_coloured_by_all_four(open_app: OpenApp) -> None:
    app = open_app(COMPARE)
    assert_clean(app)
    assert len(_results(app)) == 4
    assert "Motorcycle, 741 × 500 px" in _in_view(app)
    assert "colouring ..." not in texts(app)


def test_figures_stand_beside_grey_and_the_original_with_their_protocol(open_app: OpenApp) -> None:
    app = open_app(COMPARE)
    assert "<h3>Grey<" in texts(app)
    assert "<h3>Original<" in texts(app)
    assert texts(app).count("<dt>CIEDE2000</dt>") == 6
    assert any("centre crop to a square" in caption.value for caption in app.caption)


def _figures(app: AppTest) -> dict[str, dict[str, tuple[float, bool]]]:
    """Read what stands under each picture: by its title and the measure, the value, and whether it has a star."""
    found: dict[str, dict[str, tuple[float, bool]]] = {}
    for title, figures in re.findall(r"<h3>(.+?)<span.*?</h3>.*?<dl>(.+?)</dl>", texts(app)):
        cells = re.findall(r"<dt>([^<]+)</dt><dd( class=best)?>(-?[\d.]+)", figures)
        found[title] = {term: (float(value), bool(star)) for term, star, value in cells}
    return found


def _by_chance(app: AppTest) -> list[str]:
    return [line.value for line in app.markdown if "on this one photo only" in line.value]


def test_a_star_that_many_pictures_contradict_is_said_to_be_of_this_photo(open_app: OpenApp) -> None:
    app = open_app(COMPARE, sample="Motorcycle", experiment="12 or 500 images")
    assert _figures(app)["12 images, Huber"]["CIEDE2000"][1]
    rows = {card.id: next(row for row in card.metrics if row.dataset == "BSDS") for card in CARDS if card.id in _PAIR}
    few, many = (rows[name].ciede2000 for name in _PAIR)
    assert _by_chance(app) == [
        "**12 images, Huber** has the ★ for CIEDE2000 on this one photo only. On 200 pictures of BSDS, measured in the "
        f"same way, **500 images, Huber** is nearer to the originals: {many:.1f}, against {few:.1f}."
    ]


@pytest.mark.parametrize("sample", ["Rocket", "Grass (grey)"])
def test_a_star_that_many_pictures_confirm_needs_no_word(open_app: OpenApp, sample: str) -> None:
    assert _by_chance(open_app(COMPARE, sample=sample, experiment="12 or 500 images")) == []


def test_an_experiment_opens_with_the_sample_that_shows_it(open_app: OpenApp) -> None:
    app = open_app(COMPARE, experiment="12 or 500 images")
    assert "Rocket" in _in_view(app)
    assert _figures(app)["500 images, Huber"]["CIEDE2000"][1]
    app.pills(key="experiment").set_value("From CNN to GAN").run()
    assert_clean(app)
    assert "Flower" in _in_view(app)


def test_a_photo_that_was_chosen_stays_from_experiment_to_experiment(open_app: OpenApp) -> None:
    app = pick(open_app(COMPARE, experiment="12 or 500 images"), "Cat")
    app.pills(key="experiment").set_value("GAN iterations").run()
    assert "Cat" in _in_view(app)


def test_a_star_is_for_coming_nearer_than_grey_and_never_for_strong_colours(open_app: OpenApp) -> None:
    figures = _figures(open_app(COMPARE, sample="Coffee", experiment="12 or 500 images"))
    few, many = figures["12 images, Huber"], figures["500 images, Huber"]
    truth, grey = figures["Original"]["colourfulness"][0], figures["Grey"]
    # The one that knows its 12 pictures by heart has about as much colour as the photo, in the wrong places.
    assert abs(few["colourfulness"][0] - truth) < abs(many["colourfulness"][0] - truth)
    assert few["CIEDE2000"][0] > many["CIEDE2000"][0]
    assert not any(star for found in figures.values() for name, (_, star) in found.items() if name == "colourfulness")
    for found in (few, many):
        assert not found["PSNR"][1] or found["PSNR"][0] > grey["PSNR"][0]
        assert not found["CIEDE2000"][1] or found["CIEDE2000"][0] < grey["CIEDE2000"][0]


def test_a_grey_photo_has_no_figures_and_no_original(open_app: OpenApp) -> None:
    app = open_app(COMPARE, sample="Cameraman (grey)")
    assert_clean(app)
    assert len(_results(app)) == 4
    assert "<h3>Original<" not in texts(app)
    assert "<dt>PSNR</dt>" not in texts(app)


def test_an_upload_is_coloured_and_shown(open_app: OpenApp, decoded: bytes) -> None:
    app = upload(open_app(COMPARE), ("holiday.jpg", decoded))
    assert_clean(app)
    assert "holiday, 96 × 64 px" in _in_view(app)
    assert len(_results(app)) == 4


def test_new_uploads_keep_the_results_of_earlier_ones(open_app: OpenApp, decoded: bytes) -> None:
    app = upload(open_app(COMPARE), ("first.jpg", decoded))
    library = app.session_state["photo_library"]
    first = next(iter(library.photos))
    answers = dict(library.photos[first].answers)
    second = io.BytesIO()
    Image.new("RGB", (40, 40), "teal").save(second, "PNG")
    upload(app, ("second.png", second.getvalue()))
    assert "second, 40 × 40 px" in _in_view(app)
    pick(app, first)
    assert "first, 96 × 64 px" in _in_view(app)
    assert all(library.photos[first].answers[name] is answer for name, answer in answers.items())


def test_a_photo_can_be_removed(open_app: OpenApp, decoded: bytes) -> None:
    app = upload(open_app(COMPARE), ("holiday.jpg", decoded))
    next(button for button in app.button if button.label == "Remove holiday").click().run()
    assert_clean(app)
    assert not app.session_state["photo_library"].photos
    assert "Motorcycle" in _in_view(app)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.jpg", b""),
        ("page.jpg", b"<!DOCTYPE html><html><body>hello</body></html>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("paper.pdf", b"%PDF-1.7\n"),
        ("bomb.png", _huge_png()),
        ("noise.png", bytes(range(256)) * 4),
    ],
)
def test_a_bad_file_gets_one_sentence_and_the_others_are_coloured(
    open_app: OpenApp, decoded: bytes, name: str, content: bytes
) -> None:
    app = upload(open_app(COMPARE), (name, content), ("good.jpg", decoded))
    assert not app.exception
    assert len(app.error) == 1
    assert app.error[0].value.startswith(f"{name}: ")
    assert app.error[0].value.endswith(".")
    assert "good, 96 × 64 px" in _in_view(app)
    assert len(_results(app)) == 4


def test_a_truncated_file_is_refused_rather_than_partly_shown(open_app: OpenApp, decoded: bytes) -> None:
    app = upload(open_app(COMPARE), ("cut.jpg", decoded[: len(decoded) // 2]))
    assert len(app.error) == 1
    assert app.error[0].value.startswith("cut.jpg: ")
    assert "Motorcycle" in _in_view(app)


def test_the_next_upload_takes_the_sentence_away(open_app: OpenApp, decoded: bytes) -> None:
    app = upload(open_app(COMPARE), ("empty.jpg", b""))
    assert_clean(upload(app, ("good.jpg", decoded)))


def test_a_link_brings_back_the_selection(open_app: OpenApp) -> None:
    app = open_app(COMPARE, experiment="MSE or Huber", saturation="0.5", sample="Coffee")
    assert_clean(app)
    assert len(_results(app)) == 2
    assert app.slider(key="saturation").value == 0.5
    assert "Coffee" in _in_view(app)


@pytest.mark.parametrize(
    "parameters",
    [
        {"experiment": "nonsense", "saturation": "blue", "sample": "../../etc/passwd"},
        {"experiment": "Your choice", "checkpoints": "nonsense", "saturation": "1e9"},
        {"experiment": "", "sample": "", "unknown": "x" * 500},
    ],
)
def test_unknown_values_in_a_link_do_no_harm(open_app: OpenApp, parameters: dict[str, str]) -> None:
    app = open_app(COMPARE, **parameters)
    assert_clean(app)
    assert _results(app)
    assert "Motorcycle" in _in_view(app)


def test_own_choice_of_checkpoints(open_app: OpenApp) -> None:
    app = open_app(COMPARE, experiment="Your choice")
    app.pills(key="checkpoints").set_value(["scenes-12-mse"]).run()
    assert _results(app) == [TITLES["scenes-12-mse"]]
    app.pills(key="checkpoints").set_value([]).run()
    assert_clean(app)
    assert app.info[0].value == "Choose at least one checkpoint."


def test_saturation_zero_is_grey(open_app: OpenApp) -> None:
    app = open_app(COMPARE)
    app.slider(key="saturation").set_value(0.0).run()
    assert_clean(app)
    photo = app.session_state["photo_library"].samples["Motorcycle"]
    results = [data for name, (_, data) in photo.pictures.items() if name not in ("grey", "original")]
    assert len(results) == 4
    for data in results:
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        assert np.ptp(pixels, axis=2).max() <= 3


def test_another_page_and_back_loses_nothing(open_app: OpenApp, decoded: bytes) -> None:
    app = upload(open_app(COMPARE), ("holiday.jpg", decoded))
    app.slider(key="saturation").set_value(1.5)
    app.pills(key="experiment").set_value("12 or 500 images").run()
    answers = dict(next(iter(app.session_state["photo_library"].photos.values())).answers)
    app.switch_page("pages/curves.py").run()
    app.switch_page("pages/compare.py").run()
    assert_clean(app)
    assert "holiday, 96 × 64 px" in _in_view(app)
    assert app.slider(key="saturation").value == 1.5
    assert len(_results(app)) == 2
    photo = next(iter(app.session_state["photo_library"].photos.values()))
    assert all(photo.answers[name] is answer for name, answer in answers.items())


def test_two_visitors_do_not_see_each_other(open_app: OpenApp, decoded: bytes) -> None:
    one, other = open_app(COMPARE), open_app(COMPARE)
    upload(one, ("secret.jpg", decoded))
    other.run()
    assert "secret" in _in_view(one)
    assert "secret" not in texts(other)
    assert not other.session_state["photo_library"].photos


def test_a_link_without_a_scheme_gets_https(open_app: OpenApp) -> None:
    app = open_app(COMPARE)
    app.text_input(key="link").set_value(" 127.0.0.1/my photo.jpg")
    app.button[0].click().run()
    assert "127.0.0.1 is not a place on the public internet" in app.error[0].value


def test_a_link_that_is_refused_gets_a_sentence(open_app: OpenApp) -> None:
    app = open_app(COMPARE)
    app.text_input(key="link").set_value("http://127.0.0.1/photo.jpg")
    app.button[0].click().run()
    assert not app.exception
    assert [error.value.startswith("http://127.0.0.1/photo.jpg: ") for error in app.error] == [True]
    assert "Motorcycle" in _in_view(app)


def _picture(app: AppTest, sample: str, checkpoint: str) -> bytes:
    """Return the encoded result of a checkpoint on a sample."""
    pictures = app.session_state["photo_library"].samples[sample].pictures
    return next(data for name, (_, data) in pictures.items() if name.startswith(f"{checkpoint} "))


@pytest.mark.parametrize("experiment", ["16 or 32 colours", "CNN or U-Net", "Trained on horses or cats"])
def test_the_palette_experiments_show_two_results_with_their_swatches(open_app: OpenApp, experiment: str) -> None:
    app = open_app(COMPARE, experiment=experiment, sample="Cat")
    assert_clean(app)
    assert len(_results(app)) == 2
    palettes = [text for text in texts(app).splitlines() if 'class="swatches"' in text]
    assert len(palettes) == 2
    for palette in palettes:
        shares = [int(share) for share in re.findall(r">(\d+)%</li>", palette)]
        assert palette.count("<li") in (16, 32)
        assert 100 - palette.count("<li") / 2 <= sum(shares) <= 100 + palette.count("<li") / 2  # each is rounded


def test_a_palette_result_is_shown_in_three_ways(open_app: OpenApp) -> None:
    app = open_app(COMPARE, experiment="CNN or U-Net", sample="Cat")
    pictures = {"chroma": _picture(app, "Cat", "horse-16-unet")}
    for rendering in ("expected", "palette"):
        app.segmented_control(key="rendering").set_value(rendering).run()
        assert_clean(app)
        pictures[rendering] = _picture(app, "Cat", "horse-16-unet")
    assert len(set(pictures.values())) == 3
    painted = Image.open(io.BytesIO(pictures["palette"])).convert("RGB")
    assert painted.size == (451, 300)


def test_only_palettes_have_several_renderings(open_app: OpenApp) -> None:
    app = open_app(COMPARE, experiment="MSE or Huber", rendering="palette")
    assert_clean(app)
    assert "rendering" not in [control.key for control in app.segmented_control]
    assert len(_results(app)) == 2


def test_both_kinds_stand_side_by_side(open_app: OpenApp) -> None:
    app = open_app(COMPARE, experiment="Your choice", rendering="palette", sample="Cat")
    app.pills(key="checkpoints").set_value(["scenes-500-mse", "cat-16-unet"]).run()
    assert_clean(app)
    assert len(_results(app)) == 2
    assert texts(app).count('class="swatches"') == 1
