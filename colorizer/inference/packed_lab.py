"""`color` for whole photos: the same conversions, on packed pixels, by tables and in place, strip by strip.

A packed pixel is an int32: red, green << 8, blue << 16, as Pillow keeps them. What is kept of its lightness is the
*root*, f(Y) of CIE Lab: L = 116 root - 16. In its terms everything else is linear: where a and b are linear functions
of L, f(X) and f(Z) are linear functions of the root.

A `Workspace` holds all that lies between, so that nothing is allocated on the way and a strip stays in the cache.
"""

import functools
import threading
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorizer import color

PLANES = 4
"""Slope and offset of f(X), slope and offset of f(Z), each a function of the root: see `affine_coefficients`."""
_LEVELS = 1 << 16  # of linear light: in the darkest shadows 1/20 of an 8-bit level
_LUMINANCES = (1 << 20) - 1  # steps of luminance; their lab_f need four megabytes
_WHITE = _LEVELS - 0.6  # linear light 1, a little below the end of the last level: rounding does not carry it beyond
_OPAQUE = -1 << 24  # 255 in the highest byte, as Pillow has it in RGB
OUTSIDE_AT_ONCE = 1 << 15  # pixels
_HEAD = 4096  # pixels by which most colour photos are told from grey ones


def new_plane(height: int, width: int, dtype: type[np.number[Any]] = np.float32) -> Tensor:
    """(height, width), not filled. numpy asks the system for large pages: for 12 megapixels 8 ms instead of 34."""
    return torch.from_numpy(np.empty((height, width), dtype))


class Workspace:
    """Planes for strips of at most `pixels` pixels; of one thread.

    Some share memory: `int_view` lies where `rgb_scratch` does, and pixels that are read where `coefficients` do.
    """

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels
        self._floats = new_plane(PLANES + 6, pixels)

    def coefficients(self, count: int) -> Tensor:
        """(PLANES, count): to be filled before `Canvas.paint`."""
        return _part(self._floats[:PLANES], count)

    def packed(self, count: int) -> Tensor:
        """(count,) int32: for the pixels of a strip, to be filled before `read_lab_f`."""
        return self._floats[0, :count].view(torch.int32)

    def scratch_coefficients(self, count: int) -> Tensor:
        """(PLANES, count), where `rgb_scratch` is."""
        return _part(self._floats[PLANES : 2 * PLANES], count)

    def rgb_scratch(self, count: int) -> tuple[Tensor, Tensor]:
        """Two of (3, count)."""
        return _part(self._floats[PLANES : PLANES + 3], count), _part(self._floats[PLANES + 3 :], count)

    def int_view(self, count: int) -> tuple[Tensor, Tensor]:
        """Two of (3, count) int32, where `rgb_scratch` is."""
        first, second = self.rgb_scratch(count)
        return first.view(torch.int32), second.view(torch.int32)


def _part(planes: Tensor, count: int) -> Tensor:
    """Planes (C, n) -> (C, count) in one piece."""
    return planes.reshape(-1)[: len(planes) * count].view(len(planes), count)


@functools.lru_cache(maxsize=1)
def _luminance_tables() -> tuple[Tensor, Tensor, Tensor]:
    """Return what red and green together, (65536,) by red | green << 8, and blue, (256,), add to the luminance Y, in
    steps of 1 / `_LUMINANCES`, as int32; and the root of each sum."""
    red, green, blue = color.luminance_tables().double() * _LUMINANCES
    luminances = torch.arange(_LUMINANCES + 2, dtype=torch.float64) / _LUMINANCES  # two roundings may go beyond white
    return _rounded(red + green[:, None]).flatten(), _rounded(blue), color.lab_f(luminances).float()


def _rounded(values: Tensor) -> Tensor:
    return values.round().to(torch.int32)


@functools.lru_cache(maxsize=1)
def _grey_lab_f() -> Tensor:
    """(256,): the root of each grey level."""
    return color.lab_f(color.luminance_tables().sum(0))


@functools.lru_cache(maxsize=1)
def _display_table() -> Tensor:
    """(65536,) int32: the byte of linear light in `_LEVELS` levels."""
    light = (torch.arange(_LEVELS, dtype=torch.float64) + 0.5) / _WHITE
    return (color.linear_to_srgb(light) * 255).round().to(torch.int32)


def _is_grey(packed: Tensor, scratch: Tensor) -> bool:
    torch.bitwise_right_shift(packed, 8, out=scratch)
    scratch.bitwise_xor_(packed).bitwise_and_(0xFFFF)
    return not bool(scratch.any())


def read_lab_f(packed: Tensor, lab_f: Tensor, workspace: Workspace) -> None:
    """Packed pixels (n,) -> their lab_f, written into `lab_f` (n,): L within 0.001 of what `color` gives."""
    (levels, blue, _), (luminance, _, _) = workspace.int_view(len(packed))
    if _is_grey(packed[:_HEAD], levels[:_HEAD]) and _is_grey(packed, levels):
        torch.index_select(_grey_lab_f(), 0, torch.bitwise_and(packed, 255, out=levels), out=lab_f)
        return
    of_two, of_blue, of_luminance = _luminance_tables()
    torch.index_select(of_two, 0, torch.bitwise_and(packed, 0xFFFF, out=levels), out=luminance)
    torch.bitwise_right_shift(packed, 16, out=levels).bitwise_and_(255)
    luminance.add_(torch.index_select(of_blue, 0, levels, out=blue))
    torch.index_select(of_luminance, 0, luminance, out=lab_f)


