"""A training set larger than the memory: each epoch is divided into subsets that are loaded, shown and dropped in turn.

The epoch's order is drawn over all pictures first and then cut, at the bounds of batches. So every picture is shown as
often as if all were held, in the same batches; the subsets are others in each epoch; a run resumed in the middle of one
loads what is left of it.
"""

import functools
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from colorizer.data.dataset import Pictures, Request, decode, make_batches, read_picture
from colorizer.errors import DataError


def cut_into_subsets(batches: int, subsets: int) -> list[range]:
    """The numbers of an epoch's batches, cut into `subsets` parts of nearly equal length, none of them empty."""
    bounds = [round(batches * part / subsets) for part in range(subsets + 1)]
    return [range(first, last) for first, last in itertools.pairwise(bounds) if last > first]


def load_subset(pictures: Pictures, batches: Sequence[Sequence[Request]]) -> tuple[Pictures, list[list[Request]]]:
    """Decode the pictures that some batches ask for, each once.

    Returns:
        Those pictures, held in memory, and the batches with their numbers in them.

    Raises:
        DataError: where one of them can no longer be read.
    """
    wanted = sorted({index for batch in batches for index, _ in batch})
    paths = [Path(pictures.paths[index]) for index in wanted]
    read = functools.partial(read_picture, side=pictures.side)
    held: list[Tensor] = []
    for item in decode(paths, read):
        if item.picture is None:
            problem = f"{item.path}: {item.problem}"
            raise DataError(f"A picture that was readable when the run began is not any more: {problem}")
        held.append(item.picture)
    place = {index: number for number, index in enumerate(wanted)}
    return Pictures([], pictures.side, held), [[(place[index], at) for index, at in batch] for batch in batches]


def make_batches_in_turn(
    pictures: Pictures, batches: list[list[Request]], done: int, subsets: int, pin_memory: bool
) -> Iterator[Tensor]:
    """Like `data.make_batches`, holding one subset at a time.

    Args:
        pictures: not held.
        batches: all of the epoch's, of this process.
        done: how many of them are passed over, because a resumed run has seen them.
        subsets: into how many parts the epoch is cut.
        pin_memory: as for `data.make_batches`.
    """
    for part in cut_into_subsets(len(batches), subsets):
        left = [batches[number] for number in part if number >= done]
        if left:
            yield from make_batches(*load_subset(pictures, left), pin_memory)
