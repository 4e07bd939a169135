"""A text classifier with ALiBi (Press et al. 2022) and attention pooling."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class AlibiLayer(nn.Module):
    def __init__(self, dim, heads, dropout):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ff = nn.Sequential(
            nn.Linear(dim, 2 * dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * dim, dim),
        )
        self.register_buffer(
            "slopes",
            2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads),
            persistent=False,
        )

    def forward(self, x, mask):
        B, T, D = x.shape
        q, k, v = (
            self.qkv(self.ln1(x))
            .view(B, T, 3, self.heads, D // self.heads)
            .permute(2, 0, 3, 1, 4)
        )
        pos = torch.arange(T, device=x.device)
        dist = (pos[None, :] - pos[:, None]).abs()
        bias = -self.slopes[:, None, None] * dist  # (H, T, T)
        scores = q @ k.transpose(-1, -2) * (D // self.heads) ** -0.5 + bias
        scores = scores.masked_fill(~mask[:, None, None, :], -1e4)
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D)
        x = x + self.out(y)
        return x + self.ff(self.ln2(x))


class AlibiClassifier(BaseModel):
    """Layers of attention with a bias for distance; a learned query pools."""

    def __init__(
        self,
        vocab_size: int = 4000,
        dim: int = 32,
        depth: int = 2,
        heads: int = 4,
        num_classes: int = 6,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.layers = nn.ModuleList(
            [AlibiLayer(dim, heads, dropout) for _ in range(depth)]
        )
        self.norm = nn.LayerNorm(dim)
        self.pool = nn.Linear(dim, 1, bias=False)
        self.classifier = nn.Linear(dim, num_classes)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        """Classifies texts.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence).
            labels: (batch,) int64, -100 ignored.

        Returns:
            `logits` (batch, num_classes), `loss`.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.bool()
        x = self.embed(input_ids)
        for layer in self.layers:
            x = layer(x, mask)
        x = self.norm(x)
        w = self.pool(x).squeeze(-1).masked_fill(~mask, -1e4).softmax(dim=1)  # (B, T)
        pooled = torch.einsum("bt,btd->bd", w, x)
        logits = self.classifier(pooled)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return class_loss


def class_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)
