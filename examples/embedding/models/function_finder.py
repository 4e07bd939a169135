"""A text encoder: gives matching texts similar embeddings."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register("FunctionFinder", registry.RegistryType.MODEL)
class FunctionFinder(BaseModel):
    """Embeds a text with an MLP over the mean of its token embeddings."""

    def __init__(
        self,
        vocab_size: int = 4000,
        hidden_dim: int = 128,
        dropout: float = 0.1,
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the token and text embeddings.
            dropout: Dropout probability, in [0, 1).
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.norm = nn.LayerNorm(hidden_dim)
        self.hidden = nn.Linear(hidden_dim, 2 * hidden_dim)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(2 * hidden_dim, hidden_dim)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the embeddings, and the loss if matching texts are given.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for tokens and 0 for padding, (batch, sequence) int64;
                None if there is no padding.
            labels: Token ids of the matching texts, (batch, length) int64, padded with
                -100; the loss ignores rows of only -100.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `embeddings` (batch, hidden_dim) of length 1; with labels, also the
            `target_embeddings` of the matching texts and the scalar `loss`.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        embeddings = self.embed(input_ids, attention_mask)
        if labels is None:
            return {"embeddings": embeddings}
        targets = self.embed(labels.clamp(min=0), (labels != -100).long())
        loss = self.criterion(embeddings, targets, labels)
        return {"embeddings": embeddings, "target_embeddings": targets, "loss": loss}

    def embed(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> torch.Tensor:
        """Returns embeddings of length 1, (batch, hidden_dim)."""
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        x = self.embedding(input_ids) * mask  # (B, T, H)
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
        x = self.dropout(F.gelu(self.hidden(self.norm(x))))  # (B, 2 * H)
        return F.normalize(self.projection(x), dim=-1)

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Contrastive loss of each pair against the other texts of the batch."""
        return contrastive_loss


def contrastive_loss(
    embeddings: torch.Tensor, targets: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Computes the InfoNCE loss: which target of the batch matches each text?

    Args:
        embeddings: (batch, hidden_dim) float of length 1.
        targets: Embeddings of the matching texts, likewise.
        labels: (batch, length) int64; rows of only -100 have no target.

    Returns:
        The mean over rows that have a target; 0 if there are none.
    """
    has_target = (labels != -100).any(dim=1)  # (B,)
    similarity = embeddings @ targets.T / 0.05  # (B, B), at a temperature of 0.05
    similarity = similarity.masked_fill(~has_target, -1e4)
    own = torch.arange(labels.shape[0], device=labels.device)
    own = own.masked_fill(~has_target, -100)
    total = F.cross_entropy(similarity, own, reduction="sum")
    return total / has_target.sum().clamp(min=1)
