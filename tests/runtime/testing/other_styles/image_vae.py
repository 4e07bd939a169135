"""A variational autoencoder (Kingma & Welling 2014)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class ImageVae(BaseModel):
    """Draws an image again from a normal code; in evaluation from its mean."""

    def __init__(self, image_size=8, in_channels=1, hidden=64, latent_dim=8, beta=0.01):
        super().__init__()
        self.shape = (in_channels, image_size, image_size)
        self.beta = beta
        pixels = in_channels * image_size * image_size
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(pixels, hidden), nn.ELU())
        self.mean = nn.Linear(hidden, latent_dim)
        self.log_variance = nn.Linear(hidden, latent_dim)
        self.decode = nn.Sequential(
            nn.Linear(latent_dim, hidden), nn.ELU(), nn.Linear(hidden, pixels)
        )

    def forward(self, images, labels=None, **kwargs):
        """Draws images again.

        Args:
            images: (batch, in_channels, image_size, image_size) from 0 to 1.
            labels: What to draw, of the same shape.
        """
        h = self.encode(images)
        mean, log_variance = self.mean(h), self.log_variance(h)
        code = mean
        if self.training:
            code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        logits = self.decode(code).unflatten(1, self.shape)
        out = {"logits": logits, "mean": mean, "log_variance": log_variance}
        if labels is not None:
            out["loss"] = self.criterion(logits, labels, mean, log_variance)
        return out

    @property
    def criterion(self):
        return self.elbo

    def elbo(self, logits, labels, mean, log_variance):
        drawn = F.binary_cross_entropy_with_logits(logits, labels)
        spread = mean.square() + log_variance.exp() - 1 - log_variance
        return drawn + self.beta * 0.5 * spread.mean()
