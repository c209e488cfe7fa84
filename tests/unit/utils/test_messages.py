"""Whatever is in a name, a message is one harmless line, and a file is there whole or not at all."""

import io
import os
from pathlib import Path

import pytest

from colorizer.utils.atomic_write import write_atomically
from colorizer.utils.messages import escape, say, write_line


def stream(encoding: str) -> tuple[io.BytesIO, io.TextIOWrapper]:
    raw = io.BytesIO()
    return raw, io.TextIOWrapper(raw, encoding=encoding, errors="strict")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
@pytest.mark.parametrize(
    "name", [os.fsdecode(b"odd\xff.jpg"), "Zürich.jpg", "写真.jpg", "a\nb\x1b[2J.jpg", "\u202egpj.exe"]
)
def test_every_name_can_be_printed_on_every_stream(encoding: str, name: str) -> None:
    raw, text = stream(encoding)
    say(f"{name}: damaged.", text)
    write_line(name, text)
    text.flush()
    first, _, _ = raw.getvalue().decode(encoding).partition("\n")
    assert first.endswith(": damaged.") and "\x1b" not in first


def test_what_is_printable_stays_as_it_is() -> None:
    assert escape("Tante Käthe's photo (1).jpg") == "Tante Käthe's photo (1).jpg"
    assert escape("a\tb\udcff") == "a\\tb\\udcff"


def test_a_file_with_the_longest_name_is_written_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / ("x" * 251 + ".csv")
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "figures.csv"
    write_atomically(path, b"old")

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
