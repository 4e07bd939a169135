"""Embeddings that are near each other for the same class (Khosla et al. 2020)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


def supervised_contrast(embeddings, labels):
    scores = embeddings @ embeddings.T / 0.1
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    alike = (labels[:, None] == labels[None, :]) & ~itself
    logs = scores.masked_fill(itself, -1e4).log_softmax(dim=1)
    return -(logs * alike).sum() / alike.sum().clamp(min=1)


class TripletNet(BaseModel):
    """A small CNN whose outputs are compared, not classified."""

    def __init__(self, in_channels=3, width=16, embed_dim=24):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(4 * width, embed_dim),
        )

    def forward(self, images, labels=None, **kwargs):
        embeddings = F.normalize(self.body(images), dim=-1)
        if labels is None:
            return {"embeddings": embeddings}
        return {"embeddings": embeddings, "loss": self.criterion(embeddings, labels)}

    @property
    def criterion(self):
        return supervised_contrast
