"""Photos and results by address: S3, Google Cloud Storage, HTTP (to read) and folders of this machine, through fsspec.

    list_pictures("s3://bucket/in")              # {"beach/1.jpg": "s3://bucket/in/beach/1.jpg", ...}
    read("s3://bucket/in/beach/1.jpg", 32_000_000)
    write_whole("gs://bucket/out/1.jpg", data)

Each store has exceptions of its own, and some of them are no OSError, so whatever a store raises becomes one
PictureError that names the address. Credentials and endpoints come from where each store's own tools take them, for
example AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import fsspec

from colorizer.errors import PictureError
from colorizer.utils.atomic_write import write_atomically

_READABLE: Final = ("s3", "gs", "gcs", "http", "https", "file")
_WRITABLE: Final = ("s3", "gs", "gcs", "file")
_ADDRESS: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_INSTALL: Final = "pip install 'colorizer[cluster]'"


def scheme_of(address: str) -> str:
    """Return the scheme in lower case; "file" for a plain path."""
    match = _ADDRESS.match(address)
    return match[1].lower() if match else "file"


def is_local(address: str) -> bool:
    return scheme_of(address) == "file"


def is_in_store(address: str) -> bool:
    """Whether only fsspec reaches it: neither a path nor a web link."""
    return scheme_of(address) not in ("file", "http", "https")


def local_path(address: str) -> Path:
    """Return the path of a local address, with or without file://."""
    return Path(re.sub(r"^file://", "", address, flags=re.IGNORECASE))


def join(folder: str, place: PurePosixPath | str) -> str:
    return f"{folder.rstrip('/')}/{place}"


def name_of(address: str) -> str:
    """Return the last part, without a query or a fragment of a web link."""
    plain = re.split(r"[?#]", address, maxsplit=1)[0] if scheme_of(address).startswith("http") else address
    return PurePosixPath(plain).name


def require_readable(address: str) -> None:
    """Refuse an address that nothing is read from.

    Raises:
        PictureError: for a scheme that nothing is read from.
    """
    _require(address, _READABLE, "read")


def require_writable(address: str) -> None:
    """Refuse an address that nothing is written to.

    Raises:
        PictureError: for a scheme that nothing is written to.
    """
    _require(address, _WRITABLE, "written")


def _require(address: str, schemes: tuple[str, ...], done: str) -> None:
    if scheme_of(address) not in schemes:
        allowed = ", ".join(f"{scheme}://" for scheme in schemes if scheme != "file")
        raise PictureError(f"{address}: photos are {done} at {allowed} or in a folder; use one of these.")


def list_files(folder: str) -> dict[str, str]:
    """All files below a folder: their places in it, with `/`, and their addresses. Empty where there is no folder.

    Raises:
        PictureError: the store cannot be reached, or refuses.
    """
    with _as_picture_error(folder, "listed"):
        store, root = _store(folder)
        try:
            found = store.find(root)
        except FileNotFoundError:
            return {}
        prefix = root.rstrip("/") + "/"
        return {path.removeprefix(prefix): store.unstrip_protocol(path) for path in found if path.startswith(prefix)}


def read(address: str, max_bytes: int) -> bytes:
    """Return the file's bytes; of a larger one, `max_bytes` + 1 of them or all, so that the reader sees that it is too
    large.

    Raises:
        PictureError: there is none, or the store cannot be reached, or refuses.
    """
    with _as_picture_error(address, "read"):
        store, path = _store(address)
        if scheme_of(address).startswith("http"):
            with store.open(path, "rb", block_size=0) as file:  # 0: one stream; not each server knows ranges
                return bytes(file.read(max_bytes + 1))
        return bytes(store.cat_file(path, start=0, end=max_bytes + 1))


def write_whole(address: str, data: bytes) -> None:
    """Write a file that appears under its name whole or not at all; an existing one is replaced.

    S3 and Google Cloud Storage show an object once all of it has arrived; on this machine the file is renamed.

    Raises:
        PictureError: the store cannot be reached, or refuses.
    """
    require_writable(address)
    with _as_picture_error(address, "written"):
        if is_local(address):
            write_atomically(local_path(address), data)
        else:
            store, path = _store(address)
            store.pipe_file(path, data)


def remove(address: str) -> None:
    """Remove a file, if there is one.

    Raises:
        PictureError: the store cannot be reached, or refuses.
    """
    with _as_picture_error(address, "removed"), contextlib.suppress(FileNotFoundError):
        store, path = _store(address)
        store.rm_file(path)


def _store(address: str) -> tuple[Any, str]:
    """fsspec's file system of an address, without caches of listings, and the path in it."""
    if is_local(address):
        return fsspec.filesystem("file"), str(local_path(address).absolute())
    try:
        store, path = fsspec.core.url_to_fs(address, use_listings_cache=False)
    except ImportError as error:
        raise PictureError(f"{scheme_of(address)}:// needs a package that is missing: {_INSTALL}.") from error
    return store, path


@contextlib.contextmanager
def _as_picture_error(address: str, done: str) -> Iterator[None]:
    try:
        yield
    except PictureError:
        raise
    except FileNotFoundError:
        raise PictureError(f"{address} is not there, or its server is not; check the address.") from None
    except Exception as error:  # botocore's, aiohttp's and Google's have no common base
        reason = str(error) or type(error).__name__
        raise PictureError(f"{address} cannot be {done} ({reason.splitlines()[0]}).") from error
