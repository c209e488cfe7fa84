"""The other side of an adversarial run (Goodfellow et al. 2014): a discriminator that learns to tell true pictures from
those of the network, and what the network is trained by because of it.

Against a discriminator that wins there are, as settings of the recipe: holding it back while it is too good, noise in
place of generated pictures, one-sided label smoothing, spectral normalisation, answers by patches, a learning rate of
its own, and inputs without the blurred lightness that no coloriser needs to get right.
`training_step` takes the step of the generator, then that of `Adversary.learn`.
"""

import math

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor

from colorizer import color
from colorizer.data.dataset import TrainingSet, make_batches
from colorizer.errors import TrainingError
from colorizer.models import ColorNetwork, Discriminator
from colorizer.models.layers import normalize_lightness
from colorizer.recipes.schema import AdversarySettings, TrainingSettings
from colorizer.training.augmentation import random_crop
from colorizer.utils.seeding import seeded

_BETAS = (0.5, 0.999)  # of DCGAN (Radford et al. 2016): less momentum than usual, as what it chases keeps moving
_JUDGED_AT_ONCE = 32
_CHROMA = 50.0  # Lab units that count as 1 where the input is Lab


class Adversary:
    """The discriminator of a run, its optimizer, and both sides' losses."""

    def __init__(
        self, settings: AdversarySettings, crop: int, training: TrainingSettings, accelerator: Accelerator
    ) -> None:
        """Make a discriminator with its first weights, which follow from the seed of the training.

        Args:
            settings: its own.
            crop: side of the pictures, in pixels.
            training: of the network that it judges.
            accelerator: of the run.

        Raises:
            TrainingError: for a crop that it cannot see.
        """
        self.settings = settings
        self.crop = crop
        self.seed = training.seed
        self.accelerator = accelerator
        torch.manual_seed(seeded(training.seed, "adversary").initial_seed())
        try:
            network = Discriminator(
                crop,
                settings.width,
                settings.discriminator_output,
                settings.normalisation,
                settings.dropout,
            )
        except ValueError as error:
            raise TrainingError(f"data.crop: {error}.") from error
        self.network = network.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), settings.learning_rate, _BETAS, weight_decay=training.weight_decay
        )

    def generator_loss(self, own_loss: Tensor, output: Tensor, lab: Tensor) -> Tensor:
        """Return what the network is trained by: BCE(D(output), true) + weight x its own loss; a scalar, in nats.

        The labels are flipped (Goodfellow et al. 2014, section 3): it gains by being taken for true, rather than loses
        by being found out, whose gradient vanishes when the discriminator is sure.

        Args:
            own_loss: the recipe's own, a scalar.
            output: sRGB (N, 3, S, S) in 0..1, of the network.
            lab: (N, 3, S, S) of the true pictures.
        """
        self.network.train().requires_grad_(False)
        taken_for_true = _cross_entropy(self._answers(self.discriminator_input(output, lab)), 1.0)
        self.network.requires_grad_(True)
        return taken_for_true + self.settings.loss_weight * own_loss

    def learn(self, output: Tensor, srgb: Tensor, lab: Tensor, place: tuple[int, int], relative_rate: float) -> Tensor:
        """One optimizer step of the discriminator on this process's pictures; returns its loss, a scalar in nats.

        Args:
            output: sRGB (N, 3, S, S) in 0..1, of the network.
            srgb, lab: the true pictures.
            place: epoch and step, from which noise follows.
            relative_rate: of its learning rate, 0..1, as the schedule has it here.
        """
        settings = self.settings
        made = self.discriminator_input(output.detach(), lab)
        if settings.is_noise_epoch(place[0]):
            noise = seeded(self.seed, "noise", *place, self.accelerator.process_index)
            made = torch.rand(made.shape, generator=noise).to(made) * 2 - 1
        true = self.discriminator_input(srgb, lab)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * relative_rate
        self.network.train()
        on_true = _cross_entropy(self._answers(true), 1.0 - settings.label_smoothing)
        loss = (on_true + _cross_entropy(self._answers(made), 0.0)) / 2
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        if self.accelerator.num_processes > 1:
            for parameter in self.network.parameters():
                parameter.grad = self.accelerator.reduce(parameter.grad, "mean")
        self.optimizer.step()
        return loss.detach()

    def discriminator_input(self, srgb: Tensor, lab: Tensor) -> Tensor:
        """Return what the discriminator sees, about -1..1, (N, 3, S, S), of a picture in sRGB and its photo's Lab."""
        if self.settings.discriminator_input == "rgb":
            return srgb * 2 - 1
        return torch.cat([normalize_lightness(lab[:, :1]), color.srgb_to_lab(srgb)[:, 1:] / _CHROMA], 1)

    def _answers(self, inputs: Tensor) -> Tensor:
        with self.accelerator.autocast():
            return self.network(inputs.contiguous(memory_format=torch.channels_last)).float()

    @torch.inference_mode()
    def accuracy(self, network: ColorNetwork, training: TrainingSet, epoch: int) -> float:
        """Return the share, 0..1, of right answers on training pictures of this epoch's choice, as they were and as
        generated.

        Every process computes the same.
        """
        pictures = training.sample()
        self.network.eval()
        network.eval()
        for buffer in self.network.buffers():  # BatchNorm's, which differ by process
            broadcast(buffer)
        generator = seeded(self.seed, "judged", epoch)
        chosen = torch.randperm(len(pictures), generator=generator)[: self.settings.eval_images].tolist()
        requests = [(index, 0.5) for index in chosen]
        batches = [requests[first : first + _JUDGED_AT_ONCE] for first in range(0, len(requests), _JUDGED_AT_ONCE)]
        right: list[Tensor] = []
        for squares in make_batches(pictures, batches, pin_memory=False):
            crops = random_crop(squares.to(self.accelerator.device), self.crop, False, generator)
            srgb = crops.float() / 255
            lab = color.srgb_to_lab(srgb)
            made = self._answers(self.discriminator_input(network(lab[:, :1]).float(), lab))
            true = self._answers(self.discriminator_input(srgb, lab))
            right += [(made < 0).float().flatten(), (true > 0).float().flatten()]
        return torch.cat(right).mean().item()


def mean_of_learning(loss_sum: float, steps: int) -> float | None:
    """Return the discriminator's mean loss over an epoch; None where it did not learn, so that its sum is not a
    number."""
    return None if math.isnan(loss_sum) else loss_sum / steps


def _cross_entropy(logits: Tensor, label: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
