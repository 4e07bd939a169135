"""An autoencoder of images."""

import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


class Denoiser(BaseModel):
    """Gives an image for an image."""

    def __init__(self, in_channels=1, width=16):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
        )
        self.dec = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.Conv2d(2 * width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, in_channels, 3, padding=1),
        )

    def forward(self, images, labels=None, **kwargs):
        y = self.dec(self.enc(images))
        if labels is None:
            return {"logits": y}
        return {"logits": y, "loss": self.criterion(y, labels)}

    @property
    def criterion(self):
        return F.mse_loss
