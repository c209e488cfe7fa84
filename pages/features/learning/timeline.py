"""A film: one photo, coloured by every kept state of one checkpoint, from its first epoch to its last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image

from colorizer.checkpoints.card import Card
from colorizer.images.animation import Frame, encode_animation, encode_sheet
from colorizer.inference.full_resolution import with_alpha
from colorizer.inference.prediction import Prediction
from pages.common.job_runner import Job, run_jobs, set_status
from pages.common.model_cache import (
    RenderOptions,
    colour_by_snapshot,
    compose_grey,
    compose_preview,
    compute_lock,
    load_snapshot,
    open_photo,
    weights_hash,
)
from pages.common.photo_library import LibraryPhoto
from pages.common.slot import Slot
from pages.features.learning.player import Picture

FileKind = Literal["WEBP", "GIF", "PNG"]
_PLAYER_SIDE = 900  # px
_PLAYER_PIXELS = 540_000  # with 9 pictures of that size, a page stays below 2 MB
_PLAYER_QUALITY = 80
_FILE_SIDE: dict[FileKind, int] = {"WEBP": 640, "GIF": 640, "PNG": 480}


@dataclass(frozen=True)
class Film:
    """It holds what it needs: downloads are made outside of the session."""

    photo: LibraryPhoto
    card: Card
    options: RenderOptions
    predictions: Mapping[int, Prediction]
    """By epoch, in order; at least one."""
    images_seen: Mapping[int, int]
    """Training pictures shown until the end of an epoch, as far as the history tells."""

    @property
    def id(self) -> str:
        """Changes whenever a picture does."""
        return f"{self.photo.key} {self.card.id} {weights_hash(self.card)} {self.options} {list(self.predictions)}"

    def nearest(self, epoch: int | None) -> int:
        """Find the epoch of the film next to another one; the last for None."""
        epochs = list(self.predictions)
        return epochs[-1] if epoch is None else min(epochs, key=lambda kept: abs(kept - epoch))

    def file_name(self, kind: FileKind) -> str:
        return f"{self.photo.name}-{self.card.id}-learning.{kind.lower()}"


def _states_left(photo: LibraryPhoto, card: Card) -> list[int]:
    kept = {**photo.states, **photo.lost_states}
    return [epoch for epoch in card.snapshots if (card.id, weights_hash(card), epoch) not in kept]


def _reuse_answer(photo: LibraryPhoto, card: Card) -> None:
    """Reuse the checkpoint's own answer for the last state: another page may have asked it already."""
    if (answer := photo.answer(card)) is not None:
        photo.states.setdefault((card.id, weights_hash(card), card.epochs - 1), answer.prediction)


def colour_states(photo: LibraryPhoto, card: Card, status: Slot) -> None:
    """Ask every state of a checkpoint that was not asked yet, one after the other; answers are kept with the photo."""
    _reuse_answer(photo, card)
    left = _states_left(photo, card)
    if left:
        set_status(status, photo.name)
        image = open_photo(photo.content, photo.name).image
        run_jobs((_state_job(photo, card, epoch, image) for epoch in left), len(left), status)


def _state_job(photo: LibraryPhoto, card: Card, epoch: int, image: Image.Image) -> Job:
    key = (card.id, weights_hash(card), epoch)

    def work() -> None:
        photo.states[key] = colour_by_snapshot(card, epoch, image)

    def fail(reason: str) -> None:
        photo.lost_states[key] = reason

    return Job(f"Colouring {photo.name}: epoch {epoch}", f"{card.title}, epoch {epoch}", work, fail)


def kept_states(photo: LibraryPhoto, card: Card) -> dict[int, Prediction]:
    """Return what the states of a checkpoint answered, by epoch."""
    keys = [(card.id, weights_hash(card), epoch) for epoch in card.snapshots]
    return {key[2]: photo.states[key] for key in keys if key in photo.states}


