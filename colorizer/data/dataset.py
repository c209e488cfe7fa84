"""What is trained on: one interface for pictures that are held, read anew, read in subsets, or streamed from shards.

    for squares in training.epoch(EpochPart(seed=0, epoch=3, batches=25, batch_size=16)):
        ...                          # uint8 (16, 3, side, side)
    training.sample()[0, 0.5]        # by its number, wherever it lies

The order of everything follows from seeds alone: which pictures are for validation, which for training, what each epoch
shows in which order. So a resumed run, and a run on several processes, sees exactly what a whole one would have seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.data import Dataset

from colorizer.data.reading import Item, Request, cut_square, load, read_picture, worker_count
from colorizer.data.subsets import cut_into_subsets, load_subset
from colorizer.utils.seeding import seeded


@dataclass(frozen=True)
class EpochPart:
    """What one process still has to show of an epoch."""

    seed: int
    epoch: int
    batches: int
    """Of the whole epoch."""
    batch_size: int
    """Over all processes."""
    process: int = 0
    """Which of the processes it is; of each batch its share is every n-th picture, n being their number."""
    processes: int = 1
    done: int = 0
    """Batches that are passed over, because they have been shown."""

    @property
    def pictures(self) -> int:
        """How many the whole epoch shows, over all processes."""
        return self.batches * self.batch_size

    def own_batches(self, requests: Sequence[Request]) -> list[list[Request]]:
        """Return this process's share of each batch of the epoch, whose requests are given in order."""
        firsts = range(0, len(requests), self.batch_size)
        return [list(requests[first : first + self.batch_size][self.process :: self.processes]) for first in firsts]


class TrainingSet(Protocol):
    """A set of pictures to train on, of `len(training)` pictures."""

    def __len__(self) -> int: ...

    def epoch(self, part: EpochPart, pin_memory: bool = False) -> Iterator[Tensor]:
        """Load what is left of an epoch: uint8 (n, 3, side, side) for each of its batches, in their order.

        Every picture is shown once, in an order that is new in each epoch, before any is shown again.

        Raises:
            DataError: where a picture can no longer be read.
        """

    def sample(self) -> "Pictures":
        """Pictures that can be asked for by their number: all of them, or so many as can be held.

        Raises:
            DataError: where one of them can no longer be read.
        """


def shuffled(items: Sequence[Item], seed: int) -> list[Item]:
    """Return the pictures in the order in which those of validation, then those of training, are taken."""
    return [items[index] for index in torch.randperm(len(items), generator=seeded(seed, "split")).tolist()]


class Pictures(Dataset[Tensor]):
    """A training set in files: `pictures[index, position]` is a uint8 square (3, side, side).

    Args:
        paths: the files.
        side: of the squares.
        held: the decoded pictures; None where they do not fit, and `paths` are decoded anew.
        subsets: where they are not held, into how many parts each epoch is cut: a part's pictures are decoded
            together, shown and dropped. With one, each is decoded when it is shown.
    """

    def __init__(self, paths: Sequence[Path], side: int, held: list[Tensor] | None, subsets: int = 1) -> None:
        self.paths = [str(path) for path in paths]
        self.side = side
        self.held = held
        self.subsets = subsets

    def __len__(self) -> int:
        return len(self.paths if self.held is None else self.held)

    def __getitem__(self, request: Request) -> Tensor:
        index, position = request
        picture = self.held[index] if self.held is not None else read_picture(Path(self.paths[index]), self.side)
        return cut_square(picture, position)

    def epoch(self, part: EpochPart, pin_memory: bool = False) -> Iterator[Tensor]:
        """As `TrainingSet.epoch`."""
        batches = part.own_batches(epoch_requests(len(self), part.pictures, part.seed, part.epoch))
        if self.subsets > 1 and self.held is None:  # those of CIFAR-10 come all at once
            return self._in_turn(batches, part.done, pin_memory)
        return make_batches(self, batches[part.done :], pin_memory)

    def _in_turn(self, batches: list[list[Request]], done: int, pin_memory: bool) -> Iterator[Tensor]:
        """Hold one subset at a time."""
        for numbers in cut_into_subsets(len(batches), self.subsets):
            left = [batches[number] for number in numbers if number >= done]
            if left:
                held, own = load_subset(self.paths, self.side, left)
                yield from make_batches(Pictures([], self.side, held), own, pin_memory)

    def sample(self) -> "Pictures":
        """All of them, as `TrainingSet.sample`."""
        return self


def epoch_requests(pictures: int, shown: int, seed: int, epoch: int) -> list[Request]:
    """Return what one epoch shows, in order: every picture once, newly shuffled, repeated until `shown` are reached."""
    generator = seeded(seed, "order", epoch)
    rounds = [torch.randperm(pictures, generator=generator) for _ in range(-(-shown // pictures))]
    positions = torch.rand(shown, generator=generator).tolist()
    return list(zip(torch.cat(rounds)[:shown].tolist(), positions, strict=True))


def make_batches(pictures: Pictures, batches: list[list[Request]], pin_memory: bool) -> Iterator[Tensor]:
    """Load uint8 (batch, 3, side, side), one for each list of requests.

    Raises:
        DataError: where a picture that is decoded anew can no longer be read.
    """
    workers = 0 if pictures.held is not None else worker_count()
    yield from load(pictures, workers, pin_memory, batches)
