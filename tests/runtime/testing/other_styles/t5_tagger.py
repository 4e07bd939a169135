"""An encoder with T5's relative bias."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


class RelBiasAttention(nn.Module):
    def __init__(self, dim, heads, max_distance):
        super().__init__()
        self.h, self.max_distance = heads, max_distance
        self.q = nn.Linear(dim, dim, bias=False)
        self.k = nn.Linear(dim, dim, bias=False)
        self.v = nn.Linear(dim, dim, bias=False)
        self.o = nn.Linear(dim, dim, bias=False)
        self.bias = nn.Embedding(2 * max_distance + 1, heads)

    def forward(self, x, mask):
        b, t, d = x.shape
        q, k, v = (f(x).view(b, t, self.h, -1) for f in (self.q, self.k, self.v))
        pos = torch.arange(t, device=x.device)
        rel = (pos[None, :] - pos[:, None]).clamp(
            -self.max_distance, self.max_distance
        ) + self.max_distance
        scores = torch.einsum("bihd,bjhd->bhij", q, k) * (
            d // self.h
        ) ** -0.5 + self.bias(rel).permute(2, 0, 1)
        scores = scores.masked_fill(
            mask[:, None, None, :] == 0, torch.finfo(scores.dtype).min
        )
        return self.o(
            torch.einsum("bhij,bjhd->bihd", scores.softmax(-1), v).reshape(b, t, d)
        )


class T5Tagger(BaseModel):
    """Pre-norm layers with a relative bias."""

    def __init__(
        self, vocab_size=4000, dim=32, depth=2, heads=4, max_distance=8, num_tags=5
    ):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.att = nn.ModuleList(
            RelBiasAttention(dim, heads, max_distance) for _ in range(depth)
        )
        self.ff = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(dim),
                nn.Linear(dim, 2 * dim),
                nn.ReLU(),
                nn.Linear(2 * dim, dim),
            )
            for _ in range(depth)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(depth))
        self.out = nn.Linear(dim, num_tags)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        x = self.embed(input_ids)
        for norm, att, ff in zip(self.norms, self.att, self.ff):
            x = x + att(norm(x), attention_mask)
            x = x + ff(x)
        logits = self.out(x)
        if labels is None:
            return {"logits": logits}
        return {
            "logits": logits,
            "loss": self.criterion(logits.flatten(0, 1), labels.flatten()),
        }

    @property
    def criterion(self):
        return mean_loss
