"""Which pictures a checkpoint colours best and worst: pictures measured one after another, then put in order.

    queue = EvaluationQueue(picture_set.entries)
    while queue.steps_left(models):
        queue.advance(models)                    # one small step: open a picture, or colour it by one model
    done = queue.measured(models)
    ranked = pick(order([evaluated.outcomes["scenes-500-huber"].scores for evaluated in done], RANKINGS[0]))

A picture is opened once and then kept as the protocol's square alone, without loss, so that more models can be measured
on it later with the very scores that `evaluate` gives. What is kept of a picture is about 90 kB, and 25 kB more for
each model; the picture itself, whatever its size, is forgotten before the next one is opened.
"""

import io
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from PIL import Image

from colorizer import images
from colorizer.errors import ColorizerError, PictureError
from colorizer.evaluation import metrics, protocol
from colorizer.evaluation.hue_confusion import JointHues, joint_hues
from colorizer.evaluation.scores import GREY, TRUTH, Scores
from colorizer.images.archives import Entry
from colorizer.inference.full_resolution import compose

_JPEG_QUALITY: Final = 80  # of a small picture to look at: about 17 kB


@dataclass(frozen=True)
class Ranking:
    """A measure by which pictures are put in order."""

    title: str
    score: Literal["psnr", "ciede2000", "ab_rmse"]
    """Its name in `Scores`."""
    unit: str
    higher_is_better: bool = False

    def of(self, scores: Scores) -> float:
        """Return the measure in some scores."""
        value: float = getattr(scores, self.score)
        return value


RANKINGS: Final = (
    Ranking("CIEDE2000", "ciede2000", ""),
    Ranking("PSNR", "psnr", "dB", higher_is_better=True),
    Ranking("ab RMSE", "ab_rmse", "Lab units"),
)


@dataclass(frozen=True)
class RankedExamples:
    """Places in a list of pictures, each place once."""

    best: list[int]
    """The best first."""
    middling: list[int]
    """Around the median, the better ones first."""
    worst: list[int]
    """The worst first."""


def order(rows: Sequence[Scores], ranking: Ranking) -> list[int]:
    """Return the places of the rows, the best first; equal ones stay as they are."""
    sign = -1 if ranking.higher_is_better else 1
    return sorted(range(len(rows)), key=lambda place: sign * ranking.of(rows[place]))