def affine_coefficients(slope: Tensor, offset: Tensor) -> Tensor:
    """ab = slope L + offset, each (2, ...) in Lab units, in terms of the root: (PLANES, ...).

    f(X) is field 0 times the root plus field 1, f(Z) is field 2 times the root plus field 3.
    """
    per_root, at_zero = 116 * slope, offset - 16 * slope
    return torch.stack([1 + per_root[0] / 500, at_zero[0] / 500, 1 - per_root[1] / 200, at_zero[1] / -200])


def _light(values: Tensor, out: Tensor, scratch: Tensor) -> None:
    """f(t) of CIE Lab -> t, written into `out`; as `color` does, in place."""
    torch.clamp(values, min=color.ROOT_KNEE, out=out)
    torch.sub(values, out, out=scratch)
    torch.pow(out, 3, out=out).add_(scratch, alpha=1 / color.LAB_SLOPE)


class Canvas:
    """A photo's pixels, painted strip by strip; threads may share it.

    Colours outside sRGB lose chroma until they are inside, as in `color.fit_gamut`. They are put by until there are
    many: the way to the edge of the gamut has some hundred operations, each of which takes microseconds to begin.
    """

    def __init__(self, lab_f: Tensor) -> None:
        """
        Args:
            lab_f: (H, W).
        """
        self.packed = new_plane(lab_f.shape[0], lab_f.shape[1], np.int32)
        """(H, W): whole once all pixels were painted."""
        self._lab_f, self._pixels = lab_f.view(-1), self.packed.view(-1)
        self._putting = threading.Lock()
        self._outside: list[tuple[Tensor, Tensor]] = []  # places in the photo, (m,), and f(X), f(Y), f(Z), (3, m)
        self._waiting, self._left = 0, lab_f.numel()

    def paint(self, first: int, last: int, workspace: Workspace) -> None:
        """Fill the pixels `first` to `last` - 1, each once, by the workspace's coefficients, which are used up."""
        count, lab_f, packed = last - first, self._lab_f[first:last], self._pixels[first:last]
        to_x, f_x, to_z, f_z = workspace.coefficients(count)
        xyz, linear = workspace.rgb_scratch(count)
        levels, scratch = workspace.int_view(count)  # where XYZ and linear RGB were
        f_x.addcmul_(to_x, lab_f)
        f_z.addcmul_(to_z, lab_f)
        for values, light in zip((f_x, lab_f, f_z), xyz, strict=True):
            _light(values, light, linear[0])
        torch.mm(_scaled_matrix(), xyz, out=linear)
        levels.copy_(linear)
        outside = _outside(levels, packed)
        levels.bitwise_and_(_LEVELS - 1)  # so that all are found in the table; what is outside is painted later
        _pack(levels, packed, scratch[0])
        beyond = torch.stack([values.index_select(0, outside) for values in (f_x, lab_f, f_z)])
        with self._putting:
            self._outside.append((outside + first, beyond))
            self._waiting += len(outside)
            self._left -= count
            parts: list[tuple[Tensor, Tensor]] = []
            if self._waiting >= OUTSIDE_AT_ONCE or not self._left:
                parts, self._outside, self._waiting = self._outside, [], 0
        if parts:
            self._paint_outside(*(torch.cat(planes, -1) for planes in zip(*parts, strict=True)))

    def _paint_outside(self, places: Tensor, lab_f: Tensor) -> None:
        if not len(places):
            return
        levels = color.linear_at_edge(*lab_f).mul_(_WHITE).nan_to_num_().clamp_(0, _LEVELS - 1).to(torch.int32)
        packed = torch.empty_like(levels[0])
        _pack(levels, packed, torch.empty_like(packed))
        self._pixels.numpy()[places.numpy()] = packed.numpy()


@functools.lru_cache(maxsize=1)
def _scaled_matrix() -> Tensor:
    """(3, 3): XYZ relative to white -> linear RGB in levels."""
    return color.rgb_from_xyz() * _WHITE


def _outside(levels: Tensor, scratch: Tensor) -> Tensor:
    """Which of linear RGB (3, n), in int32 levels, lie outside the gamut: their places.

    A level outside 0.._LEVELS - 1 has bits that none within has; what is less than one level below 0 is 0 already.
    """
    torch.bitwise_or(levels[0], levels[1], out=scratch).bitwise_or_(levels[2])
    # Of int_view, or by torch, it would take twice to five times as long.
    return torch.from_numpy(np.flatnonzero(scratch.numpy().view(np.uint32) >= _LEVELS))


def _pack(levels: Tensor, packed: Tensor, scratch: Tensor) -> None:
    """Linear RGB (3, n), in int32 levels inside the gamut -> packed pixels (n,); `scratch` is (n,) as well."""
    red, green, blue = levels
    torch.index_select(_display_table(), 0, blue, out=packed)
    for plane in (green, red):
        packed.bitwise_left_shift_(8).bitwise_or_(torch.index_select(_display_table(), 0, plane, out=scratch))
    packed.bitwise_or_(_OPAQUE)
