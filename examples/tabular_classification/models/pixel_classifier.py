"""A tabular classifier: predicts the class of each row from its features."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel, StandardScaler
from torch import nn
from torch.nn import functional as F


@registry.register("PixelClassifier", registry.RegistryType.MODEL)
class PixelClassifier(BaseModel):
    """An MLP with residual connections over the features."""

    def __init__(
        self,
        num_features: int = 64,
        hidden_dim: int = 64,
        num_layers: int = 2,
        num_classes: int = 10,
        dropout: float = 0.1,
    ) -> None:
        """Creates the layers.

        Args:
            num_features: Number of features.
            hidden_dim: Dimension of the layers.
            num_layers: Number of residual layers.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).
        """
        super().__init__()
        self.feature_scaler = StandardScaler("features", num_features)
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
        """Computes the logits, and the loss if labels are given.

        Args:
            features: Numbers of any scale, (batch, num_features) float.
            labels: Classes, (batch,) int64 in [0, num_classes), or -100 for rows that
                the loss ignores.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch, num_classes); with labels, also the scalar `loss`.
        """
        features = self.feature_scaler(features)  # (B, F)
        x = torch.asinh(features)  # (B, F), compresses outliers
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
    """Averages the cross-entropy over labels other than -100; 0 if there are none.

    Args:
        logits: (..., num_classes) float.
        labels: (...) int64.
    """
    logits, labels = logits.flatten(0, -2), labels.flatten()
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
