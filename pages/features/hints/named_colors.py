"""Colours by their names: what a swatch is called, and what skin, cloth, wood and more can have at a lightness."""

import functools
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from colorizer import color

Group = str
_LIGHTNESS_WEIGHT = 0.6  # of a difference in L against one in ab: a name stands for a hue at about its lightness
_NAMES: Final = {
    "black": "#1a1a1a", "dark grey": "#555555", "grey": "#888888", "light grey": "#bbbbbb", "white": "#f2f2f2",
    "cream": "#f3e9cf", "beige": "#d9c4a0", "khaki": "#a89a6a", "olive": "#6b6a2a", "brown": "#7a5230",
    "dark brown": "#42301f", "tan": "#b98e63", "skin": "#e0b294", "pink": "#e6a3b0", "red": "#c0322b",
    "dark red": "#751f1e", "burgundy": "#5c1a30", "rust": "#a5502a", "orange": "#e0852f", "yellow": "#e8cf4a",
    "mustard": "#b8952f", "lime": "#a9c94a", "green": "#4f8f3a", "dark green": "#274c26", "sage": "#93a585",
    "teal": "#2f7f7f", "turquoise": "#6cc6c0", "sky blue": "#9cc4e4", "blue": "#3d6fb6", "navy": "#1c2c55",
    "slate": "#5f7182", "lilac": "#b9a3cf", "purple": "#6d4391", "magenta": "#b0418f", "mauve": "#8f6f7f",
}  # fmt: skip


@dataclass(frozen=True)
class Preset:
    """A colour that a thing often has, in Lab, and the lightness that it can have it at."""

    name: str
    group: Group
    darkest: float
    lightest: float
    """Limits of L, 0..100."""
    a: float
    b: float


_PRESETS: Final = (
    Preset("fair skin", "Skin", 58, 92, 11, 16),
    Preset("tanned skin", "Skin", 42, 78, 14, 22),
    Preset("brown skin", "Skin", 26, 60, 14, 22),
    Preset("deep brown skin", "Skin", 10, 42, 10, 13),
    Preset("blond hair", "Hair", 42, 88, 4, 26),
    Preset("brown hair", "Hair", 14, 52, 8, 15),
    Preset("red hair", "Hair", 22, 62, 22, 30),
    Preset("black or grey hair", "Hair", 0, 92, 0, 0),
    Preset("navy", "Cloth", 6, 32, 6, -30),
    Preset("blue cloth", "Cloth", 28, 64, -2, -36),
    Preset("light blue cloth", "Cloth", 58, 90, -8, -20),
    Preset("red cloth", "Cloth", 22, 58, 50, 32),
    Preset("burgundy", "Cloth", 10, 38, 30, 8),
    Preset("bottle green", "Cloth", 14, 46, -24, 14),
    Preset("khaki cloth", "Cloth", 42, 82, 2, 20),
    Preset("off-white", "Cloth", 78, 100, 0, 6),
    Preset("oak", "Wood", 42, 80, 10, 30),
    Preset("walnut", "Wood", 14, 50, 12, 20),
    Preset("mahogany", "Wood", 14, 46, 24, 20),
    Preset("grass", "Grass and leaves", 28, 76, -22, 36),
    Preset("dark leaves", "Grass and leaves", 10, 44, -18, 22),
    Preset("dry grass", "Grass and leaves", 46, 90, 0, 28),
)


@dataclass(frozen=True)
class NamedColor:
    rgb: tuple[int, int, int]
    """0..255, at the lightness that was asked for."""
    name: str


@dataclass(frozen=True)
class Choice:
    """The presets for a lightness."""

    groups: dict[Group, tuple[NamedColor, ...]]
    """Those that can be had there."""
    too_light_here: tuple[str, ...]
    too_dark_here: tuple[str, ...]
    """Names of those that cannot, since the place is too light or too dark for them."""


def _lab(rgb: Tensor) -> Tensor:
    return color.srgb_to_lab(rgb.float().T.reshape(1, 3, 1, -1) / 255)[0, :, 0].T


@functools.cache
def _named() -> tuple[tuple[str, ...], Tensor]:
    levels = torch.tensor([list(bytes.fromhex(code[1:])) for code in _NAMES.values()])
    return tuple(_NAMES), _lab(levels)


def name_of(rgb: tuple[int, int, int]) -> str:
    """Return the plain name nearest to a colour, such as "navy" or "brown"."""
    names, known = _named()
    apart = (known - _lab(torch.tensor([rgb]))) * torch.tensor([_LIGHTNESS_WEIGHT, 1.0, 1.0])
    return names[int(apart.square().sum(1).argmin())]


def _at(lightness: float, preset: Preset) -> NamedColor:
    lab = torch.tensor([lightness, preset.a, preset.b]).reshape(1, 3, 1, 1)
    red, green, blue = (color.lab_to_display(lab).flatten() * 255).round().int().tolist()
    return NamedColor((red, green, blue), preset.name)


def presets_at(lightness: float) -> Choice:
    """List what skin, hair, cloth, wood and grass can look like at a lightness (L, 0..100)."""
    groups: dict[Group, list[NamedColor]] = {}
    for preset in _PRESETS:
        if preset.darkest <= lightness <= preset.lightest:
            groups.setdefault(preset.group, []).append(_at(lightness, preset))
    return Choice(
        {group: tuple(found) for group, found in groups.items()},
        tuple(preset.name for preset in _PRESETS if lightness > preset.lightest),
        tuple(preset.name for preset in _PRESETS if lightness < preset.darkest),
    )
