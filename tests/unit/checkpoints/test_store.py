"""Checkpoints are listed, verified, loaded and written whole; nothing else passes for one, and nothing is unpickled."""

import dataclasses
import hashlib
import pickle
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from colorizer import models
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import (
    checkpoint_folder,
    list_checkpoints,
    load_network,
    read_tensors,
    scan,
    snapshot_file,
    to_float16,
    write_card,
    write_tensors,
)
from colorizer.errors import CheckpointError
from colorizer.utils.atomic_write import write_atomically
from tests.support.checkpoints import CARD
from tests.support.processes import environment, wait_until

MODEL = "model.safetensors"


def make_state(seed: int = 0) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return to_float16(models.build("resnet18-colorizer").state_dict())


def make_checkpoint(weights: Path, name: str = "toy", **changes: object) -> Path:
    folder = weights / name
    hashes = {MODEL: write_tensors(folder / MODEL, make_state(0))}
    hashes[snapshot_file(7)] = write_tensors(folder / snapshot_file(7), make_state(7))
    card: Card = dataclasses.replace(CARD, id=name, sha256=hashes, **changes)  # type: ignore[arg-type]
    write_card(folder, card)
    return folder


def put(folder: Path, content: bytes) -> Path:
    """Replace the model's file, and state its sha256 on the card: what follows must be found without it."""
    (folder / MODEL).write_bytes(content)
    write_card(folder, dataclasses.replace(CARD, sha256={MODEL: hashlib.sha256(content).hexdigest()}))
    return folder


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path)


def test_a_checkpoint_loads_with_its_card_ready_to_colour(toy: Path) -> None:
    network, card = load_network(toy)
    assert card.id == "toy"
    assert not network.training
    assert {tensor.dtype for tensor in network.parameters()} == {torch.float32}
    assert all(
        torch.equal(tensor.float(), make_state(0)[name].float()) for name, tensor in network.state_dict().items()
    )


def test_a_snapshot_loads_as_the_state_of_its_epoch(toy: Path) -> None:
    network, _ = load_network(toy, snapshot=7)
    assert torch.equal(network.state_dict()["conv1.weight"].half(), make_state(7)["conv1.weight"])
    with pytest.raises(CheckpointError, match=r"toy has no snapshot of epoch 8; it keeps: 2, 7\."):
        load_network(toy, snapshot=8)


def test_the_shipped_state_is_the_snapshot_of_its_own_epoch(toy: Path, tmp_path: Path) -> None:
    network, card = load_network(toy, snapshot=2)
    assert (card.epochs, card.snapshots) == (3, [2, 7])
    assert torch.equal(network.state_dict()["conv1.weight"].half(), make_state(0)["conv1.weight"])
    with pytest.raises(CheckpointError, match=r"toy has no snapshot of epoch 2; it keeps: none\."):
        load_network(put(toy, (toy / MODEL).read_bytes()), snapshot=2)  # a checkpoint without snapshots


def test_checkpoints_are_listed_by_family_and_id_and_a_damaged_one_hides_no_other(tmp_path: Path) -> None:
    for name, family in (("b", "scenes"), ("a", "scenes"), ("z", "flowers"), ("broken", "flowers")):
        make_checkpoint(tmp_path, name, family=family)
    (tmp_path / "broken" / "card.toml").write_text("id = ")
    (tmp_path / "unfinished").mkdir()
    assert [card.id for card in list_checkpoints(tmp_path)] == ["z", "a", "b"]
    (problem,) = scan(tmp_path).problems
    assert problem.startswith("broken/card.toml is not a readable card")
    assert list_checkpoints(tmp_path / "nowhere") == []


def test_an_unknown_checkpoint_is_refused_with_those_that_are_there(toy: Path) -> None:
    assert checkpoint_folder("toy", toy.parent) == toy
    with pytest.raises(CheckpointError, match=r"no checkpoint 'tony'; there are: toy"):
        checkpoint_folder("tony", toy.parent)
    for outside in ("../" + toy.parent.name + "/toy", str(toy), "", "."):
        with pytest.raises(CheckpointError, match="There is no checkpoint"):
            checkpoint_folder(outside, toy.parent)
    with pytest.raises(CheckpointError, match="there are: none"):
        checkpoint_folder("toy", toy)


