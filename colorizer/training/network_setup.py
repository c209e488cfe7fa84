"""From a recipe to its network with the first weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from colorizer import models
from colorizer.checkpoints.store import RECIPE_FILE, WEIGHTS, load_network, load_state
from colorizer.color.palettes import kmeans_colors, read_palette
from colorizer.data.dataset import TrainingSet
from colorizer.errors import CheckpointError, TrainingError
from colorizer.models.base import Head
from colorizer.models.efficientnet_lite import LiteEncoder, imagenet_state
from colorizer.recipes.recipe import Recipe, read_recipe
from colorizer.recipes.schema import LossName
from colorizer.training.color_statistics import bin_frequency, kmeans_palette
from colorizer.training.run_state import is_under_way, state_under_way
from colorizer.training.stitching import stitch

_LOSSES: Mapping[Head, Sequence[LossName]] = {
    "ab": ("mse", "huber", "l1"),
    "rgb": ("mse", "l1"),  # Huber's threshold is in Lab units
    "palette": ("cross_entropy",),
    "bins": ("cross_entropy",),
}


def build_network(recipe: Recipe) -> models.ColorNetwork:
    """Return the recipe's network with its first weights. A palette by k-means is still black, bins count alike: see
    `fit_color_statistics`.

    Raises:
        TrainingError: for an architecture that does not exist, and for a crop, width, palette, loss or trunk that does
            not fit it.
        RecipeError: for a palette that cannot be read.
    """
    palette = _given_palette(recipe.model.palette)
    options = network_options(recipe, palette)
    torch.manual_seed(recipe.training.seed)
    try:
        network = models.build(recipe.model.architecture, **options)
    except ValueError as error:
        raise TrainingError(f"[model]: {error}.") from error
    if isinstance(network, models.PaletteNetwork) and palette is not None:
        network.set_palette(palette)
    _require_fit(recipe, network)
    if recipe.model.encoder_weights == "imagenet":
        _load_trunk(recipe, network)
    if recipe.model.init_from:
        _load_start(recipe, network)
    if isinstance(network, models.HintedBins):
        network.encoder.set_drop_path(recipe.training.drop_path)
        network.encoder.feature_dropout = recipe.training.feature_dropout
    for layer in frozen_layers(network, recipe.training.frozen_stages):
        layer.requires_grad_(False)
    return network


def frozen_layers(network: models.ColorNetwork, stages: int) -> list[torch.nn.Module]:
    """Return the layers that training leaves as they are: the stem and so many stages of the encoder."""
    return network.encoder.first_stages(stages) if stages and isinstance(network, models.HintedBins) else []


def _given_palette(setting: str) -> Tensor | None:
    """Return the palette of a recipe; None where there is none, or none yet."""
    return read_palette(setting) if setting and kmeans_colors(setting) is None else None


def network_options(recipe: Recipe, palette: Tensor | None) -> dict[str, int]:
    """Return what the recipe's architecture is built with, beyond its own defaults; the card has the same."""
    settings = recipe.model
    needs_palette = settings.architecture in models.architectures_with_head("palette")
    is_known = settings.architecture in models.architectures()  # else building it says so
    if is_known and needs_palette != bool(settings.palette):
        what = "needs a palette, e.g. kmeans:16" if needs_palette else "does not choose among colours; leave it out"
        raise TrainingError(f"model.palette: {settings.architecture} {what}.")
    options = {"width": settings.width} if settings.width else {}
    if settings.output_stride:
        options["output_stride"] = settings.output_stride
    if settings.palette:
        options["colors"] = len(palette) if palette is not None else kmeans_colors(settings.palette) or 0
    return options


def _require_fit(recipe: Recipe, network: models.ColorNetwork) -> None:
    architecture = recipe.model.architecture
    if recipe.data.crop % network.stride:
        raise TrainingError(f"data.crop is {recipe.data.crop}; {architecture} needs a multiple of {network.stride}.")
    for name, takes in (
        ("hints", network.takes_hints and getattr(network, "sees_hints", True)),
        ("hint_embedding_steps", network.takes_hints),
    ):
        if getattr(recipe.training, name) and not takes:
            raise TrainingError(f"training.{name} is set, but {architecture} takes no hints.")
    if recipe.training.calibration_images and not isinstance(network, models.BinsNetwork):
        raise TrainingError(f"training.calibration_images is set, but {architecture} does not choose among bins of ab.")
    if recipe.training.start_share and not recipe.model.init_from:
        raise TrainingError("training.start_share is set, but without model.init_from there is nothing to keep.")
    for section, name in (
        ("model", "imagenet_share"),
        ("training", "frozen_stages"),
        ("training", "drop_path"),
        ("training", "feature_dropout"),
    ):
        if getattr(getattr(recipe, section), name) and not isinstance(network, models.HintedBins):
            raise TrainingError(f"{section}.{name} is set, but {architecture} has no EfficientNet encoder.")
    fitting = ("cross_entropy_huber",) if isinstance(network, models.HintedBins) else _LOSSES[network.head]
    if recipe.loss.name not in fitting:
        raise TrainingError(f"loss.name is {recipe.loss.name!r}; {architecture} learns by {_either(fitting)}.")
    if recipe.adversary and network.head != "rgb":
        names = ", ".join(models.architectures_with_head("rgb"))
        raise TrainingError(f"[adversary] judges whole pictures; {architecture} makes none, but these do: {names}.")


