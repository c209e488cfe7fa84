"""Distillation: the ab of a trained teacher as one more target (Hinton et al. 2015, "Distilling the Knowledge in a
Neural Network"; here of a regression, as in Chen et al. 2017).

The teacher may be any checkpoint, a fetched one or a mean of two among them. It is never trained, and never exported.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from colorizer import models
from colorizer.inference.colorizer import load
from colorizer.inference.network_input import pad_to_stride
from colorizer.recipes.schema import DistillSettings


class Teacher:
    """A trained network that says what it would answer."""

    def __init__(self, settings: DistillSettings, device: torch.device) -> None:
        """Load the teacher onto a device.

        Raises:
            CheckpointError: for a teacher that is not here.
        """
        model = load(settings.teacher, device="cpu")
        self.settings = settings
        self.side = settings.side or model.card.input_size
        self.network = model.network.requires_grad_(False).to(device)

    @torch.no_grad()
    def ab(self, lightness: Tensor) -> Tensor:
        """Answer for L (N, 1, H, W) in 0..100, seen with a short side of `side` pixels: ab (N, 2, H, W), Lab units."""
        size = (lightness.shape[2], lightness.shape[3])
        scale = self.side / min(size)
        height, width = (round(side * scale) for side in size)
        seen = F.interpolate(lightness, (height, width), mode="bilinear", antialias=True)
        ab = self.network.to_ab(self.network(pad_to_stride(seen, self.network.stride)))[:, :, :height, :width]
        return F.interpolate(ab, size, mode="bilinear", antialias=True)

    def loss(self, own_loss: Tensor, output: Tensor, network: models.ColorNetwork, lightness: Tensor) -> Tensor:
        """Add to a student's own loss how far its colours are from the teacher's: Huber over ab, in Lab units.

        Args:
            own_loss: against the photos' own colours; weighted by `truth_weight`, and left out where that is 0.
            output: the student's, for these pictures.
            network: the student, which says what its output means.
            lightness: L (N, 1, H, W) in 0..100, without what augmentation did to it.
        """
        distance = F.huber_loss(network.to_ab(output), self.ab(lightness), delta=self.settings.huber_delta)
        of_teacher = self.settings.weight * distance
        return self.settings.truth_weight * own_loss + of_teacher if self.settings.truth_weight else of_teacher
