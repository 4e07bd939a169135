"""A causal language model that shifts its tokens itself, and takes no labels."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class NextTokenLm(BaseModel):
    """Predicts each token from those before it."""

    def __init__(self, vocab_size, hidden=32, heads=4, max_length=16):
        super().__init__()
        self.heads = heads
        self.embedding = nn.Embedding(vocab_size, hidden)
        self.positions = nn.Embedding(max_length, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.mlp = nn.Sequential(
            nn.LayerNorm(hidden),
            nn.Linear(hidden, 2 * hidden),
            nn.GELU(),
            nn.Linear(2 * hidden, hidden),
        )
        self.head = nn.Linear(hidden, vocab_size)

    def forward(self, input_ids, attention_mask=None, **kwargs):
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.embedding(input_ids) + self.positions(places)
        seen = places[:, None] >= places
        if attention_mask is not None:  # A token sees itself in any case.
            seen = seen & (attention_mask[:, None, None] > 0) | (
                places == places[:, None]
            )
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, self.heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        x = x + y.transpose(1, 2).flatten(2)
        logits = self.head(x + self.mlp(x))
        wanted = input_ids[:, 1:]
        if attention_mask is not None:
            wanted = wanted.masked_fill(attention_mask[:, 1:] == 0, -100)
        return {"logits": logits, "loss": self.criterion(logits[:, :-1], wanted)}

    @property
    def criterion(self):
        return cross_entropy


def cross_entropy(logits, wanted):
    total = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum")
    return total / (wanted != -100).sum().clamp(min=1)
