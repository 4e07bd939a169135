"""An encoder of texts: an embedding for a text, near that of what goes with it."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register("FunctionFinder", registry.RegistryType.MODEL)
class FunctionFinder(BaseModel):
    """Embeds a text by an MLP on the mean of its tokens."""

    def __init__(
        self,
        vocab_size: int = 4000,
        hidden_dim: int = 128,
        dropout: float = 0.1,
    ) -> None:
        """Makes the layers.

        Args:
            vocab_size: Number of token ids.
            hidden_dim: Width of the embeddings, of tokens and of texts.
            dropout: Share of hidden units left out in training, in [0, 1).
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
        """Computes the embeddings, and the loss if there are texts that go with them.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for a token, 0 for padding, (batch, sequence) int64.
            labels: Token ids of the text that goes with each, (batch, length) int64,
                filled up with -100; a row of -100 alone is left out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `embeddings` (batch, hidden_dim) of length 1; if there are labels,
            `target_embeddings` of their texts, likewise, and `loss`, a scalar.
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
        """Computes embeddings of length 1, (batch, hidden_dim)."""
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        x = self.embedding(input_ids) * mask  # (B, T, H)
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
        x = self.dropout(F.gelu(self.hidden(self.norm(x))))  # (B, 2 * H)
        return F.normalize(self.projection(x), dim=-1)

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """The contrast of each pair with the others of the batch."""
        return contrastive_loss


def contrastive_loss(
    embeddings: torch.Tensor, targets: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Each text has to find its target among all of the batch: InfoNCE.

    Args:
        embeddings: (batch, hidden_dim) float of length 1.
        targets: Of the texts that go with them, likewise.
        labels: (batch, length) int64; rows of -100 alone have no target.

    Returns:
        The mean over the rows that have a target; 0 where there are none.
    """
    has_target = (labels != -100).any(dim=1)  # (B,)
    similarity = embeddings @ targets.T / 0.05  # (B, B), of temperature 0.05
    similarity = similarity.masked_fill(~has_target, -1e4)
    own = torch.arange(labels.shape[0], device=labels.device)
    own = own.masked_fill(~has_target, -100)
    total = F.cross_entropy(similarity, own, reduction="sum")
    return total / has_target.sum().clamp(min=1)
