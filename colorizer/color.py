"""sRGB <-> CIE Lab in torch, on any device; gamut by chroma; palettes; bins of ab. No other file converts colours.

Lab is CIE 1976 L*a*b* under D65 for the 2 degree observer: L in 0..100, a and b in about -128..127. The constants are
those of `skimage.color`, so that training, inference and metrics agree with scikit-image (within 1e-3 L units and
0.02 ab units in float32).

Sources: IEC 61966-2-1 (sRGB transfer function), CIE 15:2004 (Lab).
"""

import functools

import torch
from torch import Tensor

# Rows give X, Y, Z of linear sRGB under D65: the values of skimage.color.colorconv, so that both agree.
_XYZ_FROM_RGB = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
LUMA = _XYZ_FROM_RGB[1]
"""What red, green and blue of linear light add to the luminance Y."""
_WHITE_XYZ = (0.95047, 1.0, 1.08883)
LAB_KNEE, LAB_SLOPE = 0.008856, 7.787
"""Of CIE Lab's f: below the knee it is linear, slope t + 16/116."""
ROOT_KNEE = LAB_KNEE ** (1 / 3)
"""f of the knee."""
GAMUT_TOLERANCE = 1e-4
"""In linear light, 0..1: less than half an 8-bit level even in the darkest shadows."""
_PIXELS_AT_ONCE = 1 << 16  # held against a palette: some megabytes of distances
_PIXELS_AMONG_BINS = 1 << 12  # held against the bins: their distances stay within the cache
_GAP_LIGHTNESS, _GAP_HUES = (93.0, 98.5), (99.0, 107.0)  # where a ray leaves the gamut and enters it again; degrees
_BEYOND_GAP = (80.0, 98.0)  # chroma there
_TERNARY_STEPS = 24  # finds the place to 1/1000 of a Lab unit
BIN_SIDE = 10
"""Of the squares that the ab plane is divided into, in Lab units (Zhang et al. 2016)."""
_BIN_PLACES = 64  # more than there are squares from one end of the gamut to the other
NEIGHBOURS, NEIGHBOUR_SIGMA = 5, 5.0
"""Over so many nearest bins a colour is soft-encoded, with this sigma in Lab units."""
_BISECTIONS = 10  # of the ray from grey; the secant of what is left is exact but at a corner of the gamut
_TINY = 1e-9


@functools.lru_cache(maxsize=16)
def _matrices(device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """(3, 3) matrices: linear RGB -> XYZ relative to white, and its inverse."""
    with torch.inference_mode(False):  # they are kept, and a later call may want gradients through them
        white = torch.tensor(_WHITE_XYZ, dtype=torch.float64)
        matrix = torch.tensor(_XYZ_FROM_RGB, dtype=torch.float64) / white[:, None]
        inverse = torch.linalg.inv(matrix)
        return matrix.to(device=device, dtype=dtype), inverse.to(device=device, dtype=dtype)


def rgb_from_xyz() -> Tensor:
    """(3, 3), float32, on the CPU: XYZ relative to white -> linear RGB."""
    return _matrices(torch.device("cpu"), torch.float32)[1]


def _apply(matrix: Tensor, planes: Tensor) -> Tensor:
    """Multiply the channel axis of (N, 3, H, W) by a (3, 3) matrix, keeping float32 precision on every device.

    Written as sums because a matrix product would be rounded to TF32 on recent GPUs where the caller allows it.
    """
    red, green, blue = planes.unbind(1)
    return torch.stack([row[0] * red + row[1] * green + row[2] * blue for row in matrix], 1)


def _require_planes(planes: Tensor, name: str) -> None:
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


def _lab_f_inverse(value: Tensor) -> Tensor:
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
    _require_planes(srgb, "srgb")
    to_xyz, _ = _matrices(srgb.device, srgb.dtype)
    fx, fy, fz = lab_f(_apply(to_xyz, srgb_to_linear(srgb))).unbind(1)
    return torch.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], 1)


