"""What else could it be?: other versions of the photo as thumbnails under it, of which a click makes points.

They are found in the background once the photo is shown, and give way to whatever a visitor waits for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import streamlit as st

from colorizer.analysis.alternatives import Alternatives, Change, Version, rgb_of
from colorizer.analysis.segmentation import Region
from colorizer.checkpoints.card import Card
from colorizer.inference.color_distribution import LikelyColor
from colorizer.inference.hints import Hint
from colorizer.inference.prediction import Prediction
from pages.common.background_jobs import StillWanted, background_jobs
from pages.common.data_url import data_url
from pages.common.error_boundary import sentence
from pages.common.model_cache import RenderOptions, compose_preview, compute_lock, load, shared_results, weights_hash
from pages.common.photo_library import LibraryPhoto
from pages.common.previews import encode_thumbnail
from pages.features.hints.named_colors import name_of
from pages.features.hints.state import HintWork

_HERE: Final = Path(__file__)
_KEY: Final = "versions-row"
_KIND: Final = "versions"
_TAKEN: Final = "versions-taken"  # in the session, from the click to the run of the whole page
_MOST: Final = 4  # the first answer among them
_SIZE: Final = (320, 320)  # px: sharp at half of it
_POLL_SECONDS: Final = 1.0
_AT_ONCE_SECONDS: Final = 0.03  # what is known of a sample comes within that
_WIDE: Final = 0.22  # of the side: a standard deviation from which on a thing lies on both sides
_OWN: Final = "the first answer"
_SHADE: Final = "another shade"
_NOTHING: Final = "The model has one colour for every large thing in this photo."
_SEARCHING: Final = "Looking for other versions ..."
_HELP: Final = "Each of these is plausible too. Click one to use its points; Undo restores yours."
_component = st.components.v2.component(
    "photo_versions",
    html='<section><h2>What else could it be?</h2><p role="status"></p><div class="row"></div></section>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class OfferedVersion:
    """A version as a thumbnail."""

    name: str
    """What differs, as far as it is known: colours, and where."""
    hints: tuple[Hint, ...]
    """None for the first answer."""
    picture: bytes
    """A small JPEG."""


@dataclass
class VersionSearch:
    """The versions of one photo by one checkpoint, as far as they are found."""

    versions: tuple[OfferedVersion, ...] = ()
    is_done: bool = False
    failure: str = ""
    """One sentence, where something went wrong."""

    @property
    def note(self) -> str:
        """What stands under the title."""
        if not self.is_done:
            return _SEARCHING
        return self.failure or (_HELP if len(self.versions) > 1 else _NOTHING)


def place_of(region: Region) -> str:
    """Say where a part of a photo lies, such as "top left"; empty where it lies all over."""
    height, width = region.mask.shape
    rows, columns = np.nonzero(region.mask)
    vertical = _third((rows + 0.5) / height, ("top", "", "bottom"))
    horizontal = _third((columns + 0.5) / width, ("left", "", "right"))
    return " ".join(filter(None, (vertical, horizontal)))


def _third(places: np.ndarray, names: tuple[str, str, str]) -> str:
    """Name the third (0..1) that the places have their middle in; empty where they lie on both sides."""
    return "" if places.std() > _WIDE else names[min(2, int(3 * places.mean()))]


def _name_at(lightness: float, a: float, b: float) -> str:
    return name_of(rgb_of(lightness, LikelyColor(a, b, 1.0)))


def _name_of_change(change: Change, found: Alternatives) -> str:
    """Say what becomes of a part; empty where both colours have the same name."""
    question = found.ambiguous_regions[change.ambiguous_region]
    lightness = question.region.lightness
    before, after = _name_at(lightness, *question.own), _name_at(lightness, change.color.a, change.color.b)
    place = place_of(question.region)
    return f"{after}, not {before}{place and f' ({place})'}" if after != before else ""


def name_of_version(version: Version, found: Alternatives) -> str:
    """Say what differs in a version: which colour instead of which, and where. What the thing is nobody knows."""
    if not version.changes:
        return _OWN
    return "; ".join(filter(None, (_name_of_change(change, found) for change in version.changes))) or _SHADE


@dataclass
class _Finder:
    """Finds the versions of a photo one after the other, in pieces that each ask the network once."""

    photo: LibraryPhoto
    card: Card
    base: Prediction
    still_wanted: StillWanted
    versions: list[OfferedVersion] = field(default_factory=list)

    def find(self, search: VersionSearch) -> tuple[OfferedVersion, ...]:
        model, preview = load(self.card), self.photo.preview.copy()
        preview.thumbnail(_SIZE)
        found = Alternatives(model, self.base, self.photo.size)
        while len(self.versions) < _MOST and not found.is_exhausted:
            self.still_wanted()
            with compute_lock(gives_way=True, look=self.still_wanted):
                version = found.try_next()
                if version is not None:
                    picture = encode_thumbnail(compose_preview(preview, version.prediction, RenderOptions()), _SIZE)
                    self.versions.append(OfferedVersion(name_of_version(version, found), version.hints, picture))
            search.versions = tuple(self.versions)
        return tuple(self.versions)


def find_versions(
    search: VersionSearch, photo: LibraryPhoto, card: Card, base: Prediction, still_wanted: StillWanted
) -> None:
    """Fill a search; of a sample the versions are found once for all visitors."""

    def compute() -> tuple[OfferedVersion, ...]:
        return _Finder(photo, card, base, still_wanted).find(search)

    try:
        search.versions = shared_results().make(_KIND, (base,), (card.id, weights_hash(card)), compute, still_wanted)
    except Exception as error:  # whatever it is, the photo stands
        search.failure = sentence(error, card.title)
    search.is_done = True


def has_versions(card: Card, work: HintWork) -> bool:
    """Tell whether a checkpoint can be asked what else a photo could be."""
    return card.takes_hints and work.base is not None and work.base.distribution is not None


def show_versions(photo: LibraryPhoto, card: Card, work: HintWork) -> None:
    """Show the versions as far as they are found, and have the rest found; call it when the photo is shown."""
    if not has_versions(card, work):
        return
    assert work.base is not None
    base, search = work.base, photo.kept((VersionSearch, card.id, weights_hash(card)), VersionSearch)
    jobs = background_jobs()
    if not search.is_done:
        jobs.keep_going(
            _KIND, (photo.key, card.id), lambda still_wanted: find_versions(search, photo, card, base, still_wanted)
        )
        jobs.wait(_KIND, _AT_ONCE_SECONDS)
    is_polling = not search.is_done
    with st.container(key="versions"):
        st.fragment(_show, run_every=_POLL_SECONDS if is_polling else None)(search, work, is_polling)


def _show(search: VersionSearch, work: HintWork, is_polling: bool) -> None:
    is_taken = bool(st.session_state.pop(_TAKEN, False))
    if is_taken or (is_polling and search.is_done):
        st.rerun()  # a run of the whole page: it colours the photo anew, and ends the polling
    versions = search.versions if len(search.versions) > 1 else ()
    items = [
        {"name": version.name, "url": data_url(version.picture, "jpeg"), "taken": version.hints == work.hints}
        for version in versions
    ]
    data = {"items": items, "note": search.note, "waits": not search.is_done}

    def told() -> None:
        st.session_state[_TAKEN] = take(work, versions, st.session_state[_KEY].get("take"))

    _component(key=_KEY, data=(data,), on_take_change=told)


def take(work: HintWork, versions: Sequence[OfferedVersion], number: Any) -> bool:
    """Take a version over as points; tell whether the browser, which may send anything, named one."""
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(versions):
        return False
    work.change(versions[number].hints)
    work.close()
    return True
