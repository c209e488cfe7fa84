"""The size at which a network sees a photo, and padding to its stride."""

import torch.nn.functional as F
from torch import Tensor

_MAX_AREA = 4  # times input_size^2: a panorama is seen smaller rather than with unbounded memory


def network_size(width: int, height: int, input_size: int) -> tuple[int, int]:
    """(height, width) at which a network sees a photo: the aspect ratio kept, the short side `input_size` unless the
    photo is longer than 4 : 1."""
    scale = input_size / min(width, height)
    scale = min(scale, input_size * (_MAX_AREA / (width * height)) ** 0.5)
    return max(1, round(height * scale)), max(1, round(width * scale))


def pad_to_stride(planes: Tensor, stride: int) -> Tensor:
    """(N, C, h, w) -> the same with h and w raised to multiples of the stride, by reflection at the lower right."""
    bottom, right = -planes.shape[2] % stride, -planes.shape[3] % stride
    mode = "reflect" if bottom < planes.shape[2] and right < planes.shape[3] else "replicate"
    return F.pad(planes, (0, right, 0, bottom), mode=mode)
