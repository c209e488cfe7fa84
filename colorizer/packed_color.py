"""`color` for whole photos: the same conversions, on packed pixels, by tables and in place, strip by strip.

A packed pixel is an int32: red, green << 8, blue << 16, as Pillow keeps them. What is kept of its lightness is the
*root*, f(Y) of CIE Lab: L = 116 root - 16. In its terms everything else is linear: where a and b are linear functions
of L, f(X) and f(Z) are linear functions of the root.

A `Workspace` holds all that lies between, so that nothing is allocated on the way and a strip stays in the cache.
"""

import functools
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorizer import color

FIELDS = 4
"""Slope and offset of f(X), slope and offset of f(Z), each a function of the root: see `fields_of`."""
_LEVEL_BITS = 16
_LEVELS = 1 << _LEVEL_BITS  # of linear light: in the darkest shadows 1/20 of an 8-bit level
_WHITE = _LEVELS - 0.6  # linear light 1, a little below the end of the last level: rounding does not carry it beyond
_OPAQUE = -1 << 24  # 255 in the highest byte, as Pillow has it in RGB
_HEAD = 4096  # pixels by which most colour photos are told from grey ones


def new_plane(height: int, width: int, dtype: type[np.number[Any]] = np.float32) -> Tensor:
    """(height, width), not filled. numpy asks the system for large pages: for 12 megapixels 8 ms instead of 34."""
    return torch.from_numpy(np.empty((height, width), dtype))


class Workspace:
    """Planes for strips of at most `pixels` pixels; of one thread.

    Some of them share memory: the integers lie where the first trio does, and pixels that are read where the fields do.
    """

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels
        self._floats = new_plane(FIELDS + 6, pixels)
        self._indices = new_plane(1, pixels, np.int64)

    def fields(self, count: int) -> Tensor:
        """(FIELDS, count): to be filled before `write_pixels`."""
        return _part(self._floats[:FIELDS], count)

    def packed(self, count: int) -> Tensor:
        """(count,) int32: for the pixels of a strip, to be filled before `read_roots`."""
        return self._floats[0, :count].view(torch.int32)

    def trios(self, count: int) -> tuple[Tensor, Tensor]:
        """Two of (3, count)."""
        return _part(self._floats[FIELDS : FIELDS + 3], count), _part(self._floats[FIELDS + 3 :], count)

    def integers(self, count: int) -> Tensor:
        """(3, count) int32."""
        return self.trios(count)[0].view(torch.int32)

    def indices(self, count: int) -> Tensor:
        """(count,) int64."""
        return self._indices[0, :count]


def _part(planes: Tensor, count: int) -> Tensor:
    """Planes (C, n) -> (C, count) in one piece."""
    return planes.reshape(-1)[: len(planes) * count].view(len(planes), count)


@functools.lru_cache(maxsize=1)
def _luminance_tables() -> tuple[Tensor, Tensor]:
    """What red and green together, (65536,) by red | green << 8, and blue, (256,), add to the luminance Y."""
    red, green, blue = color.luminance_tables()
    return (red + green[:, None]).flatten(), blue.clone()


@functools.lru_cache(maxsize=1)
def _grey_roots() -> Tensor:
    """(256,): the root of each grey level."""
    return color.lab_f(color.luminance_tables().sum(0))


@functools.lru_cache(maxsize=1)
def _display_tables() -> tuple[Tensor, Tensor, Tensor]:
    """The byte of linear light in `_LEVELS` levels, for red, green and blue, each where it stands in a packed pixel."""
    light = (torch.arange(_LEVELS, dtype=torch.float64) + 0.5) / _WHITE
    level = (color.linear_to_srgb(light) * 255).round().to(torch.int32)
    return level, level << 8, level << 16


def _is_grey(packed: Tensor, spare: Tensor) -> bool:
    torch.bitwise_right_shift(packed, 8, out=spare)
    spare.bitwise_xor_(packed).bitwise_and_(0xFFFF)
    return not bool(spare.any())


