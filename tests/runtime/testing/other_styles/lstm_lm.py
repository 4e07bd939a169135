"""A recurrent language model."""

import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


class LstmLm(BaseModel):
    """LSTM over embeddings, tied output."""

    def __init__(self, vocab_size=258, hidden=64, layers=2, dropout=0.1):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, hidden)
        nn.init.uniform_(self.embed.weight, -0.1, 0.1)
        self.rnn = nn.LSTM(hidden, hidden, layers, batch_first=True, dropout=dropout)
        self.drop = nn.Dropout(dropout)
        self.decoder = nn.Linear(hidden, vocab_size)
        self.decoder.weight = self.embed.weight

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        h, _ = self.rnn(self.drop(self.embed(input_ids)))
        logits = self.decoder(self.drop(h))
        if labels is None:
            return {"logits": logits}
        loss = self.criterion(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        return {"logits": logits, "loss": loss}

    @property
    def criterion(self):
        return mean_loss
