"""The training loop: epochs, validation, history, snapshots, resume, early stopping; on CPU, GPU or several processes.

Device, precision and processes are Hugging Face accelerate's, so `accelerate launch train.py ...` runs this same code.
All randomness follows from the recipe's seed and the place in the run (epoch and step), not from a generator that is
carried along. A run resumed from any step therefore goes on exactly as an uninterrupted one would; on a CPU, with the
same number of threads, bit for bit.
"""

import copy
import dataclasses
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor

from colorizer import models
from colorizer.checkpoints.history import HISTORY_FILE, EpochRow, best_row, write_history
from colorizer.checkpoints.store import load_state, read_tensors, to_float16, write_tensors
from colorizer.data.dataset import Request, epoch_requests, make_batches
from colorizer.data.splits import DataSplit
from colorizer.data.subsets import make_batches_in_turn
from colorizer.data.tar_shards import Shards, sample_of
from colorizer.errors import TrainingError
from colorizer.evaluation.metrics import Loss, accuracy
from colorizer.evaluation.validation import Validation, answer_of, from_sum, summed
from colorizer.recipes.recipe import Recipe
from colorizer.training.batches import TrainingBatch, crop_squares, make_batch
from colorizer.training.distillation import Teacher
from colorizer.training.gan import Adversary, mean_of_learning
from colorizer.training.hint_embedding import EmbeddingFit
from colorizer.training.losses import make_loss
from colorizer.training.network_setup import frozen_layers
from colorizer.training.run_state import (
    AVERAGE,
    BEST_FILE,
    EMBEDDING_FILE,
    LAST_FILE,
    SHIPPED_FILE,
    Progress,
    Trained,
    read_state,
    save_state,
    state_file,
)
from colorizer.training.schedule import learning_rate, make_average, parameter_groups
from colorizer.utils.seeding import seeded
from colorizer.utils.shutdown import StopRequest

_LOSS_READING_STEPS = 20  # reading the loss makes a GPU wait, so not at each step; on a CPU it costs nothing
_SAMPLE = 4  # pictures
_EMBEDDING_SAVING_STEPS = 50  # a crash costs no more of them


class Interrupted(Exception):  # noqa: N818 - the user's wish, not an error
    """The user stopped the run; its state is saved."""


@dataclass(frozen=True)
class Watcher:
    """What the loop tells while it runs; a progress bar, or nothing."""

    step: Callable[[int, float | None], None]
    """(pictures shown by this step, mean loss of the epoch as last read; None before the first reading)"""
    epoch: Callable[[EpochRow], None]
    embedding: Callable[[int, float], None] = lambda done, error: None
    """(steps of the hint embedding that are done, the error of the last one)"""


