"""Contrastive learning of two random views of each image (Chen et al. 2020)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class TwoViews(BaseModel):
    """Embeds images; views of the same one should be close."""

    def __init__(self, channels=1, hidden=32, size=16, temperature=0.2, noise=0.1):
        super().__init__()
        self.temperature, self.noise = temperature, noise
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.projection = nn.Linear(hidden, size)

    def embed(self, images):
        return F.normalize(self.projection(self.encoder(images)), dim=-1)

    def view(self, images):
        return images + self.noise * torch.randn_like(images)

    def forward(self, images, **kwargs):
        one, other = self.embed(self.view(images)), self.embed(self.view(images))
        scores = one @ other.T / self.temperature
        rows = torch.arange(len(images), device=images.device)
        return {"embeddings": self.embed(images), "loss": self.criterion(scores, rows)}

    @property
    def criterion(self):
        return F.cross_entropy
