"""Pictures are found, ordered, decoded and cut in a way that follows from folders and seeds alone."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from colorizer.data import dataset
from colorizer.data.dataset import (
    Pictures,
    augment,
    cut_square,
    decode,
    epoch_requests,
    find_pictures,
    make_batches,
    shuffled,
    zoomed,
)
from colorizer.errors import DataError, PalePictureError, PictureError
from tests.support.photos import crop_of_a_photo, make_pictures
from tests.support.processes import environment


def make_others(folder: Path, count: int) -> Path:
    """As `make_pictures`: the same names, other pictures."""
    for path in sorted(make_pictures(folder, count, first=100).iterdir()):
        path.rename(path.with_stem(f"{int(path.stem) - 100:03d}"))
    return folder


def test_the_order_follows_from_the_paths_inside_the_folders(tmp_path: Path) -> None:
    make_pictures(tmp_path / "a" / "hills", 3)
    make_others(tmp_path / "a" / "streets", 3)
    shutil.copytree(tmp_path / "a", tmp_path / "z" / "elsewhere")
    for folders in (["hills", "streets"], ["streets", "hills"]):
        here = find_pictures([tmp_path / "a" / name for name in folders])
        there = find_pictures([tmp_path / "z" / "elsewhere" / name for name in folders])
        names = [f"{path.parent.name}/{path.name}" for path in here]
        assert names == [f"{path.parent.name}/{path.name}" for path in there]
        assert names == [f"{folder}/{number:03d}.png" for number in range(3) for folder in ("hills", "streets")]


def test_equal_names_are_ordered_by_folder_name_wherever_the_folders_lie(tmp_path: Path) -> None:
    make_pictures(tmp_path / "1" / "streets", 1)
    make_others(tmp_path / "2" / "hills", 1)
    found = find_pictures([tmp_path / "1" / "streets", tmp_path / "2" / "hills"])
    assert [path.parent.name for path in found] == ["hills", "streets"]


def test_hidden_files_other_files_and_folders_with_a_pictures_name_are_left_out(tmp_path: Path) -> None:
    make_pictures(tmp_path / "deep" / "er", 2)
    make_pictures(tmp_path / ".thumbnails", 2)
    (tmp_path / ".DS_Store.png").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "album.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "UPPER.JPEG").write_bytes(b"x")
    assert [path.name for path in find_pictures([tmp_path])] == ["UPPER.JPEG", "000.png", "001.png"]


def test_a_folder_below_a_hidden_one_is_no_hidden_folder(tmp_path: Path) -> None:
    assert len(find_pictures([make_pictures(tmp_path / ".cache" / "photos", 2)])) == 2


def test_a_picture_in_two_of_the_folders_is_there_once(tmp_path: Path) -> None:
    make_pictures(tmp_path / "all" / "cats", 3)
    (tmp_path / "link").symlink_to(tmp_path / "all" / "cats")
    folders = [tmp_path / "all", tmp_path / "all" / "cats", tmp_path / "link"]
    for order in (folders, folders[::-1]):
        found = find_pictures(order)
        assert len({path.resolve() for path in found}) == len(found) == 3


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: there is no such folder"):
        find_pictures([tmp_path / "nowhere"])
    with pytest.raises(DataError, match=r"empty: the folder holds no pictures \(\.apng, \.avif, .*\.png, "):
        (tmp_path / "empty").mkdir()
        find_pictures([make_pictures(tmp_path / "full", 1), tmp_path / "empty"])


def test_the_shuffle_follows_from_the_seed_and_loses_nothing() -> None:
    paths = [Path(f"{number}.png") for number in range(50)]
    assert shuffled(paths, 1) == shuffled(paths, 1) != shuffled(paths, 2)
    assert sorted(shuffled(paths, 1)) == sorted(paths)


@pytest.mark.parametrize(("size", "expected"), [((80, 60), (40, 53)), ((60, 80), (53, 40)), ((48, 48), (40, 40))])
def test_the_short_side_gets_the_wanted_length(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    Image.new("RGB", size, (200, 100, 50)).save(tmp_path / "a.png")
    picture = dataset.read_picture(tmp_path / "a.png", 40)
    assert (picture.dtype, tuple(picture.shape)) == (torch.uint8, (3, *expected))
    assert picture[:, 5, 5].tolist() == [200, 100, 50]


def test_a_very_long_picture_is_cut_around_its_centre(tmp_path: Path) -> None:
    strip = np.zeros((40, 400, 3), np.uint8)
    strip[:, 180:220] = 255
    Image.fromarray(strip).save(tmp_path / "a.png")
    picture = dataset.read_picture(tmp_path / "a.png", 40)
    assert tuple(picture.shape) == (3, 40, 80)
    assert picture[:, :, 25:55].min() > 240
    assert picture[:, :, [0, 79]].max() < 15


def test_small_grey_and_transparent_pictures_become_rgb_of_the_wanted_size(tmp_path: Path) -> None:
    for mode in ("L", "1", "RGBA", "I;16", "P"):
        Image.new(mode, (20, 16), 1).save(tmp_path / f"{mode[0]}.png")
        assert tuple(dataset.read_picture(tmp_path / f"{mode[0]}.png", 32).shape) == (3, 32, 40)


def test_squares_are_cut_of_small_and_transparent_pictures_and_of_none_without_colours(tmp_path: Path) -> None:
    red = Image.new("RGBA", (20, 16), (200, 30, 30, 128))
    for name, picture in (("RGBA", red), ("P", red.convert("RGB").quantize(4))):
        picture.save(tmp_path / f"{name}.png")
        assert tuple(dataset.read_square(tmp_path / f"{name}.png", 32).shape) == (3, 32, 32)
    for mode in ("L", "1", "I;16"):
        Image.new(mode, (20, 16), 1).save(tmp_path / f"{mode[0]}.png")
        with pytest.raises(PalePictureError, match="black-and-white photo"):
            dataset.read_square(tmp_path / f"{mode[0]}.png", 32)


@pytest.mark.parametrize("shape", [(3, 4, 9), (3, 9, 4), (3, 4, 4)])
def test_a_square_slides_from_one_end_to_the_other(shape: tuple[int, int, int]) -> None:
    picture = torch.arange(3 * shape[1] * shape[2]).view(shape)
    assert torch.equal(cut_square(picture, 0), picture[:, :4, :4])
    assert torch.equal(cut_square(picture, 1), picture[:, -4:, -4:])
    middle = ((shape[1] - 4) // 2, (shape[2] - 4) // 2)
    assert cut_square(picture, 0.5)[0, 0, 0] == picture[0, middle[0], middle[1]]


def test_decoding_names_what_cannot_be_read_and_goes_on(tmp_path: Path) -> None:
    make_pictures(tmp_path, 2)
    (tmp_path / "000a.png").write_bytes((tmp_path / "000.png").read_bytes()[:200])
    (tmp_path / "000b.png").write_bytes(b"GIF no")
    (tmp_path / "000c.png").symlink_to(tmp_path / "gone")
    paths = [tmp_path / f"{name}.png" for name in ("000", "000a", "000b", "000c", "001")]
    found = list(decode(paths, functools.partial(dataset.read_picture, side=20)))
    assert [item.path.name for item in found if item.picture is None] == ["000a.png", "000b.png", "000c.png"]
    assert all(item.problem for item in found if item.picture is None)
    assert [item.path.name for item in found if item.picture is not None] == ["000.png", "001.png"]


def _process_of(path: Path) -> torch.Tensor:
    return torch.tensor([os.getpid()])


def test_many_files_are_decoded_in_other_processes_in_order(tmp_path: Path) -> None:
    paths = make_many(tmp_path, 70)
    items = list(decode(paths, _process_of))
    assert [item.path for item in items] == paths
    assert {int(item.picture[0]) for item in items if item.picture is not None}.isdisjoint({os.getpid()})
    few = list(decode(paths[:3], _process_of))
    assert {int(item.picture[0]) for item in few if item.picture is not None} == {os.getpid()}


def make_many(folder: Path, count: int) -> list[Path]:
    first = make_pictures(folder, 1) / "000.png"
    copies = [folder / f"copy-{number:03d}.png" for number in range(count)]
    for copy in copies:
        copy.hardlink_to(first)
    return copies


_KEEP_ALL = """
import functools, json, os, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150))
from colorizer.data.dataset import decode, read_picture
paths = [Path(path) for path in json.loads(sys.stdin.read())]
kept = list(decode(paths, functools.partial(read_picture, side=24)))
print(len(kept), len(os.listdir("/proc/self/fd")))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files as Linux shows them")
def test_pictures_from_other_processes_keep_no_file_open(tmp_path: Path) -> None:
    paths = json.dumps([str(path) for path in make_many(tmp_path, 300)])
    command = [sys.executable, "-c", _KEEP_ALL]
    done = subprocess.run(command, input=paths, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    kept, opened = map(int, done.stdout.split())
    assert kept == 300
    assert opened < 50


def pictures(tmp_path: Path, hold: bool) -> Pictures:
    paths = find_pictures([make_pictures(tmp_path, 6)])
    return Pictures(paths, 40, [dataset.read_picture(path, 40) for path in paths] if hold else None)


def test_pictures_that_are_held_and_those_decoded_anew_give_the_same_batches(tmp_path: Path) -> None:
    batches = [epoch_requests(6, 8, seed=1, epoch=0)[first : first + 4] for first in (0, 4)]
    held = list(make_batches(pictures(tmp_path, True), batches, pin_memory=False))
    anew = list(make_batches(pictures(tmp_path, False), batches, pin_memory=False))
    assert [(batch.dtype, tuple(batch.shape)) for batch in held] == [(torch.uint8, (4, 3, 40, 40))] * 2
    assert all(torch.equal(one, other) for one, other in zip(held, anew, strict=True))


class _Decoders(Pictures):
    """Gives, instead of each square, which process cut it."""

    def __getitem__(self, request: dataset.Request) -> torch.Tensor:
        super().__getitem__(request)
        return torch.tensor(os.getpid())


def test_held_pictures_are_cut_here_and_others_decoded_in_worker_processes(tmp_path: Path) -> None:
    paths = find_pictures([make_pictures(tmp_path, 6)])
    held = [dataset.read_picture(path, 40) for path in paths]
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


def coded(count: int, side: int) -> torch.Tensor:
    """Squares whose every pixel says which picture, row and column it is: uint8 (count, 3, side, side)."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([torch.stack([torch.full_like(rows, n), rows, columns]) for n in range(count)]).byte()


@pytest.mark.parametrize("flip", [True, False])
def test_augmentation_gives_exact_windows_mirrored_or_not(flip: bool) -> None:
    squares = coded(64, 20)
    result = augment(squares, 12, flip, torch.Generator().manual_seed(0))
    assert tuple(result.shape) == (64, 3, 12, 12)
    mirrored = 0
    corners = set()
    for number, crop in enumerate(result.int()):
        columns = crop[2, 0]
        is_mirrored = bool(columns[0] > columns[-1])
        mirrored += is_mirrored
        top, left = int(crop[1, 0, 0]), int(columns.min())
        window = squares[number, :, top : top + 12, left : left + 12].int()
        assert torch.equal(crop, window.flip(2) if is_mirrored else window)
        corners.add((top, left))
    assert 16 < mirrored < 48 if flip else mirrored == 0
    assert {top for top, _ in corners} == {left for _, left in corners} == set(range(9))


def test_augmentation_without_room_leaves_the_squares_whole() -> None:
    assert torch.equal(augment(coded(3, 16), 16, False, torch.Generator()), coded(3, 16))


def test_the_number_of_workers_is_that_of_the_cores_this_process_may_use() -> None:
    if hasattr(os, "sched_setaffinity"):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(before)})
        try:
            assert dataset.worker_count() == 1
        finally:
            os.sched_setaffinity(0, before)
    assert 1 <= dataset.worker_count() <= 8


def test_a_file_above_the_size_limit_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(400_000_000_000)  # a hole: takes no space, and would not fit into memory
    (item,) = decode([tmp_path / "huge.png"], functools.partial(dataset.read_picture, side=20))
    assert "limit" in item.problem
    with pytest.raises(PictureError):
        dataset.read_picture(tmp_path / "huge.png", 20)


@pytest.mark.parametrize("suffix", [".heic", ".avif", ".webp", ".jpg"])
def test_compressed_pictures_are_decoded_in_worker_processes_after_this_one_decoded_some(
    tmp_path: Path, suffix: str
) -> None:
    if suffix == ".heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    first = tmp_path / f"first{suffix}"
    Image.fromarray(crop_of_a_photo(0)).save(first)
    read = functools.partial(dataset.read_picture, side=24)
    here = read(first)  # a library's own threads must not survive into the workers as locks nobody opens
    copies = [tmp_path / f"{number:02d}{suffix}" for number in range(66)]
    for copy in copies:
        copy.hardlink_to(first)
    there = list(decode(copies, read))
    assert all(item.picture is not None and torch.equal(item.picture, here) for item in there)


def test_a_set_that_is_held_needs_no_files() -> None:
    held = [torch.full((3, 8, 8 + 4 * number), number, dtype=torch.uint8) for number in range(3)]
    pictures = Pictures([], 8, held)
    assert len(pictures) == 3
    assert all(torch.equal(pictures[number, 1.0], torch.full((3, 8, 8), number)) for number in range(3))


def test_zooming_cuts_windows_of_many_sizes() -> None:
    """Of a picture whose levels tell where a pixel lies: cuts are straight, of the stated sizes, some mirrored."""
    side, crop = 80, 32
    levels = torch.arange(side, dtype=torch.float32) * 3
    picture = torch.stack([levels.expand(side, side), levels[:, None].expand(side, side), torch.zeros(side, side)])
    squares = picture.to(torch.uint8).expand(64, -1, -1, -1)
    result = zoomed(squares, crop, 1.6, True, torch.Generator().manual_seed(1)).float() / 3
    across, down = result[:, 0].mean(1), result[:, 1].mean(2)  # (64, crop): the place of each column and row
    width, height = (across[:, -1] - across[:, 0]).abs(), down[:, -1] - down[:, 0]
    assert torch.allclose(width, height, atol=2)
    sizes = width * crop / (crop - 1)
    assert 19 <= float(sizes.min()) < 26 and 60 < float(sizes.max()) <= 81
    mirrored = across[:, -1] < across[:, 0]
    assert 16 < int(mirrored.sum()) < 48
    assert float(down[:, 0].std()) > 5


def test_zooming_without_room_leaves_the_squares_whole() -> None:
    squares = coded(3, 16)
    assert torch.equal(zoomed(squares, 16, 1.0, False, torch.Generator().manual_seed(0)), squares)
