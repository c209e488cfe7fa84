"""One training step: of the network, the average of its weights, its adversary (see `gan`), its teacher."""

from typing import cast

import torch
from accelerate import Accelerator
from torch import Tensor

from colorizer import models
from colorizer.evaluation.metrics import Loss, accuracy
from colorizer.recipes.recipe import Recipe
from colorizer.training.batches import TrainingBatch
from colorizer.training.distillation import Teacher
from colorizer.training.gan import Adversary
from colorizer.training.losses import make_loss
from colorizer.training.network_setup import frozen_layers
from colorizer.training.run_state import AVERAGE, Trained
from colorizer.training.schedule import learning_rate, make_average, parameter_groups
from colorizer.utils.seeding import seeded


class Learner:
    """A recipe's network with all that its steps need; where it stands in the run, it is told."""

    def __init__(self, recipe: Recipe, network: models.ColorNetwork, accelerator: Accelerator) -> None:
        self.recipe = recipe
        self.accelerator = accelerator
        loss, settings = recipe.loss, recipe.training
        to_ab = network.coarse_ab if isinstance(network, models.BinsNetwork) else None
        self.loss: Loss = make_loss(
            loss.name, loss.huber_delta, loss.regression_weight, loss.region_weight, loss.psnr_weight, to_ab
        )
        self.bare_network = network
        optimizer = torch.optim.AdamW(
            parameter_groups(network, settings), settings.learning_rate, weight_decay=settings.weight_decay
        )
        prepared = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.optimizer = accelerator.prepare(prepared, optimizer)
        self.average = make_average(network, settings.ema_decay) if settings.ema_decay else None
        self.adversary = (
            Adversary(recipe.adversary, recipe.data.crop, settings, accelerator) if recipe.adversary else None
        )
        self.teacher = Teacher(recipe.distill, accelerator.device) if recipe.distill else None

    @property
    def parts(self) -> dict[str, Trained]:
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

    def set_training_mode(self) -> None:
        """Let the network learn; what the recipe freezes stays as it is."""
        self.network.train()
        if self.recipe.training.freeze_batchnorm:
            for layer in self.bare_network.modules():
                if isinstance(layer, torch.nn.BatchNorm2d):
                    layer.eval()
        for layer in frozen_layers(self.bare_network, self.recipe.training.frozen_stages):
            layer.eval()

    def learn(
        self, batch: TrainingBatch, place: tuple[int, int], steps_per_epoch: int, is_adversary_skipped: bool
    ) -> Tensor:
        """Take one optimizer step on this process's share of a batch.

        Args:
            batch: what is learned.
            place: the epoch and the step in it, counted from 0; all chance follows from it and the seed.
            steps_per_epoch: for the rate of learning.
            is_adversary_skipped: whether the adversary does not learn.

        Returns:
            The own loss, the accuracy, the loss that it is trained by and the adversary's, (4,), detached.
        """
        settings = self.recipe.training
        torch.manual_seed(seeded(settings.seed, *place, self.accelerator.process_index).initial_seed())  # for dropout
        rate = learning_rate(settings, place[0] * steps_per_epoch + place[1], settings.epochs * steps_per_epoch)
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
        if self.adversary and not is_adversary_skipped:
            relative_rate = rate / settings.learning_rate
            learned = self.adversary.learn(output.float(), batch.srgb, batch.lab, place, relative_rate)
        return torch.stack([own_loss.detach(), accuracy(output.detach(), batch.target), loss.detach(), learned])

    def has_finite_weights(self) -> bool:
        """Whether all weights are numbers: a last step may have broken some whose loss nobody has seen."""
        networks = [part.network for part in self.parts.values()]
        return all(bool(values.isfinite().all()) for network in networks for values in network.parameters())
