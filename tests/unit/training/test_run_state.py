"""The state of a run comes back exactly, layout in memory included; what is no such state is refused."""

import dataclasses
import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from colorizer.errors import CheckpointError, TrainingError
from colorizer.evaluation.scores import Scores
from colorizer.evaluation.validation import Baseline
from colorizer.training.run_state import (
    Progress,
    Trained,
    find_folders,
    read_baseline,
    read_state,
    save_state,
    write_baseline,
)
from colorizer.utils.atomic_write import write_atomically
from tests.support.checkpoints import history_row

PROGRESS = Progress(2, 7, 0.1 + 0.2, 1 / 7, 2.5, 1 / 9, 1 / 3, [history_row(0), history_row(1)], "ab", "cd")


def trained() -> tuple[nn.Module, torch.optim.AdamW]:
    """Train a small network in channels-last layout for two steps."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), 0.01)
    for _ in range(2):
        network(torch.randn(2, 4, 8, 8)).square().mean().backward()
        optimizer.step()
    return network, optimizer


def test_weights_optimizer_and_progress_come_back_exactly(tmp_path: Path) -> None:
    network, optimizer = trained()
    path = tmp_path / "state" / "last.safetensors"
    save_state(path, {"": Trained(network, optimizer)}, PROGRESS)
    fresh = torch.optim.AdamW(network.parameters(), 0.5)
    weights, progress = read_state(path, {"": Trained(network, fresh)})
    assert progress == PROGRESS
    assert all(torch.equal(tensor, weights[""][name]) for name, tensor in network.state_dict().items())
    before, after = optimizer.state_dict()["state"], fresh.state_dict()["state"]
    assert before.keys() == after.keys()
    for index in before:
        for key in ("step", "exp_avg", "exp_avg_sq"):
            assert torch.equal(before[index][key], after[index][key])
            assert before[index][key].stride() == after[index][key].stride()
            assert before[index][key].dtype == after[index][key].dtype


def test_a_state_before_the_first_step_has_an_empty_optimizer(tmp_path: Path) -> None:
    network = nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(network.parameters(), 0.01)
    save_state(tmp_path / "last.safetensors", {"": Trained(network, optimizer)}, Progress())
    assert read_state(tmp_path / "last.safetensors", {"": Trained(network, optimizer)})[1] == Progress()


def test_a_state_from_before_there_were_accuracies_can_be_resumed(tmp_path: Path) -> None:
    network, optimizer = trained()
    later = ("accuracy_sum", "generator_loss_sum", "discriminator_loss_sum")
    plain = {name: value for name, value in dataclasses.asdict(PROGRESS).items() if name not in later}
    for entry in plain["rows"]:
        for name in [name for name, value in entry.items() if value is None]:
            del entry[name]
    path = tmp_path / "last.safetensors"
    save_file(
        {f"model.{name}": tensor.contiguous() for name, tensor in network.state_dict().items()},
        path,
        {"progress": json.dumps(plain)},
    )
    assert read_state(path, {"": Trained(network, optimizer)})[1] == dataclasses.replace(
        PROGRESS, **dict.fromkeys(later, 0.0)
    )


def test_a_run_without_classes_has_no_accuracy_in_its_state_either(tmp_path: Path) -> None:
    network, optimizer = trained()
    progress = dataclasses.replace(PROGRESS, accuracy_sum=math.nan)
    save_state(tmp_path / "last.safetensors", {"": Trained(network, optimizer)}, progress)
    assert math.isnan(read_state(tmp_path / "last.safetensors", {"": Trained(network, optimizer)})[1].accuracy_sum)


def test_two_networks_in_one_state_come_back_each_as_it_was(tmp_path: Path) -> None:
    network, optimizer = trained()
    other, its_optimizer = trained()
    other(torch.randn(2, 4, 8, 8)).square().mean().backward()
    its_optimizer.step()
    path = tmp_path / "last.safetensors"
    save_state(path, {"": Trained(network, optimizer), "other.": Trained(other, its_optimizer)}, PROGRESS)
    fresh = [torch.optim.AdamW(network.parameters(), 0.5) for _ in range(2)]
    weights, _ = read_state(path, {"": Trained(network, fresh[0]), "other.": Trained(other, fresh[1])})
    for prefix, module, before, after in (
        ("", network, optimizer, fresh[0]),
        ("other.", other, its_optimizer, fresh[1]),
    ):
        assert weights[prefix].keys() == module.state_dict().keys()
        assert all(torch.equal(tensor, weights[prefix][name]) for name, tensor in module.state_dict().items())
        for index, entry in before.state_dict()["state"].items():
            assert all(torch.equal(entry[key], after.state_dict()["state"][index][key]) for key in entry)
    assert not torch.equal(weights[""]["0.weight"], weights["other."]["0.weight"])


def test_a_missing_state_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no run to resume; start it without --resume"):
        read_state(tmp_path / "state" / "last.safetensors", {"": Trained(*trained())})


@pytest.mark.parametrize("fault", ["empty", "half", "no progress", "other progress"])
def test_a_damaged_state_is_refused_by_its_name(tmp_path: Path, fault: str) -> None:
    network, optimizer = trained()
    path = tmp_path / "last.safetensors"
    save_state(path, {"": Trained(network, optimizer)}, PROGRESS)
    if fault in ("empty", "half"):
        path.write_bytes(path.read_bytes()[: 0 if fault == "empty" else 500])
    else:
        save_file({"a": torch.ones(1)}, path, {"progress": '{"colour": 3}'} if fault == "other progress" else None)
    with pytest.raises(TrainingError, match=r"last\.safetensors is damaged, the run cannot be resumed"):
        read_state(path, {"": Trained(network, optimizer)})


@pytest.mark.parametrize("other", [nn.Linear(3, 3), nn.Sequential(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5))])
def test_the_state_of_another_network_is_refused(tmp_path: Path, other: nn.Module) -> None:
    network, optimizer = trained()
    save_state(tmp_path / "last.safetensors", {"": Trained(network, optimizer)}, PROGRESS)
    with pytest.raises(TrainingError, match="is not the state of this network"):
        read_state(tmp_path / "last.safetensors", {"": Trained(other, torch.optim.AdamW(other.parameters()))})


def test_a_baseline_comes_back_as_it_was_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    for accuracy in (math.nan, 0.25):
        scores = Scores(
            loss=80.9, psnr=math.inf, ciede2000=11.2, ab_rmse=14.01, colorfulness=0.1 + 0.2, accuracy=accuracy
        )
        baseline = Baseline(scores, 40.5)
        write_baseline(tmp_path / "baseline.toml", baseline)
        assert read_baseline(tmp_path / "baseline.toml") == baseline
    for broken in ("", "grey = 3", "true_colorfulness = 1\n[grey]\nloss = 3", f"grey = {'9' * 5000}"):
        (tmp_path / "baseline.toml").write_text(broken)
        with pytest.raises(CheckpointError, match=r"baseline\.toml is not a readable baseline"):
            read_baseline(tmp_path / "baseline.toml")


def test_folders_with_a_recipe_are_runs_and_checkpoints(tmp_path: Path) -> None:
    for name in ("weights/b", "weights/a", "runs/c"):
        write_atomically(tmp_path / name / "recipe.toml", b"")
    (tmp_path / "weights" / "d").mkdir()
    found = find_folders(tmp_path / "weights", tmp_path / "runs", tmp_path / "nowhere")
    assert [folder.name for folder in found] == ["a", "b", "c"]
