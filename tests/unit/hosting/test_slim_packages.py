"""What goes from the container's packages: all of torch's folder of programs but the one that it looks for."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "hosting/slim_packages.py"


@pytest.fixture
def slim_packages() -> ModuleType:
    """Load the script, which is in no package."""
    spec = importlib.util.spec_from_file_location("slim_packages", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _write(packages: Path, *names: str) -> None:
    for name in names:
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).touch()


def _left(packages: Path) -> set[str]:
    return {path.relative_to(packages).as_posix() for path in packages.rglob("*") if path.is_file()}


def test_programs_go_and_what_lies_in_folders_beside_them(slim_packages: ModuleType, tmp_path: Path) -> None:
    _write(tmp_path, "torch/bin/protoc", "torch/bin/torch_shm_manager", "torch/bin/upgrader_models/v2.ptl")
    slim_packages.remove_unused(tmp_path)
    assert _left(tmp_path) == {"torch/bin/torch_shm_manager"}


def test_tests_headers_and_what_pip_compiled_go(slim_packages: ModuleType, tmp_path: Path) -> None:
    kept = {"numpy/core.py", "torch/__init__.py", "torch/testing/__init__.py", "pyarrow/libarrow.so"}
    _write(tmp_path, *kept, "numpy/tests/test_core.py", "torch/include/ATen/ATen.h", "numpy/__pycache__/core.pyc")
    _write(tmp_path, "pandas/tests/tests/test_nested.py", "pyarrow/libarrow_flight.so.2600", "pip/__init__.py")
    slim_packages.remove_unused(tmp_path)
    assert _left(tmp_path) == kept


def test_what_serves_stores_and_notebooks_goes(slim_packages: ModuleType, tmp_path: Path) -> None:
    kept = {"plotly/package_data/templates/plotly.json", "pyarrow/_fs.so", "pyarrow/libarrow_substrait.so.2600"}
    _write(tmp_path, *kept, "plotly/package_data/plotly.min.js", "pyarrow/libarrow_s3.so.2600", "pyarrow/_s3fs.so")
    slim_packages.remove_unused(tmp_path)
    assert _left(tmp_path) == kept


def test_sources_copies_and_pictures_that_are_no_samples_go(slim_packages: ModuleType, tmp_path: Path) -> None:
    kept = {"pyarrow/libarrow_python.so.2600", "skimage/data/motorcycle_left.png", "skimage/__init__.pyi"}
    kept |= {"torch/testing/_internal/common_dtype.py", "torch/testing/_internal/logging_tensor.py"}
    _write(tmp_path, *kept, "pyarrow/libarrow_python.so", "pyarrow/libarrow_python.so.2600.1.0", "pyarrow/lib.pyx")
    _write(tmp_path, "skimage/data/retina.jpg", "torch/testing/_internal/common_modules.py", "scipy/_lib/a.h")
    _write(tmp_path, "torch/testing/_internal/opinfo/core.py")
    slim_packages.remove_unused(tmp_path)
    assert _left(tmp_path) == kept


def test_packages_that_lack_what_could_go_stay_as_they_are(slim_packages: ModuleType, tmp_path: Path) -> None:
    _write(tmp_path, "streamlit/__init__.py")
    slim_packages.remove_unused(tmp_path)
    assert _left(tmp_path) == {"streamlit/__init__.py"}
