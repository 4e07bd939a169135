"""A language model with a selective state space (Gu and Dao 2023)."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class SelectiveSSM(nn.Module):
    def __init__(self, dim, state=4, kernel=3):
        super().__init__()
        self.kernel = kernel
        self.in_proj = nn.Linear(dim, 2 * dim)
        self.conv = nn.Conv1d(dim, dim, kernel, groups=dim)
        self.x_proj = nn.Linear(dim, 2 * state)
        self.dt_proj = nn.Linear(dim, dim)
        self.A_log = nn.Parameter(
            torch.log(torch.arange(1, state + 1).float()).repeat(dim, 1)
        )
        self.D = nn.Parameter(torch.ones(dim))
        self.out_proj = nn.Linear(dim, dim)

    def forward(self, u, mask):
        x, z = self.in_proj(u).chunk(2, dim=-1)
        x = x * mask
        x = F.pad(x.transpose(1, 2), (self.kernel - 1, 0))
        x = F.silu(self.conv(x).transpose(1, 2)) * mask  # (B, T, D)
        B, C = self.x_proj(x).chunk(2, dim=-1)  # (B, T, N)
        dt = F.softplus(self.dt_proj(x))  # (B, T, D)
        A = -torch.exp(self.A_log)  # (D, N)
        dA = torch.exp(dt.unsqueeze(-1) * A)  # (B, T, D, N)
        dBx = dt.unsqueeze(-1) * B.unsqueeze(2) * x.unsqueeze(-1)
        h = torch.zeros_like(dA[:, 0])
        ys = []
        for t in range(x.shape[1]):
            h = dA[:, t] * h + dBx[:, t]
            ys.append((h * C[:, t].unsqueeze(1)).sum(-1))
        y = torch.stack(ys, dim=1) + self.D * x
        return self.out_proj(y * F.silu(z))


class SsmLm(BaseModel):
    """Residual state-space blocks and tied embeddings."""

    def __init__(self, vocab_size: int = 258, dim: int = 64, n_layers: int = 2):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        nn.init.normal_(self.embed.weight, std=0.02)
        self.norms = nn.ModuleList([nn.LayerNorm(dim) for _ in range(n_layers)])
        self.blocks = nn.ModuleList([SelectiveSSM(dim) for _ in range(n_layers)])
        self.norm_f = nn.LayerNorm(dim)
        self.lm_head = nn.Linear(dim, vocab_size, bias=False)
        self.lm_head.weight = self.embed.weight

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        """Next-token logits.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence).
            labels: (batch, sequence) int64, -100 ignored; shifted here.

        Returns:
            `logits` (batch, sequence, vocab_size), `loss`.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.unsqueeze(-1)
        x = self.embed(input_ids)
        for norm, block in zip(self.norms, self.blocks):
            x = x + block(norm(x), mask)
        logits = self.lm_head(self.norm_f(x))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return lm_loss


def lm_loss(logits, labels):
    logits = logits[:, :-1, :]
    labels = labels[:, 1:]
    loss = F.cross_entropy(
        logits.reshape(-1, logits.shape[-1]),
        labels.reshape(-1),
        ignore_index=-100,
        reduction="sum",
    )
    return loss / (labels != -100).sum().clamp(min=1)
