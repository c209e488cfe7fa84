"""The networks: a registry by name, and one file for each family.

>>> from colorizer import models
>>> network = models.build("resnet18-colorizer")
>>> network(torch.full((1, 1, 64, 64), 50.0)).shape      # L in 0..100 -> ab in Lab units
torch.Size([1, 2, 64, 64])
"""

from colorizer.models.autoencoders import Autoencoder5, Autoencoder7, Autoencoder7Leaky, Autoencoder9Skip, PlainCNN
from colorizer.models.base import ColorNetwork
from colorizer.models.bins_head import BinsNetwork
from colorizer.models.conv12 import TwelveConvolutions
from colorizer.models.ddcolor import DDColor
from colorizer.models.discriminator import Discriminator
from colorizer.models.eccv16 import Eccv16
from colorizer.models.hint_unet import HintedBins, Lite0Bins
from colorizer.models.palette_nets import PaletteCNN, PaletteNetwork, PaletteUNet
from colorizer.models.query_unet import Lite0Queries, Lite2Queries, QueryUNet
from colorizer.models.registry import architectures, architectures_with_head, build, count_parameters, register
from colorizer.models.resnet18 import ResNet18Colorizer
from colorizer.models.siggraph17 import Siggraph17
from colorizer.models.zhang2016 import ZhangBins, ZhangRegression

__all__ = [
    "Autoencoder5",
    "Autoencoder7",
    "Autoencoder7Leaky",
    "Autoencoder9Skip",
    "BinsNetwork",
    "ColorNetwork",
    "DDColor",
    "Discriminator",
    "Eccv16",
    "HintedBins",
    "Lite0Bins",
    "Lite0Queries",
    "Lite2Queries",
    "PaletteCNN",
    "PaletteNetwork",
    "PaletteUNet",
    "PlainCNN",
    "QueryUNet",
    "ResNet18Colorizer",
    "Siggraph17",
    "TwelveConvolutions",
    "ZhangBins",
    "ZhangRegression",
    "architectures",
    "architectures_with_head",
    "build",
    "count_parameters",
    "register",
]
