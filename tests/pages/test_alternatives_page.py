"""What else could it be?: versions, open questions, doubt and downloads, with a tiny checkpoint in place of `photo`."""

import io
import re
import zipfile
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints import store
from colorizer.checkpoints.store import MODEL_FILE, to_float16, write_card, write_tensors
from colorizer.inference import colorizer
from pages.common.downloads import zipped
from pages.common.photo_library import LibraryPhoto, PhotoLibrary
from pages.features.alternatives.downloads import Sheet, downloads_for
from pages.features.alternatives.search import Search
from tests.support import APP
from tests.support.app import assert_clean, png, texts, upload
from tests.support.toy_photo import toy_card, toy_network

PAGE = "pages/alternatives.py"
TORN = {(-40.0, 40.0): 0.5, (50.0, 40.0): 0.3, (10.0, -50.0): 0.2}
SURE = {(-40.0, 40.0): 0.98, (50.0, 40.0): 0.02}
OpenPage = Callable[..., AppTest]


def ship(weights: Path, name: str, mix: dict[tuple[float, float], float], title: str = "Toy photo") -> None:
    hashes = {MODEL_FILE: write_tensors(weights / name / MODEL_FILE, to_float16(toy_network(mix).state_dict()))}
    write_card(weights / name, toy_card(name, sha256=hashes, title=title))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder of checkpoints, which the app takes for its own."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setattr(store.scan, "__defaults__", (folder,))
    monkeypatch.setattr(colorizer.load, "__defaults__", (None, "auto", folder, "auto"))
    monkeypatch.chdir(APP.parent)
    return folder


@pytest.fixture
def open_page(weights: Path) -> OpenPage:
    """Start a session on the page itself, with one checkpoint unless told otherwise."""

    def start(mix: dict[tuple[float, float], float] | None = TORN, **parameters: str) -> AppTest:
        if mix is not None:
            ship(weights, "photo", mix)
        app = AppTest.from_file(APP, default_timeout=240).switch_page(PAGE)
        for name, value in parameters.items():
            app.query_params[name.replace("_", "-")] = value
        return app.run()

    return start


@pytest.fixture
def app(open_page: OpenPage) -> AppTest:
    return open_page()


def heads(app: AppTest) -> list[tuple[str, str]]:
    """Title and aside of each tile."""
    return re.findall(r'<div class="tile"><h3>([^<]*)<span class="[^"]*">([^<]*)<', texts(app))


def tile(app: AppTest, title: str) -> str:
    """Read what is written under a picture, without its tags."""
    line = next(line for line in texts(app).splitlines() if f"<h3>{title}<" in line)
    return unescape(re.sub(r"<[^>]*>", " ", line))


def status(app: AppTest) -> str:
    return next(line for line in texts(app).splitlines() if 'role="status"' in line)


def search_of(app: AppTest) -> Search:
    return list(app.session_state["alternatives"].kept.values())[-1]


