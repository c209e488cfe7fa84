"""Colour that a file tells by numbers instead of a profile, brought to sRGB: primaries, transfer function, tone curve.

Light is computed relative to a white of 1. What goes beyond, in the HDR curves PQ and HLG, is brought back by one plain
tone curve: up to 0.8 of the reference white of 203 cd/m2 (ITU-R BT.2408) nothing changes; above, the brightest channel
of a pixel approaches 1 as k + (1 - k) t / (1 + t), and the other two keep their ratio to it. Colours that sRGB lacks
are clipped channel by channel, as a relative colorimetric profile conversion does.

Sources: ISO/IEC 23091-2 (numbers of primaries and transfer functions); ITU-R BT.2100-2, tables 4 and 5 (PQ and HLG);
IEC 61966-2-1 (sRGB); the Bradford adaptation of ICC.1:2022, annex E.
"""

import functools
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Chromaticities = tuple[tuple[float, float], ...]
"""x and y of red, green, blue and white."""
Curve = Literal["srgb", "gamma", "pq", "hlg"]
Levels = NDArray[np.uint8] | NDArray[np.uint16]

_D65: Final = (0.3127, 0.3290)
_SRGB: Final[Chromaticities] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
_PRIMARIES: Final[dict[int, Chromaticities]] = {
    1: _SRGB,
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), (0.310, 0.316)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    10: ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3)),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_CURVES: Final[dict[int, tuple[Curve, float]]] = {
    **dict.fromkeys((1, 6, 11, 13, 14, 15), ("srgb", 1.0)),  # for video's curves a screen is meant, which is near sRGB
    4: ("gamma", 2.2),
    5: ("gamma", 2.8),
    8: ("gamma", 1.0),
    16: ("pq", 1.0),
    17: ("gamma", 2.6),
    18: ("hlg", 1.0),
}
"""With the exponent of a gamma: light = level to the power of it."""
_UNSPECIFIED: Final = 2

REFERENCE_WHITE: Final = 203.0  # cd/m2, BT.2408
_HLG_PEAK: Final = 1000.0  # cd/m2: of the screen that BT.2100 describes the curve for, with a system gamma of 1.2
_KNEE: Final = 0.8  # of the reference white
_STRIP_PIXELS: Final = 1 << 19
_ENCODING_STEPS: Final = 1 << 15  # of linear light: a step at black is a tenth of an 8-bit level
_BRADFORD: Final = np.array(((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)))

UNKNOWN_NUMBERS: Final = (
    "The file tells its colours by numbers that are not known here, so they are shown as if they were sRGB."
)


@dataclass(frozen=True)
class ColorNumbers:
    """How the levels of a picture are meant.

    Attributes:
        primaries: of red, green, blue and white.
        curve: from levels to light.
        gamma: exponent where the curve is "gamma".
        is_narrow: black is level 16 and white 235 of 255, as in video.
    """

    primaries: Chromaticities = _SRGB
    curve: Curve = "srgb"
    gamma: float = 1.0
    is_narrow: bool = False

    @property
    def is_srgb(self) -> bool:
        """Whether there is nothing to convert."""
        same = np.allclose(self.primaries, _SRGB, atol=0.002)
        return same and self.curve == "srgb" and not self.is_narrow

    @property
    def is_hdr(self) -> bool:
        """Whether the picture may be brighter than white."""
        return self.curve in ("pq", "hlg")


def from_code_points(primaries: int, transfer: int, is_full_range: bool = True) -> ColorNumbers | None:
    """Read the numbers of ISO/IEC 23091-2, as `cICP` and `nclx` have them; None for those that nobody knows."""
    primaries = 1 if primaries == _UNSPECIFIED else primaries
    transfer = 13 if transfer == _UNSPECIFIED else transfer
    if primaries not in _PRIMARIES or transfer not in _CURVES:
        return None
    curve, gamma = _CURVES[transfer]
    return ColorNumbers(_PRIMARIES[primaries], curve, gamma, not is_full_range)


def from_gamma(file_gamma: float | None, chromaticities: Chromaticities | None) -> ColorNumbers | None:
    """Read PNG's `gAMA` (level = light to the power of it) and `cHRM`; None for values that cannot be meant.

    1/2.2 is what writers of sRGB put there, so it is taken for sRGB.
    """
    primaries = _SRGB if chromaticities is None else chromaticities
    if chromaticities is not None and not _is_possible(chromaticities):
        return None
    if file_gamma is None or abs(file_gamma - 1 / 2.2) < 0.005:
        return ColorNumbers(primaries)
    return ColorNumbers(primaries, "gamma", 1 / file_gamma) if 0.05 <= file_gamma <= 5 else None


def _is_possible(chromaticities: Chromaticities) -> bool:
    if any(not (0 <= x <= 1 and 0 < y <= 1) for x, y in chromaticities[3:]):
        return False
    try:
        return bool(np.isfinite(matrix_to_srgb(chromaticities)).all())
    except np.linalg.LinAlgError:
        return False


