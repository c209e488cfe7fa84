"""The photos of one visitor: what is kept of each across pages and reruns, and how much of it."""

import hashlib
import urllib.parse
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import streamlit as st
from PIL import Image
from streamlit.runtime.scriptrunner import get_script_run_ctx

from colorizer.checkpoints.card import Card
from colorizer.images import Photo, fetch, greyness
from colorizer.inference.full_resolution import LightnessPlane
from colorizer.inference.prediction import Prediction
from pages.common.error_boundary import sentence
from pages.common.library_limits import Problems, refusal
from pages.common.memory_budget import session_ids
from pages.common.model_cache import (
    Answer,
    PhotoBaseline,
    RenderOptions,
    compose_grey,
    compose_preview,
    full_size,
    shared_results,
    weights_hash,
)
from pages.common.previews import canvas_of, encode_preview, previews_of
from pages.common.rate_limit import refusal as rate_refusal
from pages.common.visitor_memory import CanLetGo, visitor_memory

Kept = TypeVar("Kept")
Part = Literal["whole", "first", "next"]
"""What comes from a browser at once: all that was given together, or, of an album, the first part or another."""
_MOST_WHOLE = 8  # photos of a visitor with all that was computed of them; of others the file stays, and is decoded anew


@dataclass
class LibraryPhoto:
    """One photo. Its full-size pixels are decoded again from `content` when they are needed."""

    key: str
    name: str
    content: bytes
    size: tuple[int, int]
    is_grey: bool
    notices: tuple[str, ...]
    _previews: tuple[Image.Image, Image.Image | None] | None
    """Colour and transparency; None once they had to make room."""
    baseline: PhotoBaseline | None = None
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """By checkpoint and version."""
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    """One sentence for each checkpoint that could not colour it."""
    pictures: dict[str, tuple[RenderOptions, bytes]] = field(default_factory=dict)
    """Encoded previews, each with the look that it was made with."""
    states: dict[tuple[str, str, int], Prediction] = field(default_factory=dict)
    """What snapshots answered, by checkpoint, version and epoch."""
    lost_states: dict[tuple[str, str, int], str] = field(default_factory=dict)
    """One sentence for each snapshot that could not colour it."""
    _kept: dict[Hashable, Any] = field(default_factory=dict)
    """What features keep with the photo, such as the visitor's hints."""
    canvas: LightnessPlane | None = None

    @property
    def preview(self) -> Image.Image:
        """RGB, at most 1,600 px a side."""
        return self._preview_pair()[0]

    @property
    def preview_alpha(self) -> Image.Image | None:
        """Of the same size; None where the photo has no transparency."""
        return self._preview_pair()[1]

    @property
    def has_previews(self) -> bool:
        """Whether the previews are held, instead of being made from the file when they are asked for."""
        return self._previews is not None

    def _preview_pair(self) -> tuple[Image.Image, Image.Image | None]:
        pair = self._previews  # another visitor's need of memory may take it away at any moment
        if pair is None:
            with full_size(self.content, self.name) as opened:
                self._previews = pair = previews_of(opened)
        return pair

    def let_go(self) -> None:
        """Free what can be computed again; the file and the visitor's own work stay."""
        self._previews = self.canvas = None
        for computed in (self.answers, self.pictures, self.states):
            computed.clear()
        for kept in self._kept.values():
            if isinstance(kept, CanLetGo):
                kept.let_go()

    def canvas_plane(self) -> LightnessPlane:
        """Return L at the size of the first page's large picture; read once, as each move of a slider needs it."""
        if self.canvas is None:
            preview = self.preview
            self.canvas = shared_results().make("canvas", (preview,), (), lambda: canvas_of(preview))
        return self.canvas

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what a feature keeps with the photo under a key, calling `make` the first time."""
        if key not in self._kept:
            self._kept[key] = make()
        kept: Kept = self._kept[key]
        return kept

    def all_kept(self, kind: type[Kept]) -> list[Kept]:
        """Return what features keep with the photo of one kind, the latest last."""
        return [kept for kept in self._kept.values() if isinstance(kept, kind)]

    def answer(self, card: Card) -> Answer | None:
        return self.answers.get((card.id, weights_hash(card)))

    def failure(self, card: Card) -> str | None:
        return self.failures.get((card.id, weights_hash(card)))

    def is_done(self, card: Card) -> bool:
        """Tell whether nothing is left to compute."""
        return self.answer(card) is not None or self.failure(card) is not None

    def encode(self, image: Image.Image) -> bytes:
        """Encode a result, at the preview's size or smaller, as a preview."""
        alpha = self.preview_alpha
        parts = (image,) if alpha is None else (image, alpha)
        return shared_results().make("encode", parts, (), lambda: encode_preview(image, alpha))

    def picture(self, name: str, options: RenderOptions, make: Callable[[], bytes], *parts: object) -> bytes:
        """Return an encoded picture of this photo; that of a sample is made once for all visitors.

        Args:
            name: what it shows, with all that it depends on.
            options: the look that it is made with.
            make: is not called where the picture is there.
            parts: what it is made of besides the photo; where one is the visitor's own, so is the picture.
        """
        if name not in self.pictures or self.pictures[name][0] != options:
            made = shared_results().make("picture", (self.preview, *parts), (name, options), make)
            self.pictures[name] = options, made
        return self.pictures[name][1]

    def original(self) -> bytes:
        """Encode the photo as it came, as a preview."""
        return self.picture("original", RenderOptions(), lambda: self.encode(self.preview))

    def grey(self) -> bytes:
        """Encode what the networks see, as a preview."""
        return self.picture("grey", RenderOptions(), lambda: self.encode(compose_grey(self.preview)))

    def result(self, card: Card, answer: Answer, options: RenderOptions) -> bytes:
        """Encode a result as a preview; the last one is kept."""
        options = options.of(card)

        def make() -> bytes:
            return self.encode(compose_preview(self.preview, answer.prediction, options))

        return self.picture(_name(card), options, make, answer.prediction)

    def latest(self, card: Card) -> bytes:
        """Return the result as last shown, whatever the options; the grey photo before there is one."""
        return self.pictures[_name(card)][1] if _name(card) in self.pictures else self.grey()


