"""How large the frames of AV1 are, read from its sequence headers without a decoder.

Source: AV1 bitstream specification, 5.3 to 5.5 (OBUs and the sequence header).
"""

from typing import Final

_MAX_UNITS: Final = 20_000  # OBUs that are looked at
_SEQUENCE_HEADER: Final = 1


def sequence_sizes(coded: bytes) -> list[tuple[int, int]]:
    """Read (width, height) in px from each sequence header among the OBUs of some bytes."""
    sizes, at = [], 0
    for _ in range(_MAX_UNITS):
        if at >= len(coded):
            break
        kind, has_extension, has_size = coded[at] >> 3 & 15, coded[at] & 4, coded[at] & 2
        at += 2 if has_extension else 1
        size, at = _leb128(coded, at) if has_size else (len(coded) - at, at)
        if kind == _SEQUENCE_HEADER:
            sizes.append(_read_sequence_header(_Bits(coded[at : at + min(size, 64)])))
        at += size
    return sizes


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        if at >= len(data):
            break
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            break
    return value, at


class _Bits:
    """Reads bits, the highest first; beyond the end all are 0."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def read(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return shifted & ((1 << count) - 1)

    def read_uvlc(self) -> int:
        zeros = 0
        while zeros < 32 and not self.read(1):
            zeros += 1
        return 0 if zeros >= 32 else (1 << zeros) - 1 + self.read(zeros)


def _read_sequence_header(bits: _Bits) -> tuple[int, int]:
    """AV1 5.5.1 up to max_frame_width_minus_1 and max_frame_height_minus_1."""
    bits.read(3 + 1)  # profile, still_picture
    if bits.read(1):  # reduced_still_picture_header
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    has_decoder_model = False
    if bits.read(1):  # timing_info_present
        bits.read(32), bits.read(32)
        if bits.read(1):  # equal_picture_interval
            bits.read_uvlc()
        has_decoder_model = bool(bits.read(1))
        if has_decoder_model:
            delay_bits = bits.read(5) + 1
            bits.read(32 + 5 + 5)
    has_initial_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:  # seq_level_idx
            bits.read(1)
        if has_decoder_model and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_initial_delay and bits.read(1):
            bits.read(4)
