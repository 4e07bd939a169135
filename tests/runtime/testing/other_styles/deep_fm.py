"""A factorisation machine beside a network (Guo et al. 2017)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class DeepFm(BaseModel):
    """Whether a row of categories and numbers is clicked on."""

    def __init__(self, sizes=(20, 11, 7, 5), num_numbers=3, dim=8, hidden=32):
        super().__init__()
        starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
        self.register_buffer("starts", starts, persistent=False)
        self.first = nn.Embedding(sum(sizes), 1)
        self.factors = nn.Embedding(sum(sizes), dim)
        nn.init.normal_(self.first.weight, std=0.1)
        nn.init.normal_(self.factors.weight, std=0.3)
        self.numbers = nn.Linear(num_numbers, 1)
        self.deep = nn.Sequential(
            nn.Linear(len(sizes) * dim + num_numbers, hidden),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, categories, numbers, labels=None, **kwargs):
        ids = categories + self.starts
        factors = self.factors(ids)  # (batch, fields, dim)
        linear = self.first(ids).sum(dim=1) + self.numbers(numbers)
        together = factors.sum(dim=1).square() - factors.square().sum(dim=1)
        pairs = 0.5 * together.sum(dim=1, keepdim=True)
        deep = self.deep(torch.cat([factors.flatten(1), numbers], dim=1))
        logits = (linear + pairs + deep).squeeze(1)
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(logits, labels)
        return out

    @property
    def criterion(self):
        return F.binary_cross_entropy_with_logits
