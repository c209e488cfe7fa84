"""From the squares of a batch to what one training step learns by: cut, taken to Lab, degraded, with hints and target.

All that is drawn comes from one generator, so that a step is the same whether or not the run was ever interrupted.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from colorizer import color, models
from colorizer.data.dataset import TrainingSet
from colorizer.recipes.schema import DataSettings
from colorizer.training.augmentation import (
    degrade,
    erase,
    jitter_sharpness,
    jitter_tone,
    random_crop,
    random_resized_crop,
)
from colorizer.training.hint_sampling import sample_hints
from colorizer.training.old_film import old_film
from colorizer.utils.seeding import seeded

_SAMPLE = 4  # pictures


@dataclass(frozen=True)
class TrainingBatch:
    """What one step learns by, on the device of the network."""

    inputs: tuple[Tensor, ...]
    """What the network is given: L (n, 1, crop, crop), and hints where it takes them."""
    target: Tensor
    """What the loss compares its output with: `ColorNetwork.target`."""
    srgb: Tensor
    """(n, 3, crop, crop) in 0..1; with `lab`, what an adversary sees."""
    lab: Tensor


def crop_squares(squares: Tensor, settings: DataSettings, generator: torch.Generator) -> Tensor:
    """uint8 (n, 3, side, side) -> uint8 (n, 3, crop, crop), at the places and sizes that the settings leave open."""
    zoom, affine = settings.random_resize, settings.affine_jitter
    if zoom > 1 or affine:
        return random_resized_crop(squares, settings.crop, zoom, settings.flip, generator, affine)
    return random_crop(squares, settings.crop, settings.flip, generator)


def make_batch(
    squares: Tensor, settings: DataSettings, with_hints: bool, network: models.ColorNetwork, generator: torch.Generator
) -> TrainingBatch:
    """Return what a network learns of some squares.

    Args:
        squares: uint8 (n, 3, side, side), on the network's device.
        settings: how they are cut and degraded.
        with_hints: whether the network is given hints.
        network: gives the target; it is not run.
        generator: a CPU generator, so that all is the same on every device.
    """
    srgb = crop_squares(squares, settings, generator).float() / 255
    lab = color.srgb_to_lab(srgb).contiguous(memory_format=torch.channels_last)
    target = network.target(srgb, lab)
    lightness = lab[:, :1]
    if settings.tone_jitter:
        lightness = jitter_tone(lightness, settings.tone_jitter, generator)
    if settings.sharpness_jitter:
        lightness = jitter_sharpness(lightness, settings.sharpness_jitter, generator)
    if settings.degrade:
        lightness = degrade(lightness, generator)
    if share := settings.old_film:
        is_old = (torch.rand(len(srgb), 1, 1, 1, generator=generator) < share).to(srgb.device)
        lightness = torch.where(is_old, old_film(srgb, generator), lightness)
    if settings.erased:
        lightness = erase(lightness, settings.erased, generator)
    inputs = (lightness, sample_hints(lab[:, 1:], generator)) if with_hints else (lightness,)
    return TrainingBatch(inputs, target, srgb, lab)


def sample_squares(
    training: TrainingSet, settings: DataSettings, seed: int, device: torch.device, first: int = 0
) -> Iterator[Tensor]:
    """Training pictures, cut as in training and not degraded, without end: uint8 (4, 3, crop, crop) each.

    Args:
        training: where they are taken from.
        settings: how they are cut.
        seed: of which they are.
        device: where they are put.
        first: the number of the first batch; each depends on its number alone.

    Raises:
        DataError: where a picture that is decoded anew can no longer be read.
    """
    pictures = training.sample()
    for number in itertools.count(first):
        generator = seeded(seed, "sample", number)
        chosen = torch.randint(len(pictures), (_SAMPLE,), generator=generator).tolist()
        positions = torch.rand(_SAMPLE, generator=generator).tolist()
        squares = [pictures[request] for request in zip(chosen, positions, strict=True)]
        yield crop_squares(torch.stack(squares).to(device), settings, generator)
