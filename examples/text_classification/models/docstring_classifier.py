"""A text classifier: predicts the class of each text."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register("DocstringClassifier", registry.RegistryType.MODEL)
class DocstringClassifier(BaseModel):
    """Classifies a text with an MLP over the mean of its token embeddings."""

    def __init__(
        self,
        vocab_size: int = 4000,
        hidden_dim: int = 128,
        num_classes: int = 10,
        dropout: float = 0.1,
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings and of the hidden layer.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.norm = nn.LayerNorm(hidden_dim)
        self.hidden = nn.Linear(hidden_dim, hidden_dim)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_dim, num_classes)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if labels are given.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for tokens and 0 for padding, (batch, sequence) int64;
                None if there is no padding.
            labels: Classes, (batch,) int64 in [0, num_classes), or -100 for texts that
                the loss ignores.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch, num_classes); with labels, also the scalar `loss`.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        x = self.embedding(input_ids) * mask  # (B, T, H)
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
        x = F.gelu(self.hidden(self.norm(x)))  # (B, H)
        logits = self.classifier(self.dropout(x))  # (B, C)

        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy over the classes."""
        return cross_entropy


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Averages the cross-entropy over labels other than -100; 0 if there are none.

    Args:
        logits: (..., num_classes) float.
        labels: (...) int64.
    """
    logits, labels = logits.flatten(0, -2), labels.flatten()
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
