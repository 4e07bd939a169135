"""A small model that reads a text and writes another, and what can go wrong in it."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel
from oumi_runtime.testing import ModelCase

VOCAB, WIDTH = 12, 8


def batch_of_pairs(batch_size: int) -> dict[str, torch.Tensor]:
    return {
        "input_ids": torch.randint(1, VOCAB, (batch_size, 6)),
        "labels": torch.randint(1, VOCAB, (batch_size, 4)),
    }


class Writes(BaseModel):
    start = 0

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, width)
        self.hidden = nn.Linear(2 * width, width)
        self.output = nn.Linear(width, VOCAB)

    def forward(self, input_ids, decoder_input_ids=None, labels=None, **kwargs):
        """Computes logits; the target so far is begun with 0."""
        if decoder_input_ids is None:
            decoder_input_ids = self.started(input_ids, labels)
        source = self.embedding(input_ids).mean(1, keepdim=True)
        x = self.embedding(decoder_input_ids)
        x = F.gelu(self.hidden(torch.cat([x, source.expand_as(x)], dim=-1)))
        logits = self.given(self.output(x))
        if labels is None:
            return {"logits": logits}
        targets = self.counted(labels).flatten()
        total = self.criterion(logits.flatten(0, 1), targets, reduction="sum")
        return {"logits": logits, "loss": total / (labels != -100).sum().clamp(min=1)}

    def started(self, input_ids, labels):
        start = torch.full_like(input_ids[:, :1], self.start)
        if labels is None:
            return start
        return torch.cat([start, self.shifted(labels).clamp(min=0)], dim=1)

    def shifted(self, labels):
        return labels[:, :-1]

    def given(self, logits):
        return logits

    def counted(self, labels):
        return labels

    @property
    def criterion(self):
        return F.cross_entropy


class StartsWithAnother(Writes):
    start = 1


class ShiftsByTwo(Writes):
    def shifted(self, labels):
        return F.pad(labels[:, :-2], (1, 0))


class WritesLate(Writes):
    def given(self, logits):
        return F.pad(logits, (0, 0, 1, 0))[:, :-1]


class LabelsClamped(Writes):
    def counted(self, labels):
        return labels.clamp(max=VOCAB - 1)


def decoding(model_class: type[BaseModel]) -> ModelCase:
    return ModelCase(model_class, batch_of_pairs)
