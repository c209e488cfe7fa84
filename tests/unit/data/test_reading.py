"""Pictures are decoded and cut as they should be, in other processes where there are many."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from colorizer.data.reading import cut_square, decode, read_picture, read_square, worker_count
from colorizer.errors import PalePictureError, PictureError
from tests.support.photos import crop_of_a_photo, make_pictures
from tests.support.processes import environment


@pytest.mark.parametrize(("size", "expected"), [((80, 60), (40, 53)), ((60, 80), (53, 40)), ((48, 48), (40, 40))])
def test_the_short_side_gets_the_wanted_length(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    Image.new("RGB", size, (200, 100, 50)).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png", 40)
    assert (picture.dtype, tuple(picture.shape)) == (torch.uint8, (3, *expected))
    assert picture[:, 5, 5].tolist() == [200, 100, 50]


def test_a_very_long_picture_is_cut_around_its_centre(tmp_path: Path) -> None:
    strip = np.zeros((40, 400, 3), np.uint8)
    strip[:, 180:220] = 255
    Image.fromarray(strip).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png", 40)
    assert tuple(picture.shape) == (3, 40, 80)
    assert picture[:, :, 25:55].min() > 240
    assert picture[:, :, [0, 79]].max() < 15


def test_small_grey_and_transparent_pictures_become_rgb_of_the_wanted_size(tmp_path: Path) -> None:
    for mode in ("L", "1", "RGBA", "I;16", "P"):
        Image.new(mode, (20, 16), 1).save(tmp_path / f"{mode[0]}.png")
        assert tuple(read_picture(tmp_path / f"{mode[0]}.png", 32).shape) == (3, 32, 40)


def test_squares_are_cut_of_small_and_transparent_pictures_and_of_none_without_colours(tmp_path: Path) -> None:
    red = Image.new("RGBA", (20, 16), (200, 30, 30, 128))
    for name, picture in (("RGBA", red), ("P", red.convert("RGB").quantize(4))):
        picture.save(tmp_path / f"{name}.png")
        assert tuple(read_square(tmp_path / f"{name}.png", 32).shape) == (3, 32, 32)
    for mode in ("L", "1", "I;16"):
        Image.new(mode, (20, 16), 1).save(tmp_path / f"{mode[0]}.png")
        with pytest.raises(PalePictureError, match="black-and-white photo"):
            read_square(tmp_path / f"{mode[0]}.png", 32)


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
    found = list(decode(paths, functools.partial(read_picture, side=20)))
    assert [item.path.name for item in found if item.picture is None] == ["000a.png", "000b.png", "000c.png"]
    assert all(item.problem for item in found if item.picture is None)
    assert [item.path.name for item in found if item.picture is not None] == ["000.png", "001.png"]


def _process_of(content: bytes) -> torch.Tensor:
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
from colorizer.data.reading import decode, read_picture
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


def test_the_number_of_workers_is_that_of_the_cores_this_process_may_use() -> None:
    if hasattr(os, "sched_setaffinity"):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(before)})
        try:
            assert worker_count() == 1
        finally:
            os.sched_setaffinity(0, before)
    assert 1 <= worker_count() <= 8


def test_a_file_above_the_size_limit_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(400_000_000_000)  # a hole: takes no space, and would not fit into memory
    (item,) = decode([tmp_path / "huge.png"], functools.partial(read_picture, side=20))
    assert "limit" in item.problem
    with pytest.raises(PictureError):
        read_picture(tmp_path / "huge.png", 20)


@pytest.mark.parametrize("suffix", [".heic", ".avif", ".webp", ".jpg"])
def test_compressed_pictures_are_decoded_in_worker_processes_after_this_one_decoded_some(
    tmp_path: Path, suffix: str
) -> None:
    if suffix == ".heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    first = tmp_path / f"first{suffix}"
    Image.fromarray(crop_of_a_photo(0)).save(first)
    read = functools.partial(read_picture, side=24)
    here = read(first)  # a library's own threads must not survive into the workers as locks nobody opens
    copies = [tmp_path / f"{number:02d}{suffix}" for number in range(66)]
    for copy in copies:
        copy.hardlink_to(first)
    there = list(decode(copies, read))
    assert all(item.picture is not None and torch.equal(item.picture, here) for item in there)
