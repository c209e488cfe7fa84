"""Remove from this Python's packages what nothing imports at run time: 400 MB of tests, headers and notebook parts.

Run in the container's build alone, by the Python whose packages it is about.
"""

import shutil
import sysconfig
from pathlib import Path
from typing import Final

_TESTED: Final = ("numpy", "pandas", "pyarrow", "scipy", "sklearn", "sympy", "networkx")
"""Packages that ship their tests as folders named `tests`."""
_UNUSED: Final = (
    "torch/bin",
    "torch/include",
    "torch/test",
    "pyarrow/include",
    "pyarrow/src",
    "plotly/labextension",
    "pydeck/nbextension",
)


def unused_folders(packages: Path) -> list[Path]:
    """Folders that can go, of those that are there."""
    tests = [path for name in _TESTED for path in (packages / name).rglob("tests") if path.is_dir()]
    return [*tests, *(packages / name for name in _UNUSED if (packages / name).is_dir())]


def main() -> None:
    packages = Path(sysconfig.get_path("purelib"))
    for folder in unused_folders(packages):
        shutil.rmtree(folder, ignore_errors=True)  # one may lie in another
    for library in packages.glob("pyarrow/libarrow_flight*"):
        library.unlink()


if __name__ == "__main__":
    main()
