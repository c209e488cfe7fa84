"""A training set larger than the memory: each epoch is divided into subsets that are loaded, shown and dropped in turn.

The epoch's order is drawn over all pictures first and then cut, at the bounds of batches. So every picture is shown as
often as if all were held, in the same batches; the subsets are others in each epoch; a run resumed in the middle of one
loads what is left of it.
"""

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from colorizer.data.reading import Request, decode, read_picture
from colorizer.errors import DataError


def cut_into_subsets(batches: int, subsets: int) -> list[range]:
    """Return the numbers of an epoch's batches, cut into `subsets` parts of nearly equal length, none of them empty."""
    bounds = [round(batches * part / subsets) for part in range(subsets + 1)]
    return [range(first, last) for first, last in itertools.pairwise(bounds) if last > first]


def load_subset(
    paths: Sequence[str], side: int, batches: Sequence[Sequence[Request]]
) -> tuple[list[Tensor], list[list[Request]]]:
    """Decode the pictures that some batches ask for, each once.

    Returns:
        Those pictures, uint8 (3, h, w) with short side `side`, and the batches with their numbers among them.

    Raises:
        DataError: where one of them can no longer be read.
    """
    wanted = sorted({index for batch in batches for index, _ in batch})
    held: list[Tensor] = []
    for item in decode([Path(paths[index]) for index in wanted], functools.partial(read_picture, side=side)):
        if item.picture is None:
            problem = f"{item.path}: {item.problem}"
            raise DataError(f"A picture that was readable when the run began is not any more: {problem}")
        held.append(item.picture)
    place = {index: number for number, index in enumerate(wanted)}
    return held, [[(place[index], at) for index, at in batch] for batch in batches]
