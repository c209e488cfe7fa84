"""An album: coloured beside the page, each photo with its own edits, and taken home as one ZIP."""

import io
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from colorizer.checkpoints.store import list_checkpoints
from colorizer.inference.hints import Hint
from colorizer.inference.render_options import RenderOptions
from pages.common import library_limits
from pages.common.host_settings import host_settings
from pages.common.library_limits import Problems, refusal, room_beside
from pages.common.memory_budget import visitor_budget
from pages.common.model_cache import open_photo
from pages.common.photo_library import LibraryPhoto, PendingPhoto, PhotoLibrary, make_shot
from pages.common.visitor_memory import visitor_memory
from pages.features.album.archive import Archive, archives_of
from pages.features.album.coloring import colour_album
from pages.features.album.entries import AlbumEntry, ColoringOptions, entry_of, next_to_colour
from pages.features.hints.sliders import options_at
from pages.features.hints.state import hint_work
from tests.support.app import OpenApp, assert_clean, pick, png, upload

CARD = next(card for card in list_checkpoints() if card.id == "photo")
LOOK = ColoringOptions(CARD, (), RenderOptions())


def picture(number: int, side: int = 48) -> Image.Image:
    """Make a small photo that no other one is."""
    levels = np.random.default_rng(number).integers(0, 256, (side, side + number, 3), dtype=np.uint8)
    return Image.fromarray(levels).resize((2 * (side + number), 2 * side))


def files(count: int) -> list[tuple[str, bytes]]:
    return [(f"photo-{number:02}.png", png(picture(number))) for number in range(count)]


def library_of(app: AppTest) -> PhotoLibrary:
    library: PhotoLibrary = app.session_state["photo_library"]
    return library


def finish(app: AppTest) -> AppTest:
    """Wait for the work in the background, and run the page as its polling does."""
    app.session_state["background-jobs"].wait("album", 240)
    return app.run()


def made(count: int) -> PhotoLibrary:
    """Make a library whose photos wait for their colours."""
    library = PhotoLibrary()
    for number in range(count):
        content, name = png(picture(number)), f"photo-{number}"
        library.photos[name] = make_shot(name, content, open_photo(content, name), name)
        entry_of(library.photos[name]).want(LOOK)
    return library


def shown_levels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_twelve_photos_are_taken_in_coloured_and_saved_as_one_zip(open_app: OpenApp) -> None:
    app = upload(open_app(), *files(12))
    assert_clean(app)
    assert app.session_state["photo"] == next(iter(library_of(app).photos)), "the first is looked at"
    app = finish(app)
    assert_clean(app)
    assert "Your photos" in [heading.value for heading in app.subheader]
    photos = list(library_of(app).photos.values())
    assert next_to_colour(photos) is None
    assert all(entry_of(photo).thumbnail and not entry_of(photo).failure for photo in photos)
    assert "Download all 12 photos (ZIP)" in [button.proto.label for button in app.get("download_button")]
    (archive,) = archives_of(photos, "JPEG", 10**9)
    with zipfile.ZipFile(io.BytesIO(archive.render())) as found:
        assert found.namelist() == [f"photo-{number:02}-photo.jpg" for number in range(12)]
        for number, photo in enumerate(photos):
            with Image.open(io.BytesIO(found.read(f"photo-{number:02}-photo.jpg"))) as image:
                assert image.size == photo.size
                assert "Checkpoint: photo" in image.info["comment"].decode()


def test_a_photo_of_the_album_has_its_own_points_and_sliders(open_app: OpenApp) -> None:
    app = finish(upload(open_app(), *files(3)))
    first, second, third = library_of(app).photos.values()
    before = {photo.key: entry_of(photo).thumbnail for photo in (first, second, third)}
    pick(app, second.key)
    hint_work(second, CARD).change((Hint(20, 20, (200, 30, 40)),))
    app.run()
    app.slider(key="colorize-saturation").set_value(1.5).run()
    app = finish(app)
    assert_clean(app)
    assert entry_of(second).thumbnail != before[second.key]
    assert entry_of(second).wanted == ColoringOptions(CARD, (Hint(20, 20, (200, 30, 40)),), RenderOptions(1.5))
    assert [entry_of(photo).thumbnail for photo in (first, third)] == [before[first.key], before[third.key]]
    pick(app, third.key)
    assert app.slider(key="colorize-saturation").value == 1.0, "each photo has its own"
    pick(app, second.key)
    assert app.slider(key="colorize-saturation").value == 1.5
    (archive,) = archives_of([first, second, third], "JPEG", 10**9)
    with zipfile.ZipFile(io.BytesIO(archive.render())) as found, Image.open(found.open(found.namelist()[1])) as image:
        assert "saturation: 1.5" in image.info["comment"].decode()
        assert "colour hints: 1" in image.info["comment"].decode()


