"""The only import of torchvision: made safe beside a CPU build of torch, or refused in one sentence.

torchvision's wheel on the public package index is built for CUDA. Beside a CPU build of torch its compiled part does
not load, and registering a fake for an operator that is therefore missing ends in "operator torchvision::nms does not
exist" (pytorch/vision issues 9077 and 9085). Declaring the two schemas first is enough for all that is not compiled.
"""

import contextlib
import importlib
import pickle
from types import ModuleType

import torch
from torch import Tensor

from colorizer.errors import TrainingError

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_library: torch.library.Library | None = None  # the schemas live as long as this object


def _declare_operators() -> None:
    global _library
    if _library is None:
        _library = torch.library.Library("torchvision", "FRAGMENT")
        for schema in _SCHEMAS:
            with contextlib.suppress(RuntimeError):  # already declared: by a compiled part that did load
                _library.define(schema)


def import_torchvision() -> ModuleType:
    """torchvision, importable beside any build of torch.

    Raises:
        TrainingError: where it is not installed, or does not fit the installed torch.
    """
    try:
        return importlib.import_module("torchvision")
    except ImportError as error:
        raise TrainingError("torchvision is not installed; install the one that requirements.txt names.") from error
    except RuntimeError:  # the compiled part does not fit: all that is not compiled still can
        _declare_operators()
    try:
        return importlib.import_module("torchvision")
    except (ImportError, RuntimeError) as error:
        version = torch.__version__
        raise TrainingError(
            f"torchvision does not fit torch {version} ({error}); install both anew, together."
        ) from error


def resnet18_imagenet_state() -> dict[str, Tensor]:
    """Return the tensors of torchvision's ResNet-18 trained on ImageNet; downloaded once, into torch's own cache.

    Raises:
        TrainingError: without torchvision, and where the download fails.
    """
    models = import_torchvision().models
    try:
        return models.ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"The ImageNet weights of the trunk cannot be downloaded ({error}); connect to the network, or train with "
            '--set model.encoder_weights="random".'
        ) from error
