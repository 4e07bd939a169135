"""A gated residual network for several amounts."""

import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


class Grn(nn.Module):
    def __init__(self, dim, dropout):
        super().__init__()
        self.a = nn.Linear(dim, dim)
        self.b = nn.Linear(dim, 2 * dim)
        self.drop = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x):
        return self.norm(x + F.glu(self.drop(self.b(F.elu(self.a(x)))), dim=-1))


class GrnTable(BaseModel):
    """Predicts several numbers for a row."""

    def __init__(self, num_features=12, dim=32, depth=2, num_targets=3, dropout=0.1):
        super().__init__()
        self.input_norm = nn.BatchNorm1d(num_features)
        self.inp = nn.Linear(num_features, dim)
        self.blocks = nn.Sequential(*(Grn(dim, dropout) for _ in range(depth)))
        self.out = nn.Linear(dim, num_targets)

    def forward(self, features, labels=None, **kwargs):
        y = self.out(self.blocks(self.inp(self.input_norm(features))))
        if labels is None:
            return {"logits": y}
        return {"logits": y, "loss": self.criterion(y, labels)}

    @property
    def criterion(self):
        return F.mse_loss
