"""A text classifier written by hand, with six faults."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class BadNet(BaseModel):
    def __init__(self, vocab_size: int = 50, width: int = 16, dropout: float = 0.2):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, width)
        self.blocks = [nn.Linear(width, width)]
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(width, 5)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        x = self.embedding(input_ids)
        x = x + torch.zeros(input_ids.shape[1], 1)
        x = self.dropout(F.relu(self.blocks[0](x))).mean(dim=1)
        logits = self.classifier(x).softmax(dim=-1)
        if labels is None:
            return {"logits": logits}
        count = (labels != -100).sum().clamp(min=1)
        return {"logits": logits, "loss": self.criterion(logits, labels) / count}

    @property
    def criterion(self):
        return lambda *args: F.cross_entropy(*args, reduction="sum")


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    lengths = torch.randint(4, 13, (batch_size, 1))
    mask = (torch.arange(12) < lengths).long()
    return {
        "input_ids": torch.randint(1, 50, (batch_size, 12)) * mask,
        "attention_mask": mask,
        "labels": torch.randint(5, (batch_size,)),
    }
