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
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor

from colorizer import models
from colorizer.checkpoints.history import HISTORY_FILE, EpochRow, best_row, write_history
from colorizer.checkpoints.store import load_state, read_tensors, to_float16, write_tensors
from colorizer.color.calibration import ColorCalibration
from colorizer.data.dataset import EpochPart
from colorizer.data.splits import DataSplit
from colorizer.errors import TrainingError
from colorizer.evaluation.metrics import Loss
from colorizer.evaluation.scores import Scores
from colorizer.evaluation.validation import answer_of, from_sum, summed
from colorizer.recipes.recipe import Recipe
from colorizer.training.batches import TrainingBatch, make_batch, sample_squares
from colorizer.training.calibration_fit import fit_calibration
from colorizer.training.gan import mean_of_learning
from colorizer.training.hint_embedding import EmbeddingFit
from colorizer.training.run_state import (
    BEST_FILE,
    EMBEDDING_FILE,
    LAST_FILE,
    SHIPPED_FILE,
    Progress,
    read_state,
    save_state,
    state_file,
)
from colorizer.training.training_step import Learner
from colorizer.utils.host_memory import peak_memory_mb
from colorizer.utils.seeding import seeded
from colorizer.utils.shutdown import StopRequest

_LOSS_READING_STEPS = 20  # reading the loss makes a GPU wait, so not at each step; on a CPU it costs nothing
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
    calibration: Callable[[], None] = lambda: None
    """The calibration is about to be fitted."""


