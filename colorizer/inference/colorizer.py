"""Colorizer: a photo in, the coloured photo at the photo's own size out (the way of a photo, steps 2 to 7).

    model = colorizer.load("scenes-500-huber")
    result = model.colorize("harbour.jpg")
    result.image.save("coloured.png")

`predict` and `compose` are the two halves of `colorize`: the network's answer is small and can be kept, and composed
again at once with another saturation or onto another size of the same photo.
"""

import copy
import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from colorizer import images
from colorizer.checkpoints.card import Card
from colorizer.checkpoints.store import WEIGHTS, checkpoint_folder, list_checkpoints, load_network
from colorizer.errors import CheckpointError
from colorizer.inference.color_distribution import distribution_of
from colorizer.inference.full_resolution import (
    LightnessPlane,
    apply_color,
    read_lightness,
    with_alpha,
)
from colorizer.inference.hint_propagation import lightness_embedding
from colorizer.inference.hints import Hint, NetworkHint, hint_planes, network_hints_of
from colorizer.inference.loading import fold_batch_norm
from colorizer.inference.mean_of_two import blend_card, parse_blend
from colorizer.inference.network_input import network_size, pad_to_stride
from colorizer.inference.palette_prediction import Rendering, read_palette_prediction
from colorizer.inference.precision import Precision, PrecisionName, choose_precision, computing_in
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import DEFAULT_VIVIDNESS, RenderOptions
from colorizer.models import BinsNetwork, ColorNetwork, HintedBins, PaletteNetwork
from colorizer.models.hint_unet import AB_SCALE

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True)
class Colorization:
    """A coloured photo."""

    image: Image.Image
    """RGB, or RGBA where the input had alpha; the input's own size, upright."""
    ab: NDArray[np.float32]
    """(2, h, w) in Lab units, at the network's size."""
    seconds: dict[str, float]
    """Wall time of "decode", "network" and "compose"."""
    notices: tuple[str, ...] = ()
    """What was done to the input that the user may want to know."""