def comment(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        return str(image.info["comment"].decode())


def test_four_versions_stand_in_a_row_and_the_doubt_under_it(app: AppTest) -> None:
    assert_clean(app)
    assert [title for title, _ in heads(app)] == [
        "Version 1",
        "Version 2",
        "Version 3",
        "Version 4",
        *[title for title, _ in heads(app)[4:5]],
        "Doubt",
        "Original",
    ]
    assert re.fullmatch(r"\d open questions?", heads(app)[4][0])
    assert "Motorcycle, 741 × 500 px: 4 versions by “Toy photo”." in status(app)
    assert [heading.value for heading in app.subheader] == ["Where the model is unsure"]
    captions = {caption.value: caption.help for caption in app.caption}
    assert {"version", "open question", "as likely", "doubt"} <= set(captions) and all(captions.values())


def test_a_version_tells_what_is_different_and_how_likely_that_is(app: AppTest) -> None:
    assert dict(heads(app))["Version 1"] == "its own answer"
    for number in (2, 3, 4):
        title = f"Version {number}"
        assert re.fullmatch(r"\d+% as likely", dict(heads(app))[title])
        assert re.search(r"[A-E]\s+→\s+\S.* becomes ", tile(app, title))
        share = re.search(r"(\d+)% of the photo looks different\.", tile(app, title))
        assert share and int(share[1]) >= 8


def test_the_pictures_are_different(app: AppTest) -> None:
    pictures = {name: data for name, (_, data) in album_photo(app).pictures.items() if name.startswith("alternative")}
    assert len(pictures) == 6 and len(set(pictures.values())) == 6  # versions, open questions, doubt
    versions = [
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        for name, data in pictures.items()
        if name[-1].isdigit()
    ]
    assert len(versions) == 4
    assert all(np.abs(one - versions[0]).mean() > 3 for one in versions[1:])


def album_photo(app: AppTest) -> LibraryPhoto:
    kept: PhotoLibrary = app.session_state["photo_library"]
    return kept.samples["Motorcycle"]


def test_chances_and_doubt_are_told_in_numbers(app: AppTest) -> None:
    ambiguous_regions = next(title for title, _ in heads(app) if "question" in title)
    assert re.search(r"A\s+\d+% of the photo:\s+50%\s+30%\s+20%", tile(app, ambiguous_regions))
    found = re.search(
        r"On average (\d+) Lab units; in the least certain tenth of the photo (\d+) or more", tile(app, "Doubt")
    )
    assert found and 50 < int(found[1]) <= int(found[2]) < 65
    assert "Lab units" in tile(app, "Doubt") and "sure" in tile(app, "Doubt")
    assert re.search(r'aria-label="Scale from [\d.]+ to [\d.]+ Lab units"', texts(app))


def test_a_model_that_is_sure_says_so_in_one_sentence(open_page: OpenPage) -> None:
    app = open_page(SURE)
    assert_clean(app)
    assert [title for title, _ in heads(app)] == ["Version 1", "No open questions", "Doubt", "Original"]
    assert "1 version by “Toy photo”. No large part of this photo has another colour" in status(app)
    assert "has one colour for every large part" in tile(app, "No open questions")


def test_without_a_checkpoint_that_takes_hints_a_sentence_says_what_is_missing(open_page: OpenPage) -> None:
    app = open_page(None)
    assert_clean(app)
    assert [info.value for info in app.info] == [
        "This page needs a checkpoint that takes colour points, and there is none in weights/ yet; "
        "the other pages work without one."
    ]
    assert heads(app) == []


def test_a_damaged_checkpoint_is_told_and_the_page_stands(open_page: OpenPage, weights: Path) -> None:
    ship(weights, "photo", {(0.0, 60.0): 1.0})  # one that no other test has loaded
    path = weights / "photo" / MODEL_FILE
    path.write_bytes(path.read_bytes()[:-8])
    app = open_page(None)
    assert not app.exception
    (error,) = app.error
    assert "model.safetensors is damaged" in error.value
    assert "Motorcycle, 741 × 500 px: 0 versions" in status(app)


def test_a_card_that_cannot_be_read_is_told_beside_the_versions(open_page: OpenPage, weights: Path) -> None:
    (weights / "other").mkdir()
    (weights / "other" / "card.toml").write_text("id = 3")
    app = open_page()
    assert_clean(app)
    assert any("other/card.toml" in warning.value for warning in app.warning)
    assert ("Version 1", "its own answer") in heads(app)


def test_a_choice_of_checkpoints_stands_in_the_link(open_page: OpenPage, weights: Path) -> None:
    ship(weights, "another", SURE, title="Another toy")
    app = open_page()
    assert app.selectbox(key="alternatives-checkpoint").options == ["Toy photo", "Another toy"]
    assert "4 versions by “Toy photo”" in status(app)
    app = open_page(alternatives_checkpoint="Another toy", sample="Cat")
    assert_clean(app)
    assert "Cat, 451 × 300 px: 1 version by “Another toy”" in status(app)


def test_what_was_found_is_not_looked_for_again(app: AppTest) -> None:
    found = search_of(app).versions
    app.segmented_control(key="format").set_value("PNG").run()
    assert_clean(app)
    assert search_of(app).versions is found and len(found) == 4
    app.switch_page("pages/models.py").run()
    app.switch_page(PAGE).run()
    assert search_of(app).versions is found


def test_each_version_is_saved_at_full_size_with_a_note(app: AppTest) -> None:
    labels = [element.proto.label for element in app.get("download_button")]
    assert [label for label in labels if label.startswith("Download version")] == [
        f"Download version {number}" for number in (1, 2, 3, 4)
    ]
    assert {"Download all (JPEG, ZIP)", "Download a sheet (PNG)"} <= set(labels)
    downloads = downloads_for(album_photo(app), toy_card("photo"), search_of(app).versions, "JPEG")
    assert [download.file_name for download in downloads] == [
        f"Motorcycle-photo-version-{number}.jpg" for number in (1, 2, 3, 4)
    ]
    first, second = downloads[0].render(), downloads[1].render()
    with Image.open(io.BytesIO(second)) as image:
        assert image.size == (741, 500)
    assert "made up by a neural network" in comment(first) and "the model's own answer" in comment(first)
    hints = len(search_of(app).versions[1].hints)
    assert f"{hints} colour hints were chosen by the program" in comment(second)
    assert "of the user" not in comment(second)


def test_all_versions_come_as_a_zip_and_as_a_sheet(app: AppTest) -> None:
    photo, versions = album_photo(app), search_of(app).versions
    with zipfile.ZipFile(io.BytesIO(zipped(downloads_for(photo, toy_card("photo"), versions, "WEBP")))) as archive:
        assert archive.namelist() == [f"Motorcycle-photo-version-{number}.webp" for number in (1, 2, 3, 4)]
    sheet = Sheet(photo, toy_card("photo"), tuple(versions))
    assert sheet.file_name == "Motorcycle-photo-versions.png"
    with Image.open(io.BytesIO(sheet.render())) as image:
        assert image.width > 1400 and image.height > 1000


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("black", Image.new("RGB", (40, 30))),
        ("clear", Image.new("RGBA", (40, 30), (255, 0, 0, 0))),
        ("dot", Image.new("RGB", (1, 1), "red")),
        ("ribbon", Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 3000, 3), dtype=np.uint8))),
        ("tower", Image.new("L", (16, 900), 128)),
    ],
)
def test_odd_photos_go_through(app: AppTest, name: str, image: Image.Image) -> None:
    upload(app, (f"{name}.png", png(image)))
    assert not app.exception
    if app.error:  # too small to be a photo: said in one sentence, and the photo before stays
        assert [error.value.startswith(name) for error in app.error] == [True]
        assert "Motorcycle" in status(app)
        return
    assert f"{name}, {image.width} × {image.height} px" in status(app)
    assert ("Version 1", "its own answer") in heads(app)


