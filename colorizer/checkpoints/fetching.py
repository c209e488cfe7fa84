"""Downloading published weights: resumed after a break, within a size limit, and not taken before the hash is right.

The transfer itself is that of `huggingface_hub`, which resumes and retries; it takes any address, and no token is sent.
"""

import errno
import hashlib
import io
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urlsplit

from colorizer.checkpoints.publication import WeightsSource
from colorizer.checkpoints.published import MIRROR_VARIABLE, mirrored
from colorizer.errors import FetchError

_SIZE_SLACK = 1.02  # some sizes are published to the nearest 100 kB
_ROOM = 1.6  # free space needed, in sizes of the file: the download, and the half-precision copy made of it
_ATTEMPTS = 3  # for connections that are reset; other breaks `http_get` mends itself
_NOT_SATISFIABLE = 416  # the answer to a resumed download that was whole already


@dataclass(frozen=True)
class Progress:
    """How far a download is."""

    done: int
    total: int
    """Bytes."""
    seconds_left: float | None
    """None until the speed is known."""


Report = Callable[[Progress], None]


class _GrowingFile(io.RawIOBase):
    """A file that reports how it grows, and refuses to grow beyond a limit."""

    def __init__(self, file: BinaryIO, size: int, report: Report) -> None:
        self._file, self._size, self._report = file, size, report
        self._start, self._first = time.monotonic(), file.tell()

    def write(self, chunk: bytes) -> int:  # type: ignore[override]
        if self._file.tell() + len(chunk) > self._size * _SIZE_SLACK:
            raise FetchError(
                f"The server sends more than the {self._size / 1e6:.0f} MB that the file has, so it was not taken; "
                f"check {MIRROR_VARIABLE} or try again later."
            )
        self._file.write(chunk)
        done, seconds = self._file.tell(), time.monotonic() - self._start
        speed = (done - self._first) / seconds if seconds > 0 else 0
        left = max(0, self._size - done) / speed if speed else None
        self._report(Progress(min(done, self._size), self._size, left))
        return len(chunk)

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def truncate(self, size: int | None = None) -> int:
        return self._file.truncate(size)


def download(source: WeightsSource, folder: Path, report: Report) -> Path:
    """Fetch a file of weights, or what is missing of it.

    Args:
        source: what and where.
        folder: where it is kept, under a name with `.part` until its sha256 has been found right.
        report: called as it grows.

    Returns:
        The file, whole and verified, in `folder`.

    Raises:
        FetchError: no network, a broken connection, a full disk, too large a file, or one with another sha256.
    """
    whole, part = folder / f"{source.sha256}.pickle", folder / f"{source.sha256}.part"
    if not whole.is_file():
        try:
            _require_room(folder, source)
            _transfer(mirrored(source.url), part, source.bytes, report)
            _require_sha256(part, source)
            part.replace(whole)
        except OSError as error:
            raise disk_problem(error, folder) from error
    return whole


def disk_problem(error: OSError, folder: Path) -> FetchError:
    """Say in one sentence what the disk refused."""
    if error.errno == errno.ENOSPC:
        return FetchError(f"The disk that holds {folder} is full; free some space and fetch again, which resumes.")
    return FetchError(f"{folder} cannot be written ({error.strerror or error}); set COLORIZER_CACHE to another folder.")


def _require_room(folder: Path, source: WeightsSource) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free, needed = shutil.disk_usage(folder).free, source.bytes * _ROOM
    if free < needed:
        raise FetchError(
            f"Fetching takes {needed / 1e6:,.0f} MB and {folder} has {free / 1e6:,.0f} MB left; free some space, or "
            "set COLORIZER_CACHE to a folder on another disk."
        )


def _transfer(url: str, part: Path, size: int, report: Report) -> None:
    """Append to `part` what the server still has of the file."""
    # Here, as the app's list of what could be fetched needs none of it: 170 modules, 8 MB.
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars("huggingface_hub.http_get")
    host = urlsplit(url).netloc
    for attempt in range(_ATTEMPTS):
        with part.open("ab") as file:
            growing = cast(BinaryIO, _GrowingFile(file, size, report))
            try:
                http_get(url, growing, resume_size=file.tell(), headers={"Accept-Encoding": "identity"})
                return
            except HfHubHTTPError as error:
                if error.response.status_code == _NOT_SATISFIABLE:
                    return
                raise FetchError(
                    f"{host} answers with status {error.response.status_code} instead of the file; try again later, "
                    f"or set {MIRROR_VARIABLE} to a mirror."
                ) from error
            except (httpx2.ConnectError, httpx2.UnsupportedProtocol, ConnectionError) as error:
                raise FetchError(f"{host} cannot be reached; check the network, then fetch again.") from error
            except httpx2.HTTPError as error:
                if not isinstance(error, httpx2.ReadError) or attempt == _ATTEMPTS - 1:
                    raise FetchError(
                        f"The connection to {host} broke off after {file.tell() / 1e6:.1f} of {size / 1e6:.1f} MB; "
                        "fetch again, which resumes there."
                    ) from error


def _require_sha256(part: Path, source: WeightsSource) -> None:
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != source.sha256:
        size = part.stat().st_size
        part.unlink()
        raise FetchError(
            f"The file from {urlsplit(mirrored(source.url)).netloc} is not the published one ({size:,} bytes, sha256 "
            f"{found[:12]}... instead of {source.sha256[:12]}...), so it was deleted unread; try again later, or set "
            f"{MIRROR_VARIABLE} to a mirror."
        )
