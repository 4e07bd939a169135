"""Content and distance attend to each other (He et al. 2021)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class DisentangledAttention(nn.Module):
    def __init__(self, dim, heads, span, dropout):
        super().__init__()
        self.heads, self.span = heads, span
        self.query, self.key = nn.Linear(dim, dim), nn.Linear(dim, dim, bias=False)
        self.value, self.out = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.drop = nn.Dropout(dropout)

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(-3, -2)

    def forward(self, x, distances, mask):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.value(x)
        q_r, k_r = self.split(self.query(distances)), self.split(self.key(distances))
        t = x.shape[1]
        place = torch.arange(t, device=x.device)
        apart = (place[:, None] - place).clamp(-self.span, self.span - 1) + self.span
        apart = apart.expand(len(x), self.heads, t, t)
        to_place = (q @ k_r.transpose(-1, -2)).gather(3, apart)
        from_place = (k @ q_r.transpose(-1, -2)).gather(3, apart).transpose(-1, -2)
        scores = (q @ k.transpose(-1, -2) + to_place + from_place) / (
            3 * q.shape[-1]
        ) ** 0.5
        scores = scores.masked_fill(mask[:, None, None] == 0, -1e4)
        y = self.drop(scores.softmax(dim=-1)) @ self.split(v)
        return self.out(y.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, dim, heads, span, dropout):
        super().__init__()
        self.attention = DisentangledAttention(dim, heads, span, dropout)
        self.up, self.down = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, distances, mask):
        x = self.norm1(x + self.drop(self.attention(x, distances, mask)))
        return self.norm2(x + self.drop(self.down(F.gelu(self.up(x)))))


class DebertaLike(BaseModel):
    """A tagger that knows distances only."""

    def __init__(
        self, vocab_size=2000, dim=32, depth=2, heads=4, span=8, num_tags=5, dropout=0.1
    ):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.norm = nn.LayerNorm(dim)
        self.distances = nn.Embedding(2 * span, dim)
        self.layers = nn.ModuleList(
            Layer(dim, heads, span, dropout) for _ in range(depth)
        )
        self.tag = nn.Linear(dim, num_tags)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        x = self.norm(self.embed(input_ids))
        for layer in self.layers:
            x = layer(x, self.distances.weight, attention_mask)
        logits = self.tag(x)
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(logits, labels)
        return out

    @property
    def criterion(self):
        return mean_loss


def mean_loss(logits, labels):
    total = F.cross_entropy(logits.transpose(1, 2), labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
