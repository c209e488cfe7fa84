"""What an epoch shows, and in which order, follows from folders and seeds alone."""

import os
from collections import Counter
from pathlib import Path

import pytest
import torch

from colorizer.data.dataset import EpochPart, Pictures, epoch_requests, make_batches, shuffled
from colorizer.data.picture_files import find_pictures
from colorizer.data.reading import Request, read_picture
from colorizer.errors import DataError
from tests.support.photos import make_pictures


def test_the_shuffle_follows_from_the_seed_and_loses_nothing() -> None:
    paths = [Path(f"{number}.png") for number in range(50)]
    assert shuffled(paths, 1) == shuffled(paths, 1) != shuffled(paths, 2)
    assert sorted(shuffled(paths, 1)) == sorted(paths)


def pictures(tmp_path: Path, hold: bool) -> Pictures:
    paths = find_pictures([make_pictures(tmp_path, 6)])
    return Pictures(paths, 40, [read_picture(path, 40) for path in paths] if hold else None)


def test_pictures_that_are_held_and_those_decoded_anew_give_the_same_batches(tmp_path: Path) -> None:
    batches = [epoch_requests(6, 8, seed=1, epoch=0)[first : first + 4] for first in (0, 4)]
    held = list(make_batches(pictures(tmp_path, True), batches, pin_memory=False))
    anew = list(make_batches(pictures(tmp_path, False), batches, pin_memory=False))
    assert [(batch.dtype, tuple(batch.shape)) for batch in held] == [(torch.uint8, (4, 3, 40, 40))] * 2
    assert all(torch.equal(one, other) for one, other in zip(held, anew, strict=True))


class _Decoders(Pictures):
    """Gives, instead of each square, which process cut it."""

    def __getitem__(self, request: Request) -> torch.Tensor:
        super().__getitem__(request)
        return torch.tensor(os.getpid())


def test_held_pictures_are_cut_here_and_others_decoded_in_worker_processes(tmp_path: Path) -> None:
    paths = find_pictures([make_pictures(tmp_path, 6)])
    held = [read_picture(path, 40) for path in paths]
    assert {picture.dtype for picture in held} == {torch.uint8}
    batches = [[(0, 0.5), (1, 0.5)], [(2, 0.5), (3, 0.5)]]
    here = torch.cat(list(make_batches(_Decoders(paths, 40, held), batches, pin_memory=False)))
    there = torch.cat(list(make_batches(_Decoders(paths, 40, None), batches, pin_memory=False)))
    assert set(here.tolist()) == {os.getpid()}
    assert os.getpid() not in there.tolist()


def test_a_picture_that_vanishes_while_training_is_named_in_one_sentence(tmp_path: Path) -> None:
    anew = pictures(tmp_path, False)
    (tmp_path / "003.png").unlink()
    with pytest.raises(DataError, match=r"not any more: .*003\.png") as refused:
        list(make_batches(anew, [[(3, 0.5)]], pin_memory=False))
    assert "\n" not in str(refused.value)


def test_an_epoch_shows_each_picture_once_before_any_twice() -> None:
    for shown in (5, 12, 30):
        counts = Counter(index for index, _ in epoch_requests(12, shown, seed=0, epoch=3))
        assert sum(counts.values()) == shown
        assert max(counts.values()) - min(counts.get(index, 0) for index in range(12)) <= 1
        first_round = [index for index, _ in epoch_requests(12, shown, seed=0, epoch=3)][:12]
        assert len(set(first_round)) == len(first_round)


def test_each_epoch_has_its_own_order_that_follows_from_the_seed() -> None:
    orders = [epoch_requests(12, 12, seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
    assert epoch_requests(12, 12, 1, 1) == orders[3]
    assert all(0 <= position < 1 for order in orders for _, position in order)


def test_a_set_that_is_held_needs_no_files() -> None:
    held = [torch.full((3, 8, 8 + 4 * number), number, dtype=torch.uint8) for number in range(3)]
    pictures = Pictures([], 8, held)
    assert len(pictures) == 3
    assert all(torch.equal(pictures[number, 1.0], torch.full((3, 8, 8), number)) for number in range(3))


@pytest.mark.parametrize("subsets", [1, 2])
def test_an_epoch_is_the_same_for_pictures_that_are_held_read_anew_or_in_subsets(tmp_path: Path, subsets: int) -> None:
    held = pictures(tmp_path, True)
    anew = Pictures([Path(path) for path in held.paths], 40, None, subsets)
    whole = list(held.epoch(EpochPart(seed=1, epoch=2, batches=5, batch_size=3)))
    assert [tuple(batch.shape) for batch in whole] == [(3, 3, 40, 40)] * 5
    for done in (0, 2):
        part = EpochPart(1, 2, 5, 3, done=done)
        assert all(torch.equal(*pair) for pair in zip(whole[done:], anew.epoch(part), strict=True))
    shares = [held.epoch(EpochPart(1, 2, 5, 3, process, 2)) for process in (0, 1)]
    for batch, *parts in zip(whole, *shares, strict=True):
        assert torch.equal(batch[0::2], parts[0]) and torch.equal(batch[1::2], parts[1])
