"""What belongs together, learned at the end of a training with hints: the embedding that `hint_propagation` goes by.

The network stays as it is, and so does its calibration. It is shown training pictures with some true colours as hints,
and the embedding becomes such that what is still wrong at the hints tells best what is wrong elsewhere (deep kernel
learning, Wilson et al. 2016; by the error of that prediction instead of the likelihood).
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorizer import color
from colorizer.checkpoints.store import load_state
from colorizer.inference.hint_propagation import NUGGET, USUAL, Points, carry, covariances, fit_weights, places_of
from colorizer.models.hint_unet import AB_SCALE, LIGHTNESS_SIGMA, HintedBins
from colorizer.training.run_state import Trained, read_trained, write_trained
from colorizer.utils.seeding import seeded

_RATE = 0.01
_COUNTS = (1, 2, 3, 5, 10, 20, 50)
"""Hints in a picture; each number as often as the others."""
_EVALUATED = 250
"""Cells of a picture at which the prediction is held against the truth."""
_WRONG_HINT = 60.0
"""Lab units: a hint that is so far from what the network says is not to move other things."""
_OTHER_THING = 20.0  # Lab units of true ab: cells that differ by more are of different things
_SPILL_WEIGHT = 0.002  # a part of the error, for each Lab unit by which other things move; see docs/photo.md
_FIRST_SPREAD = 0.3  # of each coordinate over the features, at first


class _Projection(nn.Module):
    """The projection as it is learned, and the state of chance, which decides where hints are put."""

    spread: Tensor
    chance: Tensor

    def __init__(self, spread: Tensor, shape: torch.Size, generator: torch.Generator) -> None:
        super().__init__()
        first = _FIRST_SPREAD / len(spread) ** 0.5 * torch.randn(shape, generator=generator).to(spread.device)
        first[:, -1] = torch.eye(len(first))[0]
        self.scaled = nn.Parameter(first)
        self.register_buffer("spread", spread)
        self.register_buffer("chance", generator.get_state())

    def forward(self) -> Tensor:
        """(8, F + 1): `HintedBins.projection`."""
        return self.scaled / self.spread


class EmbeddingFit:
    """The embedding of one network while it is learned; by `save` and `restore` it goes on where it was, bit for bit.

    Nothing of the network changes but `network.projection`.
    """

    def __init__(self, network: HintedBins, squares: Tensor, steps: int, seed: int) -> None:
        """Begin, by a first look at how much each feature varies.

        Args:
            network: trained, in evaluation mode.
            squares: uint8 (n, 3, side, side), whose sides are multiples of the network's stride; as for `learn`.
            steps: how many there are to be; the rate of learning falls to zero meanwhile, along a half cosine.
            seed: of the first projection, and of hints and evaluated cells.
        """
        self.network = network
        self.done = 0
        device = network.projection.device
        self._generator = seeded(seed, "binding")
        self._learned = _Projection(_spread(network, squares.to(device)), network.projection.shape, self._generator)
        self._optimizer = torch.optim.Adam(self._learned.parameters(), lr=_RATE)
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self._optimizer, steps)

    @property
    def projection(self) -> Tensor:
        """What has been learned so far: (8, F + 1)."""
        with torch.no_grad():
            projection: Tensor = self._learned()
        return projection

    def learn(self, squares: Tensor) -> float:
        """Take one step; returns the error before it, see `_error`."""
        self.network.projection = self._learned()
        self._optimizer.zero_grad()
        error = _error(self.network, squares.to(self.network.projection.device), self._generator)
        error.backward()
        self._optimizer.step()
        self._schedule.step()
        self.network.projection = self.projection
        self.done += 1
        return error.item()

    def save(self, path: Path, epochs: int) -> None:
        """Write how far it has come, atomically; `epochs` are those of the training that it follows."""
        self._learned.chance = self._generator.get_state()
        record = {"epochs": epochs, "done": self.done, "schedule": self._schedule.state_dict()}
        write_trained(path, self._parts, record)

    def restore(self, path: Path, epochs: int) -> None:
        """Go on from what `save` wrote; from the beginning where that is missing, or follows another training.

        Raises:
            TrainingError: for a damaged file.
            CheckpointError: where it is the state of another network.
        """
        if not path.exists():
            return
        weights, record = read_trained(path, self._parts)
        if record.get("epochs") != epochs:
            return
        load_state(self._learned, weights[""], path.name)
        self._generator.set_state(self._learned.chance.cpu())
        self._schedule.load_state_dict(record["schedule"])
        for group, rate in zip(self._optimizer.param_groups, self._schedule.get_last_lr(), strict=True):
            group["lr"] = rate
        self.done = record["done"]
        self.network.projection = self.projection

    @property
    def _parts(self) -> dict[str, Trained]:
        return {"": Trained(self._learned, self._optimizer)}


@torch.no_grad()
def _spread(network: HintedBins, squares: Tensor) -> Tensor:
    """(F + 1,): by what features and L / 100 are divided, so that all have about the same say at first."""
    features = network.features(_lab(squares)[:, :1])
    return torch.cat([features.std((0, 2, 3)).clamp_min(1e-3), features.new_tensor([LIGHTNESS_SIGMA / 100])])


def _lab(squares: Tensor) -> Tensor:
    return color.srgb_to_lab(squares.float() / 255)


def _error(network: HintedBins, squares: Tensor, generator: torch.Generator) -> Tensor:
    """How much of what is wrong stays wrong beside hints: mean distance in the plane of a and b over the evaluated
    cells, as a part of that without propagation; plus how far a wrong hint moves other things. Mean over the pictures.
    """
    lab = _lab(squares)
    cells = F.avg_pool2d(lab, network.reduction)
    height, width = cells.shape[2:]
    hinted, evaluated = draw_cells(len(lab), height * width, generator)
    with torch.no_grad():
        hints = F.interpolate(true_hint_planes(cells[:, 1:], hinted), scale_factor=float(network.reduction))
        features = network.features(lab[:, :1], hints)
        answer = network.calibrated_ab(network.heads(features), lab[:, :1])
        wrong = cells[:, 1:] - F.avg_pool2d(answer, network.reduction)
    embedding = network.embed(features, cells[:, :1]).flatten(2).mT
    places = places_of(height, width).to(lab.device)
    errors = []
    for number, at in enumerate(hinted):
        known = places[at], embedding[number, at]
        asked = places[evaluated[number]], embedding[number, evaluated[number]]
        wrong_there = wrong[number].flatten(1).T
        predicted = carry(asked, known, fit_weights(known, wrong_there[at]))
        before = wrong_there[evaluated[number]]
        spill = _spill(known, asked, cells[number, 1:].flatten(1).T, at, evaluated[number])
        errors.append(_mean_distance(before - predicted) / _mean_distance(before) + _SPILL_WEIGHT * spill)
    return torch.stack(errors).mean()


def _spill(known: Points, asked: Points, true_ab: Tensor, at: Tensor, evaluated: Tensor) -> Tensor:
    """Lab units by which each hint, alone and wrong by `_WRONG_HINT`, moves cells of other things; 0 without any."""
    is_other = torch.cdist(true_ab[evaluated], true_ab[at]) > _OTHER_THING
    wide, strict = covariances(asked, known)
    usual = USUAL / (1 + NUGGET)  # what `fit_weights` finds for one hint
    moved = wide * usual + strict * (_WRONG_HINT - usual) / (1 + NUGGET)
    return (moved * is_other).sum() / is_other.sum().clamp_min(1)


def draw_cells(pictures: int, cells: int, generator: torch.Generator) -> tuple[list[Tensor], list[Tensor]]:
    """Which cells of each picture get a hint, and at which others the prediction is evaluated."""
    counts = torch.randint(len(_COUNTS), (pictures,), generator=generator).tolist()
    orders = [torch.randperm(cells, generator=generator) for _ in range(pictures)]
    hinted = [order[: _COUNTS[count]] for order, count in zip(orders, counts, strict=True)]
    return hinted, [order[len(at) :][:_EVALUATED] for order, at in zip(orders, hinted, strict=True)]


def true_hint_planes(ab: Tensor, hinted: list[Tensor]) -> Tensor:
    """Turn true colours (N, 2, h, w) into hint planes (N, 3, h, w) that show them in the hinted cells."""
    mask = torch.zeros_like(ab[:, :1]).flatten(1)
    for number, at in enumerate(hinted):
        mask[number, at] = 1
    mask = mask.reshape(ab[:, :1].shape)
    return torch.cat([ab / AB_SCALE * mask, mask], 1)


def _mean_distance(ab: Tensor) -> Tensor:
    """(N, 2) -> mean length, smooth at 0."""
    return (ab.square().sum(1) + 1).sqrt().mean()
