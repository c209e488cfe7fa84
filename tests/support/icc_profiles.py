"""ICC profiles made by hand (ICC.1:2022), for tests: Display P3, linear grey, and a CMYK printer of grey inks."""

import itertools

D50 = (0.9642, 1.0, 0.8249)
P3_COLORANTS = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))


def _fixed(value: float) -> bytes:
    return round(value * 65536).to_bytes(4, "big", signed=True)


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in values)


def _gamma(exponent: float) -> bytes:
    return b"curv\0\0\0\0\0\0\0\1" + round(exponent * 256).to_bytes(2, "big") + b"\0\0"


def _srgb_curve() -> bytes:
    return b"para\0\0\0\0\0\3\0\0" + b"".join(_fixed(v) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))


def _profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    start = 128 + 4 + 12 * len(tags)
    table, content = len(tags).to_bytes(4, "big"), b""
    for name, tag in tags.items():
        table += name + (start + len(content)).to_bytes(4, "big") + len(tag).to_bytes(4, "big")
        content += tag + bytes(-len(tag) % 4)
    header = bytes(4) + bytes(4) + b"\x04\x30\0\0" + device + space + connection + bytes(12) + b"acsp"
    header = header.ljust(68, b"\0") + b"".join(_fixed(value) for value in D50)
    whole = header.ljust(128, b"\0") + table + content
    return len(whole).to_bytes(4, "big") + whole[4:]


def display_p3() -> bytes:
    colorants = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, P3_COLORANTS), strict=True))
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _srgb_curve())
    return _profile(b"mntr", b"RGB ", b"XYZ ", {b"wtpt": _xyz(D50), **colorants, **curves})


def linear_grey() -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": _xyz(D50), b"kTRC": _gamma(1.0)})


def grey_ink_printer() -> bytes:
    """CMYK whose inks all print grey: full C, M or Y takes 30 % of the lightness, K all of it (lut8, ICC 10.11)."""
    corners = itertools.product((0, 1), repeat=4)
    grid = b"".join(bytes((round(255 * (1 - k) * (1 - 0.3 * (c + m + y))), 128, 128)) for c, m, y, k in corners)
    identity = b"".join(_fixed(float(row == column)) for row in range(3) for column in range(3))
    lut = b"mft1\0\0\0\0\4\3\2\0" + identity + bytes(range(256)) * 4 + grid + bytes(range(256)) * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": _xyz(D50), b"A2B0": lut})
