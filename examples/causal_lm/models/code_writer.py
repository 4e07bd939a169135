"""A causal language model: predicts each token from those before it."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register("CodeWriter", registry.RegistryType.MODEL)
class CodeWriter(BaseModel):
    """A decoder-only transformer with rotary position embeddings."""

    def __init__(
        self,
        vocab_size: int = 258,
        hidden_dim: int = 128,
        num_layers: int = 4,
        num_heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings; a multiple of 2 * num_heads.
            num_layers: Number of transformer layers.
            num_heads: Number of attention heads per layer.
            dropout: Dropout probability, in [0, 1).

        Raises:
            ValueError: hidden_dim is not such a multiple.
        """
        super().__init__()
        if hidden_dim % (2 * num_heads):
            raise ValueError(
                f"hidden_dim is {hidden_dim}; give a multiple of {2 * num_heads}"
            )
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.scale = hidden_dim**0.5  # embeddings start small, being tied to the output
        self.layers = nn.ModuleList(
            _Layer(hidden_dim, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits of each next token, and the loss if labels are given.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for tokens and 0 for padding, (batch, sequence) int64;
                None if there is no padding.
            labels: The same token ids, (batch, sequence) int64, not shifted, or -100
                for tokens that the loss ignores.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch, sequence, vocab_size) of the token after each position;
            with labels, also the scalar `loss`.
        """
        mask = None  # only later tokens are hidden
        if attention_mask is not None:
            seen = attention_mask[:, None, None, :].bool()  # (B, 1, 1, T)
            mask = seen.expand(-1, -1, input_ids.shape[1], -1).tril()  # (B, 1, T, T)

        x = self.embedding(input_ids) * self.scale  # (B, T, H)
        for layer in self.layers:
            x = layer(x, mask)
        logits = F.linear(self.norm(x), self.embedding.weight)  # (B, T, V), tied

        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy of each token given those before it."""
        return next_token_loss


def next_token_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Averages the cross-entropy over labels other than -100; 0 if there are none.

    Args:
        logits: (batch, sequence, vocab_size) float.
        labels: (batch, sequence) int64, not shifted; nothing predicts the first one.
    """
    # Shifting the logits instead would copy them; the labels are small.
    targets = F.pad(labels[:, 1:], (0, 1), value=-100).flatten()
    total = F.cross_entropy(logits.flatten(0, 1), targets, reduction="sum")
    return total / (targets != -100).sum().clamp(min=1)


class _Layer(nn.Module):
    """Pre-norm self-attention and an MLP, each added to its input."""

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(hidden_dim)
        self.qkv = nn.Linear(hidden_dim, 3 * hidden_dim)
        self.projection = nn.Linear(hidden_dim, hidden_dim)
        self.mlp = nn.Sequential(
            nn.LayerNorm(hidden_dim),
            nn.Linear(hidden_dim, 4 * hidden_dim),
            nn.GELU(),
            nn.Linear(4 * hidden_dim, hidden_dim),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Keeps the shape (batch, sequence, hidden).

        Args:
            x: (batch, sequence, hidden) float.
            mask: True where a token is seen, (batch, 1, sequence, sequence) bool; None
                if all those before it are.
        """
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, self.num_heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, T, H / heads)
        y = F.scaled_dot_product_attention(
            _rotated(q), _rotated(k), v, attn_mask=mask, is_causal=mask is None
        )
        x = x + self.dropout(self.projection(y.transpose(1, 2).flatten(2)))
        output: torch.Tensor = x + self.dropout(self.mlp(x))
        return output


def _rotated(x: torch.Tensor) -> torch.Tensor:
    """Rotates pairs of channels by their position: rotary embedding (Su et al. 2021).

    Args:
        x: (batch, heads, sequence, channels) float, with an even number of channels.
    """
    length, channels = x.shape[-2:]
    rates = 1e4 ** (-torch.arange(0, channels, 2, device=x.device) / channels)
    angles = torch.arange(length, device=x.device).unsqueeze(1) * rates  # (T, D / 2)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)