def _either(names: Sequence[str]) -> str:
    """Return "a, b or c"."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _load_start(recipe: Recipe, network: models.ColorNetwork) -> None:
    starts = [start.strip() for start in recipe.model.init_from.split(",")]
    try:
        states = [_with_added(network, _start_state(start, recipe.model.architecture, network)) for start in starts]
        for start, state in zip(starts, states, strict=True):
            load_state(network, state, start)
        load_state(network, _mean_of(states), recipe.model.init_from)
        if recipe.model.imagenet_share and isinstance(network, models.HintedBins):
            _mix_imagenet(network.encoder, recipe.model.imagenet_share)
    except CheckpointError as error:
        raise TrainingError(f"model.init_from: {error}") from error


def _mix_imagenet(encoder: LiteEncoder, share: float) -> None:
    """Replace the encoder's weights, and BatchNorm's statistics, by a mean with those of ImageNet."""
    learned = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    encoder.load_imagenet(imagenet_state(encoder.variant))
    for name, tensor in encoder.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(learned[name], 1 - share)


def _start_state(start: str, architecture: str, network: models.ColorNetwork) -> Mapping[str, Tensor]:
    """Return the tensors of a checkpoint or of a run that is under way."""
    folder = _start_folder(start)
    if is_under_way(folder):
        found, state = read_recipe(folder / RECIPE_FILE).model.architecture, state_under_way(folder)
    else:
        trained, card = load_network(folder)
        found, state = card.architecture, trained.state_dict()
    earlier = network.earlier_architectures if isinstance(network, models.HintedBins) else ()
    if found not in (architecture, *earlier):
        raise CheckpointError(f"{start} is a {found}, the recipe's network a {architecture}.")
    return state


def _mean_of(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each tensor; whole numbers, such as counts of batches, are the first's."""
    return {
        name: torch.stack([state[name] for state in states]).mean(0) if tensor.is_floating_point() else tensor
        for name, tensor in states[0].items()
    }


def _start_folder(start: str) -> Path:
    return Path(start) if "/" in start else WEIGHTS / start


def _with_added(network: models.ColorNetwork, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state, and of the network's own what an earlier state of its training may lack or have otherwise."""
    own = network.state_dict()
    later = network.later_tensors if isinstance(network, models.HintedBins) else ()
    fits = {
        name: tensor
        for name, tensor in state.items()
        if not name.startswith(later) or (name in own and own[name].shape == tensor.shape)
    }
    return {name: tensor for name, tensor in own.items() if name.startswith(later)} | fits


def _load_trunk(recipe: Recipe, network: models.ColorNetwork) -> None:
    from colorizer.data.torchvision_compat import resnet18_imagenet_state

    if isinstance(network, models.HintedBins):
        network.encoder.load_imagenet(imagenet_state(network.variant))
        return
    if not isinstance(network, models.ResNet18Colorizer):
        raise TrainingError(f'model.encoder_weights = "imagenet" is not available for {recipe.model.architecture}.')
    network.load_trunk(resnet18_imagenet_state())


def stitch_start(recipe: Recipe, network: models.ColorNetwork, training: TrainingSet) -> list[float]:
    """Give a network whose recipe has `model.stitch_from` that decoder; see `colorizer.training.stitching.stitch`.

    Returns:
        Its coefficients of determination for each scale; none where the recipe does not want it.

    Raises:
        TrainingError: where the checkpoint cannot be read, or its decoder is another.
        DataError: where a picture can no longer be read.
    """
    start = recipe.model.stitch_from
    if not start:
        return []
    try:
        trained, card = load_network(_start_folder(start))
    except CheckpointError as error:
        raise TrainingError(f"model.stitch_from: {error}") from error
    if not (isinstance(network, models.Lite0Bins) and isinstance(trained, models.Lite0Bins)):
        raise TrainingError(
            f"model.stitch_from: {start} is a {card.architecture}, the recipe's network a "
            f"{recipe.model.architecture}; both must have the decoder of lite0-bins."
        )
    return stitch(network, trained, training.sample())


def fit_color_statistics(recipe: Recipe, network: models.ColorNetwork, training: TrainingSet) -> None:
    """Give a network what it must know of the training pictures' colours before it is trained: its palette, where the
    recipe wants it by k-means, or how often each bin of ab occurs.

    Raises:
        DataError: where that is not possible.
    """
    colors = kmeans_colors(recipe.model.palette)
    if colors is not None and isinstance(network, models.PaletteNetwork):
        network.set_palette(kmeans_palette(training.sample(), colors, recipe.training.seed))
    if isinstance(network, models.BinsNetwork):
        network.rebalance(bin_frequency(training.sample()), recipe.loss.uniform_share)
