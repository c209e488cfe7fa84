"""Tar shards: streamed, shuffled in a buffer, in an order that seeds alone decide; nothing but pictures is touched."""

import dataclasses
import io
import itertools
import pickle
import signal
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

import train
from colorizer.checkpoints.store import load_network
from colorizer.data.reading import cut_square, read_picture
from colorizer.data.splits import DataSplit, load_training_data
from colorizer.data.tar_files import find_shards, list_pictures
from colorizer.data.tar_shards import Shards, buffered_order
from colorizer.errors import DataError, RecipeError
from colorizer.evaluation.validation import measure_baseline
from colorizer.images.folders import LeftOut, describe_left_out
from colorizer.images.limits import LIMITS, MAX_UPLOAD_MEGABYTES
from colorizer.recipes.recipe import parse_recipe
from colorizer.recipes.schema import DataSettings
from colorizer.training.color_statistics import kmeans_palette
from colorizer.training.launch import make_accelerator
from colorizer.training.network_setup import build_network, fit_color_statistics
from colorizer.training.run_state import BASELINE_FILE, write_baseline
from colorizer.training.trainer import Interrupted, Trainer, Watcher
from colorizer.utils.seeding import seeded
from tests.support.photos import make_pictures
from tests.support.training import RECIPE, write_recipe

SETTINGS = DataSettings("toys", validation_images=4, side=40, crop=32, shuffle_buffer=6)
PICTURES = 24
PER_SHARD = 8


def be_quiet(_: object) -> None:
    pass


QUIET = Watcher(lambda pictures, loss: None, be_quiet)


def pack(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a tar file of members by their name in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("photos"), PICTURES)


def write_shards(folder: Path, target: Path) -> Path:
    """Three shards of the folder's pictures; returns the pattern that finds them."""
    members = list(contents(folder).items())
    for first in range(0, len(members), PER_SHARD):
        pack(target / f"shard-{first // PER_SHARD:03d}.tar", dict(members[first : first + PER_SHARD]))
    return target / "shard-*.tar"


