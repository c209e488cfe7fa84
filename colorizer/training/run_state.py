"""A run's folder: the state from which it goes on after any interruption, in one file that is replaced at a stroke.

    runs/<name>/recipe.toml               the recipe, every setting written out
    runs/<name>/baseline.toml             the measures of grey and of the true pictures, on the same validation pictures
    runs/<name>/history.csv               one row an epoch
    runs/<name>/state/last.safetensors    weights, optimizer and progress, the adversary's too where there is one;
                                          safetensors, as nothing is ever unpickled
    runs/<name>/state/best.safetensors    the weights of the best epoch so far
    runs/<name>/state/NNNN.safetensors    the weights of an epoch that the recipe keeps as a snapshot
    runs/<name>/state/hint_embedding.safetensors
                                          how far the last phase has come, where the recipe has one

When it is finished, `model.safetensors` and `card.toml` join them, and the folder is a checkpoint as well.
"""

import dataclasses
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from colorizer.checkpoints.card import CARD_FILE
from colorizer.checkpoints.history import EpochRow
from colorizer.checkpoints.store import RECIPE_FILE, read_tensors
from colorizer.errors import CheckpointError, TrainingError
from colorizer.evaluation.scores import NAMES, Scores
from colorizer.evaluation.validation import Baseline
from colorizer.utils.atomic_write import write_atomically

LAST_FILE = "state/last.safetensors"
BEST_FILE = "state/best.safetensors"
SHIPPED_FILE = "state/shipped.safetensors"
EMBEDDING_FILE = "state/hint_embedding.safetensors"
BASELINE_FILE = "baseline.toml"
_BASELINE_NAMES = {"ciede2000": "delta_e"}
"""What a score is called in the file, where that is not its name: as in the history."""
_IN_EVERY_BASELINE = ("loss", "psnr", "ciede2000", "ab_rmse", "colorfulness")
AVERAGE = "average."
"""The prefix of the average of the weights in a state."""


def find_folders(*roots: Path) -> Sequence[Path]:
    """Return the folders under the roots that hold a recipe: finished checkpoints and runs in training."""
    return [path.parent for root in roots for path in sorted(root.glob(f"*/{RECIPE_FILE}"))]


def is_under_way(folder: Path) -> bool:
    """Whether a folder is that of a run which is not finished."""
    return (folder / LAST_FILE).exists() and not (folder / CARD_FILE).exists()


def state_under_way(folder: Path) -> dict[str, Tensor]:
    """Return the weights of a run that is under way, or their average where it keeps one.

    Raises:
        CheckpointError: for a state that cannot be read.
    """
    tensors = read_tensors(folder / LAST_FILE)
    return _below(f"{AVERAGE}model.module.", tensors) or _below("model.", tensors)


def state_file(epoch: int) -> str:
    """Where the weights of a kept epoch lie while the run is going on."""
    return f"state/{epoch:04d}.safetensors"


@dataclass
class Progress:
    """How far a run has come; between epochs `step` and what is gathered over the epoch are zero."""

    epoch: int = 0
    """The epoch that is under way or comes next, counted from 0."""
    step: int = 0
    """Optimizer steps already done in it."""
    loss_sum: float = 0.0
    """Over those steps."""
    accuracy_sum: float = 0.0
    """Over those steps; NaN without classes."""
    generator_loss_sum: float = 0.0
    """Over those steps: of what the network is trained by, its own loss where there is no adversary."""
    discriminator_loss_sum: float = 0.0
    """Over those steps; NaN without adversary, and where it was skipped."""
    epoch_seconds: float = 0.0
    rows: list[EpochRow] = field(default_factory=list)
    training_sha256: str = ""
    """Of the pictures the run started with."""
    validation_sha256: str = ""


