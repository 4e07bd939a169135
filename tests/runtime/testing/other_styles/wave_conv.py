"""Words from a waveform (Dai et al. 2017)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class WaveConv(BaseModel):
    """Strided convolutions over a sound, then its mean and its peaks over time."""

    def __init__(self, width=16, num_classes=5, dropout=0.1):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, width, 16, stride=4, padding=6, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(width, 2 * width, 3, padding=1, bias=False),
            nn.BatchNorm1d(2 * width),
            nn.ReLU(),
        )
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(4 * width, num_classes)

    def forward(self, waveform, labels=None, **kwargs):
        """Classifies sounds.

        Args:
            waveform: (batch, samples) float from -1 to 1.
            labels: (batch,) int64.
        """
        x = self.features(waveform.unsqueeze(1))
        x = torch.cat([x.mean(dim=-1), x.amax(dim=-1)], dim=-1)
        logits = self.head(self.drop(x))
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(logits, labels)
        return out

    @property
    def criterion(self):
        return mean_loss


def mean_loss(logits, labels):
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
