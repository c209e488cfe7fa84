"""What all visitors share: loaded models, and the turn to use them, one picture at a time."""

import ctypes
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import streamlit as st
from PIL import Image

import colorizer
from colorizer import images
from colorizer.analysis import palette_strip
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import MODEL_FILE
from colorizer.evaluation import protocol
from colorizer.evaluation.metrics import Measures
from colorizer.images.saving import OutputFormat
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.full_resolution import LightnessPlane, apply_color, compose, read_lightness, with_alpha
from colorizer.inference.hints import Hint
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import RenderOptions
from pages.common.snapshots import SnapshotRef, at_snapshot

_MAX_MODELS = 8  # loaded at once; the largest has about 10 million weights, 40 MB
_SNAPSHOT_SECONDS = 300  # that a snapshot stays loaded: its answers are kept, so it is needed for a new photo only


@dataclass(frozen=True)
class Answer:
    """A checkpoint's colours for one photo; small enough to keep."""

    prediction: Prediction
    seconds: float
    """Of the network."""
    measures: Measures | None
    """Against the original; None where that has no colours."""


@dataclass(frozen=True)
class PhotoBaseline:
    """What the figures of a photo are held against."""

    grey: Measures
    true_colorfulness: float


@st.cache_resource(show_spinner=False)
def _turns() -> threading.Lock:
    return threading.Lock()


def _give_memory_back() -> None:
    """Return freed memory to the system: glibc keeps the planes of large photos for each thread, and visitors are many.

    Measured with a 12-megapixel photo: without it a session of clicks ends about 300 MB higher.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def compute_lock() -> Iterator[None]:
    """Wait for the processor: heavy work is done by one visitor at a time, for one picture at a time.

    So memory holds one full-size photo in work, however many visitors there are. No Streamlit command may run inside.
    """
    with _turns():
        try:
            yield
        finally:
            _give_memory_back()


@st.cache_resource(show_spinner=False, max_entries=_MAX_MODELS)
def _load(checkpoint_id: str, weights_hash: str) -> Colorizer:
    """`weights_hash` makes a checkpoint that was replaced load anew."""
    return colorizer.load(checkpoint_id)


def weights_hash(card: Card) -> str:
    """What changes when a checkpoint's weights do."""
    return card.sha256.get(MODEL_FILE, "")


def load(card: Card) -> Colorizer:
    """The model of a card, or of a moment, loaded once for all visitors."""
    return (
        load_snapshot(card.checkpoint, card.epoch)
        if isinstance(card, SnapshotRef)
        else _load(card.id, weights_hash(card))
    )


@st.cache_resource(show_spinner=False, max_entries=_MAX_MODELS, ttl=_SNAPSHOT_SECONDS)
def _load_snapshot(checkpoint_id: str, weights_hash: str, epoch: int) -> Colorizer:
    return colorizer.load(checkpoint_id, snapshot=epoch)


def load_snapshot(card: Card, epoch: int) -> Colorizer:
    """The model of a card as it was at an epoch of `card.snapshots`, for all visitors."""
    is_shipped = epoch == card.epochs - 1
    return load(card) if is_shipped else _load_snapshot(card.id, weights_hash(at_snapshot(card, epoch)), epoch)


def colour_by_snapshot(card: Card, epoch: int, image: Image.Image) -> Prediction:
    """A snapshot's colours for an RGB photo."""
    model = load_snapshot(card, epoch)
    with compute_lock():
        return model.predict(image)


def open_photo(content: bytes, name: str) -> images.Photo:
    """Decode a picture, in turn."""
    with compute_lock():
        return images.open_image(content, name=name)


def colour(card: Card, image: Image.Image, has_truth: bool) -> Answer:
    """A checkpoint's colours for an RGB photo, how long the network took, and how close they come."""
    model = load(card)
    with compute_lock():
        start = time.perf_counter()
        prediction = model.predict(image)
        seconds = time.perf_counter() - start
        return Answer(prediction, seconds, protocol.measure_photo(model, image) if has_truth else None)


def colour_with_hints(card: Card, base: Prediction, size: tuple[int, int], hints: Sequence[Hint]) -> Prediction:
    """A checkpoint's colours with hints, for a photo of `size` (width, height) that it has coloured without before."""
    model = load(card)
    with compute_lock():
        return model.predict_from_lightness(base.lightness, size, hints)


def read_column(card: Card, image: Image.Image, has_truth: bool) -> palette_strip.Column:
    """What a checkpoint with a palette makes of the centre of an RGB photo at the network's own size."""
    model = load(card)
    with compute_lock():
        return palette_strip.read_column(model, protocol.centre_square(image, card.input_size), has_truth)


def baseline(image: Image.Image) -> PhotoBaseline:
    """The figures of no colour at all, and the colourfulness of the original."""
    with compute_lock():
        return PhotoBaseline(protocol.grey_measures(image), protocol.true_colorfulness(image))


def compose_preview(preview: Image.Image, prediction: Prediction, options: RenderOptions) -> Image.Image:
    """A result at the size of a preview: quick enough to need no turn."""
    return compose_plane(read_lightness(preview), prediction, options)


def compose_plane(plane: LightnessPlane, prediction: Prediction, options: RenderOptions) -> Image.Image:
    """As `compose_preview`, of a preview whose L has been read."""
    try:
        return apply_color(plane, prediction.rendered(options))
    finally:
        _give_memory_back()


def compose_grey(preview: Image.Image) -> Image.Image:
    """What the networks see of a photo: its L alone."""
    return compose_preview(preview, protocol.Grey().predict(preview), RenderOptions())


def note(card: Card, options: RenderOptions, hints: int = 0) -> str:
    """What a saved result says of itself: the model's own note, and of a moment which one it is."""
    described = load(card).describe(options, hints)
    return f"{described} {card.title} of its training." if isinstance(card, SnapshotRef) else described


def render(
    content: bytes, name: str, card: Card, prediction: Prediction, options: RenderOptions, format: OutputFormat
) -> bytes:
    """The result at the photo's own size, as a file; composed anew from what was uploaded, in turn."""
    with compute_lock():
        photo = images.open_image(content, name=name)
        coloured = with_alpha(compose(photo.image, prediction, options), photo.alpha)
        return images.encode_image(coloured, format, note(card, options, len(prediction.network_hints)))
