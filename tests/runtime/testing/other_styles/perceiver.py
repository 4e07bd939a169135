"""A few latents read a text (Jaegle et al. 2021)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class Feed(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.up, self.down = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)

    def forward(self, x):
        return x + self.down(F.gelu(self.up(self.norm(x))))


class Attend(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm_q, self.norm_kv = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x, context, is_padding=None):
        q, kv = self.norm_q(x), self.norm_kv(context)
        y, _ = self.attention(
            q, kv, kv, key_padding_mask=is_padding, need_weights=False
        )
        return x + y


class Perceiver(BaseModel):
    """Latents attend to the tokens, then to each other; their mean is classified."""

    def __init__(
        self,
        vocab_size: int = 4000,
        num_classes: int = 4,
        num_latents: int = 6,
        dim: int = 32,
        depth: int = 2,
        heads: int = 4,
        max_length: int = 64,
    ):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, dim)
        self.positions = nn.Parameter(torch.randn(max_length, dim) * 0.5)
        self.latents = nn.Parameter(torch.randn(num_latents, dim))
        self.read = Attend(dim, heads)
        self.think = nn.ModuleList(Attend(dim, heads) for _ in range(depth))
        self.feeds = nn.ModuleList(Feed(dim) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.classify = nn.Linear(dim, num_classes)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        is_padding = attention_mask == 0
        # A text of padding alone would have no token to attend to.
        is_padding = is_padding & ~is_padding.all(dim=1, keepdim=True)
        context = self.tokens(input_ids) + self.positions[: input_ids.shape[1]]
        x = self.latents.expand(len(input_ids), -1, -1)
        x = self.read(x, context, is_padding)
        for think, feed in zip(self.think, self.feeds, strict=True):
            x = feed(think(x, x))
        logits = self.classify(self.norm(x).mean(dim=1))
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(logits, labels)
        return out

    @property
    def criterion(self):
        return mean_loss


def mean_loss(logits, labels):
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
