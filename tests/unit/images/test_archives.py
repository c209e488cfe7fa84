"""Uploads, archives and folders: every picture is found, nothing else is opened, and no bomb goes off."""

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from colorizer.errors import PictureError
from colorizer.images import archives, open_image
from colorizer.images.archives import PictureSet, allowed_folders, from_files, from_folder, from_zip
from tests.support.image_files import colourful, encoded

JPEG = encoded(colourful(), "JPEG")


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def names(found: PictureSet) -> list[str]:
    return [entry.name for entry in found.entries]


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(PictureError) as error:
        read()
    return str(error.value)


def test_the_pictures_of_an_archive_are_found_in_all_its_folders_and_read_as_they_are() -> None:
    found = from_zip("holiday.zip", zipped({"a.jpg": JPEG, "deep/er/b.PNG": JPEG, "deep/": b""}))
    assert names(found) == ["a.jpg", "deep/er/b.PNG"]
    assert [entry.read() for entry in found.entries] == [JPEG, JPEG]
    assert found.problems == []


def test_stored_members_longer_than_the_list_may_be_are_read() -> None:
    content = JPEG + bytes(3_000_000)
    (entry,) = from_zip("large.zip", zipped({"a.jpg": content}, zipfile.ZIP_STORED)).entries
    assert entry.read() == content


def test_what_systems_add_is_passed_over_and_what_is_no_picture_is_counted() -> None:
    members = {"__MACOSX/._a.jpg": b"x", ".hidden/b.jpg": b"x", "._c.jpg": b"x", "a.jpg": JPEG, "notes.txt": b"x"}
    found = from_zip("mixed.zip", zipped(members))
    assert names(found) == ["a.jpg"]
    assert found.problems == [
        "mixed.zip: left out: 3 hidden or system files or folders, 1 file with another ending (.txt)."
    ]


def test_an_archive_packed_with_backslashes_has_folders_too() -> None:
    members = {"holiday\\a.jpg": JPEG, "__MACOSX\\._a.jpg": b"x", "@eaDir\\a.jpg": b"x", "holiday\\Thumbs.db": b"x"}
    found = from_zip("windows.zip", zipped(members))
    assert names(found) == ["holiday\\a.jpg"]
    assert "3 hidden or system files or folders" in found.problems[0]


@pytest.mark.parametrize("content", [b"PK\x03\x04 nothing", b"", zipped({"a.jpg": JPEG})[:-30]])
def test_a_damaged_archive_is_named(content: bytes) -> None:
    found = from_zip("torn.zip", content)
    assert not found.entries
    assert len(found.problems) == 1 and found.problems[0].startswith("torn.zip: ")


def test_an_archive_without_pictures_says_so() -> None:
    assert from_zip("texts.zip", zipped({"a.txt": b"x"})).problems == ["texts.zip: there are no pictures in it."]


def test_a_damaged_member_is_refused_and_the_others_are_read() -> None:
    content = bytearray(zipped({"a.jpg": JPEG, "b.jpg": JPEG}))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.getinfo("a.jpg").header_offset + 60
    content[start : start + 40] = bytes(40)
    first, second = from_zip("scratched.zip", bytes(content)).entries
    assert "damaged inside its ZIP" in refusal(first.read)
    assert second.read() == JPEG