def _name(card: Card) -> str:
    return f"{card.id} {weights_hash(card)}"


def make_shot(key: str, content: bytes, decoded: Photo, name: str) -> LibraryPhoto:
    """Make a library photo of an opened one."""
    tone = shared_results().make("tone", (decoded.image,), (), lambda: decoded.tone)
    notices = (*decoded.notices, greyness.TONED) if tone == "toned" else decoded.notices
    return LibraryPhoto(key, name, content, decoded.size, tone != "colour", notices, previews_of(decoded))


@dataclass(frozen=True)
class PendingPhoto:
    """A picture that the visitor gave and that was not opened yet."""

    name: str
    content: bytes | None
    """None for a link: `name` is its address."""

    def fetch(self) -> tuple[str, bytes]:
        """Return the name for titles and downloads, and the bytes; fetch them if it is a link."""
        if self.content is not None:
            return self.name, self.content
        return urllib.parse.unquote(urllib.parse.urlsplit(self.name).path.rpartition("/")[2]), fetch.fetch(self.name)


@dataclass(eq=False)  # by identity: it is kept in weak dictionaries
class PhotoLibrary:
    """All photos of one visitor, in order of arrival, and a sentence on each that could not be opened."""

    photos: dict[str, LibraryPhoto] = field(default_factory=dict)
    samples: dict[str, LibraryPhoto] = field(default_factory=dict)
    pending_photos: list[PendingPhoto] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    closed: int = 0
    """Counts how often all that was given has come, which closes what was open to give it."""
    uploaders: int = 0
    """Counts the uploaders that were emptied: there is a new one after each."""
    taken: int = 0
    """Counts the files that came by an uploader, refused ones too."""
    latest: str | None = None
    """The key of the photo that a page is to turn to, until it has."""
    _turns: bool = False
    """Whether the next photo that opens is the one to turn to: the first of those that were given together."""
    _whole: list[str] = field(default_factory=list)
    """Keys of the photos that were looked at, the last one last."""

    def receive(self, pending_photos: list[PendingPhoto], part: Part = "whole") -> None:
        """Accept pictures, to be opened in the next run of the page; clear the sentences on earlier ones.

        Args:
            pending_photos: as they were given.
            part: what they are of all that were given together: a browser sends an album in parts.
        """
        if part == "whole":
            self.close_intake()
        if part != "next":
            self.problems.clear()
            self._turns = True
        for pending in pending_photos:
            if (reason := rate_refusal("link" if pending.content is None else "photo")) is None:
                self.pending_photos.append(pending)
            else:
                self.problems.refuse(pending.name, reason)

    def take(self, uploaded: list[PendingPhoto], part: Part) -> None:
        """Accept what an uploader held, as `receive` does; there is an empty one after it."""
        self.uploaders += 1
        self.taken += len(uploaded)
        self.receive(uploaded, part)

    def close_intake(self) -> None:
        """Have what was open to give photos closed: what comes next is to be seen."""
        self.closed += 1

    def compared(self) -> list[LibraryPhoto]:
        """Return the photos that pages compute side by side: of an album those that were given or looked at last."""
        found = [photo for key, photo in self.photos.items() if key in self._whole]
        return found or list(self.photos.values())[-_MOST_WHOLE:]

    def look_at(self, key: str) -> None:
        """Note that a photo is looked at: what was computed of the one that was looked at longest ago makes room."""
        self._whole = [*(other for other in self._whole if other != key), key]
        for old in self._whole[:-_MOST_WHOLE]:
            if old in self.photos:
                self.photos[old].let_go()
        self._whole = self._whole[-_MOST_WHOLE:]

    @property
    def content_bytes(self) -> int:
        """Of the files that the visitor gave."""
        return sum(len(photo.content) for photo in self.photos.values())

    def let_go(self) -> None:
        """Free what can be computed again."""
        for photo in (*self.photos.values(), *self.samples.values()):
            photo.let_go()

    def forget(self) -> None:
        """Free all photos, and what was made of them."""
        self.photos.clear()
        self.samples.clear()
        self.pending_photos.clear()

    def open_next(self) -> LibraryPhoto | None:
        """Open the first pending picture; add a sentence to `problems`, and return None, if that fails."""
        pending = self.pending_photos[0]
        try:
            name, content = pending.fetch()
            photo = self._add(name, content)
        except Exception as error:  # one picture's failure, of whatever kind, must not touch the others
            self.problems.fail(pending.name, sentence(error, pending.name))
            photo = None
        # Not before: a slider that moves meanwhile breaks the run off here, and the next one opens the picture anew.
        self.pending_photos.pop(0)
        if photo is not None and self._turns:
            self.latest, self._turns = photo.key, False
        return photo

    def _add(self, name: str, content: bytes) -> LibraryPhoto | None:
        key = hashlib.sha256(content).hexdigest()[:16]
        if key not in self.photos:
            if (reason := refusal(len(self.photos), self.content_bytes, len(content))) is not None:
                self.problems.refuse(name, reason)
                return None
            with full_size(content, name) as decoded:
                self.photos[key] = make_shot(key, content, decoded, decoded.name)
            self.look_at(key)
        return self.photos[key]


def library() -> PhotoLibrary:
    """Return the visitor's photo library; it outlives page changes."""
    if "photo_library" not in st.session_state:
        st.session_state["photo_library"] = PhotoLibrary()
        visitor_memory().add(st.session_state["photo_library"], _session())
    kept: PhotoLibrary = st.session_state["photo_library"]
    return kept


def _session() -> str | None:
    """Return the session that this page runs in; None where the server knows of none."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context is not None and context.session_id in session_ids() else None


@contextmanager
def library_in_use() -> Iterator[None]:
    """Keep what is computed of the visitor's photos while inside; afterwards it may be freed for others."""
    with visitor_memory().in_use(library()):
        yield
