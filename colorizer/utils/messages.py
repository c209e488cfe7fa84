"""The one printer: whatever a name has in it, a message comes out as one harmless line, on any terminal or pipe.

Names of files may be no valid UTF-8, may hold what a terminal obeys, and may have letters that the console's code page
lacks. Such characters are escaped as in a Python string.
"""

import os
import sys
from typing import TextIO

from tqdm import tqdm


def escape(text: object) -> str:
    """Escape what is not printable, line ends included."""
    return "".join(part if part.isprintable() else part.encode("unicode_escape").decode() for part in str(text))


def say(message: object, file: TextIO | None = None) -> None:
    """Write one line, past a bar of progress if there is one.

    Args:
        message: one sentence; line ends in it are escaped.
        file: by default the standard error stream.
    """
    write_line(escape(message), file or sys.stderr)


def write_line(text: str, file: TextIO | None = None) -> None:
    """Write text of our own making, such as a table, whose line ends are meant.

    Args:
        text: whatever the stream's encoding lacks is escaped.
        file: by default the standard output stream.
    """
    stream = file or sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    tqdm.write(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def drop_output() -> None:
    """Send what is still to be printed nowhere: its reader has left, and Python would complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