@pytest.fixture(scope="module")
def pattern(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shards(folder, tmp_path_factory.mktemp("shards"))


def load(pattern: Path, *validation: Path, **changes: object) -> tuple[DataSplit, list[str]]:
    reports: list[str] = []
    settings = dataclasses.replace(SETTINGS, **changes)  # type: ignore[arg-type]
    return load_training_data([pattern], settings, reports.append, validation_folders=validation), reports


def shards_of(data: DataSplit) -> Shards:
    assert isinstance(data.training, Shards)
    return data.training


def show(shards: Shards, shown: int, epoch: int = 0, batch_size: int = 4) -> list[torch.Tensor]:
    """Return the batches of an epoch."""
    plan = shards.plan(shown, seed=0, epoch=epoch)
    batches = [plan.requests[first : first + batch_size] for first in range(0, shown, batch_size)]
    return list(shards.make_batches(plan, batches, pin_memory=False))


def names_shown(shards: Shards, shown: int, epoch: int = 0) -> list[str]:
    return [shards.members[number % len(shards)].name for number, _ in shards.plan(shown, 0, epoch).requests]


def test_shards_are_found_by_path_pattern_and_braces_sorted_and_each_once(pattern: Path) -> None:
    names = ["shard-000.tar", "shard-001.tar", "shard-002.tar"]
    for patterns in (
        [pattern],
        [pattern.with_name("shard-{000..002}.tar")],
        [pattern.with_name(name) for name in reversed(names)],
        [pattern.with_name("shard-001.tar"), pattern.parent / "**" / "*.tar"],
    ):
        assert [path.name for path in find_shards(patterns)] == names


def test_an_odd_file_name_is_no_pattern(folder: Path, tmp_path: Path) -> None:
    path = pack(tmp_path / "odd [1] {a.tar", contents(folder))
    assert find_shards([path]) == [path]


def test_one_shard_of_a_folder_is_divided_as_the_folder_is(folder: Path, tmp_path: Path) -> None:
    by_shard, _ = load(pack(tmp_path / "all.tar", contents(folder)), images=7)
    by_folder, _ = load(folder, images=7)
    assert torch.equal(by_shard.validation, by_folder.validation)
    assert by_shard.validation_sha256 == by_folder.validation_sha256
    assert by_shard.training_sha256 == by_folder.training_sha256
    assert by_shard.origin == "split"
    assert len(by_shard.training) == 7


def test_validation_is_the_same_in_each_run_and_never_trained_on(folder: Path, pattern: Path) -> None:
    (few, _), (many, _), (other, _) = load(pattern, images=5), load(pattern), load(pattern, split_seed=1)
    assert few.validation_sha256 == many.validation_sha256 != other.validation_sha256
    assert (len(few.training), len(many.training), tuple(few.validation.shape)) == (5, 20, (4, 3, 32, 32))
    trained = {member.name for member in shards_of(many).members}
    assert {member.name for member in shards_of(few).members} < trained
    held_out = [read_picture(folder / name, 32) for name in contents(folder) if name not in trained]
    squares = {cut_square(picture, 0.5).numpy().tobytes() for picture in held_out}
    assert {picture.numpy().tobytes() for picture in many.validation} == squares


def test_validation_may_come_from_folders_of_its_own(pattern: Path, folder: Path, tmp_path: Path) -> None:
    data, _ = load(pattern, make_pictures(tmp_path / "test", 6, first=100))
    assert (len(data.training), len(data.validation), data.origin) == (PICTURES, 4, "folders")
    with pytest.raises(DataError, match=r"there is the same picture, 0\d\d\.png and 3 more; validation is worth"):
        load(pattern, folder)
    with pytest.raises(DataError, match="no such folder; --data and --validation take folders"):
        load(pattern, pattern.with_name("shard-000.tar"))


def test_each_epoch_shows_every_picture_once_in_an_order_that_follows_from_the_seed(pattern: Path) -> None:
    shards = shards_of(load(pattern)[0])
    orders = [names_shown(shards, 20, epoch) for epoch in range(3)]
    assert all(sorted(order) == sorted(member.name for member in shards.members) for order in orders)
    assert orders[0] != orders[1] != orders[2]
    assert orders[0] == names_shown(shards_of(load(pattern)[0]), 20, 0)
    assert shards.plan(20, 1, 0) != shards.plan(20, 0, 0) == shards.plan(20, 0, 0)


def test_a_set_smaller_than_an_epoch_is_streamed_again_newly_shuffled(pattern: Path) -> None:
    shards = shards_of(load(pattern, images=5)[0])
    names = names_shown(shards, 17)
    rounds = [names[first : first + 5] for first in (0, 5, 10)]
    assert all(len(set(part)) == 5 for part in rounds)
    assert len({tuple(part) for part in rounds}) > 1
    assert [len(batch) for batch in show(shards, 17)] == [4, 4, 4, 4, 1]


def test_the_batches_are_the_planned_squares_of_the_files(folder: Path, pattern: Path) -> None:
    shards = shards_of(load(pattern)[0])
    squares = torch.cat(show(shards, 40, epoch=2))
    for square, (number, position) in zip(squares, shards.plan(40, 0, 2).requests, strict=True):
        picture = read_picture(folder / shards.members[number % 20].name, 40)
        assert torch.equal(square, cut_square(picture, position))
    assert len({position for _, position in shards.plan(40, 0, 2).requests}) == 40


def test_worker_processes_give_the_same_batches_in_the_same_order(tmp_path: Path) -> None:
    members = {f"{number}.png": content for number, content in enumerate(contents(make_pictures(tmp_path, 8)).values())}
    many = [{f"{copy}-{name}": content for name, content in members.items()} for copy in range(10)]
    for number, part in enumerate(many):
        pack(tmp_path / "shards" / f"{number}.tar", part)
    shards = shards_of(load(tmp_path / "shards" / "*.tar")[0])
    plan = shards.plan(76, 0, 0)
    batches = [plan.requests[first : first + 5] for first in range(0, 76, 5)]
    by_workers = list(shards.make_batches(plan, batches, pin_memory=False))
    assert len(plan.requests) > 64  # below, there are none
    assert all(torch.equal(one, other) for one, other in zip(by_workers, shards.read(plan, batches), strict=True))


def test_two_processes_each_take_their_share_of_the_same_batches(pattern: Path) -> None:
    shards = shards_of(load(pattern)[0])
    plan = shards.plan(20, 0, 0)
    batches = [plan.requests[first : first + 4] for first in range(0, 20, 4)]
    shares = [shards.read(plan, [batch[process::2] for batch in batches]) for process in (0, 1)]
    for whole, *parts in zip(shards.read(plan, batches), *shares, strict=True):
        assert torch.equal(whole[0::2], parts[0]) and torch.equal(whole[1::2], parts[1])


@pytest.mark.parametrize(("count", "buffer"), [(1, 1), (10, 1), (10, 4), (10, 10), (10, 50), (1000, 100)])
def test_the_buffer_loses_nothing_and_holds_no_more_than_its_size(count: int, buffer: int) -> None:
    order = buffered_order(count, buffer, seeded("buffer"))
    assert sorted(order) == list(range(count))
    assert all(number < place + buffer for place, number in enumerate(order))
    assert order == buffered_order(count, buffer, seeded("buffer"))


def test_a_buffer_really_mixes_and_one_of_a_single_picture_does_not() -> None:
    order = buffered_order(1000, 200, seeded("mix"))
    moved = [abs(place - number) for place, number in enumerate(order)]
    assert sum(moved) / len(moved) > 100
    neighbours = sum(abs(one - other) == 1 for one, other in itertools.pairwise(order))
    assert neighbours < 20
    assert buffered_order(1000, 1, seeded("mix")) == list(range(1000))


def test_shards_come_in_another_order_each_epoch_and_the_buffer_mixes_across_them(pattern: Path) -> None:
    unmixed = shards_of(load(pattern, shuffle_buffer=1)[0])
    orders = {tuple(unmixed.plan(20, 0, epoch).shard_orders[0]) for epoch in range(12)}
    assert len(orders) > 2
    shard_of = {member.name: member.shard for member in unmixed.members}
    changes = [
        sum(shard_of[one] != shard_of[other] for one, other in itertools.pairwise(names_shown(shards, 20)))
        for shards in (unmixed, shards_of(load(pattern, shuffle_buffer=20)[0]))
    ]
    assert changes[0] == 2 and changes[1] > 5


def test_what_is_damaged_is_named_left_out_and_replaced(folder: Path, tmp_path: Path) -> None:
    members = contents(folder)
    for name in list(members)[::3]:
        members[name] = members[name][:200]
    members["page.jpg"] = b"<html>"
    data, reports = load(pack(tmp_path / "all.tar", members), images=9)
    assert (len(data.training), len(data.validation)) == (9, 4)
    assert reports and all(report.startswith("all.tar/") and " is left out: " in report for report in reports)
    assert not {report.split()[0].removeprefix("all.tar/") for report in reports} & {
        member.name for member in shards_of(data).members
    }
    data, reports = load(pack(tmp_path / "all.tar", members))
    assert (len(reports), len(data.training)) == (9, 12)
    with pytest.raises(
        DataError, match=r"Only 16 of the pictures can be read and have colours, and the recipe needs 19"
    ):
        load(tmp_path / "all.tar", images=15)


def test_what_is_no_picture_is_not_touched(folder: Path, tmp_path: Path) -> None:
    plain = contents(folder)
    companions = {name.replace(".png", ".mask.png"): plain["000.png"] for name in plain}
    hidden = {".hidden.png": b"", "a/.b/c.png": b"", "__meta__/x.png": b"", "notes.txt": b"", "000.json": b"{"}
    path = pack(tmp_path / "mixed.tar", plain | companions | hidden | {"trip.1.png": b"", "./trip.2.PNG": b""})
    left_out: list[LeftOut] = []
    assert list_pictures(path, be_quiet, left_out) == [*plain, "trip.1.png", "./trip.2.PNG"]
    assert describe_left_out(left_out) == (
        "Left out: 2 hidden or system files or folders, 2 files with other endings (.txt, .json)."
    )


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> object:
        return Path.touch, (self.marker,)


def test_a_pickle_in_a_shard_is_never_loaded(folder: Path, tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    endings = ("pkl", "pickle", "pyd", "pth", "pt", "npy", "ten", "mp", "jpg")
    hostile = {f"000.{ending}": bomb for ending in endings}
    data, reports = load(pack(tmp_path / "bomb.tar", contents(folder) | hostile))
    show(shards_of(data), 20)
    assert reports[0].startswith("Left out: 8 files with other endings (.pkl, ")
    assert len(reports) == 2 and reports[1].startswith("bomb.tar/000.jpg is left out: ")
    assert not (tmp_path / "exploded").exists()
    pickle.loads(bomb)
    assert (tmp_path / "exploded").exists()  # it would have


def test_a_member_above_the_limit_is_left_out_unread(folder: Path, tmp_path: Path) -> None:
    path = pack(tmp_path / "large.tar", contents(folder) | {"large\x1b[2J.png": bytes(LIMITS.max_bytes + 1)})
    data, reports = load(path)
    limit = f"{MAX_UPLOAD_MEGABYTES:.1f} MB"
    assert reports == [rf"large.tar/large\x1b[2J.png is left out: it has {limit}, more than {limit}."]
    assert len(data.training) == 20


@pytest.mark.parametrize(
    "given", ["pipe:touch exploded; cat a.tar", "http://127.0.0.1:9/a.tar", "https://127.0.0.1:9/a", "file:a.tar"]
)
def test_commands_and_links_are_refused(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="tar shards are read from local files only; download them first"):
        load(Path(given))
    assert not list(tmp_path.iterdir())


def test_a_file_whose_name_looks_like_a_command_is_not_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path / "pipe:touch exploded #.tar", contents(folder))
    monkeypatch.chdir(tmp_path)
    data, _ = load(Path("*.tar"))
    assert len(show(shards_of(data), 20)) == 5
    assert len(list(tmp_path.iterdir())) == 1


def test_patterns_without_files_and_mixed_data_are_refused(pattern: Path, folder: Path) -> None:
    for missing in ("none-*.tar", "shard-003.tar", "shard-{000..003}.tar"):
        with pytest.raises(DataError, match=r"(none-\*|shard-003)\.tar: no file matches; --data takes folders"):
            load(pattern.with_name(missing))
    with pytest.raises(DataError, match="the braces of the pattern do not match"):
        load(pattern.with_name("shard-{000.tar"))
    with pytest.raises(DataError, match=r"the folder holds no pictures .*; for its tar shards write \".*/\*\.tar\"\.$"):
        load(pattern.parent)
    with pytest.raises(DataError, match="names both folders and tar shards; give it one kind"):
        load_training_data([folder, pattern], SETTINGS, be_quiet)
    with pytest.raises(DataError, match=r"needs 104 pictures .*but there are 24"):
        load(pattern, images=100)
    with pytest.raises(DataError, match=r"data\.subsets is for folders .*data\.subsets=1 with --set"):
        load(pattern, subsets=2)
    with pytest.raises(RecipeError, match=r"data\.shuffle_buffer must be at least 1"):
        parse_recipe(RECIPE, ["data.shuffle_buffer=0"])


@pytest.mark.parametrize("cut", [100, 700, 5_000, -600, -1024, -10_000])
def test_a_shard_that_is_cut_off_is_refused_by_its_name(folder: Path, tmp_path: Path, cut: int) -> None:
    path = pack(tmp_path / "cut.tar", contents(folder))
    whole = path.read_bytes().rstrip(b"\0")  # without the blocks of zeros at the end
    path.write_bytes(whole[:cut])
    with pytest.raises(DataError, match=r"cut\.tar is (not a whole tar file|cut off or damaged)"):
        load(path)


def test_a_foreign_file_is_refused_by_its_name(folder: Path, tmp_path: Path) -> None:
    whole = pack(tmp_path / "whole.tar", contents(folder)).read_bytes()
    with tarfile.open(tmp_path / "gz.tar", "w:gz") as tar:
        tar.add(folder, "photos")
    damaged = bytearray(whole)
    at = whole.index(b"012.png")
    damaged[at : at + 512] = b"x" * 512
    leading_back = bytearray(whole)
    header = tarfile.TarInfo("back.txt").tobuf(tarfile.GNU_FORMAT)
    leading_back[at : at + 512] = _with_size(header, -(at + 512))
    foreign = {
        "empty.tar": b"", "text.tar": b"not a tar file\n" * 200, "zeros.tar": bytes(100),
        "damaged.tar": bytes(damaged), "back.tar": bytes(leading_back),
    }  # fmt: skip
    for name, content in foreign.items():
        (tmp_path / name).write_bytes(content)
    for name in [*foreign, "gz.tar"]:
        with pytest.raises(DataError, match=rf"{name} is (not a whole tar file|cut off or damaged)"):
            load(tmp_path / name)
    with pytest.raises(DataError, match=r"twice\.tar holds two pictures of the name twice\.tar/000\.png"):
        load(pack_twice(tmp_path / "twice.tar", folder / "000.png"))


def _with_size(header: bytes, size: int) -> bytes:
    """Make a header block with another size, in GNU's binary notation, and a right checksum."""
    block = bytearray(header)
    block[124:136] = b"\xff" + (256**11 + size).to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def pack_twice(path: Path, file: Path) -> Path:
    with tarfile.open(path, "w") as tar:
        tar.add(file, "000.png")
        tar.add(file, "000.png")
    return path


def test_a_shard_that_changes_during_the_run_is_named(folder: Path, tmp_path: Path) -> None:
    path = write_shards(folder, tmp_path).with_name("shard-001.tar")
    shards = shards_of(load(tmp_path / "*.tar")[0])
    whole = path.read_bytes()
    for content in (whole[:3000], whole.replace(b"\x89PNG", b"xxxx"), pack(path, {"a.png": b""}).read_bytes()):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"readable when the run began is not any more: .*shard-001\.tar.*[^.]\.$"):
            show(shards, 20)
    path.unlink()
    with pytest.raises(DataError, match=r"shard-001\.tar cannot be read: No such file"):
        show(shards, 20)
    with pytest.raises(DataError, match=r"shard-001\.tar"):
        shards.sample()