def lab_to_linear_rgb(lab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) -> linear RGB (N, 3, H, W), unclamped: outside 0..1 where the colour is out of gamut."""
    _require_planes(lab, "lab")
    lightness, a, b = lab.unbind(1)
    fy = (lightness + 16) / 116
    # Like skimage.color.lab2xyz: a Z below zero, which no light has, counts as zero.
    fz = (fy - b / 200).clamp_min(0)
    _, to_rgb = _matrices(lab.device, lab.dtype)
    return _apply(to_rgb, _lab_f_inverse(torch.stack([fy + a / 500, fy, fz], 1)))


def lab_to_srgb(lab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) -> sRGB (N, 3, H, W) in 0..1; what is out of gamut is clipped channel by channel.

    Clipping shifts hue and lightness: call `fit_gamut` first where a picture is made for people.
    """
    return linear_to_srgb(lab_to_linear_rgb(lab).clamp(0, 1))


def _in_gamut(linear: Tensor) -> Tensor:
    """Linear RGB (N, 3, ...) -> bool (N, ...): does sRGB have this colour."""
    return ((linear - 0.5).abs() <= 0.5 + GAMUT_TOLERANCE).all(1)


class _Rays:
    """Pixels on their way from grey, at 0, to their own chroma, at 1: straight lines in f(X), f(Y), f(Z) of CIE Lab.

    They are asked many times, so that all between lies in planes of their own.
    """

    def __init__(self, middle: Tensor, directions: Tensor) -> None:
        """
        Args:
            middle: (M,), f(Y).
            directions: (2, M), what f(X) and f(Z) differ by from it at 1.
        """
        _, to_rgb = _matrices(middle.device, middle.dtype)
        from_x, from_y, from_z = to_rgb.split(1, 1)
        self._from_xz = torch.cat([from_x, from_z], 1)
        self.middle, self.directions = middle, directions
        self._base = (from_y * _lab_f_inverse(middle)).sub_(0.5)  # (3, M): what Y adds to linear RGB, less its middle
        self._linear, self._light, self._spare = (
            torch.empty_like(like) for like in (self._base, directions, directions)
        )

    def _centred(self, factor: Tensor) -> Tensor:
        """(3, M), linear RGB less 0.5 at (M,) factors on chroma; until it is asked again."""
        light, spare = self._light, self._spare
        torch.addcmul(self.middle, self.directions, factor, out=light)
        torch.clamp(light, min=ROOT_KNEE, out=spare)  # from here as in `_lab_f_inverse`
        light.sub_(spare)
        torch.add(spare.pow_(3), light, alpha=1 / LAB_SLOPE, out=light)
        return torch.addmm(self._base, self._from_xz, light, out=self._linear)

    def linear(self, factor: Tensor) -> Tensor:
        """(3, M), linear RGB at (M,) factors on chroma; until it is asked again."""
        return self._centred(factor).add_(0.5)

    def excess(self, factor: Tensor) -> Tensor:
        """How far linear RGB is beyond 0..1 at (M,) factors on chroma; negative inside."""
        return self._centred(factor).abs_().amax(0).sub_(0.5)

    def beyond_the_gap(self) -> Tensor:
        """(M,): factors that lie inside the gamut near bright yellow; 0 elsewhere.

        From grey to yellow at L 94 to 98 the gamut ends and, further out, begins anew.
        """
        factors = torch.zeros_like(self.middle)
        (darkest, brightest), (first, last) = _GAP_LIGHTNESS, _GAP_HUES
        bright, yellow = self.middle - (darkest + 16) / 116, _BEYOND_GAP[0] / -400 - self.directions[1]
        near = torch.minimum(bright, yellow)  # above 0: comparisons would take several times as long
        if bool(near.amax() <= 0):
            return factors
        near = near > 0
        rays = self._only(near)
        lightness, a, b = 116 * rays.middle - 16, rays.directions[0] * 500, rays.directions[1] * -200
        chroma, hue = torch.hypot(a, b), torch.rad2deg(torch.atan2(b, a))
        there = (lightness < brightest) & (hue > first) & (hue < last) & (chroma > _BEYOND_GAP[0])
        factors[near] = torch.where(there, rays._in_yellow(chroma), torch.zeros_like(chroma))
        return factors

    def _only(self, those: Tensor) -> "_Rays":
        """Of (M,) bool."""
        return _Rays(self.middle[those], self.directions[:, those])

    def _in_yellow(self, chroma: Tensor) -> Tensor:
        """Of (M,) chroma: the factors that lie inside beyond the gap, or 0."""
        low, high = chroma.reciprocal() * _BEYOND_GAP[0], (chroma.reciprocal() * _BEYOND_GAP[1]).clamp_max(1)
        for _ in range(_TERNARY_STEPS):  # red comes back below 1, then blue falls below 0: the excess has one minimum
            third = (high - low) / 3
            falls = self.excess(low + third) > self.excess(high - third)
            low, high = torch.where(falls, low + third, low), torch.where(falls, high, high - third)
        return torch.where(self.excess(low) <= GAMUT_TOLERANCE, low, torch.zeros_like(low))

    def edge(self) -> Tensor:
        """(M,): the largest factors inside the gamut, of pixels that lie outside."""
        low = self.beyond_the_gap()
        step = (1 - low) / 2
        factor = low + step
        for _ in range(_BISECTIONS - 1):
            step.div_(2)
            factor.sub_(torch.copysign(step, self.excess(factor)))
        low = factor - step
        inside, outside = self.excess(low).clamp_max_(0), self.excess(factor.add_(step)).clamp_min_(_TINY)
        return low.add_(step.mul_(2 * inside / (inside - outside)))  # what is left of the ray is nearly straight


