"""A variational autoencoder that is given images and nothing else."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class PlainVae(BaseModel):
    """Returns a code of each image, and the image drawn from it."""

    def __init__(self, pixels=64, hidden=64, latent=6, beta=0.5):
        super().__init__()
        self.beta = beta
        self.encoder = nn.Sequential(
            nn.Flatten(),
            nn.Linear(pixels, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2 * latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, pixels)
        )

    def forward(self, images, **kwargs):
        mean, log_variance = self.encoder(images).chunk(2, dim=-1)
        code = mean
        if self.training:
            code = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        drawn = self.decoder(code)
        likeness = self.criterion(drawn, images.flatten(1)) * drawn.shape[1]
        spread = mean**2 + log_variance.exp() - 1 - log_variance
        kl_loss = 0.5 * spread.sum(-1).mean()
        return {
            "loss": likeness + self.beta * kl_loss,
            "kl_loss": kl_loss,
            "embeddings": mean,
            "drawn": drawn.sigmoid().view_as(images),
        }

    @property
    def criterion(self):
        return F.binary_cross_entropy_with_logits