class Colorizer:
    """A loaded checkpoint. It keeps nothing of the photos, so threads may share it."""

    def __init__(self, network: ColorNetwork, card: Card, device: torch.device, weights: Path = WEIGHTS) -> None:
        self.network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.card = card
        self.device = device
        self.precision: Precision = "float32"
        self._weights = weights
        self._propagates = False

    def with_precision(self, precision: Precision) -> "Colorizer":
        """Return the same checkpoint, whose network computes in this precision."""
        other = copy.copy(self)
        other.precision = precision
        return other

    def with_hint_propagation(self) -> "Colorizer":
        """Return the same checkpoint, whose answers are made to meet each hint, by lightness and distance alone.

        For networks that take hints as a suggestion; `photo` does so anyway, by what it has learned.
        """
        other = copy.copy(self)
        other._propagates = True
        return other

    def predict(
        self, image: Image.Image, hints: Sequence[Hint] | None = None, options: RenderOptions | None = None
    ) -> Prediction:
        """Return the network's colours for an RGB image of any size, at the network's own size.

        Args:
            image: RGB.
            hints: colours pinned to points, in pixels of the image.
            options: how the colours are rendered; another rendering later needs no network, see `Prediction.rendered`.

        Raises:
            ValueError: for hints or options that this checkpoint does not take; it names those that do.
        """
        self.check_options(hints, options)
        return self.predict_plane(read_lightness(image), hints, options)

    def predict_plane(
        self, plane: LightnessPlane, hints: Sequence[Hint] | None = None, options: RenderOptions | None = None
    ) -> Prediction:
        """As `predict`, of a photo whose L has been read."""
        lightness = plane.downsampled(network_size(*plane.size, self.card.input_size))[0, 0].numpy()
        return self.predict_from_lightness(lightness, plane.size, hints, options)

    def predict_planes(
        self, planes: Sequence[LightnessPlane], options: RenderOptions | None = None
    ) -> list[Prediction]:
        """As `predict_plane` without hints, of photos that the network sees at one size, in one batch."""
        size = network_size(*planes[0].size, self.card.input_size)
        return self.predict_many([plane.downsampled(size)[0, 0].numpy() for plane in planes], options)

    @torch.inference_mode()
    def predict_from_lightness(
        self,
        lightness: NDArray[np.float32],
        photo_size: tuple[int, int],
        hints: Sequence[Hint] | None = None,
        options: RenderOptions | None = None,
    ) -> Prediction:
        """As `predict`, of a photo whose L at the network's size is at hand: that of an earlier `Prediction`.

        Args:
            lightness: (h, w) in 0..100.
            photo_size: width and height of the photo, in whose pixels the hints are.
            hints: as in `predict`.
            options: as in `predict`.
        """
        self.check_options(hints, options)
        network_hints = network_hints_of(hints or (), photo_size, (lightness.shape[0], lightness.shape[1]))
        output, embedding = self._answer([lightness], network_hints)
        return self._prediction(output, lightness, options, network_hints, embedding)

    @torch.inference_mode()
    def predict_many(
        self, lightnesses: Sequence[NDArray[np.float32]], options: RenderOptions | None = None
    ) -> list[Prediction]:
        """As `predict_from_lightness` without hints, of photos of one size, which the network sees in one batch.

        Args:
            lightnesses: (h, w) each, in 0..100; at least one.
            options: as in `predict`.
        """
        self.check_options(None, options)
        if self.card.published is None:
            rows = self._answer(lightnesses)[0].split(1)
        else:  # which is large: so many at once as one only
            rows = tuple(self._answer([lightness])[0] for lightness in lightnesses)
        return [self._prediction(row, lightness, options) for row, lightness in zip(rows, lightnesses, strict=True)]

    def _answer(
        self, lightnesses: Sequence[NDArray[np.float32]], network_hints: Sequence[NetworkHint] = ()
    ) -> tuple[Tensor, NDArray[np.float32] | None]:
        """Return the network's output for N planes (h, w) of L and, where there are hints, the first one's
        embedding."""
        with computing_in(self.precision, self.device):
            return self._answer_in_precision(lightnesses, network_hints)

    def _answer_in_precision(
        self, lightnesses: Sequence[NDArray[np.float32]], network_hints: Sequence[NetworkHint]
    ) -> tuple[Tensor, NDArray[np.float32] | None]:
        lightness = pad_to_stride(torch.from_numpy(np.stack(lightnesses))[:, None], self.network.stride)
        if not network_hints:
            output: Tensor = self.network(lightness.to(self.device))
            return output.float(), None
        planes = hint_planes(network_hints, (lightness.shape[2], lightness.shape[3]), AB_SCALE).to(self.device)
        if not isinstance(self.network, HintedBins):
            output = self.network(lightness.to(self.device), planes)
            return output.float(), lightness_embedding(lightnesses[0]) if self._propagates else None
        output, embedding = self.network.answer(lightness.to(self.device), planes)
        height, width = lightnesses[0].shape
        return output.float(), embedding[0, :, :height, :width].float().cpu().contiguous().numpy()

    def _prediction(
        self,
        output: Tensor,
        lightness: NDArray[np.float32],
        options: RenderOptions | None,
        network_hints: tuple[NetworkHint, ...] = (),
        embedding: NDArray[np.float32] | None = None,
    ) -> Prediction:
        """Return what the network's output (1, C, ...) says of the photo with this L (h, w)."""
        height, width = lightness.shape
        options = options or RenderOptions()
        if isinstance(self.network, BinsNetwork):
            distribution = distribution_of(self.network, output, (height, width))
            nothing = np.zeros((2, height, width), np.float32)
            own = Prediction(nothing, lightness, None, distribution, network_hints, embedding)
            return dataclasses.replace(own, temperature=self.network.temperature).rendered(options)
        palette_prediction = None
        if isinstance(self.network, PaletteNetwork):
            palette_prediction = read_palette_prediction(self.network, output[:, :, :height, :width])
        ab = self.network.to_ab(output)[0, :, :height, :width].cpu().contiguous()
        own = Prediction(ab.numpy(), lightness, palette_prediction, None, network_hints, embedding)
        return own.rendered(options)

    def colorize(
        self,
        picture: images.Source,
        hints: Sequence[Hint] | None = None,
        temperature: float | None = None,
        saturation: float = 1.0,
        rendering: Rendering = "chroma",
        vividness: float = DEFAULT_VIVIDNESS,
        reach: float = 1.0,
    ) -> Colorization:
        """Colour a picture, at its own size; a picture that has colours loses them first.

        Args:
            picture: path, http(s) link, bytes, PIL image, or uint8 array (H, W), (H, W, 3) or (H, W, 4).
            hints: colours pinned to points; for checkpoints that take hints.
            temperature: of the distribution, above 0; for checkpoints with a head of colour bins. See `RenderOptions`.
            saturation: factor on the chroma of everything, 0..3.
            rendering: "chroma"; for checkpoints with a palette also "expected" and "palette", see `palette_prediction`.
            vividness: how colourful the network's own colours become, 0..1.
            reach: how far hints spread, 0.25..4.

        Raises:
            PictureError: for a picture that cannot be read, or exceeds `images.LIMITS`.
            ValueError: for a setting out of range, or one that this checkpoint does not take.
        """
        options = RenderOptions(saturation, rendering, temperature, vividness, reach)
        self.check_options(hints, options)
        start = time.perf_counter()
        photo = images.open_image(picture)
        decoded = time.perf_counter()
        plane = read_lightness(photo.image)
        prediction = self.predict_plane(plane, hints, options)
        predicted = time.perf_counter()
        image = with_alpha(apply_color(plane, prediction), photo.alpha)
        composed = time.perf_counter()
        seconds = {"decode": decoded - start, "network": predicted - decoded, "compose": composed - predicted}
        return Colorization(image, prediction.ab, seconds, photo.notices)

    def check_options(self, hints: Sequence[Hint] | None, options: RenderOptions | None) -> None:
        """Validate hints and options before any expensive work.

        Raises:
            ValueError: for one that this checkpoint does not take; it names those that do.
        """
        options = options or RenderOptions()
        for name, given, takes in (
            ("hints", bool(hints), lambda card: card.takes_hints),
            ("a temperature", options.temperature is not None, lambda card: card.takes_temperature),
            (f"the rendering {options.rendering!r}", options.rendering != "chroma", lambda card: card.has_palette),
        ):
            if given and not takes(self.card):
                able = ", ".join(card.id for card in list_checkpoints(self._weights) if takes(card))
                raise ValueError(f"{self.card.id} does not take {name}; these checkpoints do: {able or 'none yet'}")

    @property
    def temperature(self) -> float:
        """That which is taken where nobody asks for another; 1 for a checkpoint without a distribution."""
        return self.network.temperature if isinstance(self.network, BinsNetwork) else 1.0

    def describe(self, options: RenderOptions | None = None, hints: int = 0) -> str:
        """Return the note that goes into every saved result; `hints` is their number."""
        options = options or RenderOptions()
        way = f"; rendering: {options.rendering}" if self.card.has_palette else ""
        if self.card.takes_temperature:
            way += f"; temperature: {self.temperature if options.temperature is None else options.temperature:g}"
        way += f"; vividness: {options.vividness:g}" if options.vividness != DEFAULT_VIVIDNESS else ""
        way += f"; colour hints: {hints}" if hints else ""
        way += f"; reach: {options.reach:g}" if hints and options.reach != 1 else ""
        return (
            "The colours of this picture were made up by a neural network and may not be the true ones. "
            f"Checkpoint: {self.card.id}; saturation: {options.saturation:g}{way}."
        )


