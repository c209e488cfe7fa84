"""Weights and inputs made by a formula, for the published networks: they stand in for files that nobody has here.

The authors' own classes were run with the same weights and inputs; `tests/unit/models/published/*.json` holds what they
gave. So equality with their code is a test that needs neither their code nor their files.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer import models
from colorizer.checkpoints import published
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.conversion import compact
from colorizer.checkpoints.store import MODEL_FILE, write_card, write_tensors

_KEY_STEP = 1_000_003
_POWER_STEPS = 50
_DDCOLOR_INPUT = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
HEIGHT, WIDTH = 64, 96
"""Of the inputs."""
_LIGHTNESS_KEY = 9001


def uniform(count: int, key: int) -> NDArray[np.float64]:
    """Hash 1..count to (count,) values in -0.5..0.5: the 32-bit mixer "lowbias32" (Wellons 2018), times 2^-32."""
    with np.errstate(over="ignore"):
        x = np.arange(1, count + 1, dtype=np.uint32) + np.uint32(key * _KEY_STEP % 2**32)
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x7FEB352D)
        x ^= x >> np.uint32(15)
        x *= np.uint32(0x846CA68B)
        x ^= x >> np.uint32(16)
    return x / 2**32 - 0.5


def formula_tensor(name: str, shape: Sequence[int], key: int) -> Tensor:
    """Make one tensor; `weight_u` and `weight_v` are made by `formula_state`."""
    part = name.rpartition(".")[2]
    if part == "num_batches_tracked":
        return torch.zeros(tuple(shape), dtype=torch.int64)
    if name in _DDCOLOR_INPUT:
        return torch.tensor(_DDCOLOR_INPUT[name]).reshape(tuple(shape))
    values = uniform(math.prod(shape), key)
    if part in ("running_mean", "bias", "in_proj_bias"):
        values = 0.2 * values
    elif part == "gamma":
        values = 0.5 + 0.5 * values
    elif len(shape) == 1:
        values = 1 + 0.5 * values
    else:
        values = values * math.sqrt(24 / math.prod(shape[1:]))
    return torch.from_numpy(values.astype(np.float32)).reshape(tuple(shape))


def power_iteration(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Find the first singular vectors (u, v) of a weight flattened to two dimensions, by 50 steps in float64."""
    matrix = weight.flatten(1).double()
    v = torch.full((matrix.shape[1],), matrix.shape[1] ** -0.5, dtype=torch.float64)
    for _ in range(_POWER_STEPS):
        u = torch.nn.functional.normalize(matrix @ v, dim=0)
        v = torch.nn.functional.normalize(matrix.T @ u, dim=0)
    return u.float(), v.float()


def _tensors(shapes: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, Tensor]]:
    for key, name in enumerate(sorted(shapes)):
        yield name, formula_tensor(name, shapes[name], key)


def formula_state(shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Make a state dict with these names and shapes, as the file of a published network has them."""
    state = dict(_tensors(shapes))
    for name in [name for name in state if name.endswith(".weight_orig")]:
        layer = name.removesuffix("_orig")
        state[f"{layer}_u"], state[f"{layer}_v"] = power_iteration(state[name])
    return state


def formula_lightness() -> Tensor:
    """L in 0..100, (1, 1, 64, 96)."""
    values = (uniform(HEIGHT * WIDTH, _LIGHTNESS_KEY) + 0.5) * 100
    return torch.from_numpy(values.astype(np.float32)).reshape(1, 1, HEIGHT, WIDTH)


def formula_hints(scale: float) -> Tensor:
    """Planes (1, 3, 64, 96) of one hint, 3 x 3 pixels of ab (40, -25) / `scale`, and its mask."""
    planes = torch.zeros(1, 3, HEIGHT, WIDTH)
    planes[0, :, 10:13, 20:23] = torch.tensor([40 / scale, -25 / scale, 1.0])[:, None, None]
    return planes


def make_formula_checkpoint(checkpoint_id: str, input_size: int | None = None) -> Card:
    """Put a published network with formula weights into the cache, as if it had been fetched; its colours mean nothing.

    With `input_size` it sees photos with another short side, in pixels, than its card says, for quick tests.

    Raises:
        FetchError: for an id that is not in the catalogue.
    """
    card = published.find_entry(checkpoint_id).card
    with torch.device("meta"):
        network = models.build(card.architecture, **card.options)
    state = formula_state({name: tuple(tensor.shape) for name, tensor in network.state_dict().items()})
    folder = published.fetched_folder(checkpoint_id)
    sha256 = write_tensors(folder / MODEL_FILE, compact(state))
    card = dataclasses.replace(card, sha256={MODEL_FILE: sha256}, input_size=input_size or card.input_size)
    write_card(folder, card)
    return card
