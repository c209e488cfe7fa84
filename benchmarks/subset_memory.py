"""Peak memory of training with all pictures held, and in eight subsets loaded in turn: python -m benchmarks.subsets

Each run is `train.py` itself in a process of its own, on the same generated photos with the same tiny network; the
peaks are those that it writes into its history. What is compared is what comes on top of a run on 64 photos: the
pictures.
Stated limit: eight subsets take at most a quarter of that. The exit status is 1 where it is missed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.synthetic_photos import make_photos
from colorizer.checkpoints.history import read_history

_ROOT = Path(__file__).resolve().parent.parent
_PICTURES = 4000
_FEW = 64
_SIZE = (192, 144)
_LIMIT = 0.25


def peak_megabytes(photos: Path, out: Path, subsets: int) -> int:
    """Measure the peak of one epoch of training on a folder."""
    settings = [
        "training.epochs=1",
        "model.width=2",
        "data.validation_images=16",
        "data.crop=32",
        f"data.subsets={subsets}",
    ]
    command = [sys.executable, str(_ROOT / "train.py"), str(_ROOT / "recipes" / "objects-12conv.toml")]
    command += ["--data", str(photos), "--out", str(out)]
    command += [word for setting in settings for word in ("--set", setting)]
    subprocess.run(command, check=True, capture_output=True, cwd=_ROOT)
    peak = read_history(out / "history.csv")[-1].peak_memory_mb
    if peak is None:
        raise SystemExit("This system does not say how much memory a process has needed.")
    return peak


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = (make_photos(folder / name, count, _SIZE) for name, count in (("few", _FEW), ("many", _PICTURES)))
        floor = peak_megabytes(few, folder / "floor", 1)
        peaks = {subsets: peak_megabytes(many, folder / f"in-{subsets}", subsets) for subsets in (1, 8)}
    print(f"{_FEW} photos: {floor} MB at the peak")
    for subsets, peak in peaks.items():
        print(f"{_PICTURES} photos, subsets = {subsets}: {peak} MB, {peak - floor} MB more")
    ratio = (peaks[8] - floor) / (peaks[1] - floor)
    print(f"ratio of what comes on top: {ratio:.2f} (limit {_LIMIT})")
    return 0 if ratio <= _LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
