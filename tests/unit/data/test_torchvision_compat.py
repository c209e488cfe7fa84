"""torchvision is imported beside any build of torch; its weights come over the network, or one sentence does."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from colorizer.data import torchvision_compat
from colorizer.errors import TrainingError
from tests.support.processes import environment


def test_torchvision_works_after_the_safe_import() -> None:
    torchvision = torchvision_compat.import_torchvision()
    assert torchvision_compat.import_torchvision() is torchvision
    assert len(torchvision.models.resnet18(weights=None).state_dict()) == 122
    assert torchvision.transforms.CenterCrop(4) is not None


def in_a_new_process(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


_WITHOUT = """
import sys
sys.modules["torchvision"] = None
from colorizer.errors import TrainingError
from colorizer.data.torchvision_compat import import_torchvision
try:
    import_torchvision()
except TrainingError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_missing_torchvision_is_told_in_one_sentence(tmp_path: Path) -> None:
    assert "torchvision is not installed; install" in in_a_new_process(_WITHOUT, tmp_path)


_MISFIT = """
import colorizer.data.torchvision_compat as safe
from colorizer.errors import TrainingError
try:
    safe.import_torchvision()
except TrainingError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_torchvision_that_does_not_fit_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::x does not exist')"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{_MISFIT}"
    assert "does not fit torch" in in_a_new_process(code, tmp_path)


def test_a_failed_download_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there: as without a network
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(TrainingError, match=r"cannot be downloaded \(.*\); connect .*--set model\.encoder_weights="):
        torchvision_compat.resnet18_imagenet_state()


class Payload:
    """What a malicious file would have unpickled: an action."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]


def test_a_cached_file_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    url = torchvision_compat.import_torchvision().models.ResNet18_Weights.IMAGENET1K_V1.url
    cached = tmp_path / "hub" / "checkpoints" / url.rpartition("/")[2]
    cached.parent.mkdir(parents=True)
    cached.write_bytes(pickle.dumps(Payload(tmp_path / "executed")))
    with pytest.raises(TrainingError, match="cannot be downloaded"):
        torchvision_compat.resnet18_imagenet_state()
    assert not (tmp_path / "executed").exists()
