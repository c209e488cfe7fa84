"""What the samples came to, shipped with the weights, so that the page has results before anybody measures.

    python -m pages.features.ranking.shipped_samples [ID ...]    # measures anew with the checkpoints named, or with all

Beside the weights of a checkpoint lies `samples.zip`: for each sample its scores, its hues and the coloured square. It
counts for the very weights and samples that it was made with, and for no others.
"""

import dataclasses
import functools
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import colorizer
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import checkpoint_folder, list_checkpoints
from colorizer.evaluation.ranking import EvaluatedImage, Outcome, measure_all, prepare
from colorizer.evaluation.scores import Scores
from colorizer.images.archives import Entry
from pages.common.model_cache import shared_results, weights_hash
from pages.common.sample_photos import SAMPLES, read_sample

COMMAND = "python -m pages.features.ranking.shipped_samples"
FILE = "samples.zip"
_SCORES, _HUES = "scores.json", "hues.npy"
_DATE = (1980, 1, 1, 0, 0, 0)  # a ZIP's first: the same results make the same file


def sample_entries() -> list[Entry]:
    """Return the samples that have colours."""
    coloured = [name for name in SAMPLES if not name.endswith("(grey)")]
    return [Entry(name, functools.partial(read_sample, name)) for name in coloured]


@dataclasses.dataclass(frozen=True)
class MeasuredSample:
    """What a checkpoint made of a sample, and what no colour at all comes to."""

    outcome: Outcome
    grey: Scores


def opened(samples: Mapping[str, MeasuredSample]) -> list[EvaluatedImage]:
    """Return the samples as the protocol sees them, opened once for all visitors, without any outcome."""
    found = [
        shared_results().make(
            "evaluated sample", (), (entry.name,), functools.partial(prepare, entry, samples[entry.name].grey)
        )
        for entry in sample_entries()
        if entry.name in samples
    ]
    return [dataclasses.replace(one, outcomes={}) for one in found]


def shipped_samples(card: Card) -> Mapping[str, MeasuredSample]:
    """Return what a checkpoint made of the samples, by their names; nothing where that was not measured before."""
    own = weights_hash(card)
    return _read(checkpoint_folder(card.id) / FILE, own) if own else {}


@functools.lru_cache(maxsize=64)
def _read(path: Path, weights: str) -> Mapping[str, MeasuredSample]:
    """Read the file; one that is missing or damaged has nothing, so that its samples are measured anew."""
    try:
        with zipfile.ZipFile(path) as archive:
            told: dict[str, Any] = json.loads(archive.read(_SCORES))
            if told["weights"] != weights:
                return {}
            hues = np.load(io.BytesIO(archive.read(_HUES)), allow_pickle=False)
            return {
                row["name"]: MeasuredSample(
                    Outcome(Scores(**row["scores"]), archive.read(row["picture"]), hues[number]), Scores(**row["grey"])
                )
                for number, row in enumerate(told["samples"])
                if row["sha256"] == _sample_hash(row["name"])
            }
    except (OSError, zipfile.BadZipFile, KeyError, IndexError, TypeError, ValueError):
        return {}


@functools.cache
def _sample_hash(name: str) -> str:
    return hashlib.sha256(read_sample(name)).hexdigest() if name in SAMPLES else ""


def measure_samples(card: Card) -> dict[str, MeasuredSample]:
    """Measure what a checkpoint makes of the samples."""
    done = measure_all(sample_entries(), {card.id: colorizer.load(card.id, device="cpu")})
    return {one.name: MeasuredSample(one.outcomes[card.id], one.grey) for one in done.measured([card.id])}


def write_samples(path: Path, card: Card, samples: Mapping[str, MeasuredSample]) -> None:
    """Write `samples.zip`."""
    rows = [
        {
            "name": name,
            "sha256": _sample_hash(name),
            "picture": f"{name}.jpg",
            "scores": sample.outcome.scores.taken(),
            "grey": sample.grey.taken(),
        }
        for name, sample in samples.items()
    ]
    hues = io.BytesIO()
    np.save(hues, np.stack([sample.outcome.hues for sample in samples.values()]), allow_pickle=False)
    told = json.dumps({"weights": weights_hash(card), "samples": rows}, indent=2)
    members = {_SCORES: told.encode(), _HUES: hues.getvalue()}
    members |= {f"{name}.jpg": sample.outcome.picture for name, sample in samples.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)


def main(names: Sequence[str]) -> None:
    """Measure the samples with the checkpoints named, or with all."""
    cards = {card.id: card for card in list_checkpoints() if card.published is None}
    if unknown := set(names) - cards.keys():
        sys.exit(f"There is no checkpoint {', '.join(sorted(unknown))}; there are: {', '.join(cards)}.")
    for name in names or cards:
        write_samples(checkpoint_folder(name) / FILE, cards[name], measure_samples(cards[name]))
        print(f"{name}: the samples are measured.")


if __name__ == "__main__":
    main(sys.argv[1:])
