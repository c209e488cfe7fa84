"""What all visitors share: loaded models, the turn to use them, and what they make of the sample photos."""

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from PIL import Image

import colorizer
from colorizer import images
from colorizer.analysis import palette_strip
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import MODEL_FILE
from colorizer.evaluation import protocol
from colorizer.evaluation.scores import Scores
from colorizer.images.saving import OutputFormat
from colorizer.inference.colorizer import Colorizer, mean_of
from colorizer.inference.full_resolution import LightnessPlane, apply_color, compose, read_lightness, with_alpha
from colorizer.inference.hints import Hint
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import RenderOptions
from pages.common import queue_notice
from pages.common.compute_queue import ComputeQueue
from pages.common.mean_card import MeanCard
from pages.common.memory_budget import (
    LargeModelShelf,
    ModelShelf,
    free_when_idle,
    give_memory_back,
    models_budget,
    results_budget,
)
from pages.common.sample_photos import sample_named
from pages.common.shared_results import SharedResults
from pages.common.snapshots import SnapshotRef, at_snapshot


@dataclass(frozen=True)
class Answer:
    """A checkpoint's colours for one photo; small enough to keep."""

    prediction: Prediction
    seconds: float
    """Of the network."""
    measures: Scores | None
    """Against the original; None where that has no colours."""


@dataclass(frozen=True)
class PhotoBaseline:
    """What the scores of a photo are compared with."""

    grey: Scores
    true_colorfulness: float


@st.cache_resource(show_spinner=False)
def _queue() -> ComputeQueue:
    return ComputeQueue()


@st.cache_resource(show_spinner=False)
def _preview_queue() -> ComputeQueue:
    return ComputeQueue()


@st.cache_resource(show_spinner=False)
def _models() -> ModelShelf:
    return ModelShelf(models_budget(), _model_bytes)


@st.cache_resource(show_spinner=False)
def shared_results() -> SharedResults:
    """Return the results on the sample photos, which all visitors share."""
    results = SharedResults(results_budget())
    free_when_idle(results)
    return results


def _model_bytes(model: object) -> int:
    assert isinstance(model, Colorizer)
    tensors = (*model.network.parameters(), *model.network.buffers())
    return sum(tensor.nelement() * tensor.element_size() for tensor in tensors)


_turn = threading.local()  # whether this thread has it


@contextmanager
def compute_lock(gives_way: bool = False, look: Callable[[], None] = queue_notice.require_present) -> Iterator[None]:
    """Wait for the processor: heavy work is done by one visitor at a time, for one picture at a time, all in turn.

    So memory holds one full-size photo in work, however many visitors there are. No Streamlit command may run inside.
    A visitor who leaves, or wants something else by now, gives the place in the queue up. Whoever has the turn already
    keeps it.

    Args:
        gives_way: whether everybody else goes first: for what nobody waits for.
        look: called while waiting; it raises where the work is not wanted any more.
    """
    if getattr(_turn, "is_held", False):
        yield
        return
    with _queue().turn(look, queue_notice.tell_place, gives_way):
        queue_notice.clear()
        _turn.is_held = True
        try:
            yield
        finally:
            _turn.is_held = False
            give_memory_back()


@contextmanager
def preview_lock() -> Iterator[None]:
    """Wait for the turn at what takes a tenth of a second at the size of a preview, and some ten MB meanwhile.

    It has a queue of its own, so that a slider does not wait for another visitor's photo.
    """
    with _preview_queue().turn(queue_notice.require_present, queue_notice.tell_place):
        queue_notice.clear()
        try:
            yield
        finally:
            give_memory_back()


@contextmanager
def full_size(content: bytes, name: str) -> Iterator[images.Photo]:
    """Give a picture at full size, decoded in the very turn in which it is worked on: whoever waits holds no pixels.

    A sample is shared by all, and so is what is made of it: that waits for turns of its own.
    """
    if sample_named(name, content) is not None:
        yield open_photo(content, name)
        return
    with compute_lock():
        yield open_photo(content, name)


@st.cache_resource(show_spinner=False)
def _large_model() -> LargeModelShelf:
    return LargeModelShelf()


def weights_hash(card: Card) -> str:
    """Identify a checkpoint's weights: the hash changes when they do."""
    return card.sha256.get(MODEL_FILE, "")


def load(card: Card) -> Colorizer:
    """Load the model of a card, of a snapshot, or of a mean of two; once for all visitors."""
    if isinstance(card, SnapshotRef):
        return load_snapshot(card.checkpoint, card.epoch)
    if isinstance(card, MeanCard):
        return mean_of(load(card.first), load(card.second), card.share)
    if card.published is not None:
        return _large_model().get((card.id, weights_hash(card)), lambda: colorizer.load(card.id))
    return _models().get((card.id, weights_hash(card)), lambda: colorizer.load(card.id))


