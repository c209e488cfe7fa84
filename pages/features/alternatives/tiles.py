"""Tiles of "What else could it be?": the versions, and where the model is unsure."""

from html import escape

import streamlit as st

from colorizer.analysis.alternatives import MIN_CHANCE, AmbiguousRegion, Change, Version, rgb_of
from colorizer.analysis.uncertainty import TINTS, Uncertainty, letter, scale
from colorizer.color.names import words_for
from colorizer.inference.color_distribution import LikelyColor
from pages.common.photo_library import LibraryPhoto
from pages.common.slot import Slot
from pages.common.style import apply_ratio
from pages.features.alternatives.search import MAX_VERSIONS, Search

NOTHING_LEFT = f"No large part of this photo has another colour with a chance of {MIN_CHANCE:.0%} or more."
_STYLE = """
<style>
.st-key-tiles-alt-unsure {{ grid-template-columns: repeat({columns}, minmax(0, 1fr)); }}
.alt-nothing {{ display: grid; place-items: center; background: #80808030; width: 100%; padding: 1rem; }}
.stMain .alt-nothing p {{ margin: 0; max-width: 32ch; text-align: center; }}
.stMain [class*="st-key-tile-alt-"] .remark {{ font-size: 0.875rem; opacity: 1; }}
.stMain .alt-lines {{ list-style: none; margin: 0.1rem 0; padding: 0; font-size: 0.875rem; }}
.stMain .alt-lines li {{ margin: 0; padding: 0; font-size: inherit; line-height: 1.6; }}
.alt-lines b {{
  display: inline-block; min-width: 1.4em; text-align: center; color: #fff; background: #1c1c1c; border-radius: 0.7em;
  border: 2px solid var(--tint, #1c1c1c); line-height: 1.2; font-size: 0.8em;
}}
.alt-lines i {{
  display: inline-block; width: 1.6em; height: 1em; border: 1px solid #80808080; vertical-align: -0.12em;
}}
.alt-lines span {{ white-space: nowrap; margin-right: 0.5em; }}
.alt-scale {{ display: block; height: 0.9rem; border: 1px solid #80808080; margin-top: 0.2rem; }}
.stMain .alt-ticks {{ display: flex; justify-content: space-between; margin: 0; font-size: 0.8rem; }}
@media (max-width: 640px) {{ .st-key-tiles-alt-unsure {{ grid-template-columns: minmax(0, 1fr); }} }}
</style>
"""


def apply_alternatives_style(photo: LibraryPhoto) -> None:
    """Dress the tiles. What gives them their height before anything comes is in the style of all pages: it is there."""
    apply_ratio(photo.preview.size)
    st.html(_STYLE.format(columns=2 if photo.is_grey else 3))


class Tile:
    """A cell of the grid: a picture and a text under it, replaced by what is shown later in the same run."""

    def __init__(self, name: str) -> None:
        self.cell = st.container(key=f"tile-alt-{name}")
        self._picture, self._text = Slot(self.cell), Slot(self.cell)

    def show(self, picture: bytes, alt: str, title: str, aside: str = "", body: str = "", kind: str = "time") -> None:
        """Show a picture and its text; `body` is HTML, the rest is text."""
        self._picture.image(picture, alt)
        head = f'<h3>{escape(title)}<span class="{kind}">{escape(aside)}</span></h3>'
        self._text.html(f'<div class="tile">{head}{body}</div>')

    def show_instead(self, failure: str = "", html: str = "") -> None:
        """Show a message or HTML instead of the picture, or nothing; and no text."""
        if failure:
            self._picture.error(failure)
        elif html:
            self._picture.html(html)
        else:
            self._picture.clear()
        self._text.clear()


def lay_out(row: str, names: list[str]) -> list[Tile]:
    """Lay out a row in which every tile has its place, and keeps what it had until something else is shown."""
    with st.container(key=f"tiles-alt-{row}"):
        return [Tile(name) for name in names]


def lay_out_versions() -> list[Tile]:
    return lay_out("versions", [f"version-{number + 1}" for number in range(MAX_VERSIONS)])


def _remark(text: str) -> str:
    return f'<p class="remark">{escape(text)}</p>'