def _averaged_part(network: models.ColorNetwork) -> dict[str, Tensor]:
    """Copy what a mean of two states is taken of: the parameters, and the statistics of BatchNorm."""
    names = {name for name, _ in network.named_parameters()}
    return {
        name: tensor.detach().clone()
        for name, tensor in network.state_dict().items()
        if name in names or name.endswith(("running_mean", "running_var"))
    }


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
        self._start = _averaged_part(network) if recipe.training.start_share else {}
        self.learner = Learner(recipe, network, accelerator)
        self.progress = Progress(training_sha256=data.training_sha256, validation_sha256=data.validation_sha256)
        self.stop_request = stop_request or StopRequest()
        self.projection: Tensor | None = None
        """What the hint embedding has learned, at its end."""
        self.calibration: ColorCalibration | None = None
        """How colours are corrected, at the end."""

    @property
    def bare_network(self) -> models.ColorNetwork:
        """The network in training, on one process, without what accelerate wraps it in."""
        return self.learner.bare_network

    @property
    def loss(self) -> Loss:
        """The recipe's own loss."""
        return self.learner.loss

    @property
    def steps_per_epoch(self) -> int:
        settings = self.recipe.training
        shown = max(settings.images_per_epoch or len(self.data.training), settings.batch_size)
        return shown // settings.batch_size

    def resume(self) -> None:
        """Take up the state in the folder.

        Raises:
            TrainingError: where it is missing, damaged, or of other pictures.
            CheckpointError: where its tensors are not the network's.
        """
        weights, progress = read_state(self.folder / LAST_FILE, self.learner.parts)
        if progress.training_sha256 != self.data.training_sha256:
            raise TrainingError("The training pictures are not those the run started with; give it the same --data.")
        if progress.validation_sha256 not in ("", self.data.validation_sha256):
            raise TrainingError("The validation pictures are not those the run started with; give it the same --data.")
        for prefix, part in self.learner.parts.items():
            load_state(part.network, weights[prefix], LAST_FILE)
        self.progress = progress
        if self.accelerator.is_main_process:  # the state may have been saved, and the history not yet
            write_history(self.folder / HISTORY_FILE, progress.rows)

    def fit(self, watcher: Watcher) -> None:
        """Train to the end, saving the state after each epoch; then fit the calibration and the hint embedding, where
        the recipe has them.

        Raises:
            Interrupted: after Ctrl-C or a request to terminate, once the state is saved.
            TrainingError: where the loss is no longer a finite number.
        """
        while self.progress.epoch < self.recipe.training.epochs and not (self._is_stale() or self._is_late()):
            self.train_epoch(watcher)
            self._finish_epoch(watcher)
        if self.recipe.training.calibration_images and self.accelerator.is_main_process:
            self.calibration = self._fit_calibration(watcher)
        if self.recipe.training.hint_embedding_steps and self.accelerator.is_main_process:
            self.projection = self._fit_hint_embedding(watcher)

    def kept_state(self) -> dict[str, Tensor]:
        """Return the weights that become the checkpoint: of the best or of the last epoch, or their average, with as
        much of those that training began with as the recipe wants.

        Raises:
            CheckpointError: where those of the best epoch cannot be read.
        """
        is_best = self.recipe.training.select == "best"
        trained = read_tensors(self.folder / BEST_FILE) if is_best else self.learner.shipped_network.state_dict()
        share = self.recipe.training.start_share
        means = {name: trained[name].lerp(start.to(trained[name]), share) for name, start in self._start.items()}
        return trained | means

    def _fit_hint_embedding(self, watcher: Watcher) -> Tensor:
        """Run the last phase, on a copy of the network with the weights that are kept; it has a state of its own.

        Returns the projection, see `HintedBins.projection`.
        """
        settings, path, epochs = self.recipe.training, self.folder / EMBEDDING_FILE, self.progress.epoch
        network = self._kept_network()
        assert isinstance(network, models.HintedBins)  # another one is refused when it is built
        network.calibration = self.calibration
        fit = EmbeddingFit(network, next(self._sample_squares()), settings.hint_embedding_steps, settings.seed)
        fit.restore(path, epochs)
        for squares in itertools.islice(self._sample_squares(1 + fit.done), settings.hint_embedding_steps - fit.done):
            if self.stop_request.is_requested:
                fit.save(path, epochs)
                raise Interrupted
            error = fit.learn(squares)
            if fit.done % _EMBEDDING_SAVING_STEPS == 0:
                fit.save(path, epochs)
            watcher.embedding(fit.done, error)
        fit.save(path, epochs)
        return fit.projection

    def _kept_network(self) -> models.ColorNetwork:
        """Return a copy of the network with the weights that are kept."""
        network = copy.deepcopy(self.bare_network).eval()
        load_state(network, self.kept_state(), "the kept weights")
        return network

    def _fit_calibration(self, watcher: Watcher) -> ColorCalibration:
        """Run the first phase after the epochs, which takes a minute: broken off, it begins anew."""
        recipe, network, pictures = self.recipe, self._kept_network(), self.data.training.sample()
        assert isinstance(network, models.BinsNetwork)  # another one is refused when it is built

        def look() -> None:
            if self.stop_request.is_requested:
                raise Interrupted

        watcher.calibration()
        chosen = torch.randperm(len(pictures), generator=seeded(recipe.training.seed, "calibration"))
        squares = [pictures[index, 0.5] for index in chosen[: recipe.training.calibration_images].tolist()]
        side = recipe.data.inference_size or recipe.data.crop
        side -= side % network.stride
        return fit_calibration(network, squares, side, recipe.training.seed, look)

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
        self.learner.set_training_mode()
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

    def _sums(self) -> Tensor:
        """Gather what `_learn` returns over the epoch; float32, as not every device has float64."""
        progress = self.progress
        sums = (progress.loss_sum, progress.accuracy_sum, progress.generator_loss_sum, progress.discriminator_loss_sum)
        return torch.tensor(sums, device=self.accelerator.device)

    def _note(self, sums: Tensor) -> None:
        progress, values = self.progress, sums.tolist()
        progress.loss_sum, progress.accuracy_sum, progress.generator_loss_sum, progress.discriminator_loss_sum = values

    def batches(self) -> Iterator[TrainingBatch]:
        """Yield what the epoch still has to teach, from the step that comes next, one batch a step."""
        seed, epoch, process = self.recipe.training.seed, self.progress.epoch, self.accelerator.process_index
        device = self.accelerator.device
        squares_of_steps = self.data.training.epoch(self._part(), pin_memory=device.type == "cuda")
        for step, squares in enumerate(squares_of_steps, self.progress.step):
            generator = seeded(seed, epoch, step, "augment", process)
            squares = squares.to(device, non_blocking=True)
            yield make_batch(squares, self.recipe.data, self.recipe.training.hints, self.bare_network, generator)

    def _part(self) -> EpochPart:
        """Return what the epoch still has to show this process, from the step that comes next."""
        settings, progress, accelerator = self.recipe.training, self.progress, self.accelerator
        return EpochPart(
            settings.seed,
            progress.epoch,
            self.steps_per_epoch,
            settings.batch_size,
            accelerator.process_index,
            accelerator.num_processes,
            progress.step,
        )

    @property
    def _share(self) -> slice:
        return slice(self.accelerator.process_index, None, self.accelerator.num_processes)

    def _learn(self, batch: TrainingBatch) -> Tensor:
        """One optimizer step; returns what `Learner.learn` does."""
        place = (self.progress.epoch, self.progress.step)
        return self.learner.learn(batch, place, self.steps_per_epoch, self._is_adversary_skipped)

    @property
    def _is_adversary_skipped(self) -> bool:
        rows, settings = self.progress.rows, self.recipe.adversary
        return settings is not None and settings.is_skipped(rows[-1].discriminator_accuracy if rows else None)

    def _require_finite(self, loss: Tensor) -> None:
        if not math.isfinite(self.accelerator.reduce(loss.clone()).item()):
            raise self._diverged("loss")

    def _require_finite_weights(self) -> None:
        """Refuse weights that a last step has broken, whose loss nobody has seen: the good state is to stay."""
        if not self.learner.has_finite_weights():
            raise self._diverged("weights")

    def _diverged(self, what: str) -> TrainingError:
        kept = f"; the state before is kept in {self.folder}" if (self.folder / LAST_FILE).exists() else ""
        return TrainingError(
            f"The run diverged in epoch {self.progress.epoch + 1}, where its {what} became infinite or not a number"
            f"{kept}; train anew with a lower training.learning_rate, in another folder (--out)."
        )

    def _finish_epoch(self, watcher: Watcher) -> None:
        progress = self.progress
        start = time.perf_counter()
        self._require_finite_weights()
        row = self._epoch_row(start)
        progress.rows.append(row)
        progress.epoch, progress.step, progress.epoch_seconds = row.epoch + 1, 0, 0.0
        self._note(torch.zeros(4))
        self._keep(row)
        self._save()
        watcher.epoch(row)

    def _epoch_row(self, start: float) -> EpochRow:
        """Return what the history has of the epoch that ends; `start` is when its validation began, by
        `perf_counter`."""
        progress, adversary = self.progress, self.learner.adversary
        sums = self.accelerator.reduce(self._sums(), "mean").tolist()
        train_loss, train_accuracy, generator_loss = (value / progress.step for value in sums[:3])
        validation = self.validate()
        if not math.isfinite(validation.loss):
            raise self._diverged("validation loss")
        row = EpochRow(
            progress.epoch,
            (progress.epoch + 1) * self.steps_per_epoch * self.recipe.training.batch_size,
            self.learner.optimizer.param_groups[0]["lr"],
            train_loss,
            validation.loss,
            validation.psnr,
            validation.ciede2000,
            validation.ab_rmse,
            validation.colorfulness,
            round(progress.epoch_seconds + time.perf_counter() - start, 3),
            None if math.isnan(train_accuracy) else train_accuracy,
            None if math.isnan(validation.accuracy) else validation.accuracy,
            peak_memory_mb=peak_memory_mb(),
        )
        if adversary is None:
            return row
        return dataclasses.replace(
            row,
            generator_loss=generator_loss,
            discriminator_loss=mean_of_learning(sums[3], progress.step),
            discriminator_accuracy=adversary.accuracy(self.bare_network, self.data.training, row.epoch),
            discriminator_steps=0 if self._is_adversary_skipped else progress.step,
        )

    def _keep(self, row: EpochRow) -> None:
        """Write the weights of this epoch where the recipe or its measures want them, before the progress says so."""
        if self.accelerator.is_main_process:
            if best_row(self.progress.rows) == row:
                write_tensors(self.folder / BEST_FILE, self.learner.shipped_network.state_dict())
            if self.recipe.training.minutes:
                write_tensors(self.folder / SHIPPED_FILE, to_float16(self.learner.shipped_network.state_dict()))
            if row.epoch in self.recipe.training.snapshots:
                write_tensors(self.folder / state_file(row.epoch), self.learner.shipped_network.state_dict())

    def _save(self) -> None:
        if self.accelerator.is_main_process:
            save_state(self.folder / LAST_FILE, self.learner.parts, self.progress)
            write_history(self.folder / HISTORY_FILE, self.progress.rows)
        self.accelerator.wait_for_everyone()

    def validate(self) -> Scores:
        """Measure the network as it is, over the validation pictures; shared among the processes."""
        network = self.learner.shipped_network
        network.eval()
        for buffer in network.buffers():  # BatchNorm's, which differ by process: the first's are shipped
            broadcast(buffer)
        squares = self.data.validation[self._share]
        total = summed(answer_of(network), network, squares, self.loss, self.accelerator.device)
        if self.accelerator.num_processes > 1:  # float32: not every device reduces float64
            total = self.accelerator.reduce(total.float().to(self.accelerator.device)).cpu()
        return from_sum(total, len(self.data.validation))

    def _sample_squares(self, first: int = 0) -> Iterator[Tensor]:
        recipe = self.recipe
        return sample_squares(self.data.training, recipe.data, recipe.training.seed, self.accelerator.device, first)

    def _must_stop(self) -> bool:
        if self.accelerator.num_processes == 1:
            return self.stop_request.is_requested
        stop_request = torch.tensor(float(self.stop_request.is_requested), device=self.accelerator.device)
        return bool(self.accelerator.reduce(stop_request).item() > 0)  # all stop at the same step