@dataclass(frozen=True)
class Trained:
    """A network in training, and its optimizer."""

    network: nn.Module
    optimizer: torch.optim.Optimizer | None
    """None for an average of weights, which has none."""

    def tensors(self) -> dict[str, Tensor]:
        """All that its training goes on from, by name."""
        state: Mapping[int, Mapping[str, Tensor]] = self.optimizer.state_dict()["state"] if self.optimizer else {}
        named = {f"optimizer.{index}.{key}": value for index, entry in state.items() for key, value in entry.items()}
        return {f"model.{name}": tensor for name, tensor in self.network.state_dict().items()} | named


def save_state(path: Path, parts: Mapping[str, Trained], progress: Progress) -> None:
    """Write networks, optimizers and progress as one file, atomically; `parts` by a prefix that sets them apart."""
    write_trained(path, parts, dataclasses.asdict(progress))


def read_state(path: Path, parts: Mapping[str, Trained]) -> tuple[dict[str, dict[str, Tensor]], Progress]:
    """Read what `save_state` wrote: puts back the optimizers, returns each part's weights and the progress.

    Raises:
        TrainingError: for a file that is missing or damaged.
    """
    weights, record = read_trained(path, parts)
    try:
        rows = [EpochRow(**row) for row in record.pop("rows")]
        return weights, Progress(rows=rows, **record)
    except (KeyError, TypeError) as error:
        raise _damaged(path, error) from error


def write_trained(path: Path, parts: Mapping[str, Trained], record: Mapping[str, Any]) -> None:
    """Write what is in training as one file, atomically.

    Args:
        path: replaced at a stroke.
        parts: by a prefix that sets their tensors apart.
        record: how far they have come; anything that JSON can hold.
    """
    tensors = {prefix + name: tensor for prefix, part in parts.items() for name, tensor in part.tensors().items()}
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save(on_cpu, metadata={"progress": json.dumps(record)}))


def read_trained(path: Path, parts: Mapping[str, Trained]) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Read what `write_trained` wrote: puts back the optimizers, returns each part's weights and the record.

    Raises:
        TrainingError: for a file that is missing or damaged.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - safe_open is no mapping
            record: dict[str, Any] = json.loads(file.metadata()["progress"])
    except FileNotFoundError as error:
        raise TrainingError(f"{path.parent.parent} holds no run to resume; start it without --resume.") from error
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error
    try:
        for prefix, part in parts.items():
            if part.optimizer:
                _restore_optimizer(part.optimizer, _below(f"{prefix}optimizer.", tensors))
    except (IndexError, KeyError, ValueError, RuntimeError) as error:
        raise TrainingError(f"{path} is not the state of this network: {error}.") from error
    return {prefix: _below(f"{prefix}model.", tensors) for prefix in parts}, record


def _damaged(path: Path, error: Exception) -> TrainingError:
    return TrainingError(f"{path} is damaged, the run cannot be resumed: {error}.")


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        # In the memory layout of its parameter, as AdamW itself made it: another one may round otherwise.
        like = torch.empty_like(parameters[int(index)], device="cpu") if tensor.dim() else torch.empty_like(tensor)
        state.setdefault(int(index), {})[key] = like.copy_(tensor)
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write the baseline of a run, atomically."""
    grey = {_BASELINE_NAMES.get(name, name): value for name, value in baseline.grey.taken().items()}
    document: dict[str, float | dict[str, float]] = {"true_colorfulness": baseline.true_colorfulness, "grey": grey}
    write_atomically(path, tomli_w.dumps(document).encode())


def read_baseline(path: Path) -> Baseline:
    """Return the baseline of a run or checkpoint.

    Raises:
        CheckpointError: for a file that is missing or broken.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        taken = {name: document["grey"].get(_BASELINE_NAMES.get(name, name), math.nan) for name in NAMES}
        if any(math.isnan(taken[name]) for name in _IN_EVERY_BASELINE):
            raise ValueError(f"[grey] lacks one of {', '.join(_IN_EVERY_BASELINE)}")
        return Baseline(Scores(**taken), document["true_colorfulness"])
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path.parent.name}/{path.name} is not a readable baseline: {error}.") from error
