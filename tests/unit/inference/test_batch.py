"""Folders are coloured as single photos are, several at a time; they can be broken off anywhere, and go on."""

import contextlib
import csv
import errno
import gc
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from skimage import data

from colorizer import images, models
from colorizer.checkpoints.store import MODEL_FILE, WEIGHTS, to_float16, write_card, write_tensors
from colorizer.cli import main
from colorizer.inference import batch
from colorizer.inference.batch import Settings, colorize_files, groups_of
from colorizer.inference.colorizer import Colorizer, load, network_size
from colorizer.inference.full_resolution import LightnessPlane, read_lightness
from colorizer.inference.hints import Hint
from colorizer.inference.output_paths import Task, plan
from colorizer.inference.render_options import RenderOptions
from colorizer.utils import process_pool
from tests.support.photos import crop_of_a_photo, make_pictures
from tests.support.processes import PATIENCE_SECONDS
from tests.support.toy_photo import toy_card

ROOT = WEIGHTS.parent
HELD_BESIDE_A_GROUP = 2  # pictures of which a thread may still hold something: the last of the group before


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with one checkpoint, "toy": the network of `photo` with random weights, for small pictures."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("weights")
    (folder / "toy").mkdir()
    state = to_float16(models.Lite0Bins().state_dict())
    write_card(folder / "toy", toy_card("toy", sha256={MODEL_FILE: write_tensors(folder / "toy" / MODEL_FILE, state)}))
    return folder


@pytest.fixture(scope="module")
def model(weights: Path) -> Colorizer:
    return load("toy", device="cpu", weights=weights)


