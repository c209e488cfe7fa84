"""The only reader and writer of checkpoint folders. Nothing is unpickled: tensors are safetensors, the rest is text."""

import contextlib
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save
from torch import Tensor

from colorizer import models
from colorizer.checkpoints import published
from colorizer.checkpoints.card import CARD_FILE, Card, read_card
from colorizer.color.calibration import ColorCalibration
from colorizer.errors import CheckpointError
from colorizer.utils.atomic_write import write_atomically
from colorizer.utils.shipped import shipped_folder

WEIGHTS = shipped_folder("weights")
"""The shipped checkpoints."""
MODEL_FILE = "model.safetensors"
RECIPE_FILE = "recipe.toml"
_EXACT = "palette"  # a tensor of given colours, which are no weights: rounded, some pixels would change their class


def snapshot_file(epoch: int) -> str:
    """Where the state of an epoch (counted from 0) lies inside its checkpoint."""
    return f"snapshots/{epoch:04d}.safetensors"


@functools.lru_cache(maxsize=256)
def _read_card(path: Path, changed: int, size: int) -> Card:
    """As `read_card`, again only when the file has changed: each page of each visitor wants them all."""
    return read_card(path)


@dataclass(frozen=True)
class Listing:
    """What a folder of checkpoints holds: the readable ones, and one sentence for each that is not."""

    cards: tuple[Card, ...]
    problems: tuple[str, ...]


def scan(weights: Path | str = WEIGHTS) -> Listing:
    """Read every card in a folder of checkpoints, and of the published networks that have been fetched.

    A damaged one does not hide the others.
    """
    cards, problems = [], []
    for path in _card_files(weights).values():
        try:
            status = path.stat()
            cards.append(_read_card(path, status.st_mtime_ns, status.st_size))
        except CheckpointError as error:
            problems.append(str(error))
    return Listing(tuple(sorted(cards, key=lambda card: (card.family, card.id))), tuple(problems))


def _card_files(weights: Path | str) -> dict[str, Path]:
    """Find the cards by id; a checkpoint of the folder comes before a fetched one of the same id."""
    folders = (published.cache_folder(), Path(weights))
    return {path.parent.name: path for folder in folders for path in sorted(folder.glob(f"*/{CARD_FILE}"))}


def list_checkpoints(weights: Path | str = WEIGHTS) -> list[Card]:
    """Return the cards of all checkpoints in a folder, sorted by family and id; unreadable ones are left out (see
    `scan`)."""
    return list(scan(weights).cards)


def checkpoint_folder(checkpoint_id: str, weights: Path | str = WEIGHTS) -> Path:
    """Return the folder of a checkpoint: in `weights`, or of a published network that has been fetched.

    Raises:
        CheckpointError: where there is none of this id; the message lists what there is, or says how to fetch it.
    """
    known = _card_files(weights)
    if checkpoint_id in known:
        return known[checkpoint_id].parent
    if checkpoint_id in published.catalogue():
        raise CheckpointError(published.how_to_fetch(checkpoint_id))
    raise CheckpointError(f"There is no checkpoint {checkpoint_id!r}; there are: {', '.join(sorted(known)) or 'none'}.")


