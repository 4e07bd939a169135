"""Texts that go together."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


class SiameseGru(BaseModel):
    """A BiGRU, max-pooled, for both texts."""

    def __init__(self, vocab_size=4000, dim=32, temperature=0.1):
        super().__init__()
        self.temperature = temperature
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, dim // 2, batch_first=True, bidirectional=True)

    def encode(self, ids, mask):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embed(ids),
            mask.sum(1).clamp(min=1).cpu(),
            batch_first=True,
            enforce_sorted=False,
        )
        h, _ = nn.utils.rnn.pad_packed_sequence(
            self.gru(packed)[0], batch_first=True, total_length=ids.shape[1]
        )
        h = h.masked_fill(mask.unsqueeze(-1) == 0, -1e4)
        return F.normalize(h.amax(1), dim=-1)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        e = self.encode(input_ids, attention_mask)
        if labels is None:
            return {"embeddings": e}
        t = self.encode(labels.clamp(min=0), (labels != -100).long())
        return {
            "embeddings": e,
            "target_embeddings": t,
            "loss": self.criterion(e, t, labels),
        }

    @property
    def criterion(self):
        """In-batch contrast."""
        return self._nce

    def _nce(self, e, t, labels):
        ok = (labels != -100).any(1)
        sim = (e @ t.T / self.temperature).masked_fill(~ok, -1e4)
        own = torch.where(ok, torch.arange(len(e), device=e.device), -100)
        return F.cross_entropy(sim, own, reduction="sum") / ok.sum().clamp(min=1)
