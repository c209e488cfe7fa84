"""Names and sentences as they are, where Streamlit reads Markdown."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>#|~$^]|:(?=\w)")
_LIST: Final = re.compile(r"^(\d*)([-+.)])(?=\s)")


def plain(text: str) -> str:
    """Escape what Markdown would read as its own: a photo called `__init__` is not to turn bold."""
    return _LIST.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", text))


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Lay out rows of texts, with the names of the first as headings, as a table of Markdown."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    head, *body = ("| " + " | ".join(plain(text) for text in line) + " |" for line in lines)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])