def _swatch(lightness: float, item: LikelyColor) -> str:
    """Format a colour as it looks at an L as HTML, with its name for those who do not see it."""
    color, name = f"#{bytes(rgb_of(lightness, item)).hex()}", words_for(lightness, item.a, item.b)
    return f'<i style="background:{color}" title="{color}" role="img" aria-label="{name}"></i>'


def _badge(number: int) -> str:
    return f'<b style="--tint:{TINTS[number]}">{letter(number)}</b>'


def _change(change: Change, ambiguous_regions: list[AmbiguousRegion]) -> str:
    """Format what a part was, and what it becomes, as HTML."""
    ambiguous_region = ambiguous_regions[change.ambiguous_region]
    lightness, own = ambiguous_region.region.lightness, LikelyColor(*ambiguous_region.own, 1.0)
    before, after = (words_for(lightness, item.a, item.b) for item in (own, change.color))
    swatches = f"{_swatch(lightness, own)} → {_swatch(lightness, change.color)}"
    words = f"{before} becomes {after}" if before != after else f"another {after}"
    return f"<li>{_badge(change.ambiguous_region)} {swatches} {words}</li>"


def show_waiting(tile: Tile, photo: LibraryPhoto, number: int) -> None:
    """Show the grey photo until the version is there."""
    alt = f"{photo.name}, version {number + 1} is not found yet"
    tile.show(photo.grey(), alt, f"Version {number + 1}", "looking ...", kind="wait")


def show_version(tile: Tile, photo: LibraryPhoto, search: Search, number: int) -> None:
    """Show a version, and what is different in it."""
    version: Version = search.versions[number]
    alt = f"{photo.name}, version {number + 1}"
    if not version.changes:
        remark = "The model's first answer."
        tile.show(search.picture(photo, number), alt, f"Version {number + 1}", "its own answer", _remark(remark))
        return
    lines = "".join(_change(change, search.ambiguous_regions) for change in version.changes)
    body = f'<ul class="alt-lines">{lines}</ul>{_remark(f"{version.changed_share:.0%} of the photo looks different.")}'
    aside = f"{version.plausibility:.0%} as likely"
    tile.show(search.picture(photo, number), alt, f"Version {number + 1}", aside, body)


def show_nothing(tile: Tile, search: Search, is_first: bool) -> None:
    """Leave the tile empty; the first empty one says why."""
    if search.failure and is_first:
        tile.show_instead(failure=search.failure)
    else:
        nothing = f'<div class="alt-nothing"><p>{escape(NOTHING_LEFT)}</p></div>'
        tile.show_instead(html=nothing if is_first else "")


def question_lines(ambiguous_regions: list[AmbiguousRegion]) -> str:
    """Format the open questions with the chances of their colours, as HTML."""
    lines = []
    for number, ambiguous_region in enumerate(ambiguous_regions):
        colors = "".join(
            f"<span>{_swatch(ambiguous_region.region.lightness, item)} {item.chance:.0%}</span>"
            for item in ambiguous_region.colors[:5]
        )
        lines.append(
            f"<li>{_badge(number)} <span>{ambiguous_region.region.share:.0%} of the photo:</span> {colors}</li>"
        )
    return f'<ul class="alt-lines">{"".join(lines)}</ul>'


def uncertainty_legend(uncertainty: Uncertainty) -> str:
    """Format the scale of the map as HTML, labelled in Lab units, with what to read from it."""
    low, high = uncertainty.limits
    stops = ", ".join(f"#{stop.tobytes().hex()}" for stop in scale(9))
    ticks = "".join(f"<span>{value:g}</span>" for value in (low, (low + high) / 2, high))
    ends = "<span>sure</span><span>Lab units</span><span>unsure</span>"
    text = (
        f"On average {uncertainty.mean:.0f} Lab units; in the least certain tenth of the photo "
        f"{uncertainty.percentile_90:.0f} or more."
    )
    return (
        f'<span class="alt-scale" role="img" aria-label="Scale from {low:g} to {high:g} Lab units" '
        f'style="background:linear-gradient(to right, {stops})"></span>'
        f'<p class="alt-ticks">{ticks}</p><p class="alt-ticks" aria-hidden="true">{ends}</p>{_remark(text)}'
    )
