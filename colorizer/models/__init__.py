"""The networks: a registry by name, and one file for each family.

>>> from colorizer import models
>>> network = models.build("resnet18-colorizer")
>>> network(torch.full((1, 1, 64, 64), 50.0)).shape      # L in 0..100 -> ab in Lab units
torch.Size([1, 2, 64, 64])
"""

from colorizer.models.registry import ColorNetwork, architectures, build, count_parameters, register
from colorizer.models.resnet import ResNet18Colorizer

__all__ = ["ColorNetwork", "ResNet18Colorizer", "architectures", "build", "count_parameters", "register"]
