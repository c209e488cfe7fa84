"""Scores at equal colourfulness: PSNR rewards grey, so models are compared where they are equally colourful.

One saturation for the whole set is found by bisection, so that the mean colourfulness of the results (Hasler and
Suesstrunk 2003) is a given part of that of the true pictures.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from colorizer import color
from colorizer.evaluation import metrics
from colorizer.evaluation.protocol import centre_square, grey_scores
from colorizer.evaluation.scores import Scores, mean
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.full_resolution import LightnessPlane, apply_color, read_lightness
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import MAX_SATURATION, RenderOptions

_STEPS: Final = 9  # of the bisection: saturation to 0.006
_DEPTH: Final = 3  # of them by one way through the photos, at 7 saturations instead of 3
PROTOCOL = (
    f"{metrics.PROTOCOL}; one saturation for all pictures, such that their mean colourfulness is {{ratio:g}} of the "
    "true one; per picture, then averaged"
)


@dataclass(frozen=True)
class MatchedScores:
    """Means over pictures at one colourfulness."""

    saturation: float
    """That it took; `MAX_SATURATION` where even that was too little."""
    scores: Scores
    grey: Scores
    """Of no colour at all."""
    true_colorfulness: float
    worse_than_grey: float
    """Share of the pictures, 0..1, whose PSNR is below that of no colour."""


def scores_at(
    models: Sequence[Colorizer], photos: Iterable[Image.Image], ratios: Sequence[float]
) -> dict[tuple[str, float], MatchedScores]:
    """Measure models at parts of the true colourfulness.

    The photos are gone through four times, and one at a time is held: `_DEPTH` steps of the bisection at a time try
    every saturation that they may come to.

    Args:
        models: any checkpoints, with different ids.
        photos: RGB, with colours, at least one; opened anew each time they are gone through.
        ratios: of the mean colourfulness of the true pictures, above 0.

    Returns:
        The scores by the checkpoint's id and the ratio.
    """
    searches = {(model.card.id, ratio): _Search() for model in models for ratio in ratios}
    for _ in range(_STEPS // _DEPTH):
        true: list[float] = []
        found: defaultdict[tuple[str, float], list[list[float]]] = defaultdict(list)
        for square, answers in _answers(models, photos):
            true.append(_colorfulness(np.asarray(square)))
            for key, search in searches.items():
                found[key].append([_colorfulness(answers[key[0]](value)) for value in search.candidates()])
        for (name, ratio), search in searches.items():
            search.narrow(np.mean(found[name, ratio], 0).tolist(), ratio * float(np.mean(true)))
    return _measure(models, photos, {key: search.middle for key, search in searches.items()})


@dataclass
class _Search:
    """A bisection of the saturation that takes `_DEPTH` steps at a time."""

    low: float = 0.0
    high: float = MAX_SATURATION

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    def candidates(self) -> list[float]:
        """List, in order, every saturation that the next steps may ask for."""
        parts = 1 << _DEPTH
        return [self.low + (self.high - self.low) * part / parts for part in range(1, parts)]

    def narrow(self, colorfulness: Sequence[float], wanted: float) -> None:
        """Take the steps, by the mean colourfulness at each candidate."""
        known = dict(zip(self.candidates(), colorfulness, strict=True))
        for _ in range(_DEPTH):
            middle = self.middle
            self.low, self.high = (middle, self.high) if known[middle] < wanted else (self.low, middle)


def _answers(
    models: Sequence[Colorizer], photos: Iterable[Image.Image]
) -> Iterator[tuple[Image.Image, dict[str, Callable[[float], metrics.Bytes]]]]:
    """Give each photo's square, and by checkpoint id what colours it at a saturation."""
    for photo in photos:
        square = centre_square(photo)
        plane = read_lightness(square)
        yield square, {model.card.id: functools.partial(_colored, plane, model.predict(square)) for model in models}


def _colored(plane: LightnessPlane, prediction: Prediction, saturation: float) -> metrics.Bytes:
    return np.asarray(apply_color(plane, prediction.rendered(RenderOptions(saturation))))


def _colorfulness(pixels: metrics.Bytes) -> float:
    return metrics.colorfulness(color.srgb_planes(pixels)).item()


def _measure(
    models: Sequence[Colorizer], photos: Iterable[Image.Image], saturations: Mapping[tuple[str, float], float]
) -> dict[tuple[str, float], MatchedScores]:
    own: defaultdict[tuple[str, float], list[Scores]] = defaultdict(list)
    greys: list[Scores] = []
    true: list[float] = []
    for square, answers in _answers(models, photos):
        truth = np.asarray(square)
        greys.append(grey_scores(square))
        true.append(_colorfulness(truth))
        for key, saturation in saturations.items():
            own[key].append(metrics.measure(answers[key[0]](saturation), truth))
    grey, colorfulness = mean(greys), float(np.mean(true))
    return {
        key: MatchedScores(saturations[key], mean(rows), grey, colorfulness, _share_below(rows, greys))
        for key, rows in own.items()
    }


def _share_below(rows: Sequence[Scores], greys: Sequence[Scores]) -> float:
    """Return the share of pictures whose PSNR is below that of no colour."""
    return sum(row.psnr < grey.psnr for row, grey in zip(rows, greys, strict=True)) / len(rows)