def test_a_changed_byte_is_noticed_by_the_sha256(toy: Path) -> None:
    content = bytearray((toy / MODEL).read_bytes())
    content[-1] ^= 1
    (toy / MODEL).write_bytes(content)
    with pytest.raises(CheckpointError, match=r"toy/model\.safetensors is damaged: its sha256"):
        load_network(toy)


def test_a_missing_file_a_missing_card_and_a_card_without_the_file_are_told_apart(toy: Path) -> None:
    write_card(toy, dataclasses.replace(CARD, sha256={}))
    with pytest.raises(CheckpointError, match=r"toy/card\.toml does not state the sha256 of model\.safetensors"):
        load_network(toy)
    put(toy, b"")
    (toy / MODEL).unlink()
    with pytest.raises(CheckpointError, match=r"toy/model\.safetensors cannot be read \(No such file"):
        load_network(toy)
    (toy / "card.toml").unlink()
    with pytest.raises(CheckpointError, match=r"toy/card\.toml is missing"):
        load_network(toy)


@pytest.mark.parametrize("length", [0, 7, 100, 5_000, -1])
def test_a_truncated_file_is_refused(toy: Path, length: int) -> None:
    with pytest.raises(CheckpointError, match=r"toy/model\.safetensors is not a complete safetensors file"):
        load_network(put(toy, (toy / MODEL).read_bytes()[:length]))


HEADERS = [
    b"\xff" * 64,
    b"PK\x03\x04" + bytes(200),
    (2).to_bytes(8, "little") + b"{}",
    (9).to_bytes(8, "little") + b'{"a": 1} ',
    (60).to_bytes(8, "little") + b'{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}'.ljust(60) + b"x",
    (60).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}'.ljust(60) + b"xxxx",
    (2**62).to_bytes(8, "little") + b"{}",
]


@pytest.mark.parametrize("content", HEADERS, ids=range(len(HEADERS)))
def test_foreign_bytes_are_refused(toy: Path, content: bytes) -> None:
    with pytest.raises(CheckpointError, match=r"toy/model\.safetensors") as refused:
        load_network(put(toy, content))
    assert "\n" not in str(refused.value)


def test_no_damage_of_a_header_escapes_as_another_exception(toy: Path) -> None:
    whole, chance = (toy / MODEL).read_bytes(), random.Random(0)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[chance.randrange(3_000)] = chance.randrange(256)
        try:
            load_network(put(toy, bytes(damaged)))
        except CheckpointError:
            continue  # what loads has damage in a value alone, which the sha256 of a true card shows


class Payload:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_pickle_under_the_models_name_is_refused_and_never_run(toy: Path) -> None:
    executed = toy / "executed"
    for protocol in range(6):
        with pytest.raises(CheckpointError, match="is not a complete safetensors file"):
            load_network(put(toy, pickle.dumps(Payload(executed), protocol)))
    torch.save({"conv1.weight": Payload(executed)}, toy / "zip")
    with pytest.raises(CheckpointError, match="is not a complete safetensors file"):
        load_network(put(toy, (toy / "zip").read_bytes()))
    assert not executed.exists()
    pickle.loads(pickle.dumps(Payload(executed)))
    assert executed.exists()  # it would have


def test_a_wrong_shape_is_refused_with_the_tensor_and_both_shapes(toy: Path) -> None:
    wrong = make_state() | {"conv1.weight": torch.zeros(64, 3, 7, 7)}
    with pytest.raises(
        CheckpointError, match=r"toy/model\.safetensors.*conv1\.weight.*\(64, 3, 7, 7\).*\(64, 1, 7, 7\)"
    ):
        load_network(put(toy, save(wrong)))


def test_other_architectures_tensors_are_refused_by_name(toy: Path) -> None:
    extra = make_state() | {"layer3.weight": torch.zeros(1)}
    with pytest.raises(CheckpointError, match=r"has the foreign tensor layer3\.weight: it belongs to another"):
        load_network(put(toy, save(extra)))
    less = {name: tensor for name, tensor in make_state().items() if name != "bn1.bias"}
    with pytest.raises(CheckpointError, match=r"lacks the tensor bn1\.bias"):
        load_network(put(toy, save(less)))
    with pytest.raises(CheckpointError, match="lacks the tensor"):
        load_network(put(toy, save({})))


