"""Other versions of a photo that a network holds possible: plausible, visibly different, each coherent in itself.

    model = colorizer.load("photo")
    found = Alternatives(model, model.predict(image), image.size)
    while (version := found.next_version()) is not None:
        compose(image, version.prediction).save(...)

A photo's regions (see `regions`) are questions; a version answers one or two of them with another of their likely
colours, pins that colour to typical places as hints and every other region to the colour that it has, and lets the
network colour the photo anew. What comes next is found best first: the chance of a version is that of its first answer
times that of its second *given the first*, as the network puts it after it has seen the first as a hint. What only
tints most of the picture is left out.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer import color
from colorizer.analysis.segmentation import Region, cells_of, colors_of, find_regions, probabilities
from colorizer.inference.color_distribution import Distribution, LikelyColor
from colorizer.inference.colorizer import Colorizer
from colorizer.inference.hints import Hint
from colorizer.inference.prediction import Prediction

MIN_CHANCE = 0.05
"""Of a colour at a typical place of its region: what is less likely is not shown."""
MIN_DISTANCE = 15.0
"""Lab units in ab: nearer colours are not visibly different."""
_MIN_SHARE = 0.04  # of the photo: smaller regions are no question worth a version
_MIN_SEEN = 0.08  # of the photo: so much of a version differs by MIN_DISTANCE from each one shown before
_MIN_PLAUSIBILITY = 0.05  # of a version, against the likeliest answers to the same questions
_MAX_ONE_HUE = 0.5  # of the photo: what moves more of it towards one hue is a cast
MAX_MOVED = 0.75
"""Of the photo, towards whatever hues: more of it is false colour."""
_CAST_DISTANCE = 10.0  # Lab units: over most of a picture people see less than on one thing
_HUE_WIDTH, _HUE_STEP = 90, 10  # degrees: what counts as one hue, and how finely it is looked for
_MAX_QUESTIONS = 5
_MAX_CHANGES = 2  # in one version: a third hardly ever has a chance left
_REPEAT_PENALTY = 0.6  # what a change is worth that was shown before
_MAX_TRIES = 10  # runs of the network for one photo
_HINTS_PER_SHARE = 40  # a hint for each 1/40 of the photo
_MAX_HINTS = 8  # in a region


@dataclass(frozen=True)
class AmbiguousRegion:
    """A region with several likely colours."""

    region: Region
    own: tuple[float, float]
    """Mean ab of the network's own answer there, Lab units."""
    colors: tuple[LikelyColor, ...]
    """The likeliest first, none below `MIN_CHANCE` but the first; a chance is that at a typical place."""

    @property
    def others(self) -> list[LikelyColor]:
        """Those that are visibly different from the network's own answer."""
        return [item for item in self.colors if _distance(item, self.own) >= MIN_DISTANCE]

    @property
    def ambiguity(self) -> float:
        """How much of the photo it is, times how likely it has another colour."""
        return self.region.share * max((item.chance for item in self.others), default=0.0)


@dataclass(frozen=True)
class Change:
    """One answer in which a version differs from the first."""

    ambiguous_region: int
    """Its place among the questions."""
    color: LikelyColor


@dataclass(frozen=True)
class Version:
    """One way to colour the photo."""

    prediction: Prediction
    changes: tuple[Change, ...] = ()
    """Empty for the network's own answer."""
    hints: tuple[Hint, ...] = ()
    plausibility: float = 1.0
    """Chance of its colours over that of the likeliest ones for the same questions, 0..1."""
    changed_share: float = 0.0
    """Of the photo: where it differs by at least `MIN_DISTANCE` from the first version."""


@dataclass(frozen=True)
class _Plan:
    """A version before the network has seen it."""

    changes: tuple[Change, ...]
    plausibility: float