def test_the_sample_of_a_large_set_is_bounded_and_from_all_of_it(folder: Path, tmp_path: Path) -> None:
    for number in range(6):
        pack(tmp_path / f"{number}.tar", contents(folder))
    shards = shards_of(load(tmp_path / "*.tar", cache_gigabytes=1e-9)[0])
    assert len(shards) == 6 * (PICTURES - 4)  # without the copies of the 4 pictures of validation
    assert len(shards.sample()) == 100  # a palette by k-means of less would be none
    last = read_picture(folder / shards.members[118].name, 40)
    assert torch.equal(shards.sample()[99, 0.0], cut_square(last, 0.0))


def test_the_sample_of_a_small_set_is_all_of_it_and_held(folder: Path, pattern: Path) -> None:
    shards = shards_of(load(pattern)[0])
    sample = shards.sample()
    assert sample is shards.sample() and sample.held is not None
    assert len(sample) == 20
    expected = read_picture(folder / shards.members[7].name, 40)
    assert torch.equal(sample[7, 0.0], cut_square(expected, 0.0))


def test_a_palette_by_kmeans_comes_from_the_sample(folder: Path, pattern: Path) -> None:
    data, _ = load(pattern)
    again = kmeans_palette(data.training.sample(), 4, seed=0)
    recipe = parse_recipe(
        RECIPE, ["model.architecture=palette-unet", "model.palette=kmeans:4", "loss.name=cross_entropy"]
    )
    network = build_network(recipe)
    fit_color_statistics(recipe, network, data.training)
    assert torch.equal(network.palette, again)
    assert again.std() > 0.05


