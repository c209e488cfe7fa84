"""Measuring many pictures in a visitor's session: start, stop, go on; and how long it is going to take.

The work is done in small steps by the page's script itself, after everything else is on the page: a click on any widget
ends the script between two steps, and the next run of it goes on where that one stood. What a session holds at most:
500 pictures, as they came (200 MB together) until each is opened, then as a square of about 90 kB, and 25 kB more for
each of four checkpoints - about 100 MB when all are measured.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from colorizer.checkpoints.card import Card
from colorizer.evaluation.ranking import EvaluatedImage, EvaluationQueue
from colorizer.images.archives import PictureSet
from colorizer.inference.colorizer import Colorizer
from pages.common.error_boundary import sentence
from pages.common.model_cache import compute_lock, load, weights_hash
from pages.common.slot import Slot
from pages.features.ranking.shipped_samples import opened, shipped_samples

MAX_CHECKPOINTS = 4
SAMPLES_TITLE = "Samples"
_PAUSE_SECONDS = 0.01  # between two turns, so that another visitor who waits gets one
_REFRESH_SECONDS = 8.0  # after which the results so far are shown anew
_SHARE_OF_WORK = 4  # times as long as showing them took, at least, is worked before that is done again


def model_key(card: Card) -> str:
    """Return the key of a checkpoint's results; it changes when the weights do."""
    return f"{card.id} {weights_hash(card)}"


@dataclass
class Measuring:
    """A visitor's pictures and how far they are measured."""

    queue: EvaluationQueue | None = None
    source: str = ""
    """Where the pictures came from."""
    is_working: bool = False
    upload_serial: int = 0
    """Counts the uploads, so that each one leaves an empty uploader behind."""
    steps: int = 0
    seconds: float = 0.0
    """Of work, for those steps."""
    problems: list[str] = field(default_factory=list)
    """Sentences on checkpoints that cannot be loaded."""

    def start(self, source: str, pictures: PictureSet) -> None:
        """Start with other pictures, and forget those of before."""
        self.queue = EvaluationQueue(pictures.entries, sentence)
        self.queue.problems += pictures.problems
        self.source = source
        self.go_on()

    @property
    def are_samples(self) -> bool:
        """Whether the pictures are the samples."""
        return self.source == SAMPLES_TITLE

    def take_shipped(self, cards: Iterable[Card]) -> None:
        """Take what the release has of the samples, where nothing else was measured: then they need no measuring."""
        shipped = {model_key(card): samples for card in cards if (samples := shipped_samples(card))}
        if self.queue is None and shipped:
            self.queue = EvaluationQueue((), sentence, opened(next(iter(shipped.values()))))
            self.source = SAMPLES_TITLE
        if self.queue is not None and self.are_samples:
            for model, samples in shipped.items():
                self.queue.add(model, {name: sample.outcome for name, sample in samples.items()})

    def go_on(self) -> None:
        self.is_working, self.steps, self.seconds, self.problems = True, 0, 0.0, []

    def stop(self) -> None:
        self.is_working = False

    def has_rest(self, cards: Iterable[Card]) -> bool:
        """Tell whether there are pictures that a checkpoint has not coloured yet."""
        return self.queue is not None and self.queue.steps_left([model_key(card) for card in cards]) > 0

    def measured(self, cards: Iterable[Card]) -> list[EvaluatedImage]:
        """Return the pictures that all of the checkpoints have coloured."""
        return [] if self.queue is None else self.queue.measured([model_key(card) for card in cards])

    def begun(self, cards: Iterable[Card]) -> list[Card]:
        """Return the checkpoints that have coloured at least one picture."""
        return [card for card in cards if self.measured([card])]


def measuring() -> Measuring:
    """Return this visitor's measuring; it outlives page changes."""
    if "measuring" not in st.session_state:
        st.session_state["measuring"] = Measuring()
    kept: Measuring = st.session_state["measuring"]
    return kept


def time_left(seconds: float) -> str:
    """Say how much time is left, in words, as exactly as an estimate can be."""
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5))} s left"
    return f"about {round(seconds / 60)} min left"


def _load_all(kept: Measuring, cards: Sequence[Card]) -> dict[str, Colorizer]:
    models, kept.problems = {}, []
    for card in cards:
        try:
            models[model_key(card)] = load(card)
        except Exception as error:  # one checkpoint's failure, of whatever kind, must not touch the others
            kept.problems.append(sentence(error, card.title))
    return models


def _show_progress(slot: Slot, kept: Measuring, queue: EvaluationQueue, models: Iterable[str]) -> None:
    keys = list(models)
    left, done = queue.steps_left(keys), len(queue.measured(keys))
    text = f"{done} of {queue.pictures} pictures measured"
    if kept.steps > len(keys):  # one whole picture
        text += f", {time_left(kept.seconds / kept.steps * left)}"
    every = max(1, queue.pictures * (1 + len(keys)))
    slot.show(lambda at: at.progress(max(0.0, 1 - left / every), f"{text} ..."))


def work_off(kept: Measuring, cards: Sequence[Card], progress: Slot, showing_seconds: float) -> None:
    """Measure what is left, if that is wanted, and rerun the page then; now and again meanwhile as well.

    Args:
        kept: the visitor's pictures.
        cards: which checkpoints to measure.
        progress: the place for the progress bar.
        showing_seconds: how long the page took to show what there is.
    """
    if kept.queue is None or not kept.is_working:
        return
    models = _load_all(kept, cards)
    refresh = time.monotonic() + max(_REFRESH_SECONDS, _SHARE_OF_WORK * showing_seconds)
    while models and kept.queue.steps_left(models):
        _show_progress(progress, kept, kept.queue, models)
        with compute_lock():
            start = time.monotonic()
            kept.queue.advance(models)
            kept.seconds += time.monotonic() - start
        kept.steps += 1
        time.sleep(_PAUSE_SECONDS)
        if time.monotonic() > refresh:
            st.rerun()
    kept.stop()
    st.rerun()
