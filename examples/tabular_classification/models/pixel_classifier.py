"""A classifier of rows: one class for a row of a table, from its numbers."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register("PixelClassifier", registry.RegistryType.MODEL)
class PixelClassifier(BaseModel):
    """An MLP over the features, with residual connections."""

    def __init__(
        self,
        num_features: int = 64,
        hidden_dim: int = 64,
        num_layers: int = 2,
        num_classes: int = 10,
        dropout: float = 0.1,
    ) -> None:
        """Makes the layers.

        Args:
            num_features: Number of features.
            hidden_dim: Width of the layers.
            num_layers: Number of layers after the first.
            num_classes: Number of classes.
            dropout: Share of units left out in training, in [0, 1).
        """
        super().__init__()
        self.input = nn.Linear(num_features, hidden_dim)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(hidden_dim),
                nn.Linear(hidden_dim, hidden_dim),
                nn.GELU(),
                nn.Dropout(dropout),
            )
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.output = nn.Linear(hidden_dim, num_classes)

    def forward(
        self,
        features: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if there are labels.

        Args:
            features: Numbers of any size, (batch, num_features) float.
            labels: Classes, (batch,) int64; -100 leaves a row out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch, num_classes), and `loss`, a scalar, if there are labels.
        """
        x = torch.asinh(features)  # (B, F), numbers of any size made small
        x = self.input(x)  # (B, H)
        for layer in self.layers:
            x = x + layer(x)
        logits = self.output(self.norm(x))  # (B, C)

        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy over the classes."""
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
