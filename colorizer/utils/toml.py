"""Writing TOML: the few value types that recipes and cards use. Reading is the standard library's `tomllib`.

Written here because training must run where only torch, numpy, pillow, safetensors and accelerate are installed.
"""

import json
import re
from collections.abc import Mapping, Sequence

Value = str | int | float | bool | Sequence[str] | Sequence[int] | Sequence[float]
Table = Mapping[str, Value]


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float.__repr__(value)  # keeps every digit, and writes nan and inf as TOML does; numpy's repr would not
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, str):
        # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"{type(value).__name__} cannot be written as TOML")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _scalar(name)


def _line(name: str, value: Value) -> str:
    key = _key(name)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return f"{key} = [{', '.join(_scalar(item) for item in value)}]"
    return f"{key} = {_scalar(value)}"


def dumps(document: Mapping[str, Value | Table | Sequence[Table]]) -> str:
    """A document of plain values, tables, and lists of tables, as TOML text; `tomllib.loads` gives it back.

    Raises:
        TypeError: for a value of another type.
    """
    plain: list[str] = []
    tables: list[str] = []
    for key, value in document.items():
        if isinstance(value, Mapping):
            tables += ["", f"[{_key(key)}]", *(_line(name, item) for name, item in value.items())]
        elif isinstance(value, Sequence) and value and all(isinstance(item, Mapping) for item in value):
            for row in value:
                assert isinstance(row, Mapping)
                tables += ["", f"[[{_key(key)}]]", *(_line(name, item) for name, item in row.items())]
        else:
            plain.append(_line(key, value))  # type: ignore[arg-type]
    return "\n".join(plain + tables) + "\n"
