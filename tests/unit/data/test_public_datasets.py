"""A public data set is downloaded once, verified, and read without unpickling; whatever fails is one sentence."""

import contextlib
import hashlib
import io
import signal
import socket
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from colorizer.data import public_datasets
from colorizer.data.public_datasets import cache_folder, fetch, fetch_folder, read_cifar10
from colorizer.data.splits import load_public_data, load_training_data
from colorizer.data.torchvision_compat import import_torchvision
from colorizer.errors import DataError
from colorizer.recipes.recipe import read_recipe
from colorizer.recipes.schema import DataSettings
from colorizer.utils.shutdown import StopRequest, interruptible
from tests.support import ROOT
from tests.support.photos import make_pictures
from tests.support.public_sets import FOLDER, PER_FILE, files, records

RECIPES = ROOT / "recipes"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder for public data sets."""
    monkeypatch.setenv("COLORIZER_DATA", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def unpacked(cache: Path) -> Path:
    folder = cache / FOLDER
    folder.mkdir(parents=True)
    for name, content in files().items():
        (folder / name).write_bytes(content)
    return folder


def no_report(message: str) -> None:
    raise AssertionError(f"nothing is to be downloaded: {message}")


def refusal(name: str = "cifar10:horse") -> str:
    """Return the one sentence with which a set is refused."""
    with pytest.raises(DataError) as refused:
        fetch(name, lambda message: None)
    message = str(refused.value)
    assert "\n" not in message and message.endswith(".")
    assert "<" not in message and "Error(" not in message and "Errno" not in message  # no repr of an exception
    return message


def test_a_class_is_read_with_its_colours_and_its_division(unpacked: Path) -> None:
    training, test = fetch("cifar10:horse", no_report)
    expected = [records(seed)[1][::2] for seed in range(6)]  # every second is a horse
    assert len(training) == 5 * PER_FILE // 2
    assert np.array_equal([np.asarray(item.picture) for item in training], np.concatenate(expected[:5]))
    assert np.array_equal([np.asarray(item.picture) for item in test], expected[5])
    assert {item.picture.mode for item in training + test} == {"RGB"}


def test_another_class_has_other_pictures_and_a_class_without_any_has_none(unpacked: Path) -> None:
    cats, _ = fetch("cifar10:cat", no_report)
    assert np.array_equal([np.asarray(item.picture) for item in cats[: PER_FILE // 2]], records(0)[1][1::2])
    assert fetch("cifar10:ship", no_report) == ([], [])


def test_each_picture_has_the_sha256_of_its_pixels(unpacked: Path) -> None:
    training, _ = fetch("cifar10:horse", no_report)
    planes = records(0)[1][0].transpose(2, 0, 1)
    assert training[0].sha256 == hashlib.sha256(planes.tobytes()).hexdigest()
    assert len({item.sha256 for item in training}) == len(training)


@pytest.mark.parametrize("name", ["cifar10", "cifar10:", "cifar10:unicorn", "cifar10:Horse", "imagenet:horse", "horse"])
def test_an_unknown_set_or_class_is_refused_with_the_known_ones(name: str, cache: Path) -> None:
    message = refusal(name)
    assert message.startswith(
        f"data.public is {name!r}; the public data sets are: flowers102, places365, cifar10:airplane, "
    )
    assert not cache.exists()


@pytest.mark.parametrize("file", ["data_batch_3.bin", "test_batch.bin"])
@pytest.mark.parametrize("length", [0, 1, 3072, 3073 * PER_FILE - 1])
def test_a_truncated_file_is_refused_by_its_name(unpacked: Path, file: str, length: int) -> None:
    (unpacked / file).write_bytes((unpacked / file).read_bytes()[:length])
    message = refusal()
    assert f"{unpacked / file} is not a file of CIFAR-10's binary version; remove the folder" in message


def test_a_missing_file_is_refused_by_its_name(unpacked: Path) -> None:
    (unpacked / "data_batch_2.bin").unlink()
    assert "data_batch_2.bin cannot be read (No such file or directory); remove the folder" in refusal()
    with pytest.raises(DataError, match=r"none\.bin cannot be read"):
        list(read_cifar10(unpacked / "none.bin", 0))


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORIZER_DATA", str(tmp_path / "a"))
    assert cache_folder() == tmp_path / "a"
    monkeypatch.delenv("COLORIZER_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "b"))
    assert cache_folder() == tmp_path / "b" / "colorizer"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "c"))
    assert cache_folder() == tmp_path / "c" / ".cache" / "colorizer"


@dataclass
class Archive:
    """What the server gives: the status, the body, and how many bytes of it before it hangs up."""

    status: int = 200
    body: bytes = b""
    sent: int | None = None
    requests: list[str] = field(default_factory=list)


def pack(entries: dict[str, bytes], mode: str = "w:gz") -> bytes:
    """Make a .tgz of files by their path in it; a .tar where the mode says so."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as tar:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@contextlib.contextmanager