def failures(photo: LibraryPhoto, card: Card) -> list[str]:
    """List one sentence for each state of a checkpoint that could not colour the photo."""
    keys = [(card.id, weights_hash(card), epoch) for epoch in card.snapshots]
    return [photo.lost_states[key] for key in keys if key in photo.lost_states]


def _shrink(image: Image.Image, max_side: int, max_pixels: float = float("inf")) -> Image.Image:
    scale = min(1.0, max_side / max(image.size), (max_pixels / (image.width * image.height)) ** 0.5)
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS) if scale < 1 else image


def _small(
    photo: LibraryPhoto, max_side: int, max_pixels: float = float("inf")
) -> tuple[Image.Image, Image.Image | None]:
    """Shrink the photo and its alpha alike."""
    alpha = photo.preview_alpha
    return _shrink(photo.preview, max_side, max_pixels), None if alpha is None else _shrink(alpha, max_side, max_pixels)


def _player_picture(
    photo: LibraryPhoto, name: str, options: RenderOptions, make: Callable[[Image.Image], Image.Image]
) -> bytes:
    """Encode a picture for the player as WebP; the last one is kept with the photo."""
    key = f"film {name}"
    if key not in photo.pictures or photo.pictures[key][0] != options:
        preview, alpha = _small(photo, _PLAYER_SIDE, _PLAYER_PIXELS)
        stream = BytesIO()
        with_alpha(make(preview), alpha).save(stream, "WEBP", quality=_PLAYER_QUALITY)
        photo.pictures[key] = options, stream.getvalue()
    return photo.pictures[key][1]


def _state_picture(film: Film, epoch: int) -> Picture:
    photo, card, prediction = film.photo, film.card, film.predictions[epoch]
    content = _player_picture(
        photo,
        f"{card.id} {weights_hash(card)} {epoch}",
        film.options,
        lambda image: compose_preview(image, prediction, film.options),
    )
    seen = f": {film.images_seen[epoch]:,} training pictures seen" if epoch in film.images_seen else ""
    caption = f"Epoch {epoch} (counted from 0){seen}"
    return Picture(f"epoch {epoch}", caption, f"{photo.name}, coloured at epoch {epoch}", content, epoch)


def strip(film: Film) -> list[Picture]:
    """List grey, every state, and the original of a colour photo, as pictures of the strip."""
    photo = film.photo
    grey = _player_picture(photo, "grey", RenderOptions(), compose_grey)
    pictures = [Picture("grey", "Grey: what the network sees", f"{photo.name} without colour", grey, None)]
    pictures += [_state_picture(film, epoch) for epoch in film.predictions]
    if not photo.is_grey:
        original = _player_picture(photo, "original", RenderOptions(), lambda image: image)
        title = "Original: the photo as it came"
        pictures.append(Picture("original", title, f"{photo.name}, the original", original, None))
    return pictures


def _file_caption(film: Film, epoch: int) -> str:
    seen = f": {film.images_seen[epoch]:,} pictures seen" if epoch in film.images_seen else ""
    return f"Epoch {epoch}{seen}"


def render_file(film: Film, kind: FileKind) -> bytes:
    """Render the film as an animation of its states, or as a sheet of grey, states and original; in turn."""
    photo, options = film.photo, film.options
    with compute_lock():
        image, alpha = _small(photo, _FILE_SIDE[kind])
        frames = [
            Frame(with_alpha(compose_preview(image, prediction, options), alpha), _file_caption(film, epoch))
            for epoch, prediction in film.predictions.items()
        ]
        note = _note(film)
        if kind != "PNG":
            return encode_animation(frames, kind, note)
        frames.insert(0, Frame(with_alpha(compose_grey(image), alpha), "Grey"))
        if not photo.is_grey:
            frames.append(Frame(with_alpha(image, alpha), "Original"))
        return encode_sheet(frames, note)


def _note(film: Film) -> str:
    epochs = ", ".join(map(str, film.predictions))
    described = load_snapshot(film.card, next(iter(film.predictions))).describe(film.options)
    return f"{described} Epochs: {epochs}."