def test_another_checkpoint_colours_all_of_it_anew(open_app: OpenApp) -> None:
    app = finish(upload(open_app(), *files(3)))
    photos = list(library_of(app).photos.values())
    before = [entry_of(photo).thumbnail for photo in photos]
    app.selectbox(key="colorize-checkpoint").set_value("scenes-500-huber").run()
    app = finish(app)
    assert_clean(app)
    assert next_to_colour(photos) is None
    assert all(entry_of(photo).thumbnail != old for photo, old in zip(photos, before, strict=True))


def test_all_photos_are_forgotten_at_once(open_app: OpenApp) -> None:
    app = finish(upload(open_app(), *files(3)))
    app.button(key="album-forget").click().run()
    assert_clean(app)
    assert not library_of(app).photos
    assert "Your photos" not in [heading.value for heading in app.subheader]


def test_broken_files_of_an_album_are_told_in_few_sentences_and_the_others_are_coloured(open_app: OpenApp) -> None:
    broken = [(f"broken-{number}.jpg", b"no picture %d" % number) for number in range(8)]
    app = finish(upload(open_app(), *files(2), *broken))
    assert not app.exception
    assert len(app.error) == 6 and app.error[5].value.startswith("3 more could not be opened: broken-5.jpg")
    assert len(library_of(app).photos) == 2
    assert next_to_colour(list(library_of(app).photos.values())) is None


def test_a_photo_that_fails_spares_the_others_and_is_named_in_the_zip() -> None:
    library = made(3)
    failing = library.photos["photo-1"]
    failing.content = failing.content[:60]
    colour_album(library, lambda: None)
    photos = list(library.photos.values())
    assert next_to_colour(photos) is None
    assert [bool(entry_of(photo).failure) for photo in photos] == [False, True, False]
    assert entry_of(failing).failure.startswith("photo-1: ") and entry_of(failing).file is None
    (archive,) = archives_of(photos, "JPEG", 10**9)
    assert [photo.name for photo, _ in archive.photos] == ["photo-0", "photo-2"]
    whole = Archive(tuple((photo, LOOK) for photo in photos), "JPEG", 1)
    with zipfile.ZipFile(io.BytesIO(whole.render())) as found:
        assert found.namelist() == ["photo-0-photo.jpg", "photo-2-photo.jpg", "could-not-be-coloured.txt"]
        assert found.read("could-not-be-coloured.txt").startswith(b"photo-1: ")


def test_what_memory_let_go_of_is_made_again_for_the_zip() -> None:
    library = made(2)
    colour_album(library, lambda: None)
    photos = list(library.photos.values())
    kept = [entry_of(photo).file for photo in photos]
    (archive,) = archives_of(photos, "JPEG", 10**9)
    whole = archive.render()
    library.let_go()
    assert [entry_of(photo).file for photo in photos] == [None, None]
    assert all(kept) and archive.render() == whole


def test_where_memory_is_short_no_file_is_kept_and_the_zip_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor_memory(), "_budget", 0)
    library = made(4)
    colour_album(library, lambda: None)
    photos = list(library.photos.values())
    assert next_to_colour(photos) is None
    assert [entry_of(photo).file for photo in photos] == [None] * 4
    archives = archives_of(photos, "JPEG", 12_000)
    assert [(archive.first, archive.last) for archive in archives] == [(1, 2), (3, 4)]
    names = [zipfile.ZipFile(io.BytesIO(archive.render())).namelist() for archive in archives]
    assert names == [["photo-0-photo.jpg", "photo-1-photo.jpg"], ["photo-2-photo.jpg", "photo-3-photo.jpg"]]


def test_files_of_one_name_are_told_apart_and_other_formats_are_made() -> None:
    library = made(3)
    for photo in library.photos.values():
        photo.name = "IMG_1"
    (archive,) = archives_of(list(library.photos.values()), "PNG", 10**9)
    with zipfile.ZipFile(io.BytesIO(archive.render())) as found:
        assert found.namelist() == ["IMG_1-photo.png", "IMG_1-photo-2.png", "IMG_1-photo-3.png"]
        with Image.open(found.open("IMG_1-photo.png")) as image:
            assert image.format == "PNG" and image.size == library.photos["photo-0"].size


def test_work_ends_where_it_is_not_wanted_any_more() -> None:
    class Gone(BaseException):
        """As Streamlit's own signals are."""

    library, looks = made(3), iter([None, None])

    def still_wanted() -> None:
        if next(looks, Gone) is Gone:
            raise Gone

    with pytest.raises(Gone):
        colour_album(library, still_wanted)
    assert [entry_of(photo).is_done for photo in library.photos.values()] == [True, True, False]


def test_only_the_photos_that_were_looked_at_last_hold_their_pixels() -> None:
    library = PhotoLibrary()
    for number in range(10):
        content = png(picture(number))
        key = f"{number}"
        library.photos[key] = make_shot(key, content, open_photo(content, key), key)
        library.look_at(key)
    assert [photo.has_previews for photo in library.photos.values()] == [False] * 2 + [True] * 8
    assert library.photos["0"].preview.size == picture(0).size
    assert [photo.key for photo in library.compared()] == [f"{number}" for number in range(2, 10)]
    library.look_at("0")
    assert library.photos["0"].has_previews and not library.photos["2"].has_previews