def test_a_grey_photo_has_no_original(open_page: OpenPage) -> None:
    app = open_page(sample="Cameraman (grey)")
    assert_clean(app)
    assert "Original" not in dict(heads(app))
    assert ("Version 1", "its own answer") in heads(app)


def test_what_is_no_picture_gets_one_sentence_and_the_photo_stays(app: AppTest) -> None:
    upload(app, ("notes.jpg", b"no picture at all"))
    assert not app.exception
    assert [error.value.startswith("notes") for error in app.error] == [True]
    assert "Motorcycle" in status(app) and len(search_of(app).versions) == 4


def test_nonsense_in_the_address_does_no_harm(open_page: OpenPage) -> None:
    app = open_page(sample="../../etc/passwd", alternatives_checkpoint="<b>")
    assert_clean(app)
    assert "Motorcycle" in status(app)


def test_a_hostile_name_stays_text(app: AppTest, decoded: bytes) -> None:
    upload(app, ("<img src=x onerror=alert(1)>.jpg", decoded))
    assert_clean(app)
    assert "96 × 64 px" in status(app)
    assert "<img src=x" not in texts(app)


def test_searches_are_kept_for_a_few_photos_only(app: AppTest) -> None:
    for number in range(7):
        upload(app, (f"{number}.png", png(Image.new("RGB", (20, 16), (number * 20, 90, 90)))))
    assert_clean(app)
    assert len(app.session_state["alternatives"].kept) == 6