def _xyz_columns(points: Chromaticities) -> NDArray[np.float64]:
    """(3, n): X, Y, Z of colours of luminance proportional to y."""
    return np.array([(x, y, 1 - x - y) for x, y in points]).T


def _to_xyz(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """(3, 3): from linear RGB to XYZ, white having Y = 1."""
    colorants = _xyz_columns(chromaticities[:3])
    x, y = chromaticities[3]
    white = np.array((x / y, 1.0, (1 - x - y) / y))
    return colorants * np.linalg.solve(colorants, white)


@functools.lru_cache(maxsize=32)
def matrix_to_srgb(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """(3, 3): from linear light of these primaries to that of sRGB, white staying white."""
    source, target = _to_xyz(chromaticities), _to_xyz(_SRGB)
    white, wanted = _BRADFORD @ source.sum(1), _BRADFORD @ target.sum(1)
    adaptation = np.linalg.inv(_BRADFORD) @ np.diag(wanted / white) @ _BRADFORD
    matrix: NDArray[np.float64] = np.linalg.inv(target) @ adaptation @ source
    return matrix


def to_srgb(levels: Levels, numbers: ColorNumbers) -> Image.Image:
    """Convert to 8-bit sRGB.

    Args:
        levels: uint8 or uint16, (H, W) grey or (H, W, 3); all of the type's range counts.
        numbers: what the levels mean.

    Returns:
        Mode "L" for grey without HDR's curves, else "RGB".
    """
    table = _light_table(numbers, 256 if levels.dtype == np.uint8 else 65536)
    if levels.ndim == 2:
        light = _tone_curve(table[:, None])[:, 0] if numbers.is_hdr else table
        return Image.fromarray(_encode(light)[levels])
    height, width = levels.shape[:2]
    result = np.empty((height, width, 3), np.uint8)
    matrix = matrix_to_srgb(numbers.primaries).astype(np.float32)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        result[top : top + rows] = _convert(levels[top : top + rows], numbers, table, matrix)
    return Image.fromarray(result)


def _convert(
    levels: Levels, numbers: ColorNumbers, table: NDArray[np.float32], matrix: NDArray[np.float32]
) -> NDArray[np.uint8]:
    light = table[levels]
    if numbers.curve == "hlg":
        light = _system_gamma(light, numbers)
    light = light @ matrix.T
    return _encode(_tone_curve(light) if numbers.is_hdr else light)


def _light_table(numbers: ColorNumbers, count: int) -> NDArray[np.float32]:
    """(count,): linear light of each level; of HLG that of the scene, 0..1."""
    level = np.linspace(0, 1, count)
    if numbers.is_narrow:
        level = np.clip((level * 255 - 16) / 219, 0, 1)
    if numbers.curve == "srgb":
        light = np.where(level > 0.04045, ((level + 0.055) / 1.055) ** 2.4, level / 12.92)
    elif numbers.curve == "gamma":
        light = level**numbers.gamma
    elif numbers.curve == "pq":
        light = _pq_light(level) / REFERENCE_WHITE
    else:
        light = _hlg_scene_light(level)
    return light.astype(np.float32)


def _pq_light(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """cd/m2: BT.2100, table 4."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = level ** (1 / m2)
    light: NDArray[np.float64] = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return light


def _hlg_scene_light(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """0..1: BT.2100, table 5, the inverse OETF."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    light: NDArray[np.float64] = np.where(level <= 0.5, level**2 / 3, (np.exp((level - c) / a) + b) / 12)
    return light


def _system_gamma(scene: NDArray[np.float32], numbers: ColorNumbers) -> NDArray[np.float32]:
    """BT.2100, table 5, the OOTF: light of the screen, relative to the reference white."""
    weights = _to_xyz(numbers.primaries)[1].astype(np.float32)
    luminance = np.maximum(scene @ weights, 1e-6)
    return scene * (luminance**0.2)[..., None] * np.float32(_HLG_PEAK / REFERENCE_WHITE)


def _tone_curve(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., 3) or (..., 1), white 1, without an upper end, to at most 1."""
    brightest = light.max(-1, keepdims=True)
    above = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
    wanted = np.where(brightest > _KNEE, _KNEE + (1 - _KNEE) * above / (1 + above), brightest)
    scaled: NDArray[np.float32] = light * (wanted / np.maximum(brightest, 1e-6))
    return scaled


@functools.cache
def _encoding_table() -> NDArray[np.uint8]:
    light = np.linspace(0, 1, _ENCODING_STEPS + 1)
    level = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    return np.rint(255 * level).astype(np.uint8)


def _encode(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Linear light, white 1, to 8-bit sRGB; what is beyond is clipped."""
    steps = np.rint(np.clip(light, 0, 1) * _ENCODING_STEPS).astype(np.uint16)
    return _encoding_table()[steps]
