"""A film: one photo, coloured by every kept state of one checkpoint, from its first epoch to its last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image

from colorizer.checkpoints.card import Card
from colorizer.images.animation import Frame, encode_animation, encode_sheet
from colorizer.inference.full_resolution import with_alpha
from colorizer.inference.prediction import Chroma
from pages.common.comparison_jobs import say
from pages.common.error_boundary import sentence
from pages.common.model_cache import (
    Look,
    colour_by_snapshot,
    compose_grey,
    compose_preview,
    load_snapshot,
    open_photo,
    turn,
    version,
)
from pages.common.photo_library import Shot
from pages.common.slot import Place
from pages.features.learning.player import Picture

FileKind = Literal["WEBP", "GIF", "PNG"]
_PLAYER_SIDE = 900  # px
_PLAYER_PIXELS = 540_000  # with 9 pictures of that size, a page stays below 2 MB
_PLAYER_QUALITY = 80
_FILE_SIDE: dict[FileKind, int] = {"WEBP": 640, "GIF": 640, "PNG": 480}


@dataclass(frozen=True)
class Film:
    """It holds what it needs: downloads are made outside of the session."""

    shot: Shot
    card: Card
    look: Look
    chromas: Mapping[int, Chroma]
    """By epoch, in order; at least one."""
    images_seen: Mapping[int, int]
    """Training pictures shown until the end of an epoch, as far as the history tells."""

    @property
    def id(self) -> str:
        """Changes whenever a picture does."""
        return f"{self.shot.key} {self.card.id} {version(self.card)} {self.look} {list(self.chromas)}"

    def nearest(self, epoch: int | None) -> int:
        """The epoch of the film next to another one; the last for None."""
        epochs = list(self.chromas)
        return epochs[-1] if epoch is None else min(epochs, key=lambda kept: abs(kept - epoch))

    def file_name(self, kind: FileKind) -> str:
        return f"{self.shot.name}-{self.card.id}-learning.{kind.lower()}"


def _states_left(shot: Shot, card: Card) -> list[int]:
    kept = {**shot.states, **shot.lost_states}
    return [epoch for epoch in card.snapshots if (card.id, version(card), epoch) not in kept]


def _reuse_answer(shot: Shot, card: Card) -> None:
    """The last state is the checkpoint as shipped: another page may have asked it already."""
    if (answer := shot.answer(card)) is not None:
        shot.states.setdefault((card.id, version(card), card.epochs - 1), answer.chroma)


def colour_states(shot: Shot, card: Card, status: Place) -> None:
    """Ask every state of a checkpoint that was not asked yet, one after the other; what comes is kept in the shot."""
    _reuse_answer(shot, card)
    left = _states_left(shot, card)
    if left:
        say(status, shot.name)
    image = open_photo(shot.content, shot.name).image if left else None
    for epoch in left:
        place = f"{card.snapshots.index(epoch) + 1} of {len(card.snapshots)}"
        say(status, f"Colouring {shot.name}: epoch {epoch} ({place}) ...")
        key = (card.id, version(card), epoch)
        try:
            assert image is not None
            shot.states[key] = colour_by_snapshot(card, epoch, image)
        except Exception as error:  # one state's failure, of whatever kind, must not touch the others
            shot.lost_states[key] = sentence(error, f"{card.title}, epoch {epoch}")


def kept_states(shot: Shot, card: Card) -> dict[int, Chroma]:
    """What the states of a checkpoint answered, by epoch."""
    keys = [(card.id, version(card), epoch) for epoch in card.snapshots]
    return {key[2]: shot.states[key] for key in keys if key in shot.states}


def failures(shot: Shot, card: Card) -> list[str]:
    """One sentence for each state of a checkpoint that could not colour the photo."""
    keys = [(card.id, version(card), epoch) for epoch in card.snapshots]
    return [shot.lost_states[key] for key in keys if key in shot.lost_states]


def _shrink(image: Image.Image, max_side: int, max_pixels: float = float("inf")) -> Image.Image:
    scale = min(1.0, max_side / max(image.size), (max_pixels / (image.width * image.height)) ** 0.5)
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS) if scale < 1 else image


def _small(shot: Shot, max_side: int, max_pixels: float = float("inf")) -> tuple[Image.Image, Image.Image | None]:
    """The photo and its alpha, shrunk alike."""
    alpha = shot.preview_alpha
    return _shrink(shot.preview, max_side, max_pixels), None if alpha is None else _shrink(alpha, max_side, max_pixels)


def _player_picture(shot: Shot, name: str, look: Look, make: Callable[[Image.Image], Image.Image]) -> bytes:
    """A picture of the player as WebP, kept in the shot; the one of the last look."""
    key = f"film {name}"
    if key not in shot.pictures or shot.pictures[key][0] != look:
        preview, alpha = _small(shot, _PLAYER_SIDE, _PLAYER_PIXELS)
        stream = BytesIO()
        with_alpha(make(preview), alpha).save(stream, "WEBP", quality=_PLAYER_QUALITY)
        shot.pictures[key] = look, stream.getvalue()
    return shot.pictures[key][1]


def _state_picture(film: Film, epoch: int) -> Picture:
    shot, card, chroma = film.shot, film.card, film.chromas[epoch]
    content = _player_picture(
        shot, f"{card.id} {version(card)} {epoch}", film.look, lambda image: compose_preview(image, chroma, film.look)
    )
    seen = f": {film.images_seen[epoch]:,} training pictures seen" if epoch in film.images_seen else ""
    caption = f"Epoch {epoch} (counted from 0){seen}"
    return Picture(f"epoch {epoch}", caption, f"{shot.name}, coloured at epoch {epoch}", content, epoch)


def strip(film: Film) -> list[Picture]:
    """Grey, every state, and the original where the photo has colours."""
    shot = film.shot
    grey = _player_picture(shot, "grey", Look(), compose_grey)
    pictures = [Picture("grey", "Grey: what the network sees", f"{shot.name} without colour", grey, None)]
    pictures += [_state_picture(film, epoch) for epoch in film.chromas]
    if not shot.is_grey:
        original = _player_picture(shot, "original", Look(), lambda image: image)
        title = "Original: the photo as it came"
        pictures.append(Picture("original", title, f"{shot.name}, the original", original, None))
    return pictures


def _file_caption(film: Film, epoch: int) -> str:
    seen = f": {film.images_seen[epoch]:,} pictures seen" if epoch in film.images_seen else ""
    return f"Epoch {epoch}{seen}"


def render_file(film: Film, kind: FileKind) -> bytes:
    """The film as an animation of its states, or as a sheet of grey, states and original; made in turn."""
    shot, look = film.shot, film.look
    with turn():
        image, alpha = _small(shot, _FILE_SIDE[kind])
        frames = [
            Frame(with_alpha(compose_preview(image, chroma, look), alpha), _file_caption(film, epoch))
            for epoch, chroma in film.chromas.items()
        ]
        note = _note(film)
        if kind != "PNG":
            return encode_animation(frames, kind, note)
        frames.insert(0, Frame(with_alpha(compose_grey(image), alpha), "Grey"))
        if not shot.is_grey:
            frames.append(Frame(with_alpha(image, alpha), "Original"))
        return encode_sheet(frames, note)


def _note(film: Film) -> str:
    epochs = ", ".join(map(str, film.chromas))
    described = load_snapshot(film.card, next(iter(film.chromas))).describe(rendering=film.look.rendering)
    return f"{described} Epochs: {epochs}."
