"""What each host installs: the project's versions, and torch for the CPU where an index has both kinds."""

import ast
import base64
import functools
import hashlib
import importlib.metadata
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CLOUD = ROOT / "hosting/community_cloud/requirements.txt"
_LINKS = re.compile(r"^--find-links (\S+)$", re.MULTILINE)


def versions(path: Path) -> dict[str, str]:
    """Read requirements by name, without the name."""
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    found = [re.match(r"([A-Za-z0-9_-]+)(.*)", line) for line in lines if line and not line.startswith("-")]
    return {match[1]: match[2] for match in found if match}


def write_wheel(folder: Path, name: str, version: str, requires: str = "") -> None:
    """Write a wheel that a package manager can install, with one module that holds its version."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},\n"
        for path, text in files.items()
    )
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in (*files.items(), (f"{info}/RECORD", record)):
            wheel.writestr(path, text)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """Serve an index where torch brings CUDA, as the public one, and links to its CPU wheel, as PyTorch's."""
    write_wheel(tmp_path / "simple/torch", "torch", "2.13.0", "Requires-Dist: nvidia-cublas\n")
    write_wheel(tmp_path / "simple/nvidia-cublas", "nvidia_cublas", "13.0.0")
    write_wheel(tmp_path / "cpu/torch", "torch", "2.13.0+cpu")
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def install(folder: Path, index: str, *requirements: str) -> set[str]:
    """Return what pip installs of requirements from that index alone: the folders of metadata."""
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--quiet", "--target", str(folder)]
    subprocess.run([*pip, "--index-url", f"{index}/simple", *requirements], check=True, timeout=120)
    return {path.name for path in folder.glob("*.dist-info")}


def test_the_cloud_gets_torch_for_the_cpu_where_there_are_both_kinds(index: str, tmp_path: Path) -> None:
    text = CLOUD.read_text()
    torch = next(line for line in text.splitlines() if line.startswith("torch=="))
    links = _LINKS.search(text)
    assert links and links[1] == "https://download.pytorch.org/whl/cpu/torch/"
    asked = tmp_path / "requirements.txt"
    asked.write_text(f"--find-links {index}/cpu/torch/\n{torch}\n")
    assert install(tmp_path / "cpu-only", index, "-r", str(asked)) == {"torch-2.13.0+cpu.dist-info"}
    # Without the line and the ending the very same index gives CUDA: the test can fail.
    with_cuda = install(tmp_path / "with-cuda", index, torch.removesuffix("+cpu"))
    assert with_cuda == {"torch-2.13.0.dist-info", "nvidia_cublas-13.0.0.dist-info"}


def test_the_cloud_has_the_versions_of_the_project() -> None:
    own, cloud = versions(ROOT / "requirements.txt"), versions(CLOUD)
    assert cloud.pop("torch") == own["torch"] + "+cpu"
    assert cloud == {name: own[name] for name in cloud}


def test_what_the_container_installs_is_what_the_cloud_does() -> None:
    container = versions(ROOT / "hosting/requirements-app.txt")
    assert set(container) | {"torch"} == set(versions(CLOUD))
    assert not any(container.values()), "versions stand in requirements.txt alone"


def imported_by(files: list[Path]) -> set[str]:
    """Names of the packages that files import, anywhere in them, without Python's own and the project's."""
    found: set[str] = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"colorizer", "pages"}


def test_the_container_installs_all_that_the_app_and_the_batch_import() -> None:
    """Whatever is imported stands in the list itself: what another package brings may go with its next version."""
    apart = (ROOT / "colorizer/training", ROOT / "colorizer/data", ROOT / "colorizer/cluster/ray_engine.py")
    files = [ROOT / "app.py", *ROOT.glob("pages/**/*.py"), *ROOT.glob("colorizer/**/*.py")]
    modules = imported_by([file for file in files if not any(file.is_relative_to(path) for path in apart)])
    homes = importlib.metadata.packages_distributions()
    needed = {plain(homes[module][0]) for module in modules}
    listed = {plain(name) for name in versions(ROOT / "hosting/requirements-app.txt")} | {"torch"}
    assert {"streamlit", "pydantic"} <= needed
    assert needed <= listed


def plain(name: str) -> str:
    """Return a package's name as indexes compare them."""
    return name.lower().replace("_", "-")
