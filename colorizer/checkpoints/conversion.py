"""Published weights made into a checkpoint folder: unpickled once, checked strictly, kept as float16 safetensors."""

import dataclasses
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import Tensor

from colorizer import models
from colorizer.checkpoints import fetching, published
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import MODEL_FILE, require_names_and_shapes, write_card, write_tensors
from colorizer.errors import CheckpointError, FetchError
from colorizer.models.ddcolor import fold_spectral_norm

_WRAPPERS = ("params", "state_dict")  # keys under which some files hold the state of the network
_HALF_MAX = torch.finfo(torch.float16).max


def read_pickle(path: Path, name: str) -> dict[str, Tensor]:
    """Read the tensors of a file of `torch.save`, plain or in a wrapper; nothing but tensors is unpickled.

    Args:
        path: a file whose sha256 has been checked.
        name: of the network, for the message.

    Raises:
        FetchError: for a file that is cut, or holds anything else.
    """
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise FetchError(f"The file of {name} holds no weights that can be read safely, so it was not used.") from error
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not all(isinstance(tensor, Tensor) for tensor in content.values()):
        raise FetchError(f"The file of {name} holds something else than named tensors, so it was not used.")
    return dict(content)


def compact(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Halve the precision of weights; vectors, which are few, and what float16 cannot hold stay as they are."""
    return {name: _compacted(tensor) for name, tensor in state.items()}


def _compacted(tensor: Tensor) -> Tensor:
    is_small = tensor.ndim < 2 or not tensor.is_floating_point()
    return tensor if is_small or float(tensor.abs().max()) > _HALF_MAX else tensor.to(torch.float16)


def convert(path: Path, card: Card, folder: Path) -> Card:
    """Make a checkpoint folder of a verified file.

    Args:
        path: the file as its authors published it.
        card: of the catalogue.
        folder: of the checkpoint; its card is written last.

    Raises:
        FetchError: for a file that holds other tensors than the network has, naming one of them.
    """
    with torch.device("meta"):
        network = models.build(card.architecture, **card.options)
    state = read_pickle(path, card.id)
    if isinstance(network, models.DDColor):
        state = fold_spectral_norm(state)
    try:
        require_names_and_shapes(network, state, f"The file of {card.id}")
    except CheckpointError as error:
        raise FetchError(str(error)) from error
    sha256 = write_tensors(folder / MODEL_FILE, compact(state))
    parameters = models.count_parameters(network)
    complete = dataclasses.replace(card, sha256={MODEL_FILE: sha256}, parameters=parameters)
    write_card(folder, complete)
    return complete


def fetch_published(checkpoint_id: str, report: fetching.Report = lambda progress: None) -> Card:
    """Fetch a published network into the cache, or return its card if it is there.

    Its sources are tried in turn while one of them cannot be reached or broke off.

    Raises:
        FetchError: in one sentence, whatever went wrong; what has come so far is kept, but for a wrong file.
    """
    entry, folder = published.find_entry(checkpoint_id), published.fetched_folder(checkpoint_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{checkpoint_id}.lock"), timeout=0):
            return _fetch(entry, folder, report)
    except Timeout as error:
        raise FetchError(f"{checkpoint_id} is being fetched by another process; wait for it.") from error
    except OSError as error:
        raise fetching.disk_problem(error, folder) from error


def _fetch(entry: published.Entry, folder: Path, report: fetching.Report) -> Card:
    if published.is_fetched(entry.card.id):
        return published.read_fetched(entry.card.id)
    problems: list[FetchError] = []
    for source in entry.sources:
        try:
            path = fetching.download(source, folder, report)
            card = convert(path, entry.card, folder)
        except FetchError as error:
            problems.append(error)
        else:
            for leftover in (*folder.glob("*.pickle"), *folder.glob("*.part")):
                leftover.unlink()
            return card
    raise problems[0]