class _MeanColorizer(Colorizer):
    """The mean of the ab of two, each of which sees L at its own size; the colours are as fine as the larger's."""

    def __init__(self, first: Colorizer, second: Colorizer, share: float) -> None:
        super().__init__(first.network, blend_card(first.card, second.card, share), first.device, first._weights)
        self._members = ((first, 1 - share), (second, share))

    def predict_plane(
        self, plane: LightnessPlane, hints: Sequence[Hint] | None = None, options: RenderOptions | None = None
    ) -> Prediction:
        self.check_options(hints, options)
        size = network_size(*plane.size, self.card.input_size)
        ab = torch.zeros(1, 2, *size)
        for model, weight in self._members:
            own = torch.from_numpy(model.predict_plane(plane).ab)[None]
            ab += weight * F.interpolate(own, size, mode="bilinear", align_corners=False)
        return Prediction(ab[0].numpy(), plane.downsampled(size)[0, 0].numpy()).rendered(options or RenderOptions())

    def predict_planes(
        self, planes: Sequence[LightnessPlane], options: RenderOptions | None = None
    ) -> list[Prediction]:
        return [self.predict_plane(plane, None, options) for plane in planes]

    def predict_from_lightness(
        self,
        lightness: NDArray[np.float32],
        photo_size: tuple[int, int],
        hints: Sequence[Hint] | None = None,
        options: RenderOptions | None = None,
    ) -> Prediction:
        return self.predict_plane(LightnessPlane.from_lightness(lightness), hints, options)

    def predict_many(
        self, lightnesses: Sequence[NDArray[np.float32]], options: RenderOptions | None = None
    ) -> list[Prediction]:
        return self.predict_planes([LightnessPlane.from_lightness(lightness) for lightness in lightnesses], options)


