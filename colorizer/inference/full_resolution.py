"""A network's colours put onto the photo at its own size (steps 3 and 5 to 7 of the way of a photo).

    plane = read_lightness(image)                    # L of every pixel, read once
    small = plane.downsampled((160, 213))            # what a network sees of it
    coloured = apply_color(plane, prediction.rendered(RenderOptions(saturation=1.2)))

The photo is worked on in strips, by several threads at once. Each gives what the computation of the whole picture with
64-bit numbers would give, up to the rounding to 8 bits.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from colorizer.inference import guided_upsampling, packed_lab
from colorizer.inference.downsampling import area_means, strips
from colorizer.inference.palette_prediction import paint
from colorizer.inference.prediction import Prediction
from colorizer.inference.render_options import RenderOptions
from colorizer.utils.worker_pool import run_in_threads

STRIP_PIXELS = 1 << 19  # an operation on it takes some 100 microseconds: long beside those that Python takes to ask
SHARED_PIXELS = 1 << 19  # from here on it is worth while not to copy them

_kept = threading.local()

Strip = tuple[int, int]
"""Its first row, and the first row below it."""


@dataclass(frozen=True)
class LightnessPlane:
    """L of a photo at its own size, as `packed_color` keeps it."""

    lab_f: Tensor
    """(H, W): L = 116 root - 16."""

    @classmethod
    def from_lightness(cls, lightness: NDArray[np.float32]) -> "LightnessPlane":
        """Take L (H, W) in 0..100."""
        return cls((torch.from_numpy(lightness) + 16) / 116)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in px."""
        return self.lab_f.shape[1], self.lab_f.shape[0]

    @torch.inference_mode()
    def downsampled(self, size: tuple[int, int]) -> Tensor:
        """L in 0..100 at `size` (h, w): area means where it shrinks, bilinear where it grows; (1, 1, h, w)."""
        height, width = min(size[0], self.lab_f.shape[0]), min(size[1], self.lab_f.shape[1])
        small = area_means(area_means(self.lab_f, height).T, width).T.contiguous()
        small.mul_(116).sub_(16).clamp_(0, 100)
        return F.interpolate(small[None, None], size, mode="bilinear", align_corners=False)


def _strips(width: int, height: int) -> list[Strip]:
    return list(strips(height, max(1, STRIP_PIXELS // width)))


def _workspace(width: int, strips: Sequence[Strip]) -> packed_lab.Workspace:
    """Return the calling thread's own: some megabytes, kept from photo to photo, as the system takes time to clear
    memory."""
    top, bottom = strips[0]
    pixels = (bottom - top) * width
    kept: packed_lab.Workspace | None = getattr(_kept, "workspace", None)
    if kept is None or kept.pixels < pixels:
        kept = _kept.workspace = packed_lab.Workspace(pixels)
    return kept


def read_lightness(image: Image.Image) -> LightnessPlane:
    """L of an RGB image."""
    width, height = image.size
    lab_f, strips = packed_lab.new_plane(height, width), _strips(width, height)
    pyarrow = _pyarrow() if width * height >= SHARED_PIXELS else None

    @torch.inference_mode()
    def read(some: Iterator[Strip]) -> None:
        workspace = _workspace(width, strips)
        for top, bottom in some:
            packed = _packed(image.crop((0, top, width, bottom)), pyarrow, workspace)
            packed_lab.read_lab_f(packed, lab_f[top:bottom].view(-1), workspace)

    run_in_threads(read, strips)
    return LightnessPlane(lab_f)


def _packed(strip: Image.Image, pyarrow: ModuleType | None, workspace: packed_lab.Workspace) -> Tensor:
    """Return the pixels of an RGB image of one block of memory, packed, (n,); that memory itself, where pyarrow hands
    it over: a fifth of the time."""
    if pyarrow is not None:
        return torch.from_dlpack(pyarrow.array(strip).flatten()).view(torch.int32)
    packed = workspace.packed(strip.width * strip.height)
    packed.numpy()[:] = np.frombuffer(strip.tobytes("raw", "RGBX"), np.int32)
    return packed


def apply_color(plane: LightnessPlane, prediction: Prediction) -> Image.Image:
    """Put colour onto a photo: its own L, the network's ab carried along L's edges, chroma scaled into the gamut.

    Args:
        plane: the photo's L.
        prediction: a network's answer for it, rendered with the options that are wanted.

    Returns:
        RGB of the photo's size.
    """
    saturation, rendering = prediction.options.saturation, prediction.options.rendering
    if prediction.palette_prediction is not None and rendering == "palette":
        return paint(prediction.palette_prediction, plane.size, saturation)
    low_ab = torch.from_numpy(_rendered_ab(prediction))
    guide = guided_upsampling.fit(torch.from_numpy(prediction.lightness)[None, None], low_ab[None])
    coefficients = packed_lab.affine_coefficients(guide.slope[0] * saturation, guide.offset[0] * saturation)
    return _paint_strips(plane, guided_upsampling.Rows(coefficients, plane.size))


def _paint_strips(plane: LightnessPlane, coefficients: guided_upsampling.Rows) -> Image.Image:
    width, height = plane.size
    canvas, strips = packed_lab.Canvas(plane.lab_f), _strips(width, height)

    @torch.inference_mode()
    def work(some: Iterator[Strip]) -> None:
        workspace = _workspace(width, strips)
        for top, bottom in some:
            shape, pixels = (-1, bottom - top, width), (bottom - top) * width
            out, scratch = workspace.coefficients(pixels), workspace.scratch_coefficients(pixels)
            coefficients.write(top, out.view(shape), scratch.view(shape))
            canvas.paint(top * width, bottom * width, workspace)

    run_in_threads(work, strips)
    return _as_image(canvas.packed.numpy())


def _as_image(pixels: NDArray[np.int32]) -> Image.Image:
    """Packed pixels (H, W) as an RGB image; a large one of the same memory, where pyarrow is there to hand it over."""
    size = pixels.shape[1], pixels.shape[0]
    if pixels.size >= SHARED_PIXELS and (pyarrow := _pyarrow()) is not None:
        held = pyarrow.py_buffer(pixels)
        return Image.fromarrow(pyarrow.Array.from_buffers(pyarrow.uint32(), pixels.size, [None, held]), "RGB", size)
    return Image.frombytes("RGB", size, pixels.tobytes(), "raw", "RGBX", 0, 1)


def _pyarrow() -> ModuleType | None:
    """Import pyarrow for large photos only: it takes a tenth of a second, and training may run without it."""
    try:
        import pyarrow
    except ImportError:
        return None
    return pyarrow


def compose(image: Image.Image, prediction: Prediction, options: RenderOptions | None = None) -> Image.Image:
    """`apply_color` onto an RGB image, whose own colours are not used.

    Args:
        image: RGB, of any size.
        prediction: a network's answer for it.
        options: None keeps those that the prediction was rendered with.

    Raises:
        ValueError: as `Prediction.rendered`.
    """
    return apply_color(read_lightness(image), prediction.rendered(options) if options else prediction)


def _rendered_ab(prediction: Prediction) -> NDArray[np.float32]:
    chosen = prediction.palette_prediction
    return chosen.expected_ab if chosen is not None and prediction.options.rendering == "expected" else prediction.ab


def with_alpha(image: Image.Image, alpha: Image.Image | None) -> Image.Image:
    """RGB and the input's alpha -> RGBA, or RGB where there was none."""
    if alpha is not None:
        image = image.copy()
        image.putalpha(alpha)
    return image
