"""Remove from this Python's packages what nothing needs at run time: tests, headers, compilers, symbols, bytecode.

Run in the container's build alone, by the Python whose packages it is about. `strip`, of binutils, takes the names of
functions, which only debuggers read, out of the largest libraries. What the app imports is
compiled again at the end, as the container cannot write bytecode; what pip had compiled is five times as much.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

_TESTED: Final = ("numpy", "pandas", "pyarrow", "scipy", "sklearn", "sympy", "networkx")
"""Packages that ship their tests as folders named `tests`."""
_UNUSED: Final = (
    "torch/_inductor",
    "torch/include",
    "torch/test",
    "pyarrow/include",
    "pyarrow/src",
    "plotly/labextension",
    "plotly/package_data/datasets",
    "pip",
    "setuptools",
    "pydeck/nbextension",
    "hf_xet",
    *(f"torch/testing/_internal/{name}" for name in ("codegen", "distributed", "generated", "opinfo")),
)
"""Folders; `hf_xet` is a protocol of the hub's own that huggingface_hub imports only where it speaks it."""
_UNUSED_FILES: Final = (
    "pyarrow/libarrow_flight*",
    "pyarrow/libarrow_python_flight*",
    "pyarrow/_flight*",
    "pyarrow/libarrow_s3*",
    "pyarrow/_s3fs*",
    "plotly/package_data/*.js",
    "pyarrow/libarrow_python.so",
    "pyarrow/libarrow_python.so.*.*",
    *(f"torch/testing/_internal/common_{name}*.py" for name in ("dist", "methods", "modules", "nn", "optim", "quant")),
    *(f"skimage/data/{name}" for name in ("hubble*", "lfw*", "motorcycle_disp*", "motorcycle_right*", "retina*")),
)
"""Of stores and protocols that the app does not speak; of notebooks: Streamlit has a plotly.js of its own; copies of a
library under names that nothing links to; torch's own tests; pictures that are no samples."""
_SOURCES: Final = frozenset({".c", ".cc", ".cpp", ".h", ".pxd", ".pxi", ".pyx"})
"""Of what is compiled already. Type stubs stay: scikit-image reads its own."""
_STRIPPED: Final = ("torch", "pyarrow", "numpy", "scipy", "sklearn", "skimage", "PIL")
_IMPORTED: Final = (
    "torch",
    "streamlit.web.cli",
    "streamlit.web.bootstrap",
    "pandas",
    "plotly.graph_objects",
    "PIL.Image",
    "pillow_heif",
    "sklearn.cluster",
    "skimage.metrics",
    "skimage.color",
    "pydantic",
    "huggingface_hub.file_download",
)


def unused_folders(packages: Path) -> list[Path]:
    """Folders that can go, of those that are there."""
    tests = [path for name in _TESTED for path in (packages / name).rglob("tests") if path.is_dir()]
    return [*tests, *(packages / name for name in _UNUSED if (packages / name).is_dir())]


def unused_files(packages: Path) -> list[Path]:
    """Single files that can go; of torch's programs all but the one that it looks for as it is imported."""
    programs = [path for path in (packages / "torch/bin").rglob("*") if path.name != "torch_shm_manager"]
    sources = [path for path in packages.rglob("*") if path.suffix in _SOURCES]
    found = {*programs, *sources, *(path for pattern in _UNUSED_FILES for path in packages.glob(pattern))}
    return [path for path in found if path.is_file()]


def remove_unused(packages: Path) -> None:
    """Remove what can go from a folder of packages, and all bytecode."""
    for folder in unused_folders(packages):
        shutil.rmtree(folder, ignore_errors=True)  # one may lie in another
    for file in unused_files(packages):
        file.unlink()
    for folder in list(packages.rglob("__pycache__")):
        shutil.rmtree(folder)


def main() -> None:
    packages = Path(sysconfig.get_path("purelib"))
    remove_unused(packages)
    for name in _STRIPPED:
        libraries = [str(path) for path in (packages / name).rglob("*.so*") if not path.is_symlink()]
        subprocess.run(["strip", "--strip-unneeded", *libraries], check=True)
    subprocess.run([sys.executable, "-c", f"import {', '.join(_IMPORTED)}"], check=True)


if __name__ == "__main__":
    main()
