"""Colorizer: a photo in, the coloured photo at the photo's own size out (the way of a photo, steps 2 to 7).

    model = colorizer.load("scenes-500-huber")
    result = model.colorize("harbour.jpg")
    result.image.save("coloured.png")

`predict` and `compose` are the two halves of `colorize`: the network's answer is small and can be kept, and composed
again at once with another saturation or onto another size of the same photo.
"""

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

from colorizer import color, images, upsample
from colorizer.binding import bind
from colorizer.cards import Card
from colorizer.checkpoints import WEIGHTS, checkpoint_folder, list_checkpoints, load_network
from colorizer.choice import RENDERINGS, Choice, Rendering, choice_of, paint
from colorizer.distribution import Distribution, distribution_of
from colorizer.hints import Hint, Pin, hint_planes, pins_of
from colorizer.models import BinsNetwork, ColorNetwork, Lite0Bins, PaletteNetwork
from colorizer.models.photo import AB_SCALE

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
MAX_SATURATION = 3.0
_MAX_AREA = 4  # times input_size^2: a panorama is seen smaller rather than with unbounded memory


@dataclass(frozen=True)
class Chroma:
    """A network's answer for one photo, at the network's size (h, w)."""

    ab: NDArray[np.float32]
    """(2, h, w) in Lab units."""
    lightness: NDArray[np.float32]
    """(h, w), L in 0..100: what the network saw, and what guides the colour onto the photo."""
    choice: Choice | None = None
    """Of a network that chooses among colours."""
    distribution: Distribution | None = None
    """Of a network with bins."""
    pins: tuple[Pin, ...] = ()
    """The hints that it was given."""
    embedding: NDArray[np.float32] | None = None
    """(E, h, w), where there are pins: what belongs together, see `binding`."""

    def settled(self, temperature: float, saturation: float = 1.0) -> "Chroma":
        """The same answer at another temperature, without the network.

        Args:
            temperature: of the annealed mean, above 0.
            saturation: by which `compose` is going to multiply; pinned colours are met after that.

        Raises:
            ValueError: where there is no distribution, and for a temperature that is not above 0.
        """
        if self.distribution is None:
            raise ValueError("colours that come from no distribution have no temperature")
        _require_temperature(temperature)
        ab = self.distribution.ab(temperature)
        if self.embedding is not None and saturation:
            pins = [dataclasses.replace(pin, a=pin.a / saturation, b=pin.b / saturation) for pin in self.pins]
            ab = bind(ab, torch.from_numpy(self.embedding), pins)
        return dataclasses.replace(self, ab=ab.numpy())


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


def _require_temperature(temperature: float) -> None:
    if not (0 < temperature < float("inf")):
        raise ValueError(f"temperature is {temperature}; it must be above 0")


def network_size(width: int, height: int, input_size: int) -> tuple[int, int]:
    """(height, width) at which a network sees a photo: the aspect ratio kept, the short side `input_size` unless the
    photo is longer than 4 : 1."""
    scale = input_size / min(width, height)
    scale = min(scale, input_size * (_MAX_AREA / (width * height)) ** 0.5)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _strip_lightness(image: Image.Image, top: int, bottom: int) -> Tensor:
    """L of the rows top..bottom of an RGB image: (1, 1, rows, W)."""
    pixels = torch.from_numpy(np.array(image.crop((0, top, image.width, bottom)))).permute(2, 0, 1)[None]
    is_grey = bool((pixels[:, :1] == pixels[:, 1:]).all())
    return color.lightness_from_bytes(pixels[:, :1] if is_grey else pixels)


def small_lightness(image: Image.Image, size: tuple[int, int]) -> Tensor:
    """L of an RGB image at `size` (h, w): area means where it shrinks, bilinear where it grows; (1, 1, h, w)."""
    height, width = min(size[0], image.height), min(size[1], image.width)
    down, across = area_pair(image, height, width)
    small = torch.zeros(height, width)
    for top, bottom in upsample.strips(image.width, image.height):
        small += down[:, top:bottom] @ (_strip_lightness(image, top, bottom)[0, 0] @ across)
    return F.interpolate(small.clamp(0, 100)[None, None], size, mode="bilinear", align_corners=False)


def area_pair(image: Image.Image, height: int, width: int) -> tuple[Tensor, Tensor]:
    """(height, H) and (W, width): the area averages down the columns and along the rows of an image."""
    return upsample.area_weights(image.height, height), upsample.area_weights(image.width, width).T


def pad_to_stride(planes: Tensor, stride: int) -> Tensor:
    """(N, C, h, w) -> the same with h and w raised to multiples of the stride, by reflection at the lower right."""
    bottom, right = -planes.shape[2] % stride, -planes.shape[3] % stride
    mode = "reflect" if bottom < planes.shape[2] and right < planes.shape[3] else "replicate"
    return F.pad(planes, (0, right, 0, bottom), mode=mode)