def read_roots(packed: Tensor, roots: Tensor, workspace: Workspace) -> None:
    """Packed pixels (n,) -> their roots, written into `roots` (n,): within 1e-6 of what `color` gives."""
    count = len(packed)
    integers, indices = workspace.integers(count)[0], workspace.indices(count)
    if _is_grey(packed[:_HEAD], integers[:_HEAD]) and _is_grey(packed, integers):
        torch.index_select(_grey_roots(), 0, indices.copy_(integers.copy_(packed).bitwise_and_(255)), out=roots)
        return
    luminance, blue, _ = workspace.trios(count)[1]
    of_two, of_blue = _luminance_tables()
    indices.copy_(torch.bitwise_and(packed, 0xFFFF, out=integers))
    torch.index_select(of_two, 0, indices, out=luminance)
    indices.copy_(torch.bitwise_right_shift(packed, 16, out=integers).bitwise_and_(255))
    luminance.add_(torch.index_select(of_blue, 0, indices, out=blue))
    torch.clamp(luminance, min=color.LAB_KNEE, out=roots)
    luminance.sub_(roots)
    roots.log_().mul_(1 / 3).exp_()  # the cube root: half the time of a power
    roots.add_(luminance, alpha=color.LAB_SLOPE)


def fields_of(slope: Tensor, offset: Tensor) -> Tensor:
    """ab = slope L + offset, each (2, ...) in Lab units, in terms of the root: (FIELDS, ...).

    f(X) is field 0 times the root plus field 1, f(Z) is field 2 times the root plus field 3.
    """
    per_root, at_zero = 116 * slope, offset - 16 * slope
    return torch.stack([1 + per_root[0] / 500, at_zero[0] / 500, 1 - per_root[1] / 200, at_zero[1] / -200])


def _light(values: Tensor, out: Tensor, spare: Tensor) -> None:
    """f(t) of CIE Lab -> t, written into `out`; as `color` does, in place."""
    torch.clamp(values, min=color.ROOT_KNEE, out=out)
    torch.sub(values, out, out=spare)
    torch.pow(out, 3, out=out).add_(spare, alpha=1 / color.LAB_SLOPE)


def write_pixels(roots: Tensor, packed: Tensor, workspace: Workspace) -> None:
    """The pixels of a strip from its roots (n,) and the workspace's fields, written into `packed`, (n,) int32.

    Colours outside sRGB lose chroma until they are inside, as in `color.fit_gamut`. The fields are used up.
    """
    count = len(roots)
    to_x, f_x, to_z, f_z = workspace.fields(count)
    xyz, linear = workspace.trios(count)
    f_x.addcmul_(to_x, roots)
    f_z.addcmul_(to_z, roots)
    for values, light in zip((f_x, roots, f_z), xyz, strict=True):
        _light(values, light, linear[0])
    torch.mm(_scaled_matrix(), xyz, out=linear)
    levels, indices = workspace.integers(count).copy_(linear), workspace.indices(count)  # where XYZ was
    _fit(levels, roots, f_x, f_z, packed)
    packed.fill_(_OPAQUE)
    for plane, table in zip(levels, _display_tables(), strict=True):
        indices.copy_(plane)  # by way of int32: from floating point to int64 is slow
        packed.bitwise_or_(torch.index_select(table, 0, indices, out=plane))


@functools.lru_cache(maxsize=1)
def _scaled_matrix() -> Tensor:
    """(3, 3): XYZ relative to white -> linear RGB in levels."""
    return color.rgb_from_xyz() * _WHITE


def _fit(levels: Tensor, roots: Tensor, f_x: Tensor, f_z: Tensor, spare: Tensor) -> None:
    """Bring linear RGB (3, n), in int32 levels, into the gamut where it is outside.

    A level outside 0.._LEVELS - 1 has bits that none within has; what is less than one level below 0 is 0 already.
    """
    torch.bitwise_or(levels[0], levels[1], out=spare).bitwise_or_(levels[2]).bitwise_right_shift_(_LEVEL_BITS)
    found = np.flatnonzero(spare.numpy())  # torch's own nonzero takes several times as long
    if not len(found):
        return
    outside = torch.from_numpy(found)
    x, y, z = (plane.index_select(0, outside) for plane in (f_x, roots, f_z))
    inside = color.linear_at_edge(x, y, z).mul_(_WHITE).nan_to_num_().clamp_(0, _LEVELS - 1).to(torch.int32)
    for plane, values in zip(levels.numpy(), inside.numpy(), strict=True):
        plane[found] = values
