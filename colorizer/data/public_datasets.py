"""Public data sets by the name that a recipe gives them: downloaded once, and read.

Not by torchvision.datasets: its CIFAR10 unpickles what it downloaded, its Flowers102 needs scipy for labels that nobody
here wants, its downloads wait for ever on a silent server, and one that was broken off can pass for whole.

"cifar10:horse" is one class of CIFAR-10 (Krizhevsky 2009, "Learning multiple layers of features from tiny images"):
5,000 training and 1,000 test pictures of 32 x 32. It is read in its binary version, one byte of label and 3,072 of
pixels a picture: nothing is unpickled.

"flowers102" is Oxford's 102 Category Flower Dataset (Nilsback and Zisserman 2008, "Automated flower classification over
a large number of classes"): 8,189 photos of flowers, a folder of JPEG files. Its labels are not needed.

"places365" is the validation part of Places365-Standard (Zhou et al. 2018, "Places: a 10 million image database for
scene recognition") at 256 x 256: 36,500 photos of scenes, indoors and outdoors, a folder of JPEG files.
"""

import hashlib
import http.client
import os
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from colorizer.errors import DataError

CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
CIFAR10_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR10_FOLDER = "cifar-10-batches-bin"
FLOWERS102_URL = "https://thor.robots.ox.ac.uk/flowers/102/102flowers.tgz"  # and its md5: as torchvision has them
FLOWERS102_MD5 = "52808999861908f626f3c1f4e79d11fa"
_FLOWERS102_FOLDER = "flowers-102"
PLACES365_URL = "http://data.csail.mit.edu/places/places365/val_256.tar"  # likewise; a test holds both to torchvision's
PLACES365_MD5 = "e27b17d8d44f4af9a78502beb927f808"
_PLACES365_FOLDER = "places365-val-256"
_TRAINING_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST_FILES = ("test_batch.bin",)
_SIDE = 32
SILENCE_SECONDS = 60.0
_CHUNK_BYTES = 1_048_576
_RECORD_BYTES = 1 + 3 * _SIDE * _SIDE


class _OtherContentError(Exception):
    """What was downloaded has another md5."""


@dataclass(frozen=True)
class PublicPicture:
    picture: Image.Image
    sha256: str
    """Of its pixels."""


def cache_folder() -> Path:
    """Where public data sets are kept: COLORIZER_DATA, or a folder in the user's cache."""
    if wanted := os.environ.get("COLORIZER_DATA"):
        return Path(wanted)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "colorizer"


def fetch(name: str, report: Callable[[str], None]) -> tuple[list[PublicPicture], list[PublicPicture]]:
    """Return the training and the test pictures of a public data set.

    Args:
        name: "cifar10:" and the name of a class.
        report: told where the set comes from, before a download begins, which shows its progress.

    Raises:
        DataError: for an unknown name, a failed download, and damaged files.
    """
    data_set, _, label = name.partition(":")
    if data_set != "cifar10" or label not in CIFAR10_CLASSES:
        known = ", ".join(["flowers102", "places365", *(f"cifar10:{entry}" for entry in CIFAR10_CLASSES)])
        raise DataError(f"data.public is {name!r}; the public data sets are: {known}.")
    archive = _Archive("CIFAR-10", "170 MB", CIFAR10_URL, CIFAR10_MD5, _CIFAR10_FOLDER)
    folder = _kept(archive, _CIFAR10_FOLDER, report)
    number = CIFAR10_CLASSES.index(label)
    parts = [
        [picture for file in files for picture in read_cifar10(folder / file, number)]
        for files in (_TRAINING_FILES, _TEST_FILES)
    ]
    return parts[0], parts[1]


def fetch_folder(name: str, report: Callable[[str], None]) -> Path | None:
    """Return the folder of a public data set that is one of picture files; None where the name is not that of such a
    set.

    Args:
        name: "flowers102" or "places365".
        report: as for `fetch`.

    Raises:
        DataError: for a failed download.
    """
    if name == "flowers102":
        archive = _Archive("Flowers102", "345 MB", FLOWERS102_URL, FLOWERS102_MD5, "jpg")
        return _kept(archive, _FLOWERS102_FOLDER, report)
    if name == "places365":
        archive = _Archive("Places365", "about 500 MB", PLACES365_URL, PLACES365_MD5, "val_256")
        return _kept(archive, _PLACES365_FOLDER, report)
    return None


@dataclass(frozen=True)
class _Archive:
    title: str
    size: str
    url: str
    md5: str
    inside: str
    """The folder in it that is kept."""


def _kept(archive: _Archive, name: str, report: Callable[[str], None]) -> Path:
    """Where a set lies, as the folder `name` of the cache; downloaded where it is not there."""
    root = cache_folder()
    if not (root / name).is_dir():
        report(f"{archive.title} ({archive.size}) is fetched from {archive.url} into {root} ...")
        _download(archive, root, name)
    return root / name


def _download(archive: _Archive, root: Path, name: str) -> None:
    """Download and unpack beside the place, then rename: what is broken off leaves nothing that looks finished."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as temporary:
            file = Path(temporary) / "archive"
            if _retrieve(archive, file) != archive.md5:
                raise _OtherContentError
            with tarfile.open(file) as tar:
                tar.extractall(temporary, filter="data")
            (Path(temporary) / archive.inside).rename(root / name)
    except (OSError, http.client.HTTPException, tarfile.TarError, EOFError, _OtherContentError) as error:
        raise DataError(
            f"{archive.title} could not be downloaded ({_reason(error)}); connect to the network and try again, or "
            "give your own pictures with --data."
        ) from error


def _retrieve(archive: _Archive, file: Path) -> str:
    """Write what a server sends into a file, with a progress bar; returns its md5.

    A server that falls silent is given up, which torchvision's own download never does.
    """
    digest = hashlib.md5(usedforsecurity=False)
    with (
        urllib.request.urlopen(archive.url, timeout=SILENCE_SECONDS) as answer,
        file.open("wb") as out,
        tqdm(total=answer.length, unit="B", unit_scale=True) as bar,
    ):
        while chunk := answer.read(_CHUNK_BYTES):
            digest.update(chunk)
            bar.update(out.write(chunk))
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    """Why a download failed, in words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        error = error.reason
    if isinstance(error, _OtherContentError):
        return "what arrived is incomplete or another file"
    if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
        return "the server's answer is not one of HTTP"
    where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    return where + (getattr(error, "strerror", None) or str(error) or type(error).__name__)


def read_cifar10(path: Path, label: int) -> Iterator[PublicPicture]:
    """Yield the pictures of one class in a file of CIFAR-10's binary version.

    Raises:
        DataError: for a file that is missing or has no whole number of records.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); remove the folder to download it anew.") from error
    if not content or len(content) % _RECORD_BYTES:
        raise DataError(f"{path} is not a file of CIFAR-10's binary version; remove the folder to download it anew.")
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD_BYTES)
    for record in records[records[:, 0] == label]:
        pixels = np.ascontiguousarray(record[1:].reshape(3, _SIDE, _SIDE).transpose(1, 2, 0))
        yield PublicPicture(Image.fromarray(pixels), hashlib.sha256(record[1:].tobytes()).hexdigest())
