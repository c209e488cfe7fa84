"""A training set in tar shards: streamed anew each epoch, shuffled in a buffer, decoded as it comes by.

What an epoch shows, and in which order, is drawn from seeds before anything is read: the shards are shuffled, and what
would come out of a buffer that is filled by their stream follows from the number of pictures alone. So each process and
each worker knows which pictures of the stream are its own, decodes those and holds them until their batch is due, and a
run resumed in the middle of an epoch passes over what it has shown.

webdataset reads the tar files (`tar_files`), but its pipeline does not serve here. It has no state from which an epoch
goes on in its middle, and its shuffles draw as samples arrive, so what a step shows would be known only by reading all
before it. It deals out whole shards to processes and workers, so batches would differ with the number of cores, and
processes would get unequal numbers of them. Its own opener also fetches links and runs commands after "pipe:", so files
are opened here in any case.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from colorizer.data.dataset import EpochPart, Pictures
from colorizer.data.reading import (
    MAX_ASPECT,
    Decoded,
    Item,
    Omissions,
    Reader,
    Request,
    cut_square,
    load,
    read_picture,
    try_to_read,
    workers_for,
)
from colorizer.data.tar_files import Member, label, stream
from colorizer.errors import DataError, PictureError
from colorizer.recipes.schema import DataSettings
from colorizer.utils.seeding import seeded
from colorizer.utils.shutdown import StopRequest

_MAX_SAMPLE = 2_000
_MIN_SAMPLE = 100


def buffered_order(count: int, buffer: int, generator: torch.Generator) -> list[int]:
    """Return the numbers below `count` in the order in which a shuffle buffer gives them back.

    It is filled first. Then each number that comes takes the place of one drawn at random, which leaves; at the end,
    what is left leaves in random order. So none leaves more than `buffer` places before its own.
    """
    held = list(range(min(buffer, count)))
    left: list[int] = []
    places = torch.randint(0, len(held), (count - len(held),), generator=generator).tolist()
    for number, place in enumerate(places, len(held)):
        left.append(held[place])
        held[place] = number
    return left + [held[place] for place in torch.randperm(len(held), generator=generator).tolist()]


@dataclass(frozen=True)
class Plan:
    """What one epoch shows."""

    requests: list[Request]
    """In the order shown. A set that is repeated counts on: picture i of `Shards.members` is number i + round x their
    count."""
    shard_orders: list[list[int]]
    """For each round, in which order the shards are read."""


class Shards:
    """A training set that is streamed; `len(shards)` pictures."""

    def __init__(self, paths: Sequence[Path], members: Sequence[Member], settings: DataSettings) -> None:
        """
        Args:
            paths: the shards.
            members: the training pictures, those of each shard in the order in which they lie in it.
            settings: at what size they are wanted, and how large the buffer is.
        """
        self.paths = list(paths)
        self.members = list(members)
        self.settings = settings

    def __len__(self) -> int:
        return len(self.members)

    def plan(self, shown: int, seed: int, epoch: int) -> Plan:
        """Return what one epoch shows: every picture once, and again, newly shuffled, until `shown` are reached."""
        generator = seeded(seed, "shards", epoch)
        by_shard: list[list[int]] = [[] for _ in self.paths]
        for index, member in enumerate(self.members):
            by_shard[member.shard].append(index)
        numbers: list[int] = []
        orders: list[list[int]] = []
        for first in range(0, shown, len(self)):
            orders.append(torch.randperm(len(self.paths), generator=generator).tolist())
            streamed = [first + index for shard in orders[-1] for index in by_shard[shard]]
            leaving = buffered_order(len(self), self.settings.shuffle_buffer, generator)
            numbers += [streamed[place] for place in leaving]
        positions = torch.rand(shown, generator=generator).tolist()
        return Plan(list(zip(numbers[:shown], positions, strict=True)), orders)

    def epoch(self, part: EpochPart, pin_memory: bool = False) -> Iterator[Tensor]:
        """As `TrainingSet.epoch`."""
        plan = self.plan(part.pictures, part.seed, part.epoch)
        return self.make_batches(plan, part.own_batches(plan.requests)[part.done :], pin_memory)

    def make_batches(self, plan: Plan, batches: list[list[Request]], pin_memory: bool) -> Iterator[Tensor]:
        """Load uint8 (batch, 3, side, side), one for each list of the plan's requests, in their order.

        Raises:
            DataError: where a picture can no longer be read.
        """
        workers = workers_for(sum(map(len, batches)))
        return load(_Batches(self, plan, batches), workers, pin_memory)

    def read(self, plan: Plan, batches: Sequence[Sequence[Request]]) -> Iterator[Tensor]:
        """Do the same in this process: decode what the batches ask for as it comes by, and nothing else."""
        squares = self._squares(plan, dict(itertools.chain.from_iterable(batches)))
        ready: dict[int, Tensor] = {}  # at most the buffer
        for batch in batches:
            for number, _ in batch:
                while number not in ready:
                    came, square = next(squares)
                    ready[came] = square
            yield torch.stack([ready.pop(number) for number, _ in batch])

    def _squares(self, plan: Plan, positions: dict[int, float]) -> Iterator[tuple[int, Tensor]]:
        """Yield the squares of some numbers of the plan, as they come by."""
        for round_number, order in enumerate(plan.shard_orders):
            first = round_number * len(self)
            wanted = {self.members[number - first]: number for number in positions if 0 <= number - first < len(self)}
            for member, content in stream(self.paths, order, wanted):
                number = wanted[member]
                try:
                    picture = read_picture(content, self.settings.side)
                except PictureError as error:
                    raise PictureError(f"{label(self.paths[member.shard], member.name)}: {error}") from error
                yield number, cut_square(picture, positions[number]).clone()  # not a view, which holds all of it

    def sample(self) -> Pictures:
        """Return some of the pictures, evenly spread over the shards and held; as `TrainingSet.sample`."""
        return self._sample

    @functools.cached_property
    def _sample(self) -> Pictures:
        settings = self.settings
        room = int(settings.cache_gigabytes * 1e9 / (settings.side**2 * MAX_ASPECT * 3))
        count = min(len(self), _MAX_SAMPLE, max(room, _MIN_SAMPLE))
        chosen = [self.members[place * len(self) // count] for place in range(count)]
        read = functools.partial(read_picture, side=settings.side)
        held: list[Tensor] = []
        for member, item in _decode(self.paths, chosen, read):
            if item.picture is None:
                problem = f"{label(self.paths[member.shard], member.name)}: {item.problem}"
                raise DataError(f"A picture that was readable when the run began is not any more: {problem}")
            held.append(item.picture.clone())  # what a worker sends is in shared memory, one open file each
        return Pictures([], settings.side, held)


def _own(items: Sequence[Item]) -> Sequence[Item]:
    """Return the share of a worker process; all of it where there are none. Taken in turn, their items are in order
    again."""
    worker = get_worker_info()
    return items[worker.id :: worker.num_workers] if worker else items


class _Batches(IterableDataset[Tensor]):
    def __init__(self, shards: Shards, plan: Plan, batches: list[list[Request]]) -> None:
        self.shards, self.plan, self.batches = shards, plan, batches

    def __iter__(self) -> Iterator[Tensor]:
        return self.shards.read(self.plan, _own(self.batches))


class _Members(IterableDataset[tuple[Member, Decoded]]):
    def __init__(self, paths: Sequence[Path], members: Sequence[Member], read: Reader) -> None:
        self.paths, self.members, self.read = paths, members, read

    def __iter__(self) -> Iterator[tuple[Member, Decoded]]:
        for member, content in stream(self.paths, range(len(self.paths)), _own(self.members)):
            path = self.paths[member.shard] / member.name
            yield member, try_to_read(path, content, self.read)


def _decode(paths: Sequence[Path], members: Sequence[Member], read: Reader) -> Iterator[tuple[Member, Decoded]]:
    """Read some members in worker processes, shard by shard.

    Raises:
        DataError: where a shard can no longer be read.
    """
    return load(_Members(paths, members, read), workers_for(len(members)))


def take_members(
    paths: Sequence[Path],
    members: Sequence[Member],
    count: int,
    read: Reader,
    hold: bool,
    report: Callable[[str], None],
    stop_request: StopRequest,
) -> tuple[dict[Member, Decoded], list[Member]]:
    """Return the first `count` readable members (0: all), in their order, and those that were not tried.

    Shards are read in their own order: what turns out unreadable is replaced by reading them again.

    Args:
        paths: the shards.
        members: in the order in which they are wanted.
        count: how many are wanted.
        read: decodes one.
        hold: whether the pictures are kept; else it is only learnt that they can be read.
        report: called with one sentence for each that is left out.
        stop_request: asked after each picture.

    Raises:
        KeyboardInterrupt: when the user wishes to stop.
        DataError: where a shard can no longer be read.
    """
    taken: dict[Member, Decoded] = {}
    omissions = Omissions(report)
    rest = list(members)
    while rest and not (count and len(taken) == count):
        missing = count - len(taken) if count else len(rest)
        tried, rest = rest[:missing], rest[missing:]
        decoded: dict[Member, Decoded] = {}
        for member, item in _decode(paths, tried, read):
            stop_request.raise_if_requested()
            if item.picture is None:
                omissions.add(label(paths[member.shard], member.name), item)
            else:
                decoded[member] = dataclasses.replace(item, picture=item.picture.clone() if hold else None)
        taken |= {member: decoded[member] for member in tried if member in decoded}
    omissions.finish()
    return taken, rest
