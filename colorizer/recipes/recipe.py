"""Recipes: the TOML file that says how a checkpoint is trained, as dataclasses; validated before anything is loaded.

For example:

    recipe = read_recipe(Path("recipes/scenes-500-huber.toml"), ["training.epochs=2"])
"""

import dataclasses
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from colorizer.errors import RecipeError
from colorizer.recipes.schema import (
    OLD_KEYS,
    OLD_OUTPUTS,
    AdversarySettings,
    CardSettings,
    DataSettings,
    DistillSettings,
    LossSettings,
    ModelSettings,
    TrainingSettings,
    require,
)
from colorizer.utils.documents import FINITE, DocumentError, build, rename_keys


@dataclass(frozen=True)
class Recipe:
    __pydantic_config__ = FINITE
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
        """Return the recipe as TOML text, every setting written out; `parse_recipe` gives it back."""
        return tomli_w.dumps({name: value for name, value in dataclasses.asdict(self).items() if value is not None})

    def without_text(self) -> "Recipe":
        """Return the recipe without what comes after training (title, summary, card, inference size).

        Equal ones train the same weights.
        """
        data = dataclasses.replace(self.data, inference_size=0)
        return dataclasses.replace(self, title="", summary="", card=CardSettings(), data=data)

    def differences(self, other: "Recipe") -> list[str]:
        """Name what `other` trains with and this recipe does not, as "training.seed was 0 and is 1"."""
        mine, theirs = (_flat(dataclasses.asdict(recipe.without_text())) for recipe in (self, other))
        return [
            f"{key} was {mine.get(key)!r} and is {theirs.get(key)!r}"
            for key in dict.fromkeys([*mine, *theirs])
            if mine.get(key) != theirs.get(key)
        ]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"section": {"key": value}} -> {"section.key": value}."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


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
    try:
        _rename(document)
        for override in overrides:
            _apply_override(document, override)
        missing = [name for name in ("model", "data", "loss", "training") if name not in document]
        require(not missing, f"the recipe lacks the section [{'], ['.join(missing)}].")
        return build(Recipe, document)
    except DocumentError as error:
        raise RecipeError(str(error)) from error


def _rename(document: dict[str, Any]) -> None:
    """Give settings their present names."""
    adversary = document.get("adversary")
    if isinstance(adversary, dict) and isinstance(output := adversary.get("verdict"), str):
        adversary["verdict"] = OLD_OUTPUTS.get(output, output)
    rename_keys(document, OLD_KEYS)


def _apply_override(document: dict[str, Any], override: str) -> None:
    name, separator, text = override.partition("=")
    section, dot, key = name.strip().rpartition(".")
    require(bool(separator and key), f"--set {override}: write it as section.key=value.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text.strip()
    change: dict[str, Any] = {section: {key: value}} if dot else {key: value}
    _rename(change)
    table = document.setdefault(section, {}) if dot else document
    require(isinstance(table, dict), f"--set {override}: {section} is not a section of the recipe.")
    table.update(change[section] if dot else change)


def read_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Return the recipe in a file; like `parse_recipe`, with the file's name in front of each message.

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