def load_snapshot(card: Card, epoch: int) -> Colorizer:
    """Load the model of a card as it was at an epoch of `card.snapshots`, once for all visitors."""
    if epoch == card.epochs - 1:
        return load(card)
    key = card.id, weights_hash(at_snapshot(card, epoch)), epoch
    return _models().get(key, lambda: colorizer.load(card.id, snapshot=epoch))


def _key(card: Card, epoch: int | None = None) -> tuple[Hashable, ...]:
    """Identify a checkpoint's answer: the key changes when it does."""
    return card.id, weights_hash(card), epoch


def colour_by_snapshot(card: Card, epoch: int, image: Image.Image) -> Prediction:
    """Colour an RGB photo by a snapshot."""

    def compute() -> Prediction:
        model = load_snapshot(card, epoch)
        with compute_lock():
            return model.predict(image)

    return shared_results().make("snapshot", (image,), _key(card, epoch), compute)


def open_photo(content: bytes, name: str) -> images.Photo:
    """Decode a picture in turn; a sample, once for all visitors."""

    def compute() -> images.Photo:
        with compute_lock():
            return images.open_image(content, name=name)

    sample = sample_named(name, content)
    return compute() if sample is None else shared_results().make("open", (), (sample,), compute)


def colour(card: Card, image: Image.Image, has_truth: bool) -> Answer:
    """Colour an RGB photo by a checkpoint; with the network's time and, if `has_truth`, the scores."""

    def compute() -> Answer:
        model = load(card)
        with compute_lock():
            start = time.perf_counter()
            prediction = model.predict(image)
            seconds = time.perf_counter() - start
            scores = protocol.measure_photo(model, image, with_ssim=False) if has_truth else None
            return Answer(prediction, seconds, scores)

    return shared_results().make("colour", (image,), (*_key(card), has_truth), compute)


def colour_with_hints(
    card: Card, base: Prediction, size: tuple[int, int], hints: Sequence[Hint], propagates: bool = False
) -> Prediction:
    """Colour with hints a photo of `size` (width, height) that the checkpoint has coloured without before.

    With `propagates`, a network that takes hints as a suggestion is made to meet them.
    """
    model = load(card).with_hint_propagation() if propagates else load(card)
    with compute_lock():
        return model.predict_from_lightness(base.lightness, size, hints)


def read_column(card: Card, image: Image.Image, has_truth: bool) -> palette_strip.Column:
    """Read what a checkpoint with a palette makes of the centre of an RGB photo, at the network's own size."""

    def compute() -> palette_strip.Column:
        model = load(card)
        with compute_lock():
            return palette_strip.read_column(model, protocol.centre_square(image, card.input_size), has_truth)

    return shared_results().make("column", (image,), (*_key(card), has_truth), compute)


def baseline(image: Image.Image) -> PhotoBaseline:
    """Measure no colour at all, and the colourfulness of the original."""

    def compute() -> PhotoBaseline:
        with compute_lock():
            return PhotoBaseline(protocol.grey_scores(image, with_ssim=False), protocol.true_scores(image).colorfulness)

    return shared_results().make("baseline", (image,), (), compute)


def render_prediction(prediction: Prediction, options: RenderOptions) -> Prediction:
    """Render a prediction; that of a sample, once for all visitors."""
    return shared_results().make("render", (prediction,), (options,), lambda: prediction.rendered(options))


def compose_preview(preview: Image.Image, prediction: Prediction, options: RenderOptions) -> Image.Image:
    """Compose a result at the size of a preview."""
    plane = shared_results().make("lightness", (preview,), (), lambda: read_lightness(preview))
    return compose_plane(plane, prediction, options)


def compose_plane(plane: LightnessPlane, prediction: Prediction, options: RenderOptions) -> Image.Image:
    """Compose a result on a preview whose L has been read."""

    def compute() -> Image.Image:
        with preview_lock():
            return apply_color(plane, prediction.rendered(options))

    return shared_results().make("compose", (plane, prediction), (options,), compute)


def compose_grey(preview: Image.Image) -> Image.Image:
    """Compose what the networks see of a photo: its L alone."""
    prediction = shared_results().make("grey", (preview,), (), lambda: protocol.Grey().predict(preview))
    return compose_preview(preview, prediction, RenderOptions())


def note(card: Card, options: RenderOptions, hints: int = 0) -> str:
    """Describe a saved result for its file: the model's own note and, for a snapshot, its epoch."""
    described = load(card).describe(options, hints)
    return f"{described} {card.title} of its training." if isinstance(card, SnapshotRef) else described


def render(
    content: bytes, name: str, card: Card, prediction: Prediction, options: RenderOptions, format: OutputFormat
) -> bytes:
    """Render the result at the photo's own size, as a file; from the uploaded bytes, in turn."""
    with compute_lock():
        photo = images.open_image(content, name=name)
        coloured = with_alpha(compose(photo.image, prediction, options), photo.alpha)
        return images.encode_image(coloured, format, note(card, options, len(prediction.network_hints)))
