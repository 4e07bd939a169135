"""A token classifier: one class for each token of a text, from its token ids."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register("CodeTagger", registry.RegistryType.MODEL)
class CodeTagger(BaseModel):
    """Convolutions over the text, each added to its input, and a class a token."""

    def __init__(
        self,
        vocab_size: int = 4000,
        hidden_dim: int = 64,
        num_layers: int = 2,
        num_classes: int = 9,
        dropout: float = 0.1,
    ) -> None:
        """Makes the layers.

        Args:
            vocab_size: Number of token ids.
            hidden_dim: Width of an embedding, and number of channels.
            num_layers: Number of convolutions; each sees 2 tokens further each way.
            num_classes: Number of classes.
            dropout: Share of channels left out in training, in [0, 1).
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_dim) for _ in range(num_layers))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(hidden_dim, hidden_dim, kernel_size=5, padding=2)
            for _ in range(num_layers)
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_dim, num_classes)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if there are labels.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for a token, 0 for padding, (batch, sequence) int64.
            labels: Classes, (batch, sequence) int64; -100 leaves a token out.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch, sequence, num_classes), and `loss`, a scalar, if there are
            labels.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        x = self.embedding(input_ids)  # (B, T, H)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            y = (norm(x) * mask).transpose(1, 2)  # (B, H, T), padding is 0
            x = x + self.dropout(F.gelu(convolution(y)).transpose(1, 2))
        logits = self.classifier(x)  # (B, T, C)

        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy of the tokens that have a class."""
        return cross_entropy


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Averages over the labels that are not -100; 0 where there are none.

    Args:
        logits: (..., num_classes) float.
        labels: (...) int64.
    """
    logits, labels = logits.flatten(0, -2), labels.flatten()
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