def linear_at_edge(f_x: Tensor, f_y: Tensor, f_z: Tensor) -> Tensor:
    """f(X), f(Y), f(Z) of CIE Lab, (M,) each, outside the gamut -> linear RGB (3, M) with chroma scaled to its edge."""
    rays = _Rays(f_y, torch.stack([f_x, f_z]).sub_(f_y))
    return rays.linear(rays.edge())


def _fit_gamut(lab: Tensor) -> tuple[Tensor, Tensor]:
    """Lab (N, 3, H, W) -> Lab inside the gamut, and its linear RGB."""
    _require_planes(lab, "lab")
    lab = torch.cat([lab[:, :1].clamp(0, 100), lab[:, 1:]], 1)
    linear = lab_to_linear_rgb(lab)
    outside = ~_in_gamut(linear)
    if bool(outside.any()):
        pixels = torch.stack([plane[outside] for plane in lab.unbind(1)])  # (3, M)
        rays = _Rays((pixels[0] + 16) / 116, torch.stack([pixels[1] / 500, pixels[2] / -200]))
        pixels[1:] *= rays.edge()
        for channel, values in enumerate(lab_to_linear_rgb(pixels[None, :, None])[0, :, 0]):
            lab[:, channel][outside] = pixels[channel]
            linear[:, channel][outside] = values
    return lab, linear


def fit_gamut(lab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) -> the same with chroma scaled down, where needed, to the edge of the sRGB gamut.

    Lightness (clamped to 0..100) and hue stay; only colours outside the gamut change. The largest factor in 0..1 that
    keeps (L, t a, t b) inside is found by bisection, on the pixels that are outside only.
    """
    return _fit_gamut(lab)[0]


def lab_to_display(lab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) -> sRGB (N, 3, H, W) in 0..1 for people to see: `lab_to_srgb(fit_gamut(lab))`, in one go."""
    return linear_to_srgb(_fit_gamut(lab)[1].clamp(0, 1))


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


def nearest_color(srgb: Tensor, palette: Tensor) -> Tensor:
    """The palette colour that is nearest to each pixel, by Euclidean distance in sRGB.

    Args:
        srgb: (N, 3, H, W) in 0..1.
        palette: (K, 3), sRGB in 0..1.

    Returns:
        int64 (N, H, W), 0..K-1; of equally near colours the first.
    """
    count, _, height, width = srgb.shape
    offset = palette.square().sum(1) / 2  # |x - p|^2 = |x|^2 - 2 (x p - |p|^2 / 2)
    pixels = srgb.permute(0, 2, 3, 1).reshape(-1, 3)
    nearest = [(part @ palette.T - offset).argmax(1) for part in pixels.split(_PIXELS_AT_ONCE)]
    return torch.cat(nearest).reshape(count, height, width)


