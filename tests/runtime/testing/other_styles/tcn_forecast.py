"""A temporal convolutional network for series."""

import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


class TcnForecast(BaseModel):
    """Causal dilated convolutions over (batch, time, channels); the next value."""

    def __init__(self, num_series=3, width=16, depth=3):
        super().__init__()
        self.inp = nn.Conv1d(num_series, width, 1)
        self.convs = nn.ModuleList(
            nn.Conv1d(width, width, 3, dilation=2**i) for i in range(depth)
        )
        self.out = nn.Linear(width, 1)

    def forward(self, series, labels=None, **kwargs):
        x = self.inp(series.transpose(1, 2))
        for i, conv in enumerate(self.convs):
            x = x + F.relu(conv(F.pad(x, (2 * 2**i, 0))))
        y = self.out(x[:, :, -1]).squeeze(-1)
        if labels is None:
            return {"logits": y}
        return {"logits": y, "loss": self.criterion(y, labels)}

    @property
    def criterion(self):
        return F.huber_loss