# Limits


@pytest.fixture
def large_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a host with memory for whole albums."""
    host_settings.cache_clear()
    monkeypatch.setenv("COLORIZER_MEMORY_MB", "3000")
    monkeypatch.setattr(visitor_memory(), "_budget", 10**9)
    yield
    host_settings.cache_clear()


@pytest.mark.usefixtures("large_host")
def test_an_album_holds_200_photos_or_500_megabytes() -> None:
    assert refusal(199, 0, 1) is None
    assert str(refusal(200, 0, 1)).startswith("an album holds at most 200 photos")
    assert refusal(1, 499_000_000, 1_000_000) is None
    assert str(refusal(1, 499_000_000, 1_000_001)).startswith("the photos of an album may have at most 500 MB")


def test_a_small_host_says_how_much_it_has_room_for() -> None:
    assert visitor_budget() == 114_000_000
    assert refusal(1, 113_000_000, 1_000_000) is None
    assert refusal(1, 113_000_000, 1_000_001) == (
        "this server has room for 114 MB of a visitor's photos; download yours, and forget some first."
    )


def test_a_browser_is_told_what_may_still_be_added() -> None:
    room = room_beside(150, 100_000_000)
    assert (room.photos, room.bytes) == (50, 14_000_000)
    assert (room.most_photos, room.most_bytes) == (200, 114_000_000)
    assert (room_beside(201, 0).photos, room_beside(1, 10**9).bytes) == (0, 0)


def test_what_is_the_same_of_many_is_said_once() -> None:
    problems = Problems()
    for number in range(57):
        problems.refuse(f"{number}.png", "an album holds at most 200 photos; forget some first.")
    problems.refuse("late.png", "too many photos within a minute; wait 9 seconds.")
    assert problems.sentences() == [
        "0.png, 1.png, 2.png and 54 more were not added: an album holds at most 200 photos; forget some first.",
        "late.png was not added: too many photos within a minute; wait 9 seconds.",
    ]


def test_photos_above_the_limit_are_refused_in_one_sentence(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_limits, "MAX_PHOTOS", 3)
    app = upload(open_app(), *files(6))
    assert len(library_of(app).photos) == 3
    assert [error.value for error in app.error] == [
        "photo-03.png, photo-04.png and photo-05.png were not added: "
        "an album holds at most 3 photos; forget some first."
    ]


def test_an_entry_waits_until_it_is_as_it_is_wanted() -> None:
    entry = AlbumEntry()
    entry.want(LOOK)
    assert not entry.is_done
    entry.fill(LOOK, b"small", b"file")
    assert entry.is_done
    entry.want(ColoringOptions(CARD, (), RenderOptions(1.5)))
    assert not entry.is_done and entry.thumbnail == b"small", "the old one stays until there is another"


def test_photos_that_go_on_from_those_before_do_not_turn_the_page() -> None:
    library = PhotoLibrary()
    (one, two, three) = (png(picture(number)) for number in range(3))
    library.receive([PendingPhoto("one", one)])
    first = library.open_next()
    library.receive([PendingPhoto("two", two)], part="next")
    second = library.open_next()
    assert isinstance(first, LibraryPhoto) and isinstance(second, LibraryPhoto)
    assert library.latest == first.key
    library.receive([PendingPhoto("four", png(picture(3)))], part="next")
    assert library.open_next() is not None
    assert library.latest == first.key
    library.receive([PendingPhoto("three", three)])
    third = library.open_next()
    assert third is not None and library.latest == third.key


def test_another_checkpoint_leaves_each_photo_the_sliders_that_it_had() -> None:
    (photo,) = made(1).photos.values()
    other = next(card for card in list_checkpoints() if card.takes_hints and card.id != CARD.id)
    hint_work(photo, CARD).slide((0.5, 70.0, 1.0))
    assert hint_work(photo, other).sliders == (0.5, 70.0, 1.0)
    assert options_at(other, hint_work(photo, other)).saturation == 0.5


def test_a_zip_that_is_being_made_is_not_made_twice_and_nobody_waits_for_that_of_a_visitor_who_left() -> None:
    photos = list(made(2).photos.values())
    begun, ended = threading.Event(), threading.Event()

    def is_wanted() -> bool:
        begun.set()
        return ended.wait(60)

    archive = Archive(tuple((photo, LOOK) for photo in photos), "JPEG", 1, is_wanted)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(archive.render)
        begun.wait(60)
        with pytest.raises(RuntimeError, match="made already"):
            archive.render()
        ended.set()
        assert len(zipfile.ZipFile(io.BytesIO(first.result(60))).namelist()) == 2
    with pytest.raises(RuntimeError, match="left"):
        Archive(tuple((photo, LOOK) for photo in photos), "JPEG", 1, lambda: False).render()
