"""Photos by address: S3 and HTTP on loopback, and folders."""

from collections.abc import Callable
from pathlib import Path

import pytest

from colorizer.cluster import storage
from colorizer.errors import PictureError


def test_a_file_comes_back_from_s3_and_from_a_folder(make_bucket: Callable[[str], str], tmp_path: Path) -> None:
    for folder in (make_bucket("there-and-back"), str(tmp_path / "new"), f"file://{tmp_path}/other"):
        address = storage.join(folder, "beach/a b.jpg")
        storage.write_whole(address, b"first")
        storage.write_whole(address, b"second")
        assert storage.read(address, 100) == b"second"
        assert list(storage.list_files(folder)) == ["beach/a b.jpg"]
        storage.remove(address)
        storage.remove(address)
        assert storage.list_files(folder) == {}


def test_an_address_from_a_listing_can_be_read(
    make_bucket: Callable[[str], str], serve_folder: Callable[[Path], str], tmp_path: Path
) -> None:
    bucket = make_bucket("listed")
    for folder in (bucket, str(tmp_path)):
        storage.write_whole(storage.join(folder, "in/one/1.jpg"), b"photo")
    for folder in (f"{bucket}/in", f"{bucket}/in/", str(tmp_path / "in"), serve_folder(tmp_path) + "in/"):
        listing = storage.list_files(folder)
        assert list(listing) == ["one/1.jpg"]
        assert storage.read(listing["one/1.jpg"], 100) == b"photo"


def test_of_a_large_file_no_more_is_read_than_shows_that_it_is_large(make_bucket: Callable[[str], str]) -> None:
    address = make_bucket("large") + "/photo.jpg"
    storage.write_whole(address, bytes(1_000_000))
    assert len(storage.read(address, 1000)) == 1001


@pytest.mark.parametrize("place", ["s3://no-such-bucket/1.jpg", "/no/such/folder/1.jpg"])
def test_a_file_that_is_not_there_is_named(s3_server: str, place: str) -> None:
    with pytest.raises(PictureError, match=r"is not there|cannot be read") as caught:
        storage.read(place, 100)
    assert place in str(caught.value)


def test_a_folder_that_is_not_there_is_empty(make_bucket: Callable[[str], str], tmp_path: Path) -> None:
    assert storage.list_files(make_bucket("empty") + "/nowhere") == {}
    assert storage.list_files(str(tmp_path / "nowhere")) == {}


@pytest.mark.parametrize("address", ["http://host/out", "ftp://host/out", "memory://out"])
def test_results_go_to_stores_and_folders_only(address: str) -> None:
    with pytest.raises(PictureError, match="s3://, gs://"):
        storage.write_whole(address, b"")


def test_a_server_that_cannot_be_reached_is_one_sentence() -> None:
    with pytest.raises(
        PictureError, match=r"http://127\.0\.0\.1:9/1\.jpg is not there, or its server is not"
    ) as caught:
        storage.read("http://127.0.0.1:9/1.jpg", 100)
    assert "\n" not in str(caught.value)
