"""What a run begins with: its device and processes, its folder, and where its pictures come from."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from colorizer.checkpoints.card import CARD_FILE
from colorizer.checkpoints.store import RECIPE_FILE
from colorizer.data.splits import DataSplit, load_public_data, load_training_data
from colorizer.data.tar_files import are_shards, find_shards, list_pictures
from colorizer.errors import DataError, TrainingError
from colorizer.images.folders import LeftOut, find_pictures
from colorizer.recipes.recipe import Recipe, read_recipe
from colorizer.recipes.schema import TrainingSettings
from colorizer.training.run_state import LAST_FILE
from colorizer.utils.shutdown import StopRequest, interruptible

_NAMED = 3  # settings that differ: who changed more than these took another recipe


def make_accelerator(settings: TrainingSettings) -> Accelerator:
    """Device, precision and processes: CUDA, then MPS, then CPU where they say "auto"; bfloat16 on CUDA only.

    Raises:
        TrainingError: where the device that they ask for is not there, or its batches cannot be divided.
    """
    wanted = settings.device
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted != "auto" and not available[wanted]:
        raise TrainingError(f'training.device is {wanted!r}, but this torch has no such device; use "auto" or "cpu".')
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if settings.batch_size % processes:  # before they meet: one that ends at once breaks off the other's greeting
        raise TrainingError(
            f"training.batch_size ({settings.batch_size}) must be a multiple of the number of processes "
            f"({processes}); change it with --set."
        )
    on_cuda = wanted in ("auto", "cuda") and available["cuda"]
    mixed = on_cuda and settings.mixed_precision and torch.cuda.is_bf16_supported(including_emulation=False)
    # accelerate joins processes on the CPU only where it is told that it is the CPU: "auto" must not leave that open.
    on_cpu = wanted == "cpu" or not (available["cuda"] or available["mps"])
    accelerator = Accelerator(cpu=on_cpu, mixed_precision="bf16" if mixed else "no")
    if accelerator.num_processes < processes:
        raise TrainingError(f"Several processes cannot train together on {accelerator.device}; launch a single one.")
    return accelerator


def check_folder(recipe: Recipe, folder: Path, resume: bool) -> None:
    """Hold a recipe against what its run's folder holds; nothing is written yet.

    Raises:
        TrainingError: where a new run would overwrite one, where there is none to resume, or it has other settings.
        RecipeError: where the recipe of the run to resume cannot be read.
    """
    if not ((folder / LAST_FILE).exists() or (folder / CARD_FILE).exists()):
        if resume:
            raise TrainingError(f"{folder} holds no run to resume; start it without --resume.")
    elif not resume:
        raise TrainingError(f"{folder} already holds a run: go on with it (--resume) or name another folder (--out).")
    elif other := read_recipe(folder / RECIPE_FILE).differences(recipe):
        raise TrainingError(
            f"{folder} was started with other settings (see its {RECIPE_FILE}); use those to resume it: "
            f"{'; '.join(other[:_NAMED])}{f'; and {len(other) - _NAMED} more' if len(other) > _NAMED else ''}."
        )


@dataclass(frozen=True)
class Sources:
    """Where the pictures are to come from; without folders, from the recipe's public data set."""

    folders: Sequence[Path]
    validation: Sequence[Path] = ()
    verbose: bool = False
    """Whether what is left out is named one by one."""

    def load(self, recipe: Recipe, report: Callable[[str], None], stop_request: StopRequest) -> DataSplit:
        """Find, divide and decode the pictures.

        Raises:
            DataError: where they cannot be had.
        """
        if self.folders:
            report(f"Reading the pictures of {', '.join(map(str, [*self.folders, *self.validation]))} ...")
            if self.verbose:
                self._name_left_out(report)
            return load_training_data(self.folders, recipe.data, report, stop_request, self.validation)
        if self.validation:
            raise DataError("--validation goes with --data, the training pictures.")
        if not recipe.data.public:
            raise DataError(
                f"The recipe names no public data set for its role {recipe.data.role!r}; give folders or tar "
                "shards with --data."
            )
        with interruptible():
            return load_public_data(recipe.data, report)

    def _name_left_out(self, report: Callable[[str], None]) -> None:
        left_out: list[LeftOut] = []
        for folder in (*self.folders, *self.validation):
            if folder.is_dir():
                left_out += find_pictures(folder).left_out
            elif are_shards(folder):
                for shard in find_shards([folder]):
                    list_pictures(shard, lambda sentence: None, left_out)
        for item in left_out:
            report(f"{item.path}: {item.sentence}.")
