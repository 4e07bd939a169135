"""A sequence-to-sequence model: predicts a target text from a source text."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register("SignatureExplainer", registry.RegistryType.MODEL)
class SignatureExplainer(BaseModel):
    """A pre-norm encoder-decoder transformer (Vaswani et al. 2017)."""

    def __init__(
        self,
        vocab_size: int = 2000,
        hidden_dim: int = 96,
        num_layers: int = 2,
        num_heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings; a multiple of 2 * num_heads.
            num_layers: Number of layers in the encoder, and in the decoder.
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
        self.encoder = nn.ModuleList(
            _Layer(hidden_dim, num_heads, dropout) for _ in range(num_layers)
        )
        self.source_norm = nn.LayerNorm(hidden_dim)
        self.decoder = nn.ModuleList(
            _Layer(hidden_dim, num_heads, dropout, has_source=True)
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        decoder_input_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits of each next token, and the loss if labels are given.

        Args:
            input_ids: Token ids of the source, (batch, sequence) int64 in
                [0, vocab_size).
            attention_mask: 1 for tokens and 0 for padding, (batch, sequence) int64;
                None if there is no padding.
            decoder_input_ids: Token ids of the target so far, (batch, length) int64, a
                sequence that begins with 0; None for the labels, shifted right, or
                without labels for the 0 alone.
            labels: Token ids of the target, (batch, length) int64, ending with 0, or
                -100 for tokens that the loss ignores.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch, length, vocab_size) of the token after each position; with
            labels, also the scalar `loss`.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        if decoder_input_ids is None:
            decoder_input_ids = input_ids.new_zeros(input_ids.shape[0], 1)
            if labels is not None:  # shifted right by one, after a 0
                shifted = labels[:, :-1].clamp(min=0)
                decoder_input_ids = torch.cat([decoder_input_ids, shifted], dim=1)
        source_mask = attention_mask[:, None, None, :].bool()  # (B, 1, 1, S)
        length = decoder_input_ids.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool, device=input_ids.device)
        mask = mask.tril()  # (T, T), no token sees later ones

        source = self.embedding(input_ids) * self.scale  # (B, S, H)
        for layer in self.encoder:
            source = layer(source, source_mask)
        source = self.source_norm(source)
        x = self.embedding(decoder_input_ids) * self.scale  # (B, T, H)
        for layer in self.decoder:
            x = layer(x, mask, source, source_mask)
        logits = F.linear(self.norm(x), self.embedding.weight)  # (B, T, V), tied

        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy of each target token given those before it."""
        return cross_entropy


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Averages the cross-entropy over labels other than -100; 0 if there are none.

    Args:
        logits: (..., vocab_size) float.
        labels: (...) int64.
    """
    logits, labels = logits.flatten(0, -2), labels.flatten()
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)


class _Layer(nn.Module):
    """Pre-norm attention and an MLP, each added to its input."""

    def __init__(
        self, hidden_dim: int, num_heads: int, dropout: float, has_source: bool = False
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden_dim)
        self.attention = _Attention(hidden_dim, num_heads)
        if has_source:
            self.source_norm = nn.LayerNorm(hidden_dim)
            self.source_attention = _Attention(hidden_dim, num_heads)
        self.mlp = nn.Sequential(
            nn.LayerNorm(hidden_dim),
            nn.Linear(hidden_dim, 4 * hidden_dim),
            nn.GELU(),
            nn.Linear(4 * hidden_dim, hidden_dim),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: torch.Tensor,
        mask: torch.Tensor,
        source: torch.Tensor | None = None,
        source_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Keeps the shape (batch, sequence, hidden); masks are True where visible."""
        y = self.norm(x)
        x = x + self.dropout(self.attention(y, y, mask))
        if source is not None:
            y = self.source_attention(self.source_norm(x), source, source_mask)
            x = x + self.dropout(y)
        output: torch.Tensor = x + self.dropout(self.mlp(x))
        return output


class _Attention(nn.Module):
    """Multi-head attention from one sequence to another, or to itself."""

    def __init__(self, hidden_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(hidden_dim, hidden_dim)
        self.key_value = nn.Linear(hidden_dim, 2 * hidden_dim)
        self.projection = nn.Linear(hidden_dim, hidden_dim)

    def forward(
        self, x: torch.Tensor, source: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        """Attends from (batch, T, hidden) to (batch, S, hidden); returns the former."""
        q = self.query(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
        kv = self.key_value(source).unflatten(-1, (2, self.num_heads, -1))
        k, v = kv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, S, H / heads)
        y = F.scaled_dot_product_attention(_rotated(q), _rotated(k), v, attn_mask=mask)
        output: torch.Tensor = self.projection(y.transpose(1, 2).flatten(2))
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
