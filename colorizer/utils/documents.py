"""TOML documents as the dataclasses that declare them: each field's type and bounds stand once, in its annotation.

    @dataclass(frozen=True)
    class Settings:
        __pydantic_config__ = CONFIG
        epochs: Annotated[int, Ge(1)]
        images: Annotated[int, Ge(0), Says("0 (all) or more")] = 0

    build(Settings, {"epochs": 0})      # DocumentError: epochs must be at least 1.

pydantic holds the document against the declaration; what does not fit is said in one sentence.
"""

import functools
import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt

if TYPE_CHECKING:
    from pydantic import ConfigDict, TypeAdapter

CONFIG: "ConfigDict" = {"extra": "forbid"}
"""What every declared dataclass has as its `__pydantic_config__`; `FINITE` where no number may be NaN or infinite."""
FINITE: "ConfigDict" = {"extra": "forbid", "allow_inf_nan": False}
_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "finite_number": "a finite number",
    "tuple_type": "a list",
    "dict_type": "a table",
}


class DocumentError(ValueError):
    """What does not fit, in one sentence."""


Document = TypeVar("Document")


@dataclass(frozen=True)
class Says:
    """How a message calls the values that are allowed, where the bounds alone do not tell what they mean."""

    text: str


def build(kind: type[Document], document: Mapping[str, Any]) -> Document:
    """Make a declared dataclass, and those in it, of a document as `tomllib` reads it.

    An int is welcome where a float is meant; a bool is no int.

    Raises:
        DocumentError: for what is unknown, missing, of another type, or out of bounds.
        ColorizerError: whatever the dataclasses themselves raise.
    """
    from pydantic import ValidationError  # slow to import, and not every command reads a document

    declaration: Any = kind
    try:
        # Strict reading takes tables for dataclasses and lists for tuples in JSON only.
        made: Document = _adapter(declaration).validate_json(json.dumps(document, default=str), strict=True)
    except ValidationError as error:
        problems = sorted(error.errors(), key=lambda one: one["type"] != "unexpected_keyword_argument")
        raise DocumentError(_sentence(kind, problems)) from None
    return made


@functools.cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def rename_keys(document: dict[str, Any], new_names: Mapping[str, str]) -> None:
    """Give what has an old name its new one, in place.

    Args:
        document: as `tomllib` reads it.
        new_names: by the old name, which has that of its section (a table, or a list of tables) before it.

    Raises:
        DocumentError: where both names are there.
    """
    for old, new in new_names.items():
        section, _, key = old.rpartition(".")
        part = document.get(section) if section else document
        for table in part if isinstance(part, list) else [part]:
            if isinstance(table, dict) and key in table:
                if new in table:
                    raise DocumentError(f"{old} is the old name of {new}, and both are there; remove one.")
                table[new] = table.pop(key)


def _sentence(kind: type[Any], problems: Sequence[Mapping[str, Any]]) -> str:
    problem = problems[0]
    names = [str(part) for part in problem["loc"] if not isinstance(part, int)]
    option = ".".join(names)
    match problem["type"]:
        case "unexpected_keyword_argument":
            return _unknown(kind, names, problems)
        case "missing":
            return f"the setting {option} is missing."
        case "dataclass_type":
            return f"{option} must be a table of settings."
        case "json_invalid":
            return "it is nested too deeply."
        case "literal_error":
            allowed = f"one of {', '.join(map(str, get_args(_annotation(kind, names))))}"
        case kind_of_value if kind_of_value in _KINDS:
            allowed = _KINDS[kind_of_value]
            whole_numbers = kind_of_value == "tuple_type" and get_args(_annotation(kind, names))[0] is int
            allowed += " of whole numbers" if whole_numbers else ""
        case _:
            return f"{option} must be {_bounds(_annotation(kind, names))}."
    return f"{option} is {problem['input']!r}; it must be {allowed}."


def _unknown(kind: type[Any], names: list[str], problems: Sequence[Mapping[str, Any]]) -> str:
    section = "".join(f"{name}." for name in names[:-1])
    first = problems[0]
    unknown = [
        one["loc"][-1] for one in problems if one["type"] == first["type"] and one["loc"][:-1] == first["loc"][:-1]
    ]
    known = ", ".join(field.name for field in fields(_annotation(kind, names[:-1])))
    return f"unknown setting {section}{', '.join(sorted(map(str, unknown)))}; there are: {known}."


def _annotation(kind: Any, names: list[str]) -> Any:
    """Return the annotation of a field inside a declared dataclass; of a list of tables, that of a table."""
    for name in names:
        kind = get_type_hints(kind, include_extras=True)[name]
        if get_origin(kind) in (Union, types.UnionType):
            kind = next(part for part in get_args(kind) if part is not type(None))
        if get_origin(kind) is tuple and is_dataclass(get_args(kind)[0]):
            kind = get_args(kind)[0]
    return kind


def _bounds(annotation: Any) -> str:
    """Return the values that the bounds of an annotation allow, in words."""
    least = greatest = ""
    for bound in annotation.__metadata__:
        match bound:
            case Says(text):
                return text
            case Ge(limit):
                least = f"at least {limit}"
            case Gt(limit):
                least = f"above {limit}"
            case Le(limit):
                greatest = f"at most {limit}"
            case Lt(limit):
                greatest = f"below {limit}"
    if least == "at least 0" and not greatest:
        return "0 or more"
    if least.startswith("at least ") and greatest.startswith("at most "):
        return f"{least.removeprefix('at least ')} to {greatest.removeprefix('at most ')}"
    return " and ".join(filter(None, (least, greatest)))