def to_float16(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state as it is shipped: floating-point tensors as float16, on the CPU; a palette stays as it is.

    Raises:
        CheckpointError: where a value does not fit, naming the tensor.
    """
    small = {name: tensor.cpu() if name == _EXACT else _half(tensor) for name, tensor in state.items()}
    for name, tensor in small.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"The tensor {name} has values that float16 cannot hold.")
    return small


def _half(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().to(torch.float16 if tensor.is_floating_point() else tensor.dtype).contiguous()


def write_tensors(path: Path, state: Mapping[str, Tensor]) -> str:
    """Write tensors as one safetensors file, atomically; returns its sha256."""
    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()})
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()


def read_tensors(path: Path, sha256: str | None = None) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file.

    Raises:
        CheckpointError: for a file that is missing, truncated, foreign, or has another sha256 than stated.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{name} cannot be read ({error.strerror}); restore it from the repository.") from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise CheckpointError(
            f"{name} is damaged: its sha256 is not the one on the card; restore it from the repository."
        )
    try:
        return load(content)
    except (SafetensorError, KeyError, RuntimeError, ValueError) as error:  # the last three: a header of nonsense
        raise CheckpointError(f"{name} is not a complete safetensors file: {error}.") from error


def map_tensors(path: Path, sha256: str) -> dict[str, Tensor]:
    """As `read_tensors`, without a copy in memory: of a file of hundreds of megabytes.

    Raises:
        CheckpointError: likewise; the message says how to fetch the file anew.
    """
    anew = f"delete the folder {path.parent} and fetch {path.parent.name} again."
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise CheckpointError(f"{path.parent.name}/{path.name} is damaged: {anew}")
        return load_file(path)
    except (OSError, SafetensorError, KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path.parent.name}/{path.name} cannot be read ({error}); {anew}") from error


def require_names_and_shapes(network: torch.nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Refuse a state that is not exactly that of a network.

    Raises:
        CheckpointError: where tensors are missing, too many, or of another shape, naming the tensor and both shapes.
    """
    own = network.state_dict()
    missing, foreign = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    if missing or foreign:
        what = f"lacks the tensor {missing[0]}" if missing else f"has the foreign tensor {foreign[0]}"
        raise CheckpointError(f"{name} {what}: it belongs to another architecture than its card says.")
    for key, wanted in own.items():  # in the network's order: a safetensors file comes in any
        if state[key].shape != wanted.shape:
            shapes = f"{tuple(state[key].shape)} in the file, {tuple(wanted.shape)} in the network"
            raise CheckpointError(f"{name}: the tensor {key} has another shape: {shapes}.")


def load_state(network: torch.nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Put tensors into a network, as float32. One that was built on the device "meta" takes them as its own.

    Raises:
        CheckpointError: where they are not exactly those of the network, see `require_names_and_shapes`.
    """
    require_names_and_shapes(network, state, name)
    own = network.state_dict()
    is_empty = any(tensor.is_meta for tensor in own.values())
    network.load_state_dict({key: tensor.to(own[key].dtype) for key, tensor in state.items()}, assign=is_empty)


def load_network(folder: Path, snapshot: int | None = None) -> tuple[models.ColorNetwork, Card]:
    """Return the network of a checkpoint folder in evaluation mode, and its card.

    Args:
        folder: the checkpoint.
        snapshot: an epoch whose state is kept, counted from 0; None for the shipped state.

    Raises:
        CheckpointError: for anything missing, damaged or foreign, and for a snapshot that is not kept.
    """
    card = read_card(folder / CARD_FILE)
    is_shipped = snapshot is None or (bool(card.snapshots) and snapshot == card.epochs - 1)
    file = MODEL_FILE if snapshot is None or is_shipped else snapshot_file(snapshot)
    if is_shipped and file not in card.sha256:
        raise CheckpointError(
            f"{card.id}/{CARD_FILE} does not state the sha256 of {file}; restore it from the repository."
        )
    if file not in card.sha256:
        kept = ", ".join(map(str, card.snapshots)) or "none"
        raise CheckpointError(f"{card.id} has no snapshot of epoch {snapshot}; it keeps: {kept}.")
    is_large = card.published is not None  # then neither first weights nor a second copy is worth its memory
    read = map_tensors if is_large else read_tensors
    try:
        with torch.device("meta") if is_large else contextlib.nullcontext():
            network = models.build(card.architecture, **card.options)
    except ValueError as error:
        raise CheckpointError(f"{card.id}: {error}.") from error
    load_state(network, read(folder / file, card.sha256[file]), f"{card.id}/{file}")
    if isinstance(network, models.BinsNetwork) and card.calibration is not None:
        network.calibration = ColorCalibration(**vars(card.calibration))
    return network.eval(), card


def write_card(folder: Path, card: Card) -> None:
    """Write the card of a checkpoint, atomically. Written last, it makes a folder of files a checkpoint."""
    write_atomically(folder / CARD_FILE, card.to_toml().encode())