def test_a_member_behind_a_password_is_refused() -> None:
    content = bytearray(zipped({"a.jpg": JPEG}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    (entry,) = from_zip("locked.zip", bytes(content)).entries
    assert "password" in refusal(entry.read)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_unusual_compression_is_refused_before_it_is_tried(method: int) -> None:
    (entry,) = from_zip("odd.zip", zipped({"a.jpg": JPEG}, method)).entries
    assert "unusual way" in refusal(entry.read)


def test_a_member_that_unpacks_to_far_more_than_it_says_is_cut_off() -> None:
    bomb = bytearray(zipped({"bomb.jpg": bytes(60_000_000)}))
    at = bomb.index(b"PK\x01\x02") + 24
    bomb[at : at + 4] = struct.pack("<I", 1000)
    for content in (bytes(bomb), zipped({"bomb.jpg": bytes(60_000_000)})):
        assert len(content) < 100_000
        (entry,) = from_zip("bomb.zip", content).entries
        assert refusal(entry.read).startswith(("It unpacks to more than 32 MB", "It is damaged"))


def test_all_members_together_may_not_unpack_to_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 5_000_000)
    found = from_zip("many.zip", zipped({f"{number}.jpg": bytes(2_000_000) for number in range(5)}))
    lengths = [len(entry.read()) for entry in found.entries[:2]]  # type: ignore[arg-type]
    assert lengths == [2_000_000, 2_000_000]
    for entry in found.entries[2:]:
        assert "unpacks to more than 5 MB" in refusal(entry.read)


def test_a_list_of_members_that_would_fill_the_memory_is_not_read() -> None:
    found = from_zip("endless.zip", zipped({f"{number:0200d}.txt": b"" for number in range(9000)}))
    assert not found.entries
    assert "too many files" in found.problems[0]


def test_uploads_may_be_pictures_and_archives_and_are_told_apart_by_content() -> None:
    found = from_files([("one.jpg", JPEG), ("renamed.jpg", zipped({"two.jpg": JPEG})), ("page.png", b"<html>")])
    assert names(found) == ["one.jpg", "two.jpg", "page.png"]
    assert found.entries[0].read() == JPEG


def test_more_pictures_than_allowed_are_cut_and_counted() -> None:
    found = from_files([(f"{number}.jpg", b"x") for number in range(503)])
    assert len(found.entries) == 500
    assert found.problems == ["At most 500 pictures are measured at a time; 3 were left out."]


def test_files_beyond_the_memory_for_a_set_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_SET_BYTES", 1_000_000)
    found = from_files([("a.jpg", bytes(600_000)), ("b.jpg", bytes(600_000)), ("c.jpg", bytes(300_000))])
    assert names(found) == ["a.jpg", "c.jpg"]
    assert found.problems == ["b.jpg: left out, as the files have more than 1 MB together."]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    (root / "below").mkdir(parents=True)
    (root / ".cache").mkdir()
    for name in ("b.jpg", "a.png", "below/c.webp", ".cache/d.jpg", "._e.jpg", "notes.txt"):
        (root / name).write_bytes(JPEG)
    return root


def test_a_folder_gives_its_pictures_sorted(folder: Path) -> None:
    found = from_folder(folder)
    assert names(found) == ["a.png", "b.jpg", "below/c.webp"]
    assert open_image(found.entries[2].read()).size == colourful().size
    assert found.problems == [
        "photos: left out: 2 hidden or system files or folders, 1 file with another ending (.txt)."
    ]


def test_links_out_of_a_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "s.jpg").write_bytes(JPEG)
    (folder / "link.jpg").symlink_to(secret / "s.jpg")
    (folder / "nowhere.jpg").symlink_to(secret / "none.jpg")
    (folder / "door").symlink_to(secret)
    (folder / "inside.jpg").symlink_to(folder / "b.jpg")
    found = from_folder(folder)
    assert names(found) == ["a.png", "b.jpg", "below/c.webp", "inside.jpg"]
    assert "3 links that lead out of the folder" in found.problems[0]


def test_a_file_that_became_a_link_or_a_pipe_since_is_not_read(folder: Path, tmp_path: Path) -> None:
    first, second, _ = from_folder(folder).entries
    (tmp_path / "s.jpg").write_bytes(JPEG)
    (folder / "a.png").unlink()
    (folder / "a.png").symlink_to(tmp_path / "s.jpg")
    (folder / "b.jpg").unlink()
    os.mkfifo(folder / "b.jpg")
    for entry in (first, second):
        assert "not in the folder any more" in refusal(entry.read)


def test_a_large_folder_is_cut(tmp_path: Path) -> None:
    for number in range(502):
        (tmp_path / f"{number:03d}.jpg").touch()
    found = from_folder(tmp_path)
    assert len(found.entries) == 500
    assert "more than 500 pictures" in found.problems[0]


def test_only_folders_that_the_host_names_are_offered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLORIZER_FOLDERS", raising=False)
    assert allowed_folders() == {}
    other = folder.parent / "more" / "photos"
    other.mkdir(parents=True)
    monkeypatch.setenv("COLORIZER_FOLDERS", os.pathsep.join(["", str(folder), str(other), str(folder / "none")]))
    assert allowed_folders() == {"photos": folder, "photos (2)": other}