@dataclass
class Alternatives:
    """The versions of one photo, found one after the other; the same ones for the same photo.

    Raises:
        ValueError: for a checkpoint that has no bins or takes no hints.
    """

    model: Colorizer
    base: Prediction
    """What the model says of the photo without hints."""
    photo_size: tuple[int, int]
    """Width and height, in pixels."""
    versions: list[Version] = field(default_factory=list)
    ambiguous_regions: list[AmbiguousRegion] = field(default_factory=list)
    """The most open one first."""
    _regions: list[Region] = field(default_factory=list)
    _plans: list[_Plan] = field(default_factory=list)
    _tries: int = 0
    _shown: list[NDArray[np.float32]] = field(default_factory=list)  # ab of each version, as sRGB has it

    def __post_init__(self) -> None:
        card = self.model.card
        if not card.takes_hints or self.base.distribution is None:
            raise ValueError(f"{card.id} has no distribution over colours that hints could decide")

    @property
    def distribution(self) -> Distribution:
        """That of the network without any hint."""
        assert self.base.distribution is not None  # __post_init__ has asked for it
        return self.base.distribution

    @property
    def cell_lightness(self) -> NDArray[np.float32]:
        """(h, w): the mean L of each cell of the distribution."""
        cells: NDArray[np.float32] = cells_of(self.distribution, self.base.lightness[None])[0].numpy()
        return cells

    @property
    def is_exhausted(self) -> bool:
        """Tell whether nothing plausible is left to try."""
        return bool(self.versions) and not (self._plans and self._tries < _MAX_TRIES)

    def next_version(self) -> Version | None:
        """Return the next version, the first time the network's own answer; None where nothing plausible is left."""
        while not self.is_exhausted:
            if (version := self.try_next()) is not None:
                return version
        return None

    def try_next(self) -> Version | None:
        """Try what is most promising, which asks the network at most once: return a version if that comes of it.

        None for what looks like a version before, and for a cast: see `_is_cast`.
        """
        if not self.versions:
            self._ask()
            return self._keep(Version(dataclasses.replace(self.base, distribution=None)), _shown_ab(self.base))
        if self.is_exhausted:
            return None
        plan = max(self._plans, key=self._priority)
        self._plans.remove(plan)
        version = self._try(plan)
        shown = _shown_ab(version.prediction)
        return self._keep(version, shown) if self._is_new(shown) and not self._is_cast(version, shown) else None

    def _keep(self, version: Version, shown: NDArray[np.float32]) -> Version:
        share = float(_apart(shown, self._shown[0]).mean()) if self._shown else 0.0
        self.versions.append(dataclasses.replace(version, changed_share=share))
        self._shown.append(shown)
        return self.versions[-1]

    def _ask(self) -> None:
        """Find the questions, and plan a version for each other answer."""
        chances = probabilities(self.distribution)
        found = find_regions(self.distribution, self.base.lightness)
        self._regions = [item for item in found if item.share >= _MIN_SHARE]
        asked = [_question(item, self._mean_ab(item, self.base), chances) for item in self._regions]
        asked.sort(key=lambda item: -item.ambiguity)
        self.ambiguous_regions = [item for item in asked if item.others][:_MAX_QUESTIONS]
        self._plan(_Plan((), 1.0), self.ambiguous_regions)

    def _mean_ab(self, region: Region, prediction: Prediction) -> tuple[float, float]:
        a, b = cells_of(self.distribution, prediction.ab)[:, torch.from_numpy(region.mask)].mean(1).tolist()
        return a, b

    def _plan(self, before: _Plan, ambiguous_regions: list[AmbiguousRegion]) -> None:
        """Add one more change to a plan, in every way; `ambiguous_regions` have the chances that follow from it."""
        answered = {change.ambiguous_region for change in before.changes}
        for number, ambiguous_region in enumerate(ambiguous_regions):
            own = self.ambiguous_regions[number].own
            for item in [] if number in answered else ambiguous_region.others:
                if _distance(item, own) < MIN_DISTANCE:
                    continue  # it would only undo what has spread from another region
                plausibility = before.plausibility * item.chance / ambiguous_region.colors[0].chance
                plan = _Plan((*before.changes, Change(number, item)), plausibility)
                if plausibility >= _MIN_PLAUSIBILITY:
                    self._plans.append(plan)

    def _priority(self, plan: _Plan) -> float:
        """How likely it is, times how much of the photo it changes; less for changes that were shown before."""
        share = sum(self.ambiguous_regions[change.ambiguous_region].region.share for change in plan.changes)
        shown = sum(change in version.changes for version in self.versions for change in plan.changes)
        return plan.plausibility * share * _REPEAT_PENALTY**shown

    def _try(self, plan: _Plan) -> Version:
        """Colour the photo by a plan, and plan on from there."""
        self._tries += 1
        hints = [*(hint for change in plan.changes for hint in self._hints(change)), *self._anchors(plan.changes)]
        prediction = self.model.predict_from_lightness(self.base.lightness, self.photo_size, hints)
        if len(plan.changes) < _MAX_CHANGES and prediction.distribution is not None:
            chances = probabilities(prediction.distribution)
            given = [
                _question(item.region, self._mean_ab(item.region, prediction), chances)
                for item in self.ambiguous_regions
            ]
            self._plan(plan, given)
        lean = dataclasses.replace(prediction, distribution=None)  # some megabytes that nobody asks for again
        return Version(lean, plan.changes, tuple(hints), plan.plausibility)

    def _is_new(self, shown: NDArray[np.float32]) -> bool:
        """Whether a visible part of it differs from each version so far."""
        return all(_apart(shown, other).mean() >= _MIN_SEEN for other in self._shown)

    def _is_cast(self, version: Version, shown: NDArray[np.float32]) -> bool:
        """Whether a version differs all over the picture, not in things: most of the photo, or of what nobody asked
        about, moves towards one hue, or nearly all of it moves."""
        asked = np.zeros(shown.shape[1:], bool)
        for change in version.changes:
            asked |= self._at_full_size(self.ambiguous_regions[change.ambiguous_region].region.mask)
        moved = shown - self._shown[0]
        moves_all_over = bool((np.hypot(*moved) >= _CAST_DISTANCE).mean() > MAX_MOVED)
        return moves_all_over or max(one_hue_share(moved), one_hue_share(moved[:, ~asked])) > _MAX_ONE_HUE

    def _at_full_size(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Cells (h, w) -> pixels at the network's size."""
        height, width = self.base.lightness.shape
        step = self.distribution.reduction
        return mask.repeat(step, 0).repeat(step, 1)[:height, :width]

    def _hints(self, change: Change) -> list[Hint]:
        """Return the colour of a change pinned to typical places of its region."""
        region = self.ambiguous_regions[change.ambiguous_region].region
        return [self._hint(place, change.color) for place in typical_places(region, self.cell_lightness)]

    def _anchors(self, changes: Sequence[Change]) -> list[Hint]:
        """Pin each other region to the colour that it has, so that a change stays with its own thing."""
        asked = [self.ambiguous_regions[change.ambiguous_region].region for change in changes]
        others = [region for region in self._regions if not any(region is one for one in asked)]
        return [self._hint(typical_places(region, self.cell_lightness)[0]) for region in others]

    def _hint(self, cell: tuple[int, int], color: LikelyColor | None = None) -> Hint:
        """Return a colour, or that which the network gave it, at the middle of a cell (row, column)."""
        (height, width), step = self.base.lightness.shape, self.distribution.reduction
        y, x = (min(side - 1, place * step + step // 2) for place, side in zip(cell, (height, width), strict=True))
        a, b = self.base.ab[:, y, x].tolist()
        color = color or LikelyColor(a, b, 1.0)
        place = int((x + 0.5) * self.photo_size[0] / width), int((y + 0.5) * self.photo_size[1] / height)
        return Hint(*place, rgb_of(float(self.base.lightness[y, x]), color))


def _distance(item: LikelyColor, ab: tuple[float, float]) -> float:
    return float(np.hypot(item.a - ab[0], item.b - ab[1]))


def _shown_ab(prediction: Prediction) -> NDArray[np.float32]:
    """ab (2, h, w) as far as sRGB has it: what is very dark or bright has hardly any, whatever a network says."""
    lab = torch.cat([torch.from_numpy(prediction.lightness)[None], torch.from_numpy(prediction.ab)])
    ab: NDArray[np.float32] = color.fit_gamut(lab[None])[0, 1:].numpy()
    return ab


def _apart(ab: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(h, w): where two pictures of ab (2, h, w) are visibly different."""
    apart: NDArray[np.bool_] = np.hypot(*(ab - other)) >= MIN_DISTANCE
    return apart


def one_hue_share(moved: NDArray[np.float32]) -> float:
    """Return the share (0..1) of places that move visibly towards one hue: the most that any 90 degrees have.

    Args:
        moved: (2, ...), by how much a and b change, in Lab units.
    """
    a, b = moved.reshape(2, -1)
    if not a.size:
        return 0.0
    turns = np.degrees(np.arctan2(b, a)) % 360 // _HUE_STEP
    counts = np.bincount(turns[np.hypot(a, b) >= _CAST_DISTANCE].astype(int), minlength=360 // _HUE_STEP)
    within = sum(np.roll(counts, -step) for step in range(_HUE_WIDTH // _HUE_STEP))
    return float(np.max(within) / a.size)


def _question(region: Region, own: tuple[float, float], chances: Tensor) -> AmbiguousRegion:
    seen = shown_at(region.lightness, LikelyColor(*own, 1.0))
    likely = [shown_at(region.lightness, item) for item in colors_of(region, chances)]
    return AmbiguousRegion(
        region, (seen.a, seen.b), (likely[0], *(item for item in likely[1:] if item.chance >= MIN_CHANCE))
    )


def _lab(lightness: float, item: LikelyColor) -> Tensor:
    return torch.tensor([lightness, item.a, item.b]).view(1, 3, 1, 1)


def shown_at(lightness: float, item: LikelyColor) -> LikelyColor:
    """Return a colour as far as sRGB has it at an L: with less chroma where that is needed."""
    _, a, b = color.fit_gamut(_lab(lightness, item)).flatten().tolist()
    return LikelyColor(a, b, item.chance)


def rgb_of(lightness: float, item: LikelyColor) -> tuple[int, int, int]:
    """Return a colour at an L as sRGB, 0..255."""
    red, green, blue = (color.lab_to_display(_lab(lightness, item)) * 255).round().int().flatten().tolist()
    return red, green, blue


def typical_places(region: Region, lightness: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Cells (row, column) of a region, more of them in a large one, far from each other: off its edge, if it has room
    for that, and of middling L.

    Args:
        region: what to stand for.
        lightness: (h, w), L of the cells.
    """
    mask = region.mask
    inner = mask.copy()
    for axis in (0, 1):
        for shift in (1, -1):
            inner &= np.roll(mask, shift, axis)  # across the photo's edge it takes the other side's: no harm
    cells = np.argwhere(inner if inner.sum() >= mask.sum() / 4 else mask)
    unlike = np.abs(lightness[tuple(cells.T)] - np.median(lightness[mask]))
    first, cells = cells[unlike.argmin()], cells[unlike <= np.median(unlike)]
    chosen = [first]
    while len(chosen) < min(_MAX_HINTS, 1 + round(region.share * _HINTS_PER_SHARE), len(cells)):
        away = np.min([np.square(cells - one).sum(1) for one in chosen], axis=0)
        chosen.append(cells[away.argmax()])
    return [(int(row), int(column)) for row, column in chosen]