class Trainer:
    """One execution of a recipe, in its folder; `fit` runs it from wherever its progress stands."""

    def __init__(
        self,
        recipe: Recipe,
        network: models.ColorNetwork,
        data: DataSplit,
        folder: Path,
        accelerator: Accelerator,
        stop_request: StopRequest | None = None,
    ) -> None:
        """Nothing is read or written yet; `network` is `build_network(recipe)`."""
        self.recipe = recipe
        self.data = data
        self.folder = folder
        self.accelerator = accelerator
        loss = recipe.loss
        self.loss: Loss = make_loss(loss.name, loss.huber_delta, loss.regression_weight, loss.region_weight)
        self.bare_network = network
        self.progress = Progress(training_sha256=data.training_sha256, validation_sha256=data.validation_sha256)
        self.stop_request = stop_request or StopRequest()
        settings = recipe.training
        optimizer = torch.optim.AdamW(
            parameter_groups(network, settings), settings.learning_rate, weight_decay=settings.weight_decay
        )
        prepared = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.optimizer = accelerator.prepare(prepared, optimizer)
        self.projection: Tensor | None = None
        """What the hint embedding has learned, at its end."""
        self.average = make_average(network, settings.ema_decay) if settings.ema_decay else None
        self.adversary = Adversary(recipe.adversary, recipe, accelerator) if recipe.adversary else None
        self.teacher = Teacher(recipe.distill, accelerator.device) if recipe.distill else None

    @property
    def steps_per_epoch(self) -> int:
        settings = self.recipe.training
        shown = max(settings.images_per_epoch or len(self.data.training), settings.batch_size)
        return shown // settings.batch_size

    @property
    def _parts(self) -> dict[str, Trained]:
        """What is trained, by its prefix in the state."""
        parts = {"": Trained(self.bare_network, self.optimizer.optimizer)}
        if self.average:
            parts[AVERAGE] = Trained(self.average, None)
        if self.adversary:
            parts["adversary."] = Trained(self.adversary.network, self.adversary.optimizer)
        return parts

    @property
    def shipped_network(self) -> models.ColorNetwork:
        """What is validated and becomes the checkpoint: the network, or the average of its weights."""
        return cast(models.ColorNetwork, self.average.module) if self.average else self.bare_network

    def resume(self) -> None:
        """Take up the state in the folder.

        Raises:
            TrainingError: where it is missing, damaged, or of other pictures.
            CheckpointError: where its tensors are not the network's.
        """
        weights, progress = read_state(self.folder / LAST_FILE, self._parts)
        if progress.training_sha256 != self.data.training_sha256:
            raise TrainingError("The training pictures are not those the run started with; give it the same --data.")
        if progress.validation_sha256 not in ("", self.data.validation_sha256):
            raise TrainingError("The validation pictures are not those the run started with; give it the same --data.")
        for prefix, part in self._parts.items():
            load_state(part.network, weights[prefix], LAST_FILE)
        self.progress = progress
        if self.accelerator.is_main_process:  # the state may have been saved, and the history not yet
            write_history(self.folder / HISTORY_FILE, progress.rows)

    def fit(self, watcher: Watcher) -> None:
        """Train to the end, saving the state after each epoch; then fit the hint embedding, where the recipe has one.

        Raises:
            Interrupted: after Ctrl-C or a request to terminate, once the state is saved.
            TrainingError: where the loss is no longer a finite number.
        """
        while self.progress.epoch < self.recipe.training.epochs and not (self._is_stale() or self._is_late()):
            self.train_epoch(watcher)
            self._finish_epoch(watcher)
        if self.recipe.training.hint_embedding_steps and self.accelerator.is_main_process:
            self.projection = self._fit_hint_embedding(watcher)

    def kept_state(self) -> dict[str, Tensor]:
        """The weights that become the checkpoint: of the best or of the last epoch, or their average.

        Raises:
            CheckpointError: where those of the best epoch cannot be read.
        """
        if self.recipe.training.select == "best":
            return read_tensors(self.folder / BEST_FILE)
        return self.shipped_network.state_dict()

    def _fit_hint_embedding(self, watcher: Watcher) -> Tensor:
        """The last phase, on a copy of the network with the weights that are kept; it has a state of its own.

        Returns the projection, see `HintedBins.projection`.
        """
        settings, path, epochs = self.recipe.training, self.folder / EMBEDDING_FILE, self.progress.epoch
        network = copy.deepcopy(self.bare_network).eval()
        assert isinstance(network, models.HintedBins)  # another one is refused when it is built
        load_state(network, self.kept_state(), "the kept weights")
        fit = EmbeddingFit(network, next(self.sample_squares()), settings.hint_embedding_steps, settings.seed)
        fit.restore(path, epochs)
        for squares in itertools.islice(self.sample_squares(1 + fit.done), settings.hint_embedding_steps - fit.done):
            if self.stop_request.is_requested:
                fit.save(path, epochs)
                raise Interrupted
            error = fit.learn(squares)
            if fit.done % _EMBEDDING_SAVING_STEPS == 0:
                fit.save(path, epochs)
            watcher.embedding(fit.done, error)
        fit.save(path, epochs)
        return fit.projection

    def _is_late(self) -> bool:
        """Whether the recipe's minutes are over; one that is resumed counts on."""
        minutes = self.recipe.training.minutes
        return bool(minutes) and sum(row.seconds for row in self.progress.rows) > 60 * minutes

    def _is_stale(self) -> bool:
        patience, best = self.recipe.training.early_stopping_epochs, best_row(self.progress.rows)
        return bool(patience and best and self.progress.rows[-1].epoch - best.epoch >= patience)

    def train_epoch(self, watcher: Watcher) -> None:
        """Train to the end of the epoch that is under way; `fit` goes on to validate and to save.

        Raises:
            as `fit`.
        """
        progress, device = self.progress, self.accelerator.device
        start = time.perf_counter() - progress.epoch_seconds
        sums = self._sums()
        mean_loss = progress.loss_sum / progress.step if progress.step else None
        reading_steps = 1 if device.type == "cpu" else _LOSS_READING_STEPS
        self._set_training_mode()
        for batch in self.batches():
            sums += self._learn(batch)
            progress.step += 1
            stopping = self._must_stop()
            if stopping or progress.step % reading_steps == 0 or progress.step == self.steps_per_epoch:
                self._note(sums)
                progress.epoch_seconds = time.perf_counter() - start
                self._require_finite(sums[0])
                mean_loss = progress.loss_sum / progress.step
            watcher.step(self.recipe.training.batch_size, mean_loss)
            if stopping:
                self._require_finite_weights()
                self._note(self.accelerator.reduce(sums, "mean"))
                self._save()
                raise Interrupted

    def _set_training_mode(self) -> None:
        self.network.train()
        if self.recipe.training.freeze_batchnorm:
            for layer in self.bare_network.modules():
                if isinstance(layer, torch.nn.BatchNorm2d):
                    layer.eval()
        for layer in frozen_layers(self.bare_network, self.recipe.training.frozen_stages):
            layer.eval()

    def _sums(self) -> Tensor:
        """What `_learn` returns, gathered over the epoch; float32, as not every device has float64."""
        progress = self.progress
        sums = (progress.loss_sum, progress.accuracy_sum, progress.generator_loss_sum, progress.discriminator_loss_sum)
        return torch.tensor(sums, device=self.accelerator.device)

    def _note(self, sums: Tensor) -> None:
        progress, values = self.progress, sums.tolist()
        progress.loss_sum, progress.accuracy_sum, progress.generator_loss_sum, progress.discriminator_loss_sum = values

    def batches(self) -> Iterator[TrainingBatch]:
        """What the epoch still has to teach, from the step that comes next, one lesson a step."""
        seed, epoch, process = self.recipe.training.seed, self.progress.epoch, self.accelerator.process_index
        device = self.accelerator.device
        for step, squares in enumerate(self._load_batches(device.type == "cuda"), self.progress.step):
            generator = seeded(seed, epoch, step, "augment", process)
            squares = squares.to(device, non_blocking=True)
            yield make_batch(squares, self.recipe, self.bare_network, generator)

    def _load_batches(self, pin_memory: bool) -> Iterator[Tensor]:
        """What the epoch still has to show, from the step that comes next: uint8 (n, 3, side, side) each."""
        training, done, subsets = self.data.training, self.progress.step, self.recipe.data.subsets
        shown, seed = self.steps_per_epoch * self.recipe.training.batch_size, self.recipe.training.seed
        if isinstance(training, Shards):
            plan = training.plan(shown, seed, self.progress.epoch)
            return training.make_batches(plan, self._own_batches(plan.requests)[done:], pin_memory)
        batches = self._own_batches(epoch_requests(len(training), shown, seed, self.progress.epoch))
        if subsets > 1 and training.held is None:  # those of CIFAR-10 come all at once
            return make_batches_in_turn(training, batches, done, subsets, pin_memory)
        return make_batches(training, batches[done:], pin_memory)

    def _own_batches(self, requests: list[Request]) -> list[list[Request]]:
        """This process's share of each batch of the epoch."""
        size = self.recipe.training.batch_size
        return [requests[first : first + size][self._share] for first in range(0, len(requests), size)]

    @property
    def _share(self) -> slice:
        return slice(self.accelerator.process_index, None, self.accelerator.num_processes)

    def _learn(self, batch: TrainingBatch) -> Tensor:
        """One optimizer step on this process's share of a batch.

        Returns the own loss, the accuracy, the loss that it is trained by and the adversary's, (4,), detached.
        """
        settings, place = self.recipe.training, (self.recipe.training.seed, self.progress.epoch, self.progress.step)
        torch.manual_seed(seeded(*place, self.accelerator.process_index).initial_seed())  # for dropout
        done = self.progress.epoch * self.steps_per_epoch + self.progress.step
        rate = learning_rate(settings, done, settings.epochs * self.steps_per_epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["relative_rate"]
        with self.accelerator.autocast():
            output = self.network(*batch.inputs)
        own_loss = self.loss(output.float(), batch.target)
        loss = self.adversary.generator_loss(own_loss, output.float(), batch.lab) if self.adversary else own_loss
        if self.teacher:
            loss = self.teacher.loss(own_loss, output.float(), self.bare_network, batch.lab[:, :1])
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.bare_network)
        learned = torch.full_like(loss, torch.nan)
        if self.adversary and not self._is_adversary_skipped:
            relative_rate = rate / settings.learning_rate
            learned = self.adversary.learn(output.float(), batch.srgb, batch.lab, place[1:], relative_rate)
        return torch.stack([own_loss.detach(), accuracy(output.detach(), batch.target), loss.detach(), learned])

    @property
    def _is_adversary_skipped(self) -> bool:
        rows, settings = self.progress.rows, self.recipe.adversary
        return settings is not None and settings.is_skipped(rows[-1].discriminator_accuracy if rows else None)

    def _require_finite(self, loss: Tensor) -> None:
        if not math.isfinite(self.accelerator.reduce(loss.clone()).item()):
            raise self._diverged("loss")

    def _require_finite_weights(self) -> None:
        """A last step may have broken weights whose loss nobody has seen: they are not to replace the good state."""
        networks = [part.network for part in self._parts.values()]
        if not all(bool(values.isfinite().all()) for network in networks for values in network.parameters()):
            raise self._diverged("weights")

    def _diverged(self, what: str) -> TrainingError:
        kept = f"; the state before is kept in {self.folder}" if (self.folder / LAST_FILE).exists() else ""
        return TrainingError(
            f"The run diverged in epoch {self.progress.epoch}, where its {what} became infinite or not a number{kept}; "
            "train anew with a lower training.learning_rate, in another folder (--out)."
        )

    def _finish_epoch(self, watcher: Watcher) -> None:
        progress = self.progress
        start = time.perf_counter()
        self._require_finite_weights()
        sums = self.accelerator.reduce(self._sums(), "mean").tolist()
        train_loss, train_accuracy, generator_loss = (value / progress.step for value in sums[:3])
        validation = self.validate()
        if not math.isfinite(validation.loss):
            raise self._diverged("validation loss")
        row = EpochRow(
            progress.epoch,
            (progress.epoch + 1) * self.steps_per_epoch * self.recipe.training.batch_size,
            self.optimizer.param_groups[0]["lr"],
            train_loss,
            validation.loss,
            validation.psnr,
            validation.delta_e,
            validation.ab_rmse,
            validation.colorfulness,
            round(progress.epoch_seconds + time.perf_counter() - start, 3),
            None if math.isnan(train_accuracy) else train_accuracy,
            validation.accuracy,
            peak_memory_mb=peak_memory_mb(),
        )
        if self.adversary:
            row = dataclasses.replace(
                row,
                generator_loss=generator_loss,
                discriminator_loss=mean_of_learning(sums[3], progress.step),
                discriminator_accuracy=self.adversary.accuracy(
                    self.bare_network, sample_of(self.data.training), row.epoch
                ),
                discriminator_steps=0 if self._is_adversary_skipped else progress.step,
            )
        progress.rows.append(row)
        progress.epoch, progress.step, progress.epoch_seconds = row.epoch + 1, 0, 0.0
        self._note(torch.zeros(len(sums)))
        self._keep(row)
        self._save()
        watcher.epoch(row)

    def _keep(self, row: EpochRow) -> None:
        """Write the weights of this epoch where the recipe or its measures want them, before the progress says so."""
        if self.accelerator.is_main_process:
            if best_row(self.progress.rows) == row:
                write_tensors(self.folder / BEST_FILE, self.shipped_network.state_dict())
            if self.recipe.training.minutes:
                write_tensors(self.folder / SHIPPED_FILE, to_float16(self.shipped_network.state_dict()))
            if row.epoch in self.recipe.training.snapshots:
                write_tensors(self.folder / state_file(row.epoch), self.shipped_network.state_dict())

    def _save(self) -> None:
        if self.accelerator.is_main_process:
            save_state(self.folder / LAST_FILE, self._parts, self.progress)
            write_history(self.folder / HISTORY_FILE, self.progress.rows)
        self.accelerator.wait_for_everyone()

    def validate(self) -> Validation:
        """The measures of the network as it is, over the validation pictures; shared among the processes."""
        network = self.shipped_network
        network.eval()
        for buffer in network.buffers():  # BatchNorm's, which differ by process: the first's are shipped
            broadcast(buffer)
        squares = self.data.validation[self._share]
        total = summed(answer_of(network), network, squares, self.loss, self.accelerator.device)
        if self.accelerator.num_processes > 1:  # float32: not every device reduces float64
            total = self.accelerator.reduce(total.float().to(self.accelerator.device)).cpu()
        return from_sum(total, len(self.data.validation))

    def sample_squares(self, first: int = 0) -> Iterator[Tensor]:
        """Training pictures, cut as in training and not aged, without end: uint8 (4, 3, crop, crop) each.

        Args:
            first: the number of the first batch; each depends on its number alone.

        Raises:
            DataError: where a picture that is decoded anew can no longer be read.
        """
        pictures, seed = sample_of(self.data.training), self.recipe.training.seed
        for number in itertools.count(first):
            generator = seeded(seed, "sample", number)
            chosen = torch.randint(len(pictures), (_SAMPLE,), generator=generator).tolist()
            positions = torch.rand(_SAMPLE, generator=generator).tolist()
            squares = [pictures[request] for request in zip(chosen, positions, strict=True)]
            yield crop_squares(torch.stack(squares).to(self.accelerator.device), self.recipe.data, generator)

    def _must_stop(self) -> bool:
        if self.accelerator.num_processes == 1:
            return self.stop_request.is_requested
        stop_request = torch.tensor(float(self.stop_request.is_requested), device=self.accelerator.device)
        return bool(self.accelerator.reduce(stop_request).item() > 0)  # all stop at the same step


def peak_memory_mb() -> int | None:
    """The most memory that this process has held at once since it began (its peak resident set), in megabytes.

    None where the system does not say, as Windows. Processes that decode pictures for it are not counted.
    """
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3))  # bytes there, kilobytes elsewhere
