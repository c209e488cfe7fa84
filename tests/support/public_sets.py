"""A CIFAR-10 of random pictures, in the very layout of the real one."""

from pathlib import Path

import numpy as np
import pytest

from colorizer.data.public_datasets import CIFAR10_CLASSES

FOLDER = "cifar-10-batches-bin"


TRAINING = [f"data_batch_{number}.bin" for number in range(1, 6)]


PER_FILE = 8


HORSE = CIFAR10_CLASSES.index("horse")


def records(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels uint8 (PER_FILE,) and pixels uint8 (PER_FILE, 32, 32, 3); the classes horse and cat alternate."""
    pixels = np.random.default_rng(seed).integers(0, 256, (PER_FILE, 32, 32, 3), np.uint8)
    return np.resize(np.array([HORSE, 3], np.uint8), PER_FILE), pixels


def binary(seed: int) -> bytes:
    """Make a file as https://www.cs.toronto.edu/~kriz/cifar.html describes it.

    Each picture is a label, then 1,024 bytes each of red, green and blue, row by row.
    """
    labels, pixels = records(seed)
    planes = pixels.transpose(0, 3, 1, 2).reshape(PER_FILE, -1)
    return np.concatenate([labels[:, None], planes], 1).tobytes()


def files() -> dict[str, bytes]:
    return {name: binary(seed) for seed, name in enumerate([*TRAINING, "test_batch.bin"])}


def put_public_set(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORIZER_DATA", str(cache))
    (cache / FOLDER).mkdir(parents=True)
    for name, content in files().items():
        (cache / FOLDER / name).write_bytes(content)