def palette_ab(palette: Tensor) -> Tensor:
    """The chroma of palette colours: (K, 3), sRGB in 0..1 -> (K, 2), ab in Lab units."""
    return srgb_to_lab(palette.T[None, :, :, None])[0, 1:, :, 0].T


@functools.lru_cache(maxsize=1)
def ab_bins() -> Tensor:
    """The centres of the bins: (Q, 2), ab in Lab units, sorted by a, then b; float32, on the CPU.

    They lie on a grid of `BIN_SIDE`, and are those to which some colour of sRGB is nearest: 261. (Zhang et al. 2016,
    section 2.1, take 313: they count squares beside the gamut too.)
    """
    with torch.inference_mode(False):
        levels = torch.arange(0, 256, 3) / 255  # 0 and 255 are among them
        grid = torch.cartesian_prod(levels, levels)
        faces = [  # of the cube of sRGB: whatever lies inside has a colour on its surface with the same ab
            torch.cat([grid[:, :axis], torch.full_like(grid[:, :1], end), grid[:, axis:]], 1)
            for axis in range(3)
            for end in (0.0, 1.0)
        ]
        ab = srgb_to_lab(torch.cat(faces).T[None, :, :, None])[0, 1:, :, 0].T
        places = (ab / BIN_SIDE).round().long() + _BIN_PLACES // 2
        unique = (places[:, 0] * _BIN_PLACES + places[:, 1]).unique()  # of one number: of pairs it is slow
        a, b = unique // _BIN_PLACES, unique % _BIN_PLACES
        return (torch.stack([a, b], 1) - _BIN_PLACES // 2).float() * BIN_SIDE


def _bin_scores(ab: Tensor, bins: Tensor) -> Tensor:
    """ab (..., 2) and bins (Q, 2) -> (..., Q): half the squared distances, less half the square of ab itself."""
    return bins.square().sum(1) / 2 - ab @ bins.T


def nearest_bin(ab: Tensor, bins: Tensor) -> Tensor:
    """ab (N, 2, H, W) and bins (Q, 2), Lab units -> int64 (N, H, W): the bin that is nearest to each pixel."""
    pixels = ab.permute(0, 2, 3, 1)
    rows = [_bin_scores(part, bins).argmin(1) for part in pixels.reshape(-1, 2).split(_PIXELS_AMONG_BINS)]
    return torch.cat(rows).reshape(pixels.shape[:3])


def soft_encode(ab: Tensor, bins: Tensor) -> Tensor:
    """Each pixel's colour as a distribution over the 5 bins nearest to it (Zhang et al. 2016, section 2.2).

    Args:
        ab: (N, 2, H, W) in Lab units.
        bins: (Q, 2) in Lab units, as `ab_bins` has them.

    Returns:
        (N, Q, H, W): for the 5 nearest bins in proportion to exp(-d^2 / (2 x 5^2)), d the distance in Lab units, with
        sum 1; 0 for the others.
    """
    pixels = ab.permute(0, 2, 3, 1)
    nearest, index = _bin_scores(pixels, bins).topk(NEIGHBOURS, dim=-1, largest=False)  # the rest cancels in softmax
    weights = (-nearest / NEIGHBOUR_SIGMA**2).softmax(-1)
    encoded = torch.zeros(*pixels.shape[:3], len(bins), dtype=ab.dtype, device=ab.device)
    return encoded.scatter_(-1, index, weights).permute(0, 3, 1, 2)


def annealed_mean(logits: Tensor, bins: Tensor, temperature: float) -> Tensor:
    """From a distribution over bins to one colour: its mean after sharpening (Zhang et al. 2016, equation 5).

    Args:
        logits: (N, Q, H, W).
        bins: (Q, 2) in Lab units.
        temperature: above 0; 1 is the mean as it is, towards 0 the mean nears the likeliest bin.

    Returns:
        ab (N, 2, H, W) in Lab units: the mean of the bins under softmax(logits / temperature).
    """
    weights = (logits - logits.amax(1, keepdim=True)).div_(temperature).exp_()  # softmax along this axis is slow
    means = torch.einsum("nqhw,qc->nchw", weights, torch.cat([bins, torch.ones_like(bins[:, :1])], 1))
    return means[:, :2] / means[:, 2:]