def pick_device(name: DeviceName) -> torch.device:
    """Return the device of a name; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        ValueError: for a device that this torch does not have.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, there in available.items() if there))
    if not available.get(name, False):
        raise ValueError(
            f"there is no device {name!r} here; there are: {', '.join(d for d in available if available[d])}"
        )
    return torch.device(name)


def load(
    checkpoint_id: str,
    snapshot: int | None = None,
    device: DeviceName = "auto",
    weights: Path | str = WEIGHTS,
    precision: PrecisionName = "auto",
) -> Colorizer:
    """Load a checkpoint.

    Args:
        checkpoint_id: the name of its folder; or two with "+" between them for the mean of their ab, the second with
            its weight, as in "photo+ddcolor-tiny:0.3", where that is not a half.
        snapshot: an earlier epoch (counted from 0) whose state the checkpoint keeps; None for the shipped state.
        device: "auto" takes CUDA, then MPS, then the CPU.
        weights: the folder of checkpoints.
        precision: "auto" takes what a trial finds fastest without another picture on CUDA, and float32 elsewhere.

    Raises:
        CheckpointError: for a checkpoint that is missing, damaged or foreign.
        ValueError: for a device that is not there.
    """
    if "+" in checkpoint_id:
        if snapshot is not None:
            raise CheckpointError("A mean of two checkpoints has no snapshots; leave the snapshot out.")
        blend = parse_blend(checkpoint_id)
        first, second = (load(name, None, device, weights, precision) for name in (blend.first, blend.second))
        return mean_of(first, second, blend.share)
    network, card = load_network(checkpoint_folder(checkpoint_id, weights), snapshot)
    fold_batch_norm(network)
    model = Colorizer(network, card, pick_device(device), Path(weights))
    if precision == "auto":
        precision = choose_precision(model) if model.device.type == "cuda" else "float32"
    return model.with_precision(precision)


def mean_of(first: Colorizer, second: Colorizer, share: float = 0.5) -> Colorizer:
    """Return a colorizer whose ab is the mean of that of two, which it shares with them.

    Args:
        first: with weight 1 - share.
        second: with weight share; on the same device.
        share: 0..1.
    """
    return _MeanColorizer(first, second, share)