@pytest.fixture
def colorize(weights: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Call the command with that checkpoint: exit status, and what it says."""

    def call(*arguments: object) -> tuple[int, str]:
        status = main(["--weights", str(weights), "colorize", "--checkpoint", "toy", *map(str, arguments)])
        output = capsys.readouterr()
        assert output.out == ""
        return status, output.err

    return call


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Make a JPEG, a WebP and a BMP in a tree, landscape and portrait."""
    folder = tmp_path / "photos"
    (folder / "one" / "two").mkdir(parents=True)
    Image.fromarray(data.coffee()).resize((90, 60)).save(folder / "coffee.jpg")
    Image.fromarray(data.chelsea()).resize((90, 60)).save(folder / "one" / "cat.WEBP")
    Image.fromarray(data.rocket()).resize((60, 90)).save(folder / "one" / "two" / "rocket.bmp")
    return folder


@pytest.fixture(params=["threads", "processes"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way in which pictures are worked on at the same time."""
    monkeypatch.setattr(process_pool, "can_start", lambda: request.param == "processes")
    monkeypatch.setattr(batch, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(batch, "WORTH_A_START", 1)
    return str(request.param)


@pytest.fixture
def in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the test looks on from within this process."""
    monkeypatch.setattr(process_pool, "can_start", lambda: False)


def files_in(folder: Path) -> list[str]:
    """All files below a folder, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def assert_whole(paths: Sequence[Path]) -> None:
    for path in paths:
        images.open_image(path)


def distance(first: Image.Image, second: Image.Image) -> int:
    """Measure the largest difference of two pictures, in levels of 255."""
    return int(np.abs(np.asarray(first).astype(int) - np.asarray(second).astype(int)).max())


# Where results go


def test_the_tree_is_kept_and_so_is_what_each_file_is(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path
) -> None:
    status, said = colorize(photos, "-o", tmp_path / "out")
    assert status == 0 and "3 coloured." in said
    assert files_in(tmp_path / "out") == ["coffee.jpg", "one/cat.WEBP", "one/two/rocket.png"]
    kinds = {path: Image.open(tmp_path / "out" / path).format for path in files_in(tmp_path / "out")}
    assert list(kinds.values()) == ["JPEG", "WEBP", "PNG"]
    assert Image.open(tmp_path / "out" / "one" / "two" / "rocket.png").size == (60, 90)


@pytest.mark.parametrize(
    ("format", "names"),
    [
        ("png", ["coffee.png", "one/cat.png", "one/two/rocket.png"]),
        ("jpeg", ["coffee.jpg", "one/cat.jpg", "one/two/rocket.jpg"]),
        ("webp", ["coffee.webp", "one/cat.WEBP", "one/two/rocket.webp"]),
    ],
)
def test_all_results_may_have_one_format(photos: Path, tmp_path: Path, format: str, names: list[str]) -> None:
    tasks = plan([str(photos)], tmp_path / "out", format)  # type: ignore[arg-type]
    assert [task.result.relative_to(tmp_path / "out").as_posix() for task in tasks] == names


def test_a_lower_quality_gives_smaller_files(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path
) -> None:
    for quality in (20, 92):
        assert colorize(photos, "-o", tmp_path / str(quality), "--format", "jpeg", "--quality", quality)[0] == 0
    for name in files_in(tmp_path / "92"):
        assert (tmp_path / "20" / name).stat().st_size < 0.8 * (tmp_path / "92" / name).stat().st_size


def test_results_inside_of_the_folder_are_no_sources(colorize: Callable[..., tuple[int, str]], photos: Path) -> None:
    for expected in ("3 coloured.", "0 coloured, 3 skipped."):
        status, said = colorize(photos, "-o", photos / "one" / "out")
        assert status == 0 and expected in said
    assert files_in(photos / "one" / "out") == ["coffee.jpg", "one/cat.WEBP", "one/two/rocket.png"]


@pytest.mark.parametrize("options", [[], ["--overwrite"], ["--format", "png"]])
def test_the_folder_itself_is_no_place_for_results(
    colorize: Callable[..., tuple[int, str]], photos: Path, options: list[str]
) -> None:
    before = {name: (photos / name).read_bytes() for name in files_in(photos)}
    status, said = colorize(photos, "-o", photos / "one" / "..", *options)
    assert status == 1 and "would lie among the photos" in said and said.count("\n") == 1
    assert {name: (photos / name).read_bytes() for name in files_in(photos)} == before


@pytest.mark.parametrize("way", ["folder", "file", "link"])
def test_an_original_is_never_replaced(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path, way: str
) -> None:
    (tmp_path / "other").symlink_to(photos)
    photo = photos / "coffee.jpg"
    before, out = photo.read_bytes(), {"folder": photos, "file": photo, "link": tmp_path / "other"}[way]
    status, said = colorize(photo, "-o", out, "--overwrite")
    assert status == 1 and "would replace an original" in said and said.count("\n") == 1
    assert photo.read_bytes() == before


# What is done already


def test_what_is_done_is_skipped_unless_it_is_to_be_made_anew(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "coffee.jpg").write_bytes(b"mine")
    status, said = colorize(photos, "-o", tmp_path / "out")
    assert status == 0 and "2 coloured, 1 skipped." in said and "--overwrite" in said
    assert (tmp_path / "out" / "coffee.jpg").read_bytes() == b"mine"
    status, said = colorize(photos, "-o", tmp_path / "out", "--overwrite")
    assert status == 0 and "3 coloured." in said
    assert_whole([tmp_path / "out" / "coffee.jpg"])


def test_a_result_that_is_named_itself_is_made_anew(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "result.png").write_bytes(b"of yesterday")
    assert colorize(photos / "coffee.jpg", "-o", tmp_path / "result.png") == (0, "")
    assert_whole([tmp_path / "result.png"])


# What goes wrong


def read_failures(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_what_fails_is_named_and_listed_and_the_rest_is_done(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path
) -> None:
    odd = Path(os.fsdecode(bytes(photos / "one") + b'/odd\xff, "name"\n.jpg'))
    (photos / "broken.jpg").write_bytes((photos / "coffee.jpg").read_bytes()[:500])
    odd.write_text("<html></html>")
    status, said = colorize(photos, "-o", tmp_path / "out")
    assert status == 1 and f"3 coloured, 2 failed; see {tmp_path / 'out' / 'failures.csv'}." in said
    assert said.count("broken.jpg: The file is a JPEG picture that is cut off") == 2  # at once, and at the end
    heading, *rows = read_failures(tmp_path / "out" / "failures.csv")
    assert heading == ["file", "problem"]
    assert [row[0] for row in rows] == [str(photos / "broken.jpg"), str(odd).replace("\udcff", "\\udcff")]
    assert "web page" in rows[1][1]
    assert len(files_in(tmp_path / "out")) == 4


def test_the_list_of_failures_goes_with_the_last_of_them(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path
) -> None:
    (photos / "broken.jpg").touch()
    assert colorize(photos, "-o", tmp_path / "out")[0] == 1
    assert colorize(photos / "coffee.jpg", "-o", tmp_path / "out")[0] == 0  # one photo tells nothing of the others
    assert (tmp_path / "out" / "failures.csv").is_file()
    (photos / "broken.jpg").unlink()
    assert colorize(photos, "-o", tmp_path / "out")[0] == 0
    assert not (tmp_path / "out" / "failures.csv").exists()


def test_a_file_of_the_users_own_is_not_taken_for_a_list_of_failures(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "failures.csv").write_text("engine,hours\n")
    assert colorize(photos, "-o", tmp_path / "out")[0] == 0
    assert (tmp_path / "out" / "failures.csv").read_text() == "engine,hours\n"


@pytest.mark.usefixtures("in_threads")
def test_a_result_that_cannot_be_written_leaves_nothing_behind(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, calls = os.fsync, iter(range(10))

    def fail_once(descriptor: int) -> None:
        if next(calls) == 1:
            raise OSError(errno.EIO, "Input/output error")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fail_once)
    status, said = colorize(photos, "-o", tmp_path / "out", "--jobs", 1)
    assert status == 1 and "2 coloured, 1 failed" in said and "cannot be written (Input/output error)" in said
    assert len(files_in(tmp_path / "out")) == 3
    assert_whole([tmp_path / "out" / name for name in files_in(tmp_path / "out") if name != "failures.csv"])


@pytest.mark.usefixtures("in_threads")
def test_a_full_disk_ends_the_batch_with_one_sentence(
    colorize: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pictures(tmp_path / "in", 40)
    flush, room = os.fsync, 3

    def fill_up(descriptor: int) -> None:
        if len(list((tmp_path / "out").glob("*.png"))) >= room:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fill_up)
    status, said = colorize(tmp_path / "in", "-o", tmp_path / "out", "--jobs", 2)
    assert status == 1 and said.count("No space left on device") == 1 and "failed" not in said
    done = [tmp_path / "out" / name for name in files_in(tmp_path / "out")]
    assert room <= len(done) <= room + 1  # two may find room for the same one
    assert_whole(done)


def test_a_place_that_cannot_be_made_ends_the_batch_before_it_starts(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    status, said = colorize(photos, "-o", tmp_path / "file" / "out")
    assert status == 1 and "cannot be made" in said and said.count("\n") == 1


def test_a_setting_that_the_checkpoint_does_not_take_is_found_before_the_work(photos: Path, tmp_path: Path) -> None:
    settings = ["--checkpoint", "scenes-12-mse", "--temperature", "0.4"]
    assert main(["colorize", str(photos), "-o", str(tmp_path / "out"), *settings]) == 1
    assert not (tmp_path / "out").exists()


# The same colours as for one photo


@pytest.mark.parametrize("name", ["photo", "scenes-500-huber", "horse-16-unet", "landscapes-classification"])
def test_a_network_that_is_asked_for_many_answers_as_for_each(name: str) -> None:
    model = load(name, device="cpu")
    size = network_size(80, 60, model.card.input_size)
    pieces = [Image.fromarray(crop_of_a_photo(number)).resize((80, 60)) for number in range(3)]
    lightnesses = [read_lightness(piece).downsampled(size)[0, 0].numpy() for piece in pieces]
    for lightness, answer in zip(lightnesses, model.predict_many(lightnesses), strict=True):
        alone = model.predict_from_lightness(lightness, (80, 60))
        difference = np.abs(answer.ab - alone.ab)
        assert difference.mean() < 1e-3 and difference.max() < 0.02  # logits are kept in 16 bits, and may round apart
        assert np.array_equal(answer.lightness, alone.lightness)
        assert (answer.distribution is None) == (alone.distribution is None)
        assert (answer.palette_prediction is None) == (alone.palette_prediction is None)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_batch_of_mixed_shapes_gives_what_single_photos_give(model: Colorizer, tmp_path: Path, jobs: int) -> None:
    folder = make_pictures(tmp_path / "in", 12)  # of four shapes
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    for number in (0, 4):  # landscape in the header, portrait to see
        Image.fromarray(crop_of_a_photo(number)).save(folder / f"turned-{number}.png", exif=turned)
    (folder / "pale.png").write_bytes(images.encode_image(Image.new("RGBA", (80, 60), (90, 90, 90, 50)), "PNG", ""))
    tasks = plan([str(folder)], tmp_path / "out")
    outcomes = list(
        colorize_files(model, tasks, Settings(options=RenderOptions(temperature=0.5, saturation=1.5)), jobs)
    )
    assert sorted(outcome.source for outcome in outcomes) == sorted(task.source for task in tasks)
    assert not [outcome for outcome in outcomes if outcome.problem]
    for task in tasks:
        alone, result = model.colorize(task.source, None, 0.5, 1.5).image, Image.open(task.result)
        assert result.size == alone.size and result.mode == alone.mode
        assert distance(result, alone) <= 1
    assert Image.open(tmp_path / "out" / "turned-0.png").size == (60, 80)


@pytest.mark.usefixtures("way")
def test_hints_and_notices_are_those_of_single_photos(model: Colorizer, tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "in", 3)
    first, second = (Image.fromarray(crop_of_a_photo(number)) for number in (0, 4))
    first.save(folder / "film.gif", save_all=True, append_images=[second])
    hint = Hint(70, 10, (200, 30, 30))  # outside of the portrait
    tasks = plan([str(folder)], tmp_path / "out")
    outcomes = {Path(outcome.source).name: outcome for outcome in colorize_files(model, tasks, Settings((hint,)), 2)}
    assert outcomes["film.gif"].notices == ("Only the first frame of the animation is used.",)
    assert "outside the photo" in str(outcomes["001.png"].problem)
    result = Image.open(tmp_path / "out" / "000.png")
    assert distance(result, model.colorize(folder / "000.png", [hint]).image) == 0
    assert "colour hints: 1" in result.info["Description"]


# Groups


def test_groups_are_of_one_shape_and_bounded(tmp_path: Path) -> None:
    folder = make_pictures(tmp_path, 44)
    Image.new("L", (3000, 2250)).save(folder / "large-1.png")  # 6.75 megapixels in the shape of 80 x 60
    Image.new("L", (3000, 2250)).save(folder / "large-2.png")
    (folder / "broken.png").touch()
    tasks = [*plan([str(folder)], Path("out")), Task("https://x.org/a.png", Path("out/a.png"))]
    groups = list(groups_of(tasks, 64))
    assert sorted(task.source for group in groups for task in group) == sorted(task.source for task in tasks)
    for group in groups:
        sizes = [images.header_size(Path(task.source)) for task in group]
        assert len(group) <= 8 and len({size and network_size(*size, 64) for size in sizes}) == 1
        assert sum(width * height for width, height in filter(None, sizes)) <= 8e6
    alone = [Path(group[0].source).name for group in groups if len(group) == 1]
    assert {"broken.png", "a.png"} <= set(alone)


def test_headers_are_read_as_groups_are_asked_for(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:03}.png" for number in range(200)]
    make_pictures(tmp_path, 1)
    groups = groups_of([Task(str(path), path) for path in paths], 64)
    next(groups)
    for path in paths[-8:]:
        path.write_bytes(paths[0].read_bytes())
    assert [task.result for task in list(groups)[-1]] == paths[-8:]


@pytest.mark.slow
@pytest.mark.usefixtures("in_threads")
@pytest.mark.parametrize("group", [2, 8])
def test_what_is_held_of_the_pictures_does_not_grow_with_their_number(
    model: Colorizer, tmp_path: Path, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GROUP_ON_CPU", group)
    tasks = plan([str(make_pictures(tmp_path / "in", 64))], tmp_path / "out", "jpeg")
    batches: list[int] = []
    held: list[int] = []
    counting = threading.Lock()  # a list of all objects keeps them alive: the other thread must not count them as well

    def count(network: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        batches.append(len(arguments[0]))
        with counting:
            held.append(planes())

    def planes() -> int:
        return sum(type(thing) is LightnessPlane for thing in gc.get_objects())

    gc.collect()
    before = planes()  # of other tests of this process
    hook = model.network.register_forward_pre_hook(count)
    with contextlib.closing(colorize_files(model, tasks, jobs=2)) as outcomes:
        assert sum(outcome.problem is None for outcome in outcomes) == 64
    hook.remove()
    assert batches == [group] * (64 // group)
    assert max(held) - before <= 2 * (group + HELD_BESIDE_A_GROUP)


# Broken off


@pytest.mark.usefixtures("way")
def test_whoever_stops_finds_whole_files_and_nothing_at_work(model: Colorizer, tmp_path: Path) -> None:
    tasks = plan([str(make_pictures(tmp_path / "in", 60))], tmp_path / "out")
    list(colorize_files(model, tasks[:2], jobs=2))  # begins the threads that stay for the next batch
    threads = threading.active_count()
    with (
        pytest.raises(KeyboardInterrupt),
        contextlib.closing(colorize_files(model, tasks, jobs=2)) as outcomes,
    ):
        for _, _ in zip(range(3), outcomes, strict=False):
            pass
        raise KeyboardInterrupt
    assert threading.active_count() == threads and not multiprocessing.active_children()
    done = files_in(tmp_path / "out")
    assert 3 <= len(done) < 60 and not [name for name in done if not name.endswith(".png")]
    assert_whole([tmp_path / "out" / name for name in done])


WITH_CTRL_C = """
import signal, sys
from colorizer.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start without
sys.exit(main(sys.argv[1:]))
"""


def start_batch(weights: Path, folder: Path, out: Path) -> "subprocess.Popen[str]":
    """Start the command as a process; returns once it has written its first result."""
    arguments = ["--weights", weights, "colorize", "--checkpoint", "toy", folder, "-o", out, "--jobs", "2"]
    command = [sys.executable, "-c", WITH_CTRL_C, *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + PATIENCE_SECONDS
    while not list(out.glob("*.png")) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.001)
    return process


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_batch_that_is_broken_off_goes_on(
    colorize: Callable[..., tuple[int, str]], weights: Path, tmp_path: Path, number: signal.Signals
) -> None:
    make_pictures(tmp_path / "in", 120)
    process = start_batch(weights, tmp_path / "in", tmp_path / "out")
    process.send_signal(number)
    said = process.communicate(timeout=PATIENCE_SECONDS)[1]
    done = list((tmp_path / "out").glob("*.png"))
    assert 0 < len(done) < 120
    assert_whole(done)
    if number == signal.SIGINT:
        assert process.returncode == 130 and "Traceback" not in said
        assert f"stopped; {len(done)} of 120 are done, and the same command goes on with the rest." in said
        assert len(files_in(tmp_path / "out")) == len(done)
    before = {path: path.stat().st_mtime_ns for path in done}
    status, said = colorize(tmp_path / "in", "-o", tmp_path / "out")
    assert status == 0 and f"{120 - len(done)} coloured, {len(done)} skipped." in said
    assert {path: path.stat().st_mtime_ns for path in done} == before
    assert_whole(list((tmp_path / "out").glob("*.png")))


# What is said


def test_progress_and_the_time_left_are_shown(
    colorize: Callable[..., tuple[int, str]], photos: Path, tmp_path: Path
) -> None:
    said = colorize(photos, "-o", tmp_path / "out")[1]
    assert re.search(r"\b3/3 \[\d\d:\d\d<\d\d:\d\d, .*photo", said)
    said = colorize(photos / "coffee.jpg", "-o", tmp_path / "one")[1]
    assert said == ""


@pytest.mark.usefixtures("in_threads")
def test_a_small_folder_keeps_all_threads_busy(model: Colorizer, tmp_path: Path) -> None:
    tasks = plan([str(make_pictures(tmp_path / "in", 8))], tmp_path / "out")
    sizes: list[int] = []
    hook = model.network.register_forward_pre_hook(lambda _, arguments: sizes.append(len(arguments[0])))
    assert len(list(batch.colorize_files(model, tasks, jobs=2))) == 8
    hook.remove()
    assert max(sizes) == 1
