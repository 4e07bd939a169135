"""Tokens sent to experts, with a loss that balances these (Fedus et al. 2022)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class SwitchLayer(nn.Module):
    def __init__(self, dim, num_experts, k):
        super().__init__()
        self.k = k
        self.gate = nn.Linear(dim, num_experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
            for _ in range(num_experts)
        )

    def forward(self, x, mask):
        shape, x, mask = x.shape, x.flatten(0, 1), mask.flatten().unsqueeze(1)
        shares = self.gate(x).softmax(dim=-1)
        weights, chosen = shares.topk(self.k, dim=-1)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        out = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            rows, slots = (chosen == number).nonzero(as_tuple=True)
            weight = weights[rows, slots].unsqueeze(1)
            out = out.index_add(0, rows, expert(x[rows]) * weight)
        count = mask.sum().clamp(min=1)
        load = F.one_hot(chosen, len(self.experts)).sum(dim=1) * mask
        load, share = load.sum(0) / count / self.k, (shares * mask).sum(0) / count
        return out.view(shape), len(self.experts) * (load * share).sum()


class SwitchMoe(BaseModel):
    def __init__(
        self,
        vocab_size: int = 4000,
        dim: int = 32,
        num_classes: int = 5,
        num_experts: int = 4,
        k: int = 2,
        balance: float = 0.1,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.norm = nn.LayerNorm(dim)
        self.layer = SwitchLayer(dim, num_experts, k)
        self.classifier = nn.Linear(dim, num_classes)
        self.balance = balance

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        x = self.embedding(input_ids)
        sent, balance = self.layer(self.norm(x), attention_mask)
        mask = attention_mask.unsqueeze(-1)
        x = ((x + sent) * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        logits = self.classifier(x)
        if labels is None:
            return {"logits": logits}
        class_loss = self.criterion(logits, labels)
        return {
            "logits": logits,
            "loss": class_loss + self.balance * balance,
            "class_loss": class_loss,
            "balance_loss": balance,
        }

    @property
    def criterion(self):
        return F.cross_entropy
