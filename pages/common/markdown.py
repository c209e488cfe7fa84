"""Names and sentences as they are, where Streamlit reads Markdown."""

import re
from typing import Final

_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>#|~$^]|:(?=\w)")
_LIST: Final = re.compile(r"^(\d*)([-+.)])(?=\s)")


def plain(text: str) -> str:
    """Escape what Markdown would read as its own: a photo called `__init__` is not to turn bold."""
    return _LIST.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", text))
