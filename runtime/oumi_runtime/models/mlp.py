"""MLPEncoder: embed the tokens, transform each, average them, classify."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core import registry
from oumi_runtime.core.models.base_model import BaseModel


@registry.register("MLPEncoder", registry.RegistryType.MODEL)
class MLPEncoder(BaseModel):
    """Classifies a token sequence by the mean of its transformed embeddings."""

    def __init__(
        self, input_dim: int = 768, hidden_dim: int = 128, output_dim: int = 10
    ) -> None:
        """Creates the layers.

        Args:
            input_dim: Number of token ids, the vocabulary size.
            hidden_dim: Width of the embedding and of the hidden layer.
            output_dim: Number of classes.
        """
        super().__init__()
        self.embedding = nn.Embedding(input_dim, hidden_dim)
        self.fc1 = nn.Linear(hidden_dim, hidden_dim)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_dim, output_dim)

    def forward(
        self,
        input_ids: torch.Tensor,
        labels: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss where labels are given.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, input_dim).
            labels: Classes, (batch,) int64; -1 marks a sample to leave out.
            attention_mask: 1 for a token and 0 for padding, (batch, sequence). All
                positions count if None; a row of zeros pools to zeros.
            kwargs: What else a tokenizer returns; not used.

        Returns:
            `logits` (batch, output_dim), and with labels `loss`, a scalar.
        """
        x = self.relu(self.fc1(self.embedding(input_ids)))  # (B, T, H)
        if attention_mask is None:
            pooled = x.mean(dim=1)  # (B, H)
        else:
            mask = attention_mask.unsqueeze(-1).to(x.dtype)  # (B, T, 1)
            pooled = (x * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
        logits = self.fc2(pooled)  # (B, C)
        outputs = {"logits": logits}
        if labels is not None:
            total = self.criterion(logits, labels, ignore_index=-1, reduction="sum")
            # A mean that is 0, and not NaN, where every sample is left out.
            outputs["loss"] = total / (labels != -1).sum().clamp(min=1)
        return outputs

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy over the classes."""
        return F.cross_entropy