SHORT = ("data.images=0", "training.epochs=2", "training.batch_size=4", "data.shuffle_buffer=6")


def make_run(pattern: Path, out: Path, *overrides: str) -> Trainer:
    recipe = parse_recipe(RECIPE, [*SHORT, *overrides])
    data = load_training_data([pattern], recipe.data, be_quiet)
    run = Trainer(recipe, build_network(recipe), data, out, make_accelerator(recipe.training))
    baseline = measure_baseline(run.bare_network, data.validation, run.loss, torch.device("cpu"))
    write_baseline(out / BASELINE_FILE, baseline)
    return run


def weights(run: Trainer) -> list[torch.Tensor]:
    return list(run.bare_network.state_dict().values())


@pytest.mark.parametrize("shown", [0, 32])
def test_a_run_stopped_in_the_middle_of_an_epoch_goes_on_as_if_it_had_not(
    pattern: Path, tmp_path: Path, shown: int
) -> None:
    setting = f"training.images_per_epoch={shown}"
    whole = make_run(pattern, tmp_path / "whole", setting)
    whole.fit(QUIET)
    stopped = make_run(pattern, tmp_path / "stopped", setting)
    steps = itertools.count(1)

    def stop_after_three(pictures: int, loss: float | None) -> None:
        if next(steps) == 2:
            signal.raise_signal(signal.SIGINT)  # answered after the next step

    with stopped.stop_request.handle_signals(), pytest.raises(Interrupted):
        stopped.fit(Watcher(stop_after_three, be_quiet))
    resumed = make_run(pattern, tmp_path / "stopped", setting)
    resumed.resume()
    assert resumed.progress.step == 3
    resumed.fit(QUIET)
    assert all(torch.equal(one, other) for one, other in zip(weights(whole), weights(resumed), strict=True))


