"""Writing a file so that a reader, or a crash, never meets half of it; every result goes this way."""

import os
import secrets
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, make_folder: bool = True) -> None:
    """Write beside the place, flush to the disk, then rename over it.

    Args:
        path: an existing file is replaced.
        content: all of it.
        make_folder: make the folder if there is none.

    Raises:
        OSError: there is no room, or the place cannot be written; nothing is left behind then.
    """
    if make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{secrets.token_hex(8)}.part")  # not the whole name: that may have 255 bytes already
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
