"""Recipes: the TOML file that says how a checkpoint is trained, as dataclasses; validated before anything is loaded.

For example:

    recipe = read_recipe(Path("recipes/scenes-500-huber.toml"), ["training.epochs=2"])
"""

import dataclasses
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from colorizer.errors import RecipeError
from colorizer.recipes.schema import (
    AdversarySettings,
    CardSettings,
    DataSettings,
    DistillSettings,
    LossSettings,
    ModelSettings,
    TrainingSettings,
    require,
)
from colorizer.utils import toml


@dataclass(frozen=True)
class Recipe:
    id: str
    title: str
    summary: str
    family: str
    model: ModelSettings
    data: DataSettings
    loss: LossSettings
    training: TrainingSettings
    adversary: AdversarySettings | None = None
    distill: DistillSettings | None = None
    card: CardSettings = field(default_factory=CardSettings)

    def __post_init__(self) -> None:
        valid = re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id)
        require(valid is not None, f"id is {self.id!r}; it must be lower-case words and numbers joined by hyphens.")
        require(not (self.adversary and self.distill), "[adversary] and [distill] exclude each other.")

    def to_toml(self) -> str:
        """The recipe as TOML text, every setting written out; `parse_recipe` gives it back."""
        return toml.dumps({name: value for name, value in dataclasses.asdict(self).items() if value is not None})

    def without_text(self) -> "Recipe":
        """The recipe without what comes after training (title, summary, card, working side): equal ones train the same
        weights."""
        data = dataclasses.replace(self.data, working_side=0)
        return dataclasses.replace(self, title="", summary="", card=CardSettings(), data=data)


Settings = TypeVar("Settings")
_SECTIONS: dict[str, type[Any]] = {
    "model": ModelSettings,
    "data": DataSettings,
    "loss": LossSettings,
    "training": TrainingSettings,
    "adversary": AdversarySettings,
    "distill": DistillSettings,
    "card": CardSettings,
}
_TYPES: dict[Any, tuple[type, ...]] = {
    int: (int,), float: (int, float), bool: (bool,), str: (str,), tuple[int, ...]: (list, tuple)
}  # fmt: skip


def _convert(option: str, annotation: Any, value: Any) -> Any:
    """`value` as the type of its dataclass field; an int is welcome where a float is meant, a bool is no int."""
    allowed = _TYPES.get(annotation, (str,))  # what is not in the table is a Literal of strings
    fits = isinstance(value, allowed) and (not isinstance(value, bool) or annotation is bool)
    if not fits:
        kind = {int: "a whole number", float: "a number", bool: "true or false"}.get(annotation, "a text")
        kind = "a list of whole numbers" if annotation == tuple[int, ...] else kind
        kind = f"one of {', '.join(get_args(annotation))}" if get_origin(annotation) is Literal else kind
        raise RecipeError(f"{option} is {value!r}; it must be {kind}.")
    if annotation == tuple[int, ...]:
        return tuple(_convert(option, int, item) for item in value)
    if annotation is not float:
        return value
    require(abs(value) < 1e300, f"{option} is {value!r}; it must be a finite number.")
    return float(value)


def _build(settings: type[Settings], table: Any, prefix: str) -> Settings:
    if not isinstance(table, dict):
        raise RecipeError(f"{prefix[:-1] or 'the recipe'} must be a table of settings.")
    fields = {item.name: item for item in dataclasses.fields(settings)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(fields))
    require(not unknown, f"unknown setting {prefix}{', '.join(unknown)}; there are: {', '.join(fields)}.")
    for name, item in fields.items():
        optional = item.default is not dataclasses.MISSING or item.default_factory is not dataclasses.MISSING
        require(name in table or optional, f"the setting {prefix}{name} is missing.")
    return settings(**{name: _convert(prefix + name, fields[name].type, value) for name, value in table.items()})


def parse_recipe(text: str, overrides: Sequence[str] = ()) -> Recipe:
    """TOML text -> Recipe.

    Args:
        text: the recipe.
        overrides: settings that replace the text's, as "section.key=value" with a TOML value (a bare word is a string).

    Raises:
        RecipeError: for broken TOML, and for a setting that is unknown, missing, of the wrong type or impossible.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # beside TOML's own, for numbers and lists without end
        raise RecipeError(f"the recipe is not valid TOML: {error}.") from error
    for override in overrides:
        _apply_override(document, override)
    sections = {name: _build(kind, document[name], f"{name}.") for name, kind in _SECTIONS.items() if name in document}
    plain = {name: value for name, value in document.items() if name not in _SECTIONS}
    missing = [name for name in ("model", "data", "loss", "training") if name not in sections]
    require(not missing, f"the recipe lacks the section [{'], ['.join(missing)}].")
    unknown = sorted(set(plain) - {"id", "title", "summary", "family"})
    require(not unknown, f"unknown setting {', '.join(unknown)}; sections are {', '.join(_SECTIONS)}.")
    for name in ("id", "title", "summary", "family"):
        require(isinstance(plain.get(name), str), f"the setting {name} is missing or not a text.")
    return Recipe(**plain, **sections)


def _apply_override(document: dict[str, Any], override: str) -> None:
    name, separator, text = override.partition("=")
    section, dot, key = name.strip().rpartition(".")
    require(bool(separator and key), f"--set {override}: write it as section.key=value.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text.strip()
    table = document.setdefault(section, {}) if dot else document
    require(isinstance(table, dict), f"--set {override}: {section} is not a section of the recipe.")
    table[key] = value


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a file; like `parse_recipe`, with the file's name in front of each message.

    Raises:
        RecipeError: as `parse_recipe`, and for a file that cannot be read.
    """
    try:
        return parse_recipe(path.read_text(encoding="utf-8"), overrides)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise RecipeError(f"{path}: the recipe cannot be read: {reason}.") from error
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error
