"""Where the checkpoints and recipes lie that come with this package."""

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_folder(name: Literal["weights", "recipes"]) -> Path:
    """Return a folder of what is shipped: inside the package where it is installed, else at the repository's top."""
    installed = _PACKAGE / "shipped" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
