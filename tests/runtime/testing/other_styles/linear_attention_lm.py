"""Linear attention (Katharopoulos et al. 2020)."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


class LinearAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, mask):
        b, t, d = x.shape
        q, k, v = (y.view(b, t, self.heads, -1) for y in self.qkv(x).chunk(3, dim=-1))
        q, k = F.elu(q) + 1, (F.elu(k) + 1) * mask[..., None, None]
        kv = torch.einsum("bthd,bthe->bthde", k, v).cumsum(1)
        z = 1 / (torch.einsum("bthd,bthd->bth", q, k.cumsum(1)) + 1e-6)
        y = torch.einsum("bthd,bthde,bth->bthe", q, kv, z)
        return self.out(y.reshape(b, t, d))


class LinearLm(BaseModel):
    """Positions by sinusoids, linear attention."""

    def __init__(self, vocab_size=258, dim=32, depth=2, heads=4):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2 * depth + 1))
        self.att = nn.ModuleList(LinearAttention(dim, heads) for _ in range(depth))
        self.ff = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, 2 * dim), nn.SiLU(), nn.Linear(2 * dim, dim))
            for _ in range(depth)
        )
        self.head = nn.Linear(dim, vocab_size)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        x = self.embed(input_ids)
        t, d = x.shape[1:]
        rates = torch.exp(
            -math.log(1e4) * torch.arange(0, d, 2, device=x.device, dtype=x.dtype) / d
        )
        ang = torch.arange(t, device=x.device, dtype=x.dtype)[:, None] * rates
        x = x + 0.1 * torch.cat([ang.sin(), ang.cos()], dim=-1)
        mask = attention_mask.to(x.dtype)
        for i, (att, ff) in enumerate(zip(self.att, self.ff)):
            x = x + att(self.norms[2 * i](x), mask)
            x = x + ff(self.norms[2 * i + 1](x))
        logits = self.head(self.norms[-1](x))
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(
                logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()
            )
        return out

    @property
    def criterion(self):
        return mean_loss
