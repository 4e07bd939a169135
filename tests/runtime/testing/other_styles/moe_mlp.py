"""A sparse mixture of experts for tables (Shazeer et al. 2017)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class Expert(nn.Module):
    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.up = nn.Linear(dim, hidden)
        self.down = nn.Linear(hidden, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(F.silu(self.up(x)))


class MoeMlp(BaseModel):
    """Each row is sent to the best experts, and their answers are weighed."""

    def __init__(
        self,
        num_features: int = 16,
        hidden_dim: int = 32,
        num_experts: int = 4,
        top_k: int = 2,
        num_classes: int = 5,
    ) -> None:
        super().__init__()
        self.top_k = top_k
        self.num_experts = num_experts
        self.proj = nn.Linear(num_features, hidden_dim)
        self.norm = nn.LayerNorm(hidden_dim)
        self.gate = nn.Linear(hidden_dim, num_experts, bias=False)
        self.experts = nn.ModuleList(
            Expert(hidden_dim, 2 * hidden_dim) for _ in range(num_experts)
        )
        self.head = nn.Linear(hidden_dim, num_classes)

    def forward(self, features, labels=None, **kwargs):
        """Classifies rows.

        Args:
            features: (batch, num_features) float.
            labels: (batch,) int64; -100 leaves a row out.

        Returns:
            `logits` (batch, num_classes), `loss`.
        """
        x = F.relu(self.proj(torch.tanh(features)))
        h = self.norm(x)
        weights, chosen = (
            self.gate(h).softmax(dim=-1).topk(self.top_k, dim=-1)
        )  # (B, K)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        gates = torch.zeros(
            h.shape[0], self.num_experts, dtype=h.dtype, device=h.device
        ).scatter(1, chosen, weights)  # (B, E)
        mixed = torch.stack([expert(h) for expert in self.experts], dim=1)  # (B, E, H)
        x = x + (gates.unsqueeze(-1) * mixed).sum(dim=1)
        logits = self.head(x)
        outputs = {"logits": logits}
        if labels is not None:
            outputs["loss"] = self.criterion(logits, labels)
        return outputs

    @property
    def criterion(self):
        return row_loss


def row_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)
