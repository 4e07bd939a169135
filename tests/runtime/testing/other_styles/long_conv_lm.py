"""A language model of state spaces as long convolutions, computed by FFT in float32.

The kernel is that of a diagonal state space (Gu et al. 2022); the loss has a second
term, the z-loss of PaLM, which is of the logits alone.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class LongConv(nn.Module):
    def __init__(self, dim, state):
        super().__init__()
        self.log_decay = nn.Parameter(torch.rand(dim, state) * 4 - 2)
        self.b = nn.Parameter(torch.randn(dim, state) / state**0.5)
        self.c = nn.Parameter(torch.randn(dim, state) / state**0.5)
        self.d = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        length = x.shape[1]
        decay = torch.sigmoid(self.log_decay).unsqueeze(-1)  # (D, N, 1)
        powers = decay ** torch.arange(length, device=x.device)  # (D, N, T)
        kernel = torch.einsum("dn,dnt->dt", self.b * self.c, powers)  # (D, T)
        # No FFT is of 16 bits.
        u = torch.fft.rfft(x.transpose(1, 2).float(), n=2 * length)
        k = torch.fft.rfft(kernel.float(), n=2 * length)
        y = torch.fft.irfft(u * k, n=2 * length)[..., :length]
        return y.transpose(1, 2).to(x.dtype) + self.d * x


class LongConvLm(BaseModel):
    """Residual long convolutions and tied embeddings."""

    def __init__(
        self,
        vocab_size: int = 258,
        dim: int = 32,
        n_layers: int = 2,
        state: int = 4,
        z_weight: float = 1e-3,
    ):
        super().__init__()
        self.z_weight = z_weight
        self.embed = nn.Embedding(vocab_size, dim)
        nn.init.normal_(self.embed.weight, std=0.02)
        self.norms = nn.ModuleList([nn.LayerNorm(dim) for _ in range(n_layers)])
        self.convs = nn.ModuleList([LongConv(dim, state) for _ in range(n_layers)])
        self.mixers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(n_layers)])
        self.norm_f = nn.LayerNorm(dim)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        """Next-token logits.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence).
            labels: (batch, sequence) int64, -100 ignored; shifted here.

        Returns:
            `logits` (batch, sequence, vocab_size), `loss`, and its term `z_loss`.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.unsqueeze(-1)
        x = self.embed(input_ids)
        for norm, conv, mixer in zip(self.norms, self.convs, self.mixers):
            x = x + mixer(F.gelu(conv(norm(x) * mask)))
        logits = F.linear(self.norm_f(x), self.embed.weight)
        if labels is None:
            return {"logits": logits}
        z = (logits.logsumexp(-1).square() * attention_mask).sum()
        z_loss = z / attention_mask.sum().clamp(min=1)
        loss = self.criterion(logits, labels) + self.z_weight * z_loss
        return {"logits": logits, "loss": loss, "z_loss": z_loss}

    @property
    def criterion(self):
        return lm_loss


def lm_loss(logits, labels):
    targets = F.pad(labels[:, 1:], (0, 1), value=-100).flatten()
    total = F.cross_entropy(logits.flatten(0, 1), targets, reduction="sum")
    return total / (targets != -100).sum().clamp(min=1)