def pick(ordered: Sequence[int], count: int = 4) -> RankedExamples:
    """Return the best, the middling and the worst: `count` of each, or fewer, so that none is shown twice."""
    count = max(1, min(count, len(ordered) // 3))
    best, rest = list(ordered[:count]), list(ordered[count:])
    worst = rest[-count:]
    between = rest[: len(rest) - len(worst)]
    first = max(0, (len(between) - count) // 2)
    return RankedExamples(best, between[first : first + count], worst[::-1])


@dataclass(frozen=True)
class Outcome:
    """What one model made of one picture."""

    scores: Scores
    picture: bytes
    """The coloured square as a JPEG, to look at."""
    hues: JointHues


@dataclass(eq=False)
class EvaluatedImage:
    """A picture with colours, as the protocol sees it."""

    name: str
    square: bytes
    """256 x 256 pixels, as WebP without loss."""
    grey: Scores
    truth: Scores
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """By model."""

    def image(self) -> Image.Image:
        """Return the square."""
        with Image.open(io.BytesIO(self.square)) as kept:
            return kept.convert("RGB")

    def measured(self, names: Mapping[str, str]) -> dict[str, Scores]:
        """All scores in the order of a table: grey, the models under the names given, truth."""
        models = {name: self.outcomes[model].scores for model, name in names.items()}
        return {GREY: self.grey, **models, TRUTH: self.truth}


def _encode(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def prepare(entry: Entry, grey: Scores | None = None) -> EvaluatedImage:
    """Open a picture and keep what the protocol needs of it.

    Args:
        entry: the picture.
        grey: the scores of no colour at all, where they are known.

    Raises:
        PictureError: it cannot be read, or has no colours to hold a result against.
    """
    photo = images.open_image(entry.read(), name=entry.name)
    if photo.why_no_truth:
        raise PictureError(f"{photo.why_no_truth} It was left out.")
    square = protocol.centre_square(photo.image)
    kept = _encode(square, "WEBP", lossless=True, quality=20, method=0)
    return EvaluatedImage(entry.name, kept, grey or protocol.grey_scores(square), protocol.true_scores(square))


def evaluate_image(model: protocol.Predictor, evaluated: EvaluatedImage) -> Outcome:
    """Colour a picture by the protocol, and measure how close that comes."""
    square = evaluated.image()
    result = compose(square, model.predict(square))
    pixels, truth = np.asarray(result), np.asarray(square)
    picture = _encode(result, "JPEG", quality=_JPEG_QUALITY)
    return Outcome(metrics.measure(pixels, truth), picture, joint_hues(pixels, truth))


def total_hues(evaluated_images: Sequence[EvaluatedImage], model: str) -> JointHues:
    """Count true hue against predicted hue over all pictures, of one model that has coloured them; there has to be
    one."""
    total: JointHues = np.sum([evaluated.outcomes[model].hues for evaluated in evaluated_images], axis=0)
    return total


def _explain(error: Exception, name: str) -> str:
    if not isinstance(error, ColorizerError):
        raise error
    return f"{name}: {error}"


class EvaluationQueue:
    """Pictures that are being measured: those that wait, those that are open, and sentences on those that fell out.

    Args:
        entries: the pictures.
        explain: turns an exception and the name of a picture into a sentence; by default one that is not ours is
            raised again.
        opened: pictures that come before them, and are open already.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        explain: Callable[[Exception, str], str] = _explain,
        opened: Iterable[EvaluatedImage] = (),
    ) -> None:
        self._waiting = deque(entries)
        self._open = list(opened)
        self._explain = explain
        self.problems: list[str] = []

    @property
    def pictures(self) -> int:
        """How many are measured or still to be."""
        return len(self._waiting) + len(self._open)

    def measured(self, models: Collection[str]) -> list[EvaluatedImage]:
        """Return the pictures that every one of the models has coloured, in the order in which they came."""
        return [evaluated for evaluated in self._open if evaluated.outcomes.keys() >= set(models)]

    def steps_left(self, models: Collection[str]) -> int:
        """How often `advance` has to be called, if nothing goes wrong."""
        missing = sum(len(set(models) - evaluated.outcomes.keys()) for evaluated in self._open)
        return len(self._waiting) * (1 + len(models)) + missing

    def add(self, model: str, outcomes: Mapping[str, Outcome]) -> None:
        """Take what a model made of the open pictures, by their names, as measured before."""
        for evaluated in self._open:
            if evaluated.name in outcomes:
                evaluated.outcomes.setdefault(model, outcomes[evaluated.name])

    def advance(self, models: Mapping[str, protocol.Predictor]) -> None:
        """Take one small step: colour a picture by a model that has not, or else open the next picture.

        A picture with which anything goes wrong falls out, so the work always comes to its end.
        """
        for evaluated in self._open:
            for name, model in models.items():
                if name not in evaluated.outcomes:
                    self._evaluate(evaluated, name, model)
                    return
        if self._waiting:
            self._prepare(self._waiting.popleft())

    def _prepare(self, entry: Entry) -> None:
        try:
            self._open.append(prepare(entry))
        except Exception as error:  # one picture's failure, of whatever kind, must not touch the others
            self.problems.append(self._explain(error, entry.name))

    def _evaluate(self, evaluated: EvaluatedImage, name: str, model: protocol.Predictor) -> None:
        try:
            evaluated.outcomes[name] = evaluate_image(model, evaluated)
        except Exception as error:
            self._open.remove(evaluated)
            self.problems.append(self._explain(error, evaluated.name))


def measure_all(entries: Iterable[Entry], models: Mapping[str, protocol.Predictor]) -> EvaluationQueue:
    """Measure all to the end, for scripts."""
    queue = EvaluationQueue(entries)
    while queue.steps_left(models):
        queue.advance(models)
    return queue
