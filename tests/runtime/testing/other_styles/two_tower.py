"""Questions and passages, each with an encoder of its own (Karpukhin et al. 2020)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class Tower(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.conv = nn.Conv1d(dim, dim, 3, padding=1)
        self.out = nn.Linear(dim, dim)

    def forward(self, ids, mask):
        mask = mask.unsqueeze(-1)
        x = self.embedding(ids) * mask
        x = F.gelu(self.conv(x.transpose(1, 2)).transpose(1, 2)) * mask
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return F.normalize(self.out(x), dim=-1)


class TwoTower(BaseModel):
    """The nearest wrong passage of the batch is pushed away once more."""

    def __init__(self, vocab_size: int = 4000, dim: int = 32, margin: float = 0.2):
        super().__init__()
        self.question = Tower(vocab_size, dim)
        self.passage = Tower(vocab_size, dim)
        self.margin = margin

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        questions = self.question(input_ids, attention_mask)
        if labels is None:
            return {"embeddings": questions}
        read = labels != -100
        passages = self.passage(labels.masked_fill(~read, 0), read.long())
        loss = self.criterion(questions, passages, labels)
        return {"embeddings": questions, "target_embeddings": passages, "loss": loss}

    @property
    def criterion(self):
        return self.with_hard_negatives

    def with_hard_negatives(self, questions, passages, labels):
        keep = (labels != -100).any(dim=1)
        nearness = questions @ passages.T
        candidates = nearness.masked_fill(~keep, -1e4)
        own = torch.arange(len(labels), device=labels.device).masked_fill(~keep, -100)
        contrast = F.cross_entropy(candidates * 20, own, reduction="sum")
        mine = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        hardest = candidates.masked_fill(mine, -1e4).amax(dim=1)
        missed = F.relu(self.margin + hardest - nearness.diagonal()) * keep
        return (contrast + missed.sum()) / keep.sum().clamp(min=1)