def test_a_card_with_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"toy: there is no architecture 'unet9'; the known ones"):
        load_network(make_checkpoint(tmp_path, architecture="unet9"))


OPTIONS: list[dict[str, int]] = [
    {},
    {"colors": -1},
    {"colors": 257},
    {"colors": 10**30},
    {"colors": 8, "width": 0},
    {"colors": 8, "width": 10**9},
    {"colors": 8, "depth": 3},
    {"colors": 8, "architecture": 3},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_that_a_network_cannot_have_are_refused(tmp_path: Path, options: dict[str, int]) -> None:
    folder = make_checkpoint(tmp_path, architecture="palette-cnn", head="palette", options=options)
    with pytest.raises(CheckpointError, match="toy: ") as refused:
        load_network(folder)
    assert "\n" not in str(refused.value)


def test_options_of_another_kind_are_refused_as_a_broken_card(toy: Path) -> None:
    whole = (toy / "card.toml").read_text()
    for text in ('width = "wide"', "width = 1.5", "width = [3]", f"width = {'9' * 5000}"):
        (toy / "card.toml").write_text(whole.replace("[options]", f"[options]\n{text}"))
        with pytest.raises(CheckpointError, match=r"toy/card\.toml is not a readable card"):
            load_network(toy)


def test_another_number_of_colours_than_the_card_says_is_refused(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, architecture="palette-cnn", head="palette", options={"colors": 8, "width": 4})
    state = to_float16(models.build("palette-cnn", colors=7, width=4).state_dict())
    hashes = {MODEL: write_tensors(folder / MODEL, state)}
    write_card(
        folder, dataclasses.replace(CARD, architecture="palette-cnn", options={"colors": 8, "width": 4}, sha256=hashes)
    )
    with pytest.raises(CheckpointError, match=r"another shape: \(7, .* in the file, \(8, .* in the network"):
        load_network(folder)


def test_a_palette_is_shipped_exactly_and_weights_in_float16() -> None:
    state = {"palette": torch.rand(16, 3), "weight": torch.rand(4), "count": torch.tensor(70_000)}
    small = to_float16(state)
    assert {name: tensor.dtype for name, tensor in small.items()} == {
        "palette": torch.float32,
        "weight": torch.float16,
        "count": torch.int64,
    }
    assert torch.equal(small["palette"], state["palette"])


def test_values_beyond_float16_are_refused_by_their_tensor() -> None:
    with pytest.raises(CheckpointError, match=r"The tensor bn1\.running_var has values that float16 cannot hold"):
        to_float16({"conv1.weight": torch.ones(3), "bn1.running_var": torch.tensor([1.0, 70_000.0])})
    half = to_float16({"weight": torch.ones(2), "bn1.num_batches_tracked": torch.tensor(100_000)})
    assert (half["weight"].dtype, int(half["bn1.num_batches_tracked"])) == (torch.float16, 100_000)


def test_written_tensors_come_back_and_have_the_sha256_of_their_file(tmp_path: Path) -> None:
    state = {"a": torch.randn(2, 3).T, "b": torch.tensor(5)}  # one not contiguous, one without dimensions
    sha256 = write_tensors(tmp_path / "deep" / "a.safetensors", state)
    assert sha256 == hashlib.sha256((tmp_path / "deep" / "a.safetensors").read_bytes()).hexdigest()
    back = read_tensors(tmp_path / "deep" / "a.safetensors", sha256)
    assert all(torch.equal(back[name], state[name]) for name in state)


_REWRITE = """
import sys
from pathlib import Path
from colorizer.utils.atomic_write import write_atomically
count = 0
while True:
    write_atomically(Path(sys.argv[1]), bytes([count % 256]) * 1_000_000)
    count += 1
"""


def test_a_reader_or_a_kill_never_meets_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    writer = subprocess.Popen(
        [sys.executable, "-c", _REWRITE, str(path)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(path.exists, writer)
    seen = set()
    for _ in range(300):
        content = path.read_bytes()
        assert len(content) == 1_000_000
        assert content.count(content[0]) == 1_000_000
        seen.add(content[0])
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert len(seen) > 1
    assert len(path.read_bytes()) == 1_000_000


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.bin", b"old")
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "a.bin", "no bytes")  # type: ignore[arg-type]
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]
    assert (tmp_path / "a.bin").stat().st_mode & 0o777 == 0o644
