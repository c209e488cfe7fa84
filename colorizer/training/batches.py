"""From the squares of a batch to what one training step learns by: cut, coloured in Lab, worn, with hints and target.

All that is drawn comes from one generator, so that a step is the same whether or not the run was ever interrupted.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from colorizer import color, models
from colorizer.data.dataset import augment, zoomed
from colorizer.recipes.recipe import Recipe
from colorizer.recipes.schema import DataSettings
from colorizer.training.augmentation import degrade
from colorizer.training.hint_sampling import sample_hints
from colorizer.training.old_film import old_film


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
    if settings.random_resize > 1:
        return zoomed(squares, settings.crop, settings.random_resize, settings.flip, generator)
    return augment(squares, settings.crop, settings.flip, generator)


def make_batch(
    squares: Tensor, recipe: Recipe, network: models.ColorNetwork, generator: torch.Generator
) -> TrainingBatch:
    """What a network learns of some squares.

    Args:
        squares: uint8 (n, 3, side, side), on the network's device.
        recipe: how they are cut and worn, and whether there are hints.
        network: gives the target; it is not run.
        generator: a CPU generator, so that all is the same on every device.
    """
    srgb = crop_squares(squares, recipe.data, generator).float() / 255
    lab = color.srgb_to_lab(srgb).contiguous(memory_format=torch.channels_last)
    target = network.target(srgb, lab)
    lightness = degrade(lab[:, :1], generator) if recipe.data.degrade else lab[:, :1]
    if share := recipe.data.old_film:
        is_old = (torch.rand(len(srgb), 1, 1, 1, generator=generator) < share).to(srgb.device)
        lightness = torch.where(is_old, old_film(srgb, generator), lightness)
    inputs = (lightness, sample_hints(lab[:, 1:], generator)) if recipe.training.hints else (lightness,)
    return TrainingBatch(inputs, target, srgb, lab)