def compose(
    image: Image.Image, chroma: Chroma, saturation: float = 1.0, rendering: Rendering = "chroma"
) -> Image.Image:
    """Put colour onto a photo: its own L, the network's ab carried along L's edges, chroma scaled into the gamut.

    Args:
        image: RGB, any size; its own colours are not used.
        chroma: a network's answer for this photo.
        saturation: factor on chroma, 0..3; 1 is the network's own.
        rendering: how a choice among palette colours is shown, see `choice`; anything else has "chroma" alone.

    Returns:
        RGB of the image's size.

    Raises:
        ValueError: for a saturation outside its range, and a rendering that there is not.
    """
    if not 0 <= saturation <= MAX_SATURATION:
        raise ValueError(f"saturation is {saturation}; it must be between 0 and {MAX_SATURATION:g}")
    low_ab = _rendered_ab(chroma, rendering)
    if chroma.choice is not None and rendering == "palette":
        return paint(chroma.choice, image.size, saturation)
    guide = upsample.fit(torch.from_numpy(chroma.lightness)[None, None], torch.from_numpy(low_ab)[None])
    coefficients = guide.at_width(image.width)
    coloured = Image.new("RGB", image.size)
    for top, bottom in upsample.strips(image.width, image.height):
        lightness = _strip_lightness(image, top, bottom)
        ab = upsample.apply(coefficients, lightness, top, image.height) * saturation
        srgb = color.lab_to_display(torch.cat([lightness, ab], 1))
        pixels = (srgb[0] * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        coloured.paste(Image.fromarray(pixels), (0, top))
    return coloured


def _require_known(rendering: str) -> None:
    if rendering not in RENDERINGS:
        raise ValueError(f"rendering is {rendering!r}; it must be one of {', '.join(RENDERINGS)}")


def _rendered_ab(chroma: Chroma, rendering: Rendering) -> NDArray[np.float32]:
    _require_known(rendering)
    if rendering != "chroma" and chroma.choice is None:
        raise ValueError(f"there is no rendering {rendering!r} of colours that were not chosen from a palette")
    return chroma.choice.expected_ab if chroma.choice is not None and rendering == "expected" else chroma.ab


def with_alpha(image: Image.Image, alpha: Image.Image | None) -> Image.Image:
    """RGB and the input's alpha -> RGBA, or RGB where there was none."""
    if alpha is not None:
        image = image.copy()
        image.putalpha(alpha)
    return image


class Colorizer:
    """A loaded checkpoint. It keeps nothing of the photos, so threads may share it."""

    def __init__(self, network: ColorNetwork, card: Card, device: torch.device, weights: Path = WEIGHTS) -> None:
        self.network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.card = card
        self.device = device
        self._weights = weights

    def predict(
        self,
        image: Image.Image,
        hints: Sequence[Hint] | None = None,
        temperature: float | None = None,
        saturation: float = 1.0,
    ) -> Chroma:
        """The network's colours for an RGB image of any size, at the network's own size.

        `saturation` is that which `compose` is going to apply; it matters where there are hints, see `Chroma.settled`.

        Raises:
            ValueError: for hints or a temperature that this checkpoint does not take; it names those that do.
        """
        self._refuse_what_it_does_not_take(hints, temperature)
        size = network_size(image.width, image.height, self.card.input_size)
        lightness = small_lightness(image, size)[0, 0].numpy()
        return self.predict_again(lightness, image.size, hints, temperature, saturation)

    @torch.inference_mode()
    def predict_again(
        self,
        lightness: NDArray[np.float32],
        photo_size: tuple[int, int],
        hints: Sequence[Hint] | None = None,
        temperature: float | None = None,
        saturation: float = 1.0,
    ) -> Chroma:
        """As `predict`, of a photo whose L at the network's size is at hand: `Chroma.lightness` of an earlier answer.

        Args:
            lightness: (h, w) in 0..100.
            photo_size: width and height of the photo, in whose pixels the hints are.
        """
        self._refuse_what_it_does_not_take(hints, temperature)
        size = (lightness.shape[0], lightness.shape[1])
        pins = pins_of(hints or (), photo_size, size)
        padded = pad_to_stride(torch.from_numpy(lightness)[None, None], self.network.stride)
        output, embedding = self._answer(padded, pins, size)
        if isinstance(self.network, BinsNetwork):
            distribution, nothing = distribution_of(self.network, output, size), np.zeros((2, *size), np.float32)
            unsettled = Chroma(nothing, lightness, None, distribution, pins, embedding)
            return unsettled.settled(self.network.temperature if temperature is None else temperature, saturation)
        choice = None
        if isinstance(self.network, PaletteNetwork):
            choice = choice_of(self.network, output[:, :, : size[0], : size[1]])
        ab = self.network.to_ab(output)[0, :, : size[0], : size[1]].cpu().contiguous()
        return Chroma(ab.numpy(), lightness, choice)

    def _answer(
        self, lightness: Tensor, pins: Sequence[Pin], size: tuple[int, int]
    ) -> tuple[Tensor, NDArray[np.float32] | None]:
        """The network's output for L (1, 1, h, w) and, where there are pins, its embedding, cut to `size`."""
        if not (pins and isinstance(self.network, Lite0Bins)):
            output: Tensor = self.network(lightness.to(self.device))
            return output.float(), None
        planes = hint_planes(pins, (lightness.shape[2], lightness.shape[3]), AB_SCALE)
        output, embedding = self.network.answer(lightness.to(self.device), planes.to(self.device))
        return output.float(), embedding[0, :, : size[0], : size[1]].float().cpu().contiguous().numpy()

    def colorize(
        self,
        picture: images.Source,
        hints: Sequence[Hint] | None = None,
        temperature: float | None = None,
        saturation: float = 1.0,
        rendering: Rendering = "chroma",
    ) -> Colorization:
        """Colour a picture, at its own size; a picture that has colours loses them first.

        Args:
            picture: path, http(s) link, bytes, PIL image, or uint8 array (H, W), (H, W, 3) or (H, W, 4).
            hints: colours pinned to points; for checkpoints that take hints.
            temperature: above 0; lower is more colourful and less smooth; for checkpoints with a head of colour bins.
            saturation: factor on chroma, 0..3.
            rendering: "chroma"; for checkpoints with a palette also "expected" and "palette", see `choice`.

        Raises:
            PictureError: for a picture that cannot be read, or exceeds `images.LIMITS`.
            ValueError: for a setting out of range, or one that this checkpoint does not take.
        """
        self._refuse_what_it_does_not_take(hints, temperature, rendering)
        start = time.perf_counter()
        photo = images.open_image(picture)
        decoded = time.perf_counter()
        chroma = self.predict(photo.image, hints, temperature, saturation)
        predicted = time.perf_counter()
        image = with_alpha(compose(photo.image, chroma, saturation, rendering), photo.alpha)
        composed = time.perf_counter()
        seconds = {"decode": decoded - start, "network": predicted - decoded, "compose": composed - predicted}
        return Colorization(image, chroma.ab, seconds, photo.notices)

    def _refuse_what_it_does_not_take(
        self, hints: Sequence[Hint] | None, temperature: float | None, rendering: Rendering = "chroma"
    ) -> None:
        _require_known(rendering)
        for name, given, takes in (
            ("hints", bool(hints), lambda card: card.takes_hints),
            ("a temperature", temperature is not None, lambda card: card.takes_temperature),
            (f"the rendering {rendering!r}", rendering != "chroma", lambda card: card.has_palette),
        ):
            if given and not takes(self.card):
                able = ", ".join(card.id for card in list_checkpoints(self._weights) if takes(card))
                raise ValueError(f"{self.card.id} does not take {name}; these checkpoints do: {able or 'none yet'}")

    @property
    def temperature(self) -> float:
        """That which is taken where nobody asks for another; 1 for a checkpoint without a distribution."""
        return self.network.temperature if isinstance(self.network, BinsNetwork) else 1.0

    def describe(
        self,
        saturation: float = 1.0,
        rendering: Rendering = "chroma",
        temperature: float | None = None,
        hints: int = 0,
    ) -> str:
        """The note that goes into every saved result; `hints` is their number."""
        way = f"; rendering: {rendering}" if self.card.has_palette else ""
        if isinstance(self.network, BinsNetwork):
            way += f"; temperature: {self.temperature if temperature is None else temperature:g}"
        way += f"; colour hints: {hints}" if hints else ""
        return (
            "The colours of this picture were made up by a neural network and may not be the true ones. "
            f"Checkpoint: {self.card.id}; saturation: {saturation:g}{way}."
        )


def pick_device(name: DeviceName) -> torch.device:
    """The device of a name; "auto" takes CUDA, then MPS, then the CPU.

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
) -> Colorizer:
    """Load a checkpoint.

    Args:
        checkpoint_id: the name of its folder.
        snapshot: an earlier epoch (counted from 0) whose state the checkpoint keeps; None for the shipped state.
        device: "auto" takes CUDA, then MPS, then the CPU.
        weights: the folder of checkpoints.

    Raises:
        CheckpointError: for a checkpoint that is missing, damaged or foreign.
        ValueError: for a device that is not there.
    """
    network, card = load_network(checkpoint_folder(checkpoint_id, weights), snapshot)
    return Colorizer(network, card, pick_device(device), Path(weights))