def test_an_adversary_judges_pictures_of_the_sample(pattern: Path, tmp_path: Path) -> None:
    run = make_run(
        pattern,
        tmp_path,
        "model.architecture=rgb-cnn",
        "loss.name=l1",
        "adversary.eval_images=8",
        "training.epochs=1",
    )
    run.fit(QUIET)
    accuracy = run.progress.rows[-1].discriminator_accuracy
    assert accuracy is not None and 0 <= accuracy <= 1


def test_the_command_trains_on_shards_to_a_checkpoint(
    pattern: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path / "toy.toml")
    command = [str(recipe), "--data", str(pattern), "--out", str(tmp_path / "run"), "--set", "training.epochs=1"]
    assert train.main(command) == 0
    assert "Training toy on 12 pictures" in capsys.readouterr().out
    network, card = load_network(tmp_path / "run")
    assert (card.trained_on.images, card.validated_on.images) == (12, 4)
    assert all(bool(parameter.isfinite().all()) for parameter in network.parameters())
    assert "shuffle_buffer = 1000" in (tmp_path / "run" / "recipe.toml").read_text()
    assert train.main([*command[:2], str(tmp_path / "none-*.tar"), "--out", str(tmp_path / "other")]) == 1
    assert capsys.readouterr().err == (
        f"train.py: {tmp_path}/none-*.tar: no file matches; --data takes folders of pictures or local tar shards.\n"
    )