def served(body: bytes) -> Iterator[tuple[Archive, str]]:
    """Start a real server on loopback that gives one archive; gives its address too."""
    given = Archive(body=body)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.requests.append(self.path)
            self.send_response(given.status)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body[: given.sent])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield given, f"http://127.0.0.1:{server.server_port}/small"
    server.shutdown()
    server.server_close()


@pytest.fixture
def archive(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """Start a server in the place of CIFAR-10's."""
    with served(pack({f"{FOLDER}/{name}": content for name, content in files().items()})) as (given, url):
        monkeypatch.setattr(public_datasets, "CIFAR10_URL", f"{url}/cifar-10-binary.tar.gz")
        monkeypatch.setattr(public_datasets, "CIFAR10_MD5", hashlib.md5(given.body).hexdigest())
        yield given


@pytest.fixture
def flowers(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """Start a server in the place of Oxford's, with twelve photos."""
    photos = make_pictures(tmp_path / "photos", 12)
    entries = {f"jpg/image_{path.stem}.png": path.read_bytes() for path in photos.iterdir()}
    with served(pack(entries)) as (given, url):
        monkeypatch.setattr(public_datasets, "FLOWERS102_URL", f"{url}/102flowers.tgz")
        monkeypatch.setattr(public_datasets, "FLOWERS102_MD5", hashlib.md5(given.body).hexdigest())
        yield given


@pytest.fixture
def places(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """Start a server in the place of MIT's, with twelve photos in a .tar."""
    photos = make_pictures(tmp_path / "photos", 12)
    entries = {f"val_256/Places365_val_{path.stem}.png": path.read_bytes() for path in photos.iterdir()}
    with served(pack(entries, "w")) as (given, url):
        monkeypatch.setattr(public_datasets, "PLACES365_URL", f"{url}/val_256.tar")
        monkeypatch.setattr(public_datasets, "PLACES365_MD5", hashlib.md5(given.body).hexdigest())
        yield given


@pytest.mark.slow
def test_a_set_is_downloaded_told_unpacked_and_the_archive_removed(
    archive: Archive, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports: list[str] = []
    training, test = fetch("cifar10:horse", reports.append)
    assert (len(training), len(test)) == (20, 4)
    (report,) = reports
    assert public_datasets.CIFAR10_URL in report and str(cache) in report
    assert "100%" in capsys.readouterr().err  # torchvision's bar
    assert [path.name for path in cache.iterdir()] == [FOLDER]
    assert {path.name: path.read_bytes() for path in (cache / FOLDER).iterdir()} == files()


def test_the_second_time_no_server_is_needed(archive: Archive) -> None:
    first, _ = fetch("cifar10:horse", lambda message: None)
    asked = len(archive.requests)
    again, _ = fetch("cifar10:horse", no_report)
    assert len(archive.requests) == asked
    assert [item.sha256 for item in again] == [item.sha256 for item in first]


def assert_nothing_is_left_and_it_can_be_fetched_again(archive: Archive, cache: Path) -> None:
    assert list(cache.iterdir()) == []
    archive.status, archive.sent = 200, None
    assert len(fetch("cifar10:horse", lambda message: None)[0]) == 20


def test_another_file_than_the_true_one_is_refused(
    archive: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        other.setattr(public_datasets, "CIFAR10_MD5", "0" * 32)
        message = refusal()
    assert "CIFAR-10 could not be downloaded (what arrived is incomplete or another file); connect to" in message
    assert_nothing_is_left_and_it_can_be_fetched_again(archive, cache)


@pytest.mark.parametrize("status", [404, 500, 403])
def test_a_server_that_refuses_is_told_with_its_answer(archive: Archive, cache: Path, status: int) -> None:
    archive.status = status
    assert f"CIFAR-10 could not be downloaded (the server answers {status} " in refusal()
    assert_nothing_is_left_and_it_can_be_fetched_again(archive, cache)


@pytest.mark.parametrize("sent", [0, 1000])
def test_a_broken_off_transfer_is_no_data_set(archive: Archive, cache: Path, sent: int) -> None:
    archive.sent = sent
    assert "(what arrived is incomplete or another file)" in refusal()
    assert_nothing_is_left_and_it_can_be_fetched_again(archive, cache)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9/cifar-10-binary.tar.gz", "Connection refused"),
        ("http://no-such-host.invalid/cifar-10-binary.tar.gz", ""),  # each system has its own words
    ],
)
def test_without_a_network_the_way_out_is_told(
    url: str, reason: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_datasets, "CIFAR10_URL", url)
    message = refusal()
    assert f"CIFAR-10 could not be downloaded ({reason}" in message
    assert "connect to the network and try again, or give your own pictures with --data." in message
    assert list(cache.iterdir()) == []


def test_a_server_that_speaks_no_http_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def babble() -> None:
            connection, _ = listener.accept()
            connection.recv(10_000)
            connection.sendall(b"hello\r\n\r\n")
            connection.close()

        threading.Thread(target=babble, daemon=True).start()
        port = listener.getsockname()[1]
        monkeypatch.setattr(public_datasets, "CIFAR10_URL", f"http://127.0.0.1:{port}/cifar-10-binary.tar.gz")
        assert "(the server's answer is not one of HTTP)" in refusal()


def test_a_cache_that_cannot_be_made_is_named(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COLORIZER_DATA", str(tmp_path / "file" / "cache"))
    assert f"({tmp_path}/file/cache: Not a directory)" in refusal()


def test_a_server_that_falls_silent_is_given_up(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setattr(public_datasets, "CIFAR10_URL", f"http://127.0.0.1:{mute.getsockname()[1]}/cifar.tar.gz")
        monkeypatch.setattr(public_datasets, "SILENCE_SECONDS", 0.3)
        assert "could not be downloaded (timed out)" in refusal()
    assert not (cache / FOLDER).exists()
    assert socket.getdefaulttimeout() is None


def test_the_flowers_are_fetched_once_as_a_folder_and_divided_like_one(
    flowers: Archive, cache: Path, tmp_path: Path
) -> None:
    settings = DataSettings("flowers", public="flowers102", validation_images=3, side=40, crop=32)
    reports: list[str] = []
    data = load_public_data(settings, reports.append)
    assert (len(data.training), len(data.validation), data.origin) == (9, 3, "public")
    assert len(reports) == 1 and public_datasets.FLOWERS102_URL in reports[0] and "345 MB" in reports[0]
    assert [path.name for path in cache.iterdir()] == ["flowers-102"]
    by_hand = load_training_data([cache / "flowers-102"], settings, no_report)
    assert (by_hand.validation_sha256, by_hand.training_sha256) == (data.validation_sha256, data.training_sha256)
    asked = len(flowers.requests)
    again = load_public_data(settings, no_report)
    assert (again.training_sha256, len(flowers.requests)) == (data.training_sha256, asked)


def test_flowers_that_cannot_be_fetched_leave_nothing_and_say_what_to_do(flowers: Archive, cache: Path) -> None:
    flowers.status = 503
    with pytest.raises(DataError, match=r"Flowers102 could not be downloaded \(the server answers 503 .*--data\."):
        fetch_folder("flowers102", lambda message: None)
    assert list(cache.iterdir()) == []


def test_the_places_are_fetched_once_as_a_folder_and_divided_like_one(
    places: Archive, cache: Path, tmp_path: Path
) -> None:
    settings = DataSettings("scenes", public="places365", images=7, validation_images=3, side=40, crop=32)
    reports: list[str] = []
    data = load_public_data(settings, reports.append)
    assert (len(data.training), len(data.validation), data.origin) == (7, 3, "public")
    assert len(reports) == 1 and public_datasets.PLACES365_URL in reports[0] and "about 500 MB" in reports[0]
    assert [path.name for path in cache.iterdir()] == ["places365-val-256"]
    by_hand = load_training_data([cache / "places365-val-256"], settings, no_report)
    assert (by_hand.validation_sha256, by_hand.training_sha256) == (data.validation_sha256, data.training_sha256)
    asked = len(places.requests)
    assert load_public_data(settings, no_report).training_sha256 == data.training_sha256
    assert len(places.requests) == asked


@pytest.mark.parametrize(("status", "sent"), [(404, None), (200, 3000)])
def test_places_that_cannot_be_fetched_leave_nothing_and_can_be_fetched_again(
    places: Archive, cache: Path, status: int, sent: int | None
) -> None:
    places.status, places.sent = status, sent
    with pytest.raises(
        DataError, match=r"Places365 could not be downloaded \((the server answers 404|what arrived is)"
    ):
        fetch_folder("places365", lambda message: None)
    assert list(cache.iterdir()) == []
    places.status, places.sent = 200, None
    assert fetch_folder("places365", lambda message: None) == cache / "places365-val-256"


def test_the_folders_are_fetched_from_where_torchvision_has_them() -> None:
    import_torchvision()
    from torchvision.datasets import Flowers102, Places365

    # torchvision says it nowhere else
    file, md5 = vars(Places365)["_IMAGES_META"]["val", True]  # of 256 x 256
    assert (vars(Places365)["_BASE_URL"] + file, md5) == (public_datasets.PLACES365_URL, public_datasets.PLACES365_MD5)
    assert vars(Flowers102)["_file_dict"]["image"][1] == public_datasets.FLOWERS102_MD5


@pytest.mark.parametrize("family", ["scenes", "landscapes", "objects"])
def test_recipes_for_scenes_and_for_everything_can_do_without_own_pictures(family: str) -> None:
    recipes = [read_recipe(path) for path in RECIPES.glob(f"{family}-*.toml")]
    assert recipes and {recipe.data.public for recipe in recipes} == {"places365"}


def test_a_set_that_is_no_folder_has_none(cache: Path) -> None:
    assert fetch_folder("cifar10:horse", no_report) is None
    assert not cache.exists()


def test_ctrl_c_breaks_off_at_once_what_cannot_ask() -> None:
    stop_request = StopRequest()
    with stop_request.handle_signals():
        with pytest.raises(KeyboardInterrupt), interruptible():
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)  # outside of it, it is noted only
    assert stop_request.is_requested
