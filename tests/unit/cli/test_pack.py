"""`pack`: photos small, in tar files below a size; and a training that is over when its minutes are."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import train
from colorizer.checkpoints.history import read_history
from colorizer.cli import main
from colorizer.training.run_state import SHIPPED_FILE


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(12):
        noise = Image.fromarray(random.integers(0, 256, (100, 150, 3), np.uint8))
        noise.resize((300 + 10 * number, 200)).save(folder / f"{number:02d}.jpg", quality=95)
    return folder


def members(folder: Path) -> list[tuple[str, tuple[int, int]]]:
    found = []
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                file = tar.extractfile(member)
                assert file is not None
                with Image.open(file) as image:
                    found.append((member.name, image.size))
    return found


def test_photos_are_small_and_the_files_below_their_size(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (photos / "._00.jpg").write_bytes(b"what a system put there")
    try:
        assert main(["pack", str(photos), "-o", str(tmp_path), "--side", "96", "--quality", "90"]) == 1
        said = capsys.readouterr()
        assert main(["pack", str(photos), "-o", str(tmp_path), "--side", "96", "--verbose"]) == 1
    finally:
        (photos / "broken.jpg").unlink()
        (photos / "._00.jpg").unlink()
    assert "12 photos in 1 files" in said.out and "broken.jpg" in said.err
    assert "Left out: 1 hidden or system file or folder." in said.err and "._00.jpg" not in said.err
    assert "._00.jpg: hidden or system file or folder, left out." in capsys.readouterr().err
    found = members(tmp_path)
    assert len(found) == 12 and {min(size) for _, size in found} == {96}
    assert len({name for name, _ in found}) == 12


def test_one_file_becomes_several(photos: Path, tmp_path: Path) -> None:
    arguments = ["pack", str(photos), "-o", str(tmp_path), "--side", "199", "--quality", "100", "--megabytes", "1"]
    for number in range(12, 60):
        (photos / f"{number}.jpg").write_bytes((photos / "00.jpg").read_bytes())
    assert main(arguments) == 0
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob("*.tar"))]
    assert len(sizes) > 1 and max(sizes) <= 1_000_000
    assert len(members(tmp_path)) == 60


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["photo-film-gpu", "photo-gpu"])
def test_training_ends_when_its_minutes_are_over(photos: Path, tmp_path: Path, recipe: str) -> None:
    root = Path(train.__file__).parent
    small = [
        "data.validation_images=2", "data.side=48", "data.crop=32", "training.images_per_epoch=8",
        "training.batch_size=4", "training.minutes=0.001", "model.init_from=\"\"",
    ]  # fmt: skip
    settings = [part for setting in small for part in ("--set", setting)]
    out = tmp_path / "run"
    command = [str(root / f"recipes/{recipe}.toml"), "--data", str(photos), "--out", str(out), *settings]
    assert train.main(command) == 0
    assert len(read_history(out / "history.csv")) == 1
    assert (out / SHIPPED_FILE).exists() and (out / "card.toml").exists()
