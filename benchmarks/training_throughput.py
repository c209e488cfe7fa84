"""Is training held back by its data? Images a second of `photo`, really and without data: python -m benchmarks.training

Real: the training loop of `train.py` on generated photos that are held decoded, as they are where they fit into
data.cache_gigabytes. Without data: the same loop, network, loss and optimizer, but each step gets one and the same
lesson that is in memory already, to the last tensor: what the network sees, and what its output is compared with. The
two take turns. Stated limit: really, there are at least 0.90 times as many images a second. The exit status is 1 where
it is missed.

Where there is a CUDA GPU, it is measured there as well, in bfloat16, with and without torch.compile of the network.
That part has not been run yet: no GPU was at hand when it was written.
"""

import dataclasses
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.harness import Row
from benchmarks.synthetic_photos import make_photos
from colorizer.data.splits import load_training_data
from colorizer.recipes.recipe import Recipe, read_recipe
from colorizer.training.batches import TrainingBatch
from colorizer.training.launch import make_accelerator
from colorizer.training.network_setup import build_network, fit_color_statistics
from colorizer.training.run_state import Progress
from colorizer.training.trainer import Trainer, Watcher

LIMIT = 0.90
_RECIPE = Path(__file__).resolve().parent.parent / "recipes" / "photo-automatic.toml"
_PHOTOS = 200
_SIZE = (256, 192)
_ROUNDS = 7
_CPU_STEPS = 3  # a round: some 3 seconds on two cores; many short rounds, as whatever else runs there slows both sides
_GPU_STEPS = 100
_SILENT = Watcher(lambda pictures, loss: None, lambda row: None)


class _MeasuredTrainer(Trainer):
    """A run that can be given its lesson: it then learns that one, and asks for no data."""

    ready: TrainingBatch | None = None

    def batches(self) -> Iterator[TrainingBatch]:
        return itertools.repeat(self.ready, self.steps_per_epoch) if self.ready else super().batches()


@dataclass(frozen=True)
class Speed:
    """Images a second, each the median of its rounds."""

    device: str
    real: float
    without_data: float
    data_alone: float
    """Of making lessons and learning none of them."""
    ratio: float
    """The median of real / without_data over the rounds."""

    @property
    def data_share(self) -> float:
        """How much of the time of real training making the lessons would take by itself, 0..1."""
        return self.real / self.data_alone


def _make_recipe(device: str) -> Recipe:
    batches = _CPU_STEPS if device == "cpu" else _GPU_STEPS
    recipe = read_recipe(
        _RECIPE, ["model.encoder_weights=random", "data.validation_images=8", f"training.device={device}"]
    )
    shown = batches * recipe.training.batch_size
    return dataclasses.replace(
        recipe, training=dataclasses.replace(recipe.training, images_per_epoch=shown, epochs=100)
    )


def _make_run(recipe: Recipe, folder: Path, compiled: bool) -> _MeasuredTrainer:
    network = build_network(recipe)
    data = load_training_data([make_photos(folder / "photos", _PHOTOS, _SIZE)], recipe.data, print)
    fit_color_statistics(recipe, network, data.training)
    run = _MeasuredTrainer(recipe, network, data, folder / "run", make_accelerator(recipe.training))
    if compiled:
        run.learner.network = torch.compile(run.learner.network)
    return run


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _learn(run: _MeasuredTrainer) -> None:
    run.train_epoch(_SILENT)


def _only_load(run: _MeasuredTrainer) -> None:
    for _ in run.batches():
        pass


def _images_per_second(
    run: _MeasuredTrainer, epoch: int, ready: TrainingBatch | None, only_load: bool = False
) -> float:
    """Of one epoch from its first step on."""
    run.progress, run.ready = Progress(epoch=epoch), ready
    _wait_for(run.accelerator.device)
    start = time.perf_counter()
    (_only_load if only_load else _learn)(run)
    _wait_for(run.accelerator.device)
    return run.steps_per_epoch * run.recipe.training.batch_size / (time.perf_counter() - start)


def measure(device: str = "cpu", compiled: bool = False) -> Speed:
    """Measure the speed of `photo` at 128 pixels in batches of 24; on a CPU in about 50 seconds on two cores.

    Args:
        device: "cpu" in float32, or "cuda" in bfloat16.
        compiled: whether the network goes through torch.compile.
    """
    with tempfile.TemporaryDirectory() as name:
        run = _make_run(_make_recipe(device), Path(name), compiled)
        ready = next(run.batches())
        _images_per_second(run, 0, ready)  # the first steps are slower
        rounds = [
            (
                _images_per_second(run, number, None),
                _images_per_second(run, number, ready),
                _images_per_second(run, number, None, only_load=True),
            )
            for number in range(_ROUNDS)
        ]
    real, without_data, data_alone = map(statistics.median, zip(*rounds, strict=True))
    ratio = statistics.median(really / at_most for really, at_most, _ in rounds)
    name = f"cpu, {torch.get_num_threads()} threads" if device == "cpu" else torch.cuda.get_device_name()
    return Speed(f"{name}, compiled" if compiled else name, real, without_data, data_alone, ratio)


def measure_all() -> list[Speed]:
    """On the CPU, and on a GPU where there is one."""
    ways = [("cpu", False)] + [("cuda", compiled) for compiled in (False, True) if torch.cuda.is_available()]
    return [measure(*way) for way in ways]


def rows() -> list[Row]:
    """For the table of `benchmarks.run`."""
    return [
        Row(
            f"Training photo at 128 pixels, {speed.device}: with its data / without",
            f"{speed.real:.1f} / {speed.without_data:.1f} images a second",
            speed.ratio,
            LIMIT,
            at_least=True,
        )
        for speed in measure_all()
    ]


def main() -> int:
    speeds = measure_all()
    print(f"{'photo, 128 px, images/s':36}{'real':>8}{'no data':>9}{'ratio':>7}{'data alone':>12}{'its share':>11}")
    for speed in speeds:
        print(
            f"{speed.device:36}{speed.real:8.1f}{speed.without_data:9.1f}{speed.ratio:7.2f}{speed.data_alone:12.0f}"
            f"{speed.data_share:11.1%}"
        )
    print(f"limit of the ratio: {LIMIT:.2f}")
    return 0 if all(speed.ratio >= LIMIT for speed in speeds) else 1


if __name__ == "__main__":
    sys.exit(main())
