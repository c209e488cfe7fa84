"""sRGB <-> CIE Lab in torch, on any device; and a picture's bytes as planes. No other file converts colours.

Lab is CIE 1976 L*a*b* under D65 for the 2 degree observer: L in 0..100, a and b in about -128..127. The constants are
those of `skimage.color`, so that training, inference and metrics agree with scikit-image (within 1e-3 L units and
0.02 ab units in float32).

Sources: IEC 61966-2-1 (sRGB transfer function), CIE 15:2004 (Lab).
"""

import functools
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from PIL import Image

# Rows give X, Y, Z of linear sRGB under D65: the values of skimage.color.colorconv, so that both agree.
_XYZ_FROM_RGB = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
LUMA = _XYZ_FROM_RGB[1]
"""What red, green and blue of linear light add to the luminance Y."""
_WHITE_XYZ = (0.95047, 1.0, 1.08883)
LAB_KNEE, LAB_SLOPE = 0.008856, 7.787
"""Of CIE Lab's f: below the knee it is linear, slope t + 16/116."""
ROOT_KNEE = LAB_KNEE ** (1 / 3)
"""f of the knee."""


def srgb_planes(picture: "Image.Image | NDArray[np.uint8]") -> Tensor:
    """Return the planes of a picture: PIL RGB, or uint8 (H, W, 3) -> float32 (1, 3, H, W) in 0..1."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


@functools.lru_cache(maxsize=16)
def rgb_lab_matrices(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """(3, 3) matrices: linear RGB -> XYZ relative to white, and its inverse."""
    with torch.inference_mode(False):  # they are kept, and a later call may want gradients through them
        white = torch.tensor(_WHITE_XYZ, dtype=torch.float64)
        matrix = torch.tensor(_XYZ_FROM_RGB, dtype=torch.float64) / white[:, None]
        inverse = torch.linalg.inv(matrix)
        return matrix.to(device=device, dtype=dtype), inverse.to(device=device, dtype=dtype)


def rgb_from_xyz() -> Tensor:
    """(3, 3), float32, on the CPU: XYZ relative to white -> linear RGB."""
    return rgb_lab_matrices(torch.device("cpu"), torch.float32)[1]


def _apply(matrix: Tensor, planes: Tensor) -> Tensor:
    """Multiply the channel axis of (N, 3, H, W) by a (3, 3) matrix, keeping float32 precision on every device.

    Written as sums because a matrix product would be rounded to TF32 on recent GPUs where the caller allows it.
    """
    red, green, blue = planes.unbind(1)
    return torch.stack([row[0] * red + row[1] * green + row[2] * blue for row in matrix], 1)


def require_planes(planes: Tensor, name: str) -> None:
    if planes.ndim != 4 or planes.shape[1] != 3 or not planes.is_floating_point():
        raise ValueError(f"{name} must be a float tensor (N, 3, H, W), not {planes.dtype} {tuple(planes.shape)}")


def srgb_to_linear(srgb: Tensor) -> Tensor:
    """Undo the sRGB transfer function (IEC 61966-2-1), values in 0..1, any shape."""
    return torch.where(srgb > 0.04045, ((srgb.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4, srgb / 12.92)


def linear_to_srgb(linear: Tensor) -> Tensor:
    """Apply the sRGB transfer function (IEC 61966-2-1), values in 0..1, any shape."""
    return torch.where(linear > 0.0031308, 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055, linear * 12.92)


def lab_f(ratio: Tensor) -> Tensor:
    """f of CIE Lab: the cube root above the knee, and below it the line that goes on from there."""
    cubic = ratio.clamp_min(LAB_KNEE)
    return torch.add(cubic.pow(1 / 3), ratio - cubic, alpha=LAB_SLOPE)


def lab_f_inverse(value: Tensor) -> Tensor:
    cubic = value.clamp_min(ROOT_KNEE)
    return torch.add(cubic.pow(3), value - cubic, alpha=1 / LAB_SLOPE)


def srgb_to_lab(srgb: Tensor) -> Tensor:
    """sRGB (N, 3, H, W) in 0..1 -> Lab (N, 3, H, W).

    Raises:
        ValueError: for another shape or a tensor that is not floating point.

    Example:
        >>> srgb_to_lab(torch.ones(1, 3, 1, 1))[0, 0].round().item()
        100.0
    """
    require_planes(srgb, "srgb")
    to_xyz, _ = rgb_lab_matrices(srgb.device, srgb.dtype)
    fx, fy, fz = lab_f(_apply(to_xyz, srgb_to_linear(srgb))).unbind(1)
    return torch.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], 1)


def lab_to_linear_rgb(lab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) -> linear RGB (N, 3, H, W), unclamped: outside 0..1 where the colour is out of gamut."""
    require_planes(lab, "lab")
    lightness, a, b = lab.unbind(1)
    fy = (lightness + 16) / 116
    # Like skimage.color.lab2xyz: a Z below zero, which no light has, counts as zero.
    fz = (fy - b / 200).clamp_min(0)
    _, to_rgb = rgb_lab_matrices(lab.device, lab.dtype)
    return _apply(to_rgb, lab_f_inverse(torch.stack([fy + a / 500, fy, fz], 1)))


def lab_to_srgb(lab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) -> sRGB (N, 3, H, W) in 0..1; what is out of gamut is clipped channel by channel.

    Clipping shifts hue and lightness: call `fit_gamut` first where a picture is made for people.
    """
    return linear_to_srgb(lab_to_linear_rgb(lab).clamp(0, 1))


@functools.lru_cache(maxsize=1)
def luminance_tables() -> Tensor:
    """(3, 256): what each 8-bit level of red, green and blue adds to the luminance Y."""
    levels = srgb_to_linear(torch.arange(256, dtype=torch.float64) / 255)
    return (torch.tensor(_XYZ_FROM_RGB[1], dtype=torch.float64)[:, None] * levels).float()


@functools.lru_cache(maxsize=1)
def _grey_lightness_table() -> Tensor:
    """(256,): L of each 8-bit grey level."""
    luminance = luminance_tables().sum(0)
    return (116 * lab_f(luminance) - 16).clamp(0, 100)


def lightness_from_bytes(srgb: Tensor) -> Tensor:
    """L of 8-bit sRGB, by table: uint8 (N, 3, H, W) or grey (N, 1, H, W) -> float32 (N, 1, H, W) in 0..100.

    The same as channel 0 of `srgb_to_lab(srgb / 255)`, several times as fast; on the CPU only.

    Raises:
        ValueError: for another shape or dtype.
    """
    if srgb.ndim != 4 or srgb.shape[1] not in (1, 3) or srgb.dtype != torch.uint8:
        raise ValueError(f"expected uint8 (N, 1 or 3, H, W), not {srgb.dtype} {tuple(srgb.shape)}")
    if srgb.shape[1] == 1:
        return _grey_lightness_table()[srgb.int()]
    tables = luminance_tables()
    luminance = sum(tables[channel][srgb[:, channel].int()] for channel in range(3))
    assert isinstance(luminance, Tensor)
    return (116 * lab_f(luminance) - 16).clamp(0, 100)[:, None]
